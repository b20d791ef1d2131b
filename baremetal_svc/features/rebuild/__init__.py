# SPDX-License-Identifier: Apache-2.0
"""Rebuild: members of a project install an image anew on the machine that a server has. Operation: rebuild.deploy.

Addresses, keys, files and user data are those of the create: Ironic keeps the config drive with the node.
"""
