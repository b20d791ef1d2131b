# SPDX-License-Identifier: Apache-2.0
"""``openstack bms ...``: commands for python-openstackclient. They stand on baremetal_svc.sdk and never import the server."""
