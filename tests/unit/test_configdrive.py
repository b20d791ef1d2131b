# SPDX-License-Identifier: Apache-2.0
"""What the machine learns at its first boot."""

import re

from hypothesis import given
from hypothesis import strategies as st

from baremetal_svc.domain import configdrive
from baremetal_svc.domain.configdrive import Link

SERVER = {"id": "i", "name": "My Server", "project_id": "p", "availability_zone": None, "metadata": {"k": "v"}}


def test_meta_data_has_names_and_keys() -> None:
    found = configdrive.meta_data(SERVER, {"default": "ssh-rsa AAAA"})
    assert (found["uuid"], found["hostname"], found["meta"]) == ("i", "my-server", {"k": "v"})
    assert found["public_keys"] == {"default": "ssh-rsa AAAA"}
    assert found["keys"] == [{"name": "default", "type": "ssh", "data": "ssh-rsa AAAA"}]


def test_network_data_has_a_link_per_nic_and_a_network_per_address() -> None:
    ips = [{"subnet_id": "s", "ip_address": "10.0.0.3"}, {"subnet_id": "t", "ip_address": "fd00::3"}]
    found = configdrive.network_data([Link("port", "net", "00:53:00:00:00:01", ips), Link("other", "net", None, [])])
    assert [link["ethernet_mac_address"] for link in found["links"]] == ["00:53:00:00:00:01", None]
    assert [network["type"] for network in found["networks"]] == ["ipv4_dhcp", "ipv6_dhcp"]
    assert {network["link"] for network in found["networks"]} <= {link["id"] for link in found["links"]}


@given(st.text(min_size=1, max_size=255))
def test_every_name_gives_a_valid_host_name(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", configdrive.hostname(name, "1f2e"))
