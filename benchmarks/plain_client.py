# SPDX-License-Identifier: Apache-2.0
"""The baseline of create.py: what anybody would write to deploy N nodes. Knows nothing of our service.

8 threads and one requests.Session each; for a node: POST its port to Neutron, PATCH instance_uuid and image, PATCH the config drive, POST
the VIF, PUT active; one bulk listing every 0.5 s shows who is active; then PATCH protected. No look before an act, no retry but of a node
that is locked.
"""

import queue
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests

THREADS = 8
LISTING_EVERY = 0.5
AGENT = "plain-client"
_LOCKED_PAUSE, _LOCKED_TIMES = 0.1, 100


@dataclass(frozen=True)
class Place:
    """The services, without a slash at their end, and what each server gets."""

    ironic: str
    neutron: str
    token: str
    network_id: str
    project_id: str
    instance_info: dict[str, str]


@dataclass
class Node:
    """A node in state available and the MAC of its port; the rest is filled in as it goes on."""

    id: str
    mac_address: str
    server_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    port: dict[str, Any] = field(default_factory=dict)


class PlainClient:
    """Drives nodes to active; one object for one set of nodes."""

    def __init__(self, place: Place, nodes: Sequence[Node]) -> None:
        self._place = place
        self._nodes = {node.id: node for node in nodes}
        self._local = threading.local()
        self.calls = 0

    def drive(self) -> float:
        """Seconds from the first call until the last node is active and protected."""
        work: queue.Queue[Any] = queue.Queue()
        for node in self._nodes.values():
            work.put((self._deploy, node))
        begin = time.monotonic()
        with ThreadPoolExecutor(THREADS) as pool:
            workers = [pool.submit(self._work, work) for _ in range(THREADS)]
            try:
                self._protect_those_that_are_active(work, workers)
                work.join()
                return time.monotonic() - begin
            finally:
                for _ in workers:
                    work.put(None)

    def give_back(self) -> None:
        """Undeploy the nodes and delete their ports: not measured."""
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self._undeploy, self._nodes.values()))
        while self._in_state("available") != set(self._nodes):
            time.sleep(LISTING_EVERY)

    def _work(self, work: "queue.Queue[Any]") -> None:
        while (item := work.get()) is not None:
            try:
                item[0](item[1])
            finally:
                work.task_done()

    def _protect_those_that_are_active(self, work: "queue.Queue[Any]", workers: Sequence[Any]) -> None:
        missing = set(self._nodes)
        while missing:
            time.sleep(LISTING_EVERY)
            for worker in workers:
                if worker.done():
                    worker.result()  # raises what ended it
            active = missing & self._in_state("active")
            for node_id in active:
                work.put((self._protect, self._nodes[node_id]))
            missing -= active

    def _deploy(self, node: Node) -> None:
        wanted = {
            "network_id": self._place.network_id, "project_id": self._place.project_id, "device_id": node.server_id,
            "device_owner": "baremetal:server", "name": f"plain/{node.server_id}", "binding:vnic_type": "baremetal",
            "mac_address": node.mac_address,
        }  # fmt: skip
        node.port = self._neutron("POST", "/v2.0/ports", {"port": wanted})["port"]
        image = [{"op": "add", "path": f"/instance_info/{key}", "value": value} for key, value in self._place.instance_info.items()]
        self._ironic("PATCH", f"/{node.id}", [{"op": "add", "path": "/instance_uuid", "value": node.server_id}, *image])
        self._ironic("PATCH", f"/{node.id}", [{"op": "add", "path": "/instance_info/configdrive", "value": _config_drive(node)}])
        self._ironic("POST", f"/{node.id}/vifs", {"id": node.port["id"]})
        self._ironic("PUT", f"/{node.id}/states/provision", {"target": "active"})

    def _protect(self, node: Node) -> None:
        reason = {"op": "add", "path": "/protected_reason", "value": "plain client"}
        self._ironic("PATCH", f"/{node.id}", [{"op": "replace", "path": "/protected", "value": True}, reason])

    def _undeploy(self, node: Node) -> None:
        self._ironic("PATCH", f"/{node.id}", [{"op": "replace", "path": "/protected", "value": False}])
        self._ironic("DELETE", f"/{node.id}/vifs/{node.port['id']}")
        self._ironic("PUT", f"/{node.id}/states/provision", {"target": "deleted"})
        self._neutron("DELETE", f"/v2.0/ports/{node.port['id']}")

    def _in_state(self, state: str) -> set[str]:
        found = self._ironic("GET", "?limit=1000&fields=uuid,provision_state")["nodes"]
        return {node["uuid"] for node in found if node["provision_state"] == state and node["uuid"] in self._nodes}

    def _ironic(self, method: str, path: str, body: Any = None) -> Any:
        for _ in range(_LOCKED_TIMES):
            self.calls += 1
            headers = {"X-OpenStack-Ironic-API-Version": "1.95"}
            answer = self._session().request(method, f"{self._place.ironic}/v1/nodes{path}", json=body, headers=headers, timeout=30)
            if answer.status_code != 409 or "is locked by host" not in answer.text:
                break
            time.sleep(_LOCKED_PAUSE)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _neutron(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"X-Auth-Token": self._place.token}
        answer = self._session().request(method, self._place.neutron + path, json=body, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.headers["User-Agent"] = AGENT
            self._local.session.trust_env = False
        session: requests.Session = self._local.session
        return session


def _config_drive(node: Node) -> dict[str, Any]:
    address = node.port["fixed_ips"][0]["ip_address"]
    link = {"id": "nic0", "type": "phy", "ethernet_mac_address": node.mac_address, "vif_id": node.port["id"], "mtu": None}
    network = {
        "id": "network0-0",
        "link": "nic0",
        "network_id": node.port["network_id"],
        "type": "ipv6_dhcp" if ":" in address else "ipv4_dhcp",
    }
    server = {"uuid": node.server_id, "name": "bench", "hostname": "bench", "project_id": node.port["project_id"], "availability_zone": ""}
    return {
        "meta_data": {**server, "meta": {}, "public_keys": {}, "keys": []},
        "network_data": {"links": [link], "networks": [network], "services": []},
    }
