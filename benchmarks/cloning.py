# SPDX-License-Identifier: Apache-2.0
"""Thousands of nodes in Ironic and of ports in Neutron: clones of one of each that was made by the API, written into their databases.

Whatever columns these have, a clone has the same values but for ids, names and addresses. All of it is removed at the end.
"""

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from devstack.local import databases, metal
from devstack.local.rest import client

PREFIX = "bench-reconcile"
CHUNK = 500
DEVICE_OWNER = "baremetal:server"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """A node that a server holds, with its port."""

    node_id: str
    server_id: str
    claim_id: str
    port_id: str
    network_id: str
    mac: str


class Store:
    """The tables of a database of the local MariaDB, as they are."""

    def __init__(self, name: str) -> None:
        self._engine = sa.create_engine(databases.url("mysql", name))
        self._metadata = sa.MetaData()
        self._schema = name

    def table(self, name: str) -> sa.Table:
        """A table with all its columns."""
        return sa.Table(name, self._metadata, autoload_with=self._engine)

    def rows(self, statement: Any) -> list[Row]:
        """What a query answers."""
        with self._engine.connect() as conn:
            return [dict(row) for row in conn.execute(statement).mappings()]

    def change(self, statement: Any) -> None:
        """A change of its own."""
        with self._engine.begin() as conn:
            conn.execute(statement)

    def insert(self, table: sa.Table, rows: Sequence[Row]) -> None:
        """In chunks."""
        for start in range(0, len(rows), CHUNK):
            with self._engine.begin() as conn:
                conn.execute(sa.insert(table), list(rows[start : start + CHUNK]))

    def with_column(self, column: str) -> list[str]:
        """Names of the tables that have it."""
        asked = sa.text("SELECT table_name FROM information_schema.columns WHERE table_schema = :schema AND column_name = :column")
        with self._engine.connect() as conn:
            return list(conn.execute(asked, {"schema": self._schema, "column": column}).scalars())

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()


