# SPDX-License-Identifier: Apache-2.0
"""Tags of nodes: words by which operators divide the machines into pools, put on and taken off one node or many, with a history."""
