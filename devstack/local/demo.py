# SPDX-License-Identifier: Apache-2.0
"""What the quickstart fills an empty service with: 20 fake machines, two pools, two flavors, a server. What is there already is used."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from devstack.local.rest import Rest, RestError
from devstack.local.waiting import until

NODES = 20
FLAVOR = "general"
#: The id of the flat network where there is no Neutron (default of [neutron] flat_network_id).
NETWORK_ID = "f1a70000-0000-4000-8000-000000000001"
_NAME = "quickstart"
# Over REST nodes get no tags yet, hence both pools hold every node, until somebody tags one "lab".
_POOLS = {"everywhere": {"description": "Every node"}, "no-lab": {"description": "Every node but those tagged lab", "none": ["lab"]}}
_FLAVORS = {FLAVOR: ("no-lab", "everywhere"), "large": ("everywhere",)}
# What takes a node out of these states on its way to being available; the others end by themselves, or a server has the node.
_VERBS = {"enroll": "manage", "clean failed": "manage", "manageable": "provide"}
_FIELDS = "uuid,name,provision_state,target_provision_state,power_state,target_power_state,instance_uuid,maintenance,last_error"


def enrol(ironic: Rest, seconds: float = 120) -> int:
    """Enrol what is missing of the machines and make all available that no server holds; how many were new.

    :raises TimeoutError: some do not become available.
    """
    pool = ThreadPoolExecutor(8)
    try:
        known = {node["name"] for node in ironic.get("/nodes?fields=name")["nodes"]}
        new = [number for number in range(1, NODES + 1) if _node_name(number) not in known]
        list(pool.map(lambda number: ironic.post("/nodes", _machine(number)), new))
        _connect(ironic, pool)

        def all_advanced() -> bool:
            # One listing for all: a request per node would keep Ironic from its work.
            waiting = [node for node in ironic.get(f"/nodes?fields={_FIELDS}")["nodes"] if not _at_rest(node)]
            list(pool.map(lambda node: _advance(ironic, node), waiting))
            return not waiting

        if not until(all_advanced, seconds, pause=0.3):
            raise TimeoutError(f"machines do not become available within {seconds:.0f} s")
    finally:
        # Not waiting for what an interrupt has made pointless.
        pool.shutdown(wait=False, cancel_futures=True)
    return len(new)


def _connect(ironic: Rest, pool: ThreadPoolExecutor) -> None:
    """Give each machine its NIC."""
    nodes = {node["name"]: node["uuid"] for node in ironic.get("/nodes?fields=name,uuid")["nodes"]}
    known = {port["address"] for port in ironic.get("/ports?fields=address")["ports"]}
    addresses = {f"00:53:05:00:00:{number:02x}": nodes[_node_name(number)] for number in range(1, NODES + 1)}
    bodies = [{"node_uuid": node, "address": address} for address, node in addresses.items() if address not in known]
    list(pool.map(lambda body: ironic.post("/ports", body), bodies))


def _node_name(number: int) -> str:
    return f"{_NAME}-{number:02}"


def _at_rest(node: dict[str, Any]) -> bool:
    """True when a server has the node, or can have it."""
    free = node["provision_state"] == "available" and node["power_state"] is not None and not node["maintenance"]
    return bool(node["instance_uuid"]) or free


def _advance(ironic: Rest, node: dict[str, Any]) -> None:
    """The next request towards being available, if it is time for one."""
    path, state = f"/nodes/{node['uuid']}", node["provision_state"]
    if node["target_power_state"]:
        return
    try:
        if node["maintenance"]:
            ironic.delete(f"{path}/maintenance")
        elif state in _VERBS:
            ironic.put(f"{path}/states/provision", {"target": _VERBS[state]})
        elif state == "available":
            # The power of a new fake machine is unknown until it is set once; on, since a fake deployment does not switch it.
            ironic.put(f"{path}/states/power", {"target": "power on"})
    except RestError as error:
        # Ironic is at work on it: the next round asks again.
        if error.status != 409:
            raise


def _machine(number: int) -> dict[str, Any]:
    rack = 1 if number <= NODES // 2 else 2
    resource_class = "large" if number % 4 == 0 else FLAVOR
    properties = {"failure_domain": f"dc1/room1/row1/rack{rack}", "cpus": 16, "memory_mb": 65536, "local_gb": 400, "cpu_arch": "x86_64"}
    return {"driver": "fake-hardware", "name": _node_name(number), "resource_class": resource_class, "properties": properties}


def catalogue(api: Rest) -> str:
    """Make what is missing of pools and flavors; the id of the flavor to create a server with."""
    pools = {pool["name"]: pool["uuid"] for pool in api.get("/pools")["pools"]}
    for name, body in _POOLS.items():
        if name not in pools:
            pools[name] = api.post("/pools", {"name": name, **body})["uuid"]
    flavors = {flavor["name"]: flavor["uuid"] for flavor in api.get("/flavors")["flavors"]}
    for name, drawn in _FLAVORS.items():
        if name not in flavors:
            body = {"name": name, "description": f"A {name} machine", "resources": {name: 1}, "pools": [pools[pool] for pool in drawn]}
            flavors[name] = api.post("/flavors", body)["uuid"]
    return str(flavors[FLAVOR])


def offered(api: Rest) -> list[dict[str, Any]]:
    """The nodes that a server can have now."""
    return [node for node in api.get("/nodes")["nodes"] if node["offered"]]


def make_room(api: Rest) -> str | None:
    """When every machine of our flavor is in use, delete the oldest of the quickstart's own servers; which one."""
    if any(node["resource_class"] == FLAVOR for node in offered(api)):
        return None
    servers = api.get("/servers/detail?sort_key=created_at")["servers"]
    ours = [server for server in servers if server["name"].startswith(f"{_NAME}-") and server["status"] != "deleting"]
    if not ours:
        return None
    api.delete(f"/servers/{ours[0]['uuid']}")
    return str(ours[0]["name"])


def create(api: Rest, flavor_id: str, image_id: str) -> tuple[str, str]:
    """Ask for a server; its id and that of its operation."""
    body = {
        "name": f"{_NAME}-{time.strftime('%H%M%S')}",
        "flavor_uuid": flavor_id,
        "image_uuid": image_id,
        "networks": [{"net_id": NETWORK_ID}],
    }
    server_id = api.post("/servers", {"server": body})["uuid"]
    return server_id, api.get(f"/operations?server_uuid={server_id}&limit=1")["operations"][0]["uuid"]
