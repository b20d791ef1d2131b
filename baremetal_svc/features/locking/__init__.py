# SPDX-License-Identifier: Apache-2.0
"""Locks: an owner guards a server against a slip of the hand, an operator against its owners."""
