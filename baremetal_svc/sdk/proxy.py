# SPDX-License-Identifier: Apache-2.0
"""The methods of ``connection.baremetal_compute``. What takes long answers an operation's id and can be waited for."""

import base64
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from baremetal_svc.sdk import waiting
from baremetal_svc.sdk.flavors import Flavors
from baremetal_svc.sdk.machines import Machines
from baremetal_svc.sdk.reservations import Reservations, hints
from baremetal_svc.sdk.resources import Aggregate, Flavor, KeyPair, Node, Operation, Pool, Reservation, Server, ServerGroup
from baremetal_svc.sdk.sending import id_of, last_of

#: Longer than the rows of one request take to be written.
_ONE_REQUEST = timedelta(minutes=1)


class Proxy(Flavors, Machines, Reservations):
    """Version 1 of the API."""

    api_version = "1"
    _resource_registry = {
        "server": Server,
        "server_group": ServerGroup,
        "reservation": Reservation,
        "operation": Operation,
        "flavor": Flavor,
        "node": Node,
        "pool": Pool,
        "aggregate": Aggregate,
        "key_pair": KeyPair,
    }

    # --- servers

    def create_server(
        self,
        name: str,
        flavor_id: str,
        image_id: str,
        networks: Sequence[Mapping[str, str]],
        *,
        user_data: bytes | None = None,
        group_id: str | None = None,
        reservation_id: str | None = None,
        idempotency_key: str | None = None,
        **more: Any,
    ) -> Server:
        """Ask for a server, or a batch with ``min_count`` and ``max_count``; the first server, its ``operation_id`` set.

        :param networks: {"net_id"} or {"port_id"} each.
        :param group_id: server group that it joins. :param reservation_id: whose machine it gets.
        :param more: fields of the API as they are: description, key_name, tags, metadata, partitions, public_key, ...
        """
        body = {"name": name, "flavor_uuid": flavor_id, "image_uuid": image_id, "networks": list(networks), **more}
        if user_data is not None:
            body["user_data"] = base64.b64encode(user_data).decode()
        # With a key the request can be sent again when the connection broke: it makes nothing twice.
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        hinted = hints(group_id, reservation_id)
        response = self._send("POST", Server.base_path, json={"server": body, **hinted}, headers=headers, connect_retries=3)
        operation = response.links.get("operation", {}).get("url")
        return Server.existing(connection=self._get_connection(), operation_id=operation and last_of(operation), **response.json())

    def get_server(self, server: Server | str) -> Server:
        """:raises NotFoundException:"""
        return self._get(Server, server)

    def find_server(self, name_or_id: str, *, all_projects: bool = False) -> Server:
        """By name among those of the caller's project, or of all (operators).

        :raises NotFoundException: :raises DuplicateResource: several have the name.
        """
        return self._named(Server, name_or_id, name=name_or_id, **({"all_projects": True} if all_projects else {}))

    def servers(self, details: bool = True, **query: Any) -> Iterator[Server]:
        """Servers; name, status, flavor_id, image_id, tags (with commas), all_projects, sort_key, sort_dir, max_items."""
        return self._list(Server, base_path=f"{Server.base_path}/detail" if details else None, **query)

    def delete_server(self, server: Server | str) -> str:
        """Ask for its tear-down; the id of the operation, the same for a second request."""
        return last_of(self._send("DELETE", f"{Server.base_path}/{id_of(server)}").headers["Location"])

    def set_server_power(self, server: Server | str, target: str) -> str:
        """Switch it: on, off, reboot, soft_off or soft_reboot; the id of the operation."""
        path = f"{Server.base_path}/{id_of(server)}/states/power"
        return last_of(self._send("PUT", path, json={"target": target}).headers["Location"])

    def rebuild_server(self, server: Server | str, image_id: str | None = None, *, preserve_ephemeral: bool = False) -> str:
        """Install an image anew, by default the same one: the disk is written over. The id of the operation."""
        body = {"target": "rebuild", "preserve_ephemeral": preserve_ephemeral, **({"image_uuid": image_id} if image_id else {})}
        return self._asked("PUT", server, "states/provision", body)

    def retry_server(self, server: Server | str, **secrets: Any) -> str:
        """Begin again what brought it to error; user_data (base64), adminPass, personality and public_key of its create are given again.

        The id of the operation.
        """
        return self._asked("PUT", server, "states/provision", {"target": "retry", **secrets})

    def reset_server(self, server: Server | str) -> str:
        """Set its status to what its machine shows, for operators; that status."""
        return str(self._send("PUT", f"{Server.base_path}/{id_of(server)}/states/reset").json()["status"])

    def faults(self, **query: Any) -> list[dict[str, Any]]:
        """Faults of nodes, servers and operations for operators, newest first, at most a thousand; open, target_kind, target_uuid."""
        found: list[dict[str, Any]] = self._send("GET", "/faults", params=query).json()["faults"]
        return found

    def clear_fault(self, fault_id: str) -> None:
        """Close a fault; a node without open ones may be offered again."""
        self._send("PUT", f"/faults/{fault_id}/cleared")

    def lock_server(self, server: Server | str, *, locked: bool = True) -> None:
        """Lock or unlock it."""
        self._send("PUT", f"{Server.base_path}/{id_of(server)}/states/lock", json={"target": locked})

    def update_server(self, server: Server | str, patch: Sequence[Mapping[str, Any]]) -> Server:
        """Edit name, description and metadata by JSON Patch."""
        response = self._send("PATCH", f"{Server.base_path}/{id_of(server)}", json=list(patch))
        return Server.existing(connection=self._get_connection(), **response.json())

    def set_server_tags(self, server: Server | str, tags: Sequence[str]) -> None:
        """Give it these tags and no others."""
        self._send("PUT", f"{Server.base_path}/{id_of(server)}/tags", json={"tags": list(tags)})

    def server_nics(self, server: Server | str) -> list[dict[str, Any]]:
        """port_id, network_id, mac_address, fixed_ips and floating_ip of each NIC."""
        return self._listed(server, "networks", "nics")

    def attach_server_nic(self, server: Server | str, network: Mapping[str, str]) -> str:
        """Attach {"net_id"} or {"port_id"}; the id of the operation."""
        return self._asked("POST", server, "networks/interfaces", dict(network))

    def detach_server_nic(self, server: Server | str, port_id: str) -> str:
        """Detach a port; the id of the operation."""
        return self._asked("DELETE", server, f"networks/interfaces/{port_id}")

    def add_server_floating_ip(self, server: Server | str, address: str, fixed_address: str | None = None) -> None:
        """Point a floating IP at an address of the server, by default its first IPv4 address that has none."""
        body = {"address": address, "fixed_address": fixed_address}
        self._send("POST", f"{Server.base_path}/{id_of(server)}/networks/floatingips", json=body)

    def remove_server_floating_ip(self, server: Server | str, address: str) -> None:
        """Take a floating IP away."""
        self._send("DELETE", f"{Server.base_path}/{id_of(server)}/networks/floatingips/{address}")

    def server_events(self, server: Server | str) -> list[dict[str, Any]]:
        """event, at, operation_uuid, request_id, user_id and error of what was begun with it and how it ended, newest first."""
        return self._listed(server, "events", "events")

    def server_faults(self, server: Server | str) -> list[dict[str, Any]]:
        """code, message, created_at and cleared_at of what went wrong with it, newest first."""
        return self._listed(server, "faults", "faults")

    def manageable_servers(self) -> list[dict[str, Any]]:
        """Machines that run and could be adopted, for operators."""
        found: list[dict[str, Any]] = self._send("GET", "/manageable_servers").json()["manageable_servers"]
        return found

    def adopt_server(self, name: str, node_id: str, **more: Any) -> Server:
        """Make a server of a machine that runs, for operators; its ``operation_id`` set. ``more``: description, metadata, project_id."""
        response = self._send("POST", "/manageable_servers", json={"name": name, "node_uuid": node_id, **more})
        operation = response.links.get("operation", {}).get("url")
        return Server.existing(connection=self._get_connection(), operation_id=operation and last_of(operation), **response.json())

    def release_server(self, server: Server | str) -> str:
        """Let an adopted machine go as it is, for operators; the id of the operation."""
        return last_of(self._send("DELETE", f"/manageable_servers/{id_of(server)}").headers["Location"])

    def scheduling_dry_run(
        self, flavor_id: str, *, group_id: str | None = None, reservation_id: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """What a create would find now: fits, count, explanation, for operators also nodes and other_pools. Claims nothing.

        :param more: availability_zone, min_count, max_count.
        """
        asked = {"server": {"flavor_uuid": flavor_id, **more}, **hints(group_id, reservation_id)}
        found: dict[str, Any] = self._send("POST", "/scheduling/dry-run", json=asked).json()
        return found

    # --- operations

    def cancel_operation(self, operation: Operation | str) -> None:
        """Ask it to stop before its next step and to undo what it did."""
        self._send("DELETE", f"{Operation.base_path}/{id_of(operation)}")

    def operations(self, **query: Any) -> Iterator[Operation]:
        """Operations without steps, newest first; server_id, state, max_items."""
        return self._list(Operation, **query)

    def get_operation(self, operation: Operation | str) -> Operation:
        """:raises NotFoundException:"""
        return self._get(Operation, operation)

    def follow_operation(self, operation: Operation | str, timeout: float | None = None) -> Iterator[Operation]:
        """The operation as it is and after each of its events, by long poll, until it has ended."""
        return waiting.follow(self, id_of(operation), timeout)

    def wait_for_operation(self, operation: Operation | str, timeout: float | None = None) -> Operation:
        """:raises OperationFailed: :raises ResourceTimeout:"""
        return waiting.ended(self, id_of(operation), timeout)

    def operations_of_request(self, operation: Operation | str) -> list[Operation]:
        """All operations that came from the same request, oldest first: those of a batch."""
        first = self.get_operation(operation)
        # Written in one transaction, but not all in the same second.
        oldest = datetime.fromisoformat(first.created_at) - _ONE_REQUEST
        found = []
        for other in self.operations():
            if datetime.fromisoformat(other.created_at) < oldest:
                break
            found += [other] if other.request_id == first.request_id and other.kind == first.kind else []
        return found[::-1] or [first]

    # --- groups, aggregates, key pairs

    def server_groups(self, **query: Any) -> Iterator[ServerGroup]:
        """Server groups; all_projects."""
        return self._list(ServerGroup, **query)

    def create_server_group(self, name: str, policy: str, **rules: Any) -> ServerGroup:
        """affinity, anti-affinity or the soft ones; ``rules``: level, max_per_domain."""
        return self._create(ServerGroup, name=name, policies=[policy], **rules)

    def find_server_group(self, name_or_id: str) -> ServerGroup:
        """:raises NotFoundException: :raises DuplicateResource: several have the name."""
        return self._named(ServerGroup, name_or_id)

    def delete_server_group(self, group: ServerGroup | str) -> None:
        """:raises NotFoundException:"""
        self._delete(ServerGroup, group, ignore_missing=False)

    def aggregates(self, **query: Any) -> Iterator[Aggregate]:
        """Aggregates, for operators."""
        return self._list(Aggregate, **query)

    def create_aggregate(self, name: str, metadata: Mapping[str, str]) -> Aggregate:
        """Made without machines."""
        return self._create(Aggregate, name=name, metadata=dict(metadata))

    def find_aggregate(self, name_or_id: str) -> Aggregate:
        """:raises NotFoundException:"""
        return self._named(Aggregate, name_or_id)

    def update_aggregate(self, aggregate: Aggregate | str, patch: Sequence[Mapping[str, Any]]) -> Aggregate:
        """Edit name and metadata by JSON Patch."""
        return Aggregate.existing(**self._send("PATCH", f"{Aggregate.base_path}/{id_of(aggregate)}", json=list(patch)).json())

    def delete_aggregate(self, aggregate: Aggregate | str) -> None:
        """:raises NotFoundException:"""
        self._delete(Aggregate, aggregate, ignore_missing=False)

    def aggregate_nodes(self, aggregate: Aggregate | str) -> list[str]:
        """Names of its machines."""
        found: list[str] = self._send("GET", f"{Aggregate.base_path}/{id_of(aggregate)}/nodes").json()["nodes"]
        return found

    def add_aggregate_node(self, aggregate: Aggregate | str, node_name: str) -> None:
        """Add a machine."""
        self._send("POST", f"{Aggregate.base_path}/{id_of(aggregate)}/nodes", json={"node": node_name})

    def remove_aggregate_node(self, aggregate: Aggregate | str, node_name: str) -> None:
        """Take a machine out."""
        self._send("DELETE", f"{Aggregate.base_path}/{id_of(aggregate)}/nodes/{node_name}")

    def availability_zones(self) -> list[str]:
        """Names of the zones that have machines."""
        found: list[str] = self._send("GET", "/availability_zones").json()["availability_zones"]
        return found

    def key_pairs(self, **query: Any) -> Iterator[KeyPair]:
        """The caller's key pairs."""
        return self._list(KeyPair, **query)

    def get_key_pair(self, name: str) -> KeyPair:
        """:raises NotFoundException:"""
        return self._get(KeyPair, name)

    def create_key_pair(self, name: str, public_key: str | None = None, type: str = "ssh") -> KeyPair:
        """Import a public key (x509: a certificate in PEM), or have a pair generated: its ``private_key`` is shown this once."""
        return self._create(KeyPair, name=name, type=type, **({} if public_key is None else {"public_key": public_key}))

    def delete_key_pair(self, name: str) -> None:
        """:raises NotFoundException:"""
        self._delete(KeyPair, name, ignore_missing=False)

    def _asked(self, method: str, server: Server | str, path: str, body: Mapping[str, Any] | None = None) -> str:
        """The id of the operation that a request about a server began."""
        more = {} if body is None else {"json": dict(body)}
        return last_of(self._send(method, f"{Server.base_path}/{id_of(server)}/{path}", **more).headers["Location"])

    def _listed(self, server: Server | str, path: str, name: str) -> list[dict[str, Any]]:
        """All pages of what belongs to a server."""
        return self._all_of(f"{Server.base_path}/{id_of(server)}/{path}", name)
