# SPDX-License-Identifier: Apache-2.0
"""This API for openstacksdk: a service, its proxy and resources. The command line stands on it. Never imports the server."""
