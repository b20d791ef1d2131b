# SPDX-License-Identifier: Apache-2.0
"""Which node: the inventory that mirrors Ironic, and the claim. A library inside the conductor, no process of its own."""
