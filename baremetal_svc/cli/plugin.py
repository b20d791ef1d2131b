# SPDX-License-Identifier: Apache-2.0
"""What python-openstackclient asks of a plugin: how it is called, its options, its client."""

import argparse
from typing import Any

from baremetal_svc.sdk.proxy import Proxy
from baremetal_svc.sdk.service import add_to

API_NAME = "bms"
DEFAULT_API_VERSION = "1"
API_VERSION_OPTION = "os_bms_api_version"
API_VERSIONS = {"1": "baremetal_svc.sdk.proxy.Proxy"}


def make_client(clients: Any) -> Proxy:
    """The proxy of the shell's own connection; clients: the shell's ClientManager."""
    add_to(clients.sdk_connection)
    proxy: Proxy = clients.sdk_connection.baremetal_compute
    return proxy


def build_option_parser(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Global options of the plugin."""
    parser.add_argument(
        "--os-bms-api-version", metavar="<version>", default=DEFAULT_API_VERSION, help="Major version of the bare metal API (default: 1)"
    )
    return parser
