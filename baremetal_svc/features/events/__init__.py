# SPDX-License-Identifier: Apache-2.0
"""Events of a server: what was begun with it, by whom, and how it ended. They are read off its operations, which outlive it."""
