# SPDX-License-Identifier: Apache-2.0
"""Faults: what went wrong, kept after it was cleared. A project sees those of its servers, operators those of nodes and operations
too. A node with an open fault is not offered until the release that cleans it ends, or an operator clears the fault."""
