# SPDX-License-Identifier: Apache-2.0
"""Rebuild and retry: members of a project install an image anew on the machine that a server has, or begin again what brought their server
to ``error``; operators set the status of a server right. Operation: rebuild.deploy.

At a rebuild addresses, keys, files and user data are those of the create: Ironic keeps the config drive with the node.
"""
