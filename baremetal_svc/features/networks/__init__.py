# SPDX-License-Identifier: Apache-2.0
"""NICs of a server: list, attach and detach them while it stands; floating IPs. Operations: networks.attach, networks.detach.

Members of a project change the connections of its servers, readers see them. A floating IP is one call to Neutron, made in the request.
"""
