# SPDX-License-Identifier: Apache-2.0
"""Pools: operators divide the machines by tag expressions; flavors draw on pools. For operators only."""
