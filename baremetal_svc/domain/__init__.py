# SPDX-License-Identifier: Apache-2.0
"""What a server, a node, a pool and an operation are. Pure: standard library only, no I/O, no clock."""
