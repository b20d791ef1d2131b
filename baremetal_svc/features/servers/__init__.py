# SPDX-License-Identifier: Apache-2.0
"""Servers: a tenant creates, lists, shows and deletes physical machines. Operations: servers.create, servers.delete.

Members of a project create and delete its servers, readers see them; operators see all projects'.
"""
