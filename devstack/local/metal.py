# SPDX-License-Identifier: Apache-2.0
"""Enrol fake machines in the local Ironic, for tests, benchmarks and the chaos harness."""

import itertools
import os
import time
from dataclasses import dataclass
from typing import Any

from devstack.local import layout, switch
from devstack.local.rest import Rest, RestError, client
from devstack.local.waiting import until

_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Machine:
    """A node of Ironic with one NIC, cabled to a port of the switch sw1."""

    node: str
    name: str
    mac: str
    switch_port: str


def enrol(agent: bool = False, resource_class: str = "metal", ironic: Rest | None = None, **fields: Any) -> Machine:
    """A node in state available, powered off.

    `agent`: deployed by the fake agent with Neutron's network interface, so that VLANs are set; else Ironic's fake deploy.
    `fields` go into the node. Needs the service "ironic", with `agent` "fakeagent".

    :raises TimeoutError: it does not become available.
    """
    ironic = ironic or client("ironic")
    number = (time.time_ns() // 1000 + os.getpid() * 7919 + next(_NUMBERS)) & 0xFFFFFF
    body: dict[str, Any] = {"driver": "fake-hardware", "name": f"node-{number:06x}", "resource_class": resource_class, **fields}
    if agent:
        image = layout.URLS["fakeagent"] + "/img"
        body |= {"network_interface": "neutron", "deploy_interface": "custom-agent"}
        body["driver_info"] = {"deploy_kernel": image, "deploy_ramdisk": image, **body.get("driver_info", {})}
    node = ironic.post("/nodes", body)["uuid"]
    mac = ":".join(("00", "53", "04", *(f"{byte:02x}" for byte in number.to_bytes(3, "big"))))
    switch_port = f"Ethernet1/{number}"
    link = {**switch.LINK, "port_id": switch_port}
    port = {"node_uuid": node, "address": mac, "physical_network": "physnet1", "pxe_enabled": True, "local_link_connection": link}
    ironic.post("/ports", port)
    provision(node, "manage", "manageable", ironic=ironic)
    provision(node, "provide", "available", ironic=ironic)
    # A new fake node's power state is unknown until it is set once.
    retry_locked(lambda: ironic.put(f"/nodes/{node}/states/power", {"target": "power off"}))
    if not until(lambda: ironic.get(f"/nodes/{node}?fields=power_state")["power_state"] == "power off", 60):
        raise TimeoutError(f"node {node} does not power off")
    return Machine(node, str(body["name"]), mac, switch_port)


def provision(node: str, verb: str, wanted: str, seconds: float = 120, ironic: Rest | None = None) -> None:
    """Ask for a change of the provision state and wait for its end.

    :raises TimeoutError: it has not come after `seconds`, or failed.
    """
    ironic = ironic or client("ironic")
    retry_locked(lambda: ironic.put(f"/nodes/{node}/states/provision", {"target": verb}))
    last: dict[str, Any] = {}

    def ended() -> bool:
        last.update(ironic.get(f"/nodes/{node}?fields=provision_state,target_provision_state,last_error"))
        return last["provision_state"] == wanted or last["provision_state"].endswith("failed")

    until(ended, seconds)
    if last["provision_state"] != wanted:
        raise TimeoutError(f"node {node} is {last['provision_state']}, wanted {wanted}: {last['last_error']}")


def remove(node: str, ironic: Rest | None = None) -> None:
    """Delete a node whatever it is doing; what it is attached to in Neutron stays.

    :raises TimeoutError: Ironic keeps it busy for a minute.
    """
    ironic = ironic or client("ironic")
    retry_locked(lambda: ironic.call("PATCH", f"/nodes/{node}", [{"op": "replace", "path": "/protected", "value": False}]))
    retry_locked(lambda: ironic.call("PATCH", f"/nodes/{node}", [{"op": "replace", "path": "/maintenance", "value": True}]))
    retry_locked(lambda: ironic.delete(f"/nodes/{node}"))


def retry_locked(send: Any, seconds: float = 60) -> None:
    """Send until Ironic no longer answers 409, which is what a locked node answers.

    :raises TimeoutError: still 409 after `seconds`.
    """

    def accepted() -> bool:
        try:
            send()
        except RestError as error:
            if error.status != 409:
                raise
            return False
        return True

    if not until(accepted, seconds, pause=0.3):
        raise TimeoutError("the node stays locked")
