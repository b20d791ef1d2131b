# SPDX-License-Identifier: Apache-2.0
"""Ways to run the service with real OpenStack around it."""
