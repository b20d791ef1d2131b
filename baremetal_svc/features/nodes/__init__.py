# SPDX-License-Identifier: Apache-2.0
"""Nodes: operators list and show the machines. The operation nodes.release takes a node back from a server, whatever it takes."""
