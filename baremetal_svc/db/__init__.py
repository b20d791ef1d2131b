# SPDX-License-Identifier: Apache-2.0
"""What we remember: the tables, sessions, and plain functions per aggregate that take a connection."""