class Clones:
    """Makes them in make(), removes them at the end of the block."""

    def __init__(self) -> None:
        self._ironic, self._neutron = Store("ironic"), Store("neutron")
        self._rest = client("neutron")
        self._machine: metal.Machine | None = None
        self._network: str | None = None

    def __enter__(self) -> "Clones":
        self.remove_nodes()
        return self

    def __exit__(self, *error: object) -> None:
        self.remove_nodes()
        if self._network is not None:
            self._remove_ports(self._network)
            self._rest.delete(f"/networks/{self._network}")
        if self._machine is not None:
            metal.remove(self._machine.node)
        self._ironic.close()
        self._neutron.close()

    def make(self, nodes: int, servers: int) -> list[Held]:
        """So many nodes, of which the first ones are held by servers with a port each."""
        self._machine = metal.enrol(resource_class=PREFIX)
        self._network = str(self._rest.post("/networks", {"network": {"name": PREFIX}})["network"]["id"])
        held = [Held(_new(), _new(), _new(), _new(), self._network, _mac(number)) for number in range(servers)]
        self._make_ports(held)
        self._make_nodes(held, [_new() for _ in range(nodes - servers)])
        return held

    # --- Ironic

    def _make_nodes(self, held: Sequence[Held], free: Sequence[str]) -> None:
        nodes, ports = self._ironic.table("nodes"), self._ironic.table("ports")
        assert self._machine is not None
        [node] = self._ironic.rows(sa.select(nodes).where(nodes.c.uuid == self._machine.node))
        [port] = self._ironic.rows(sa.select(ports).where(ports.c.node_id == node["id"]))
        node = _without_id({**node, "reservation": None})
        self._ironic.insert(nodes, [*(_held_node(node, one) for one in held), *(_named(node, node_id) for node_id in free)])
        numbers = {row["uuid"]: row["id"] for row in self._ironic.rows(sa.select(nodes.c.uuid, nodes.c.id))}
        carried = {one.node_id: json.dumps({"tenant_vif_port_id": one.port_id}) for one in held}
        cards = [
            {
                **_without_id(port), "uuid": _new(), "node_id": numbers[node_id], "address": _mac(number, 6), "name": None,
                "internal_info": carried.get(node_id, port["internal_info"]),
            }
            for number, node_id in enumerate([*(one.node_id for one in held), *free])
        ]  # fmt: skip
        self._ironic.insert(ports, cards)

    def remove_nodes(self) -> None:
        """Those of an earlier run that was killed as well."""
        nodes, ports = self._ironic.table("nodes"), self._ironic.table("ports")
        ours = sa.select(nodes.c.id).where(nodes.c.name.startswith(PREFIX))
        self._ironic.change(sa.delete(ports).where(ports.c.node_id.in_(ours)))
        self._ironic.change(sa.delete(nodes).where(nodes.c.name.startswith(PREFIX)))

    # --- Neutron

    def _make_ports(self, held: Sequence[Held]) -> None:
        asked = {
            "network_id": self._network,
            "device_owner": DEVICE_OWNER,
            "binding:vnic_type": "baremetal",
            "name": PREFIX,
            "fixed_ips": [],
        }
        template = str(self._rest.post("/ports", {"port": asked})["port"]["id"])
        ports, attributes = self._neutron.table("ports"), self._neutron.table("standardattributes")
        [port] = self._neutron.rows(sa.select(ports).where(ports.c.id == template))
        [attribute] = self._neutron.rows(sa.select(attributes).where(attributes.c.id == port["standard_attr_id"]))
        [last] = self._neutron.rows(sa.select(sa.func.max(attributes.c.id).label("id")))
        numbers = range(last["id"] + 1000, last["id"] + 1000 + len(held))
        self._neutron.insert(attributes, [{**attribute, "id": number} for number in numbers])
        self._neutron.insert(ports, list(_ports(port, held, numbers)))
        for name in sorted(set(self._neutron.with_column("port_id"))):
            table = self._neutron.table(name)
            parts = self._neutron.rows(sa.select(table).where(table.c.port_id == template))
            self._neutron.insert(table, [{**part, "port_id": one.port_id} for one in held for part in parts])
        self._rest.delete(f"/ports/{template}")

    def _remove_ports(self, network_id: str) -> None:
        ports, attributes = self._neutron.table("ports"), self._neutron.table("standardattributes")
        ours = sa.select(ports.c.standard_attr_id).where(ports.c.network_id == network_id)
        # A port goes with its attributes, and the rest of it with the port.
        numbers = [row["standard_attr_id"] for row in self._neutron.rows(ours)]
        for start in range(0, len(numbers), CHUNK):
            self._neutron.change(sa.delete(attributes).where(attributes.c.id.in_(numbers[start : start + CHUNK])))


def _held_node(node: Row, held: Held) -> Row:
    info = json.dumps({"baremetal_svc": {held.server_id: True}, "image_source": "http://images.test/image", "image_checksum": "0" * 32})
    state = {"provision_state": "active", "target_provision_state": None, "power_state": "power on", "protected": True}
    return {**_named(node, held.node_id), **state, "instance_uuid": held.server_id, "instance_info": info}


def _named(node: Row, node_id: str) -> Row:
    return {**node, "uuid": node_id, "name": f"{PREFIX}-{node_id}"}


def _ports(port: Row, held: Sequence[Held], numbers: Sequence[int]) -> Iterator[Row]:
    for one, number in zip(held, numbers, strict=True):
        name = f"baremetal-svc/{one.claim_id}/0"
        yield {**port, "id": one.port_id, "name": name, "device_id": one.server_id, "mac_address": one.mac, "standard_attr_id": number}


def _without_id(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "id"}


def _new() -> str:
    return str(uuid.uuid4())


def _mac(number: int, kind: int = 5) -> str:
    return ":".join(("00", "53", f"{kind:02x}", *(f"{byte:02x}" for byte in number.to_bytes(3, "big"))))
