# SPDX-License-Identifier: Apache-2.0
"""Scripts that measure; tools/bench starts what they need and runs them. See README.rst."""
