# SPDX-License-Identifier: Apache-2.0
"""Limits and their usage: everybody sees those of the own project, operators see and set those of every project."""
