# SPDX-License-Identifier: Apache-2.0
"""Carries operations out: claims them with a lease, runs their flows, parks and wakes them. Knows no feature."""
