# SPDX-License-Identifier: Apache-2.0
"""Whom we talk to: one protocol per outside service, real adapters, and an honest simulation of each."""
