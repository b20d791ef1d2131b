# SPDX-License-Identifier: Apache-2.0
"""Tags of servers: words by which the members of a project find their servers; they mean nothing to the service."""
