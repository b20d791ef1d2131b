# SPDX-License-Identifier: Apache-2.0
"""Flavors: operators say what may be asked for and from which pools it comes; tenants choose among the public ones."""
