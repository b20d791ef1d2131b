# SPDX-License-Identifier: Apache-2.0
"""The methods of ``connection.baremetal_compute``. What takes long answers an operation's id and can be waited for."""

import base64
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import requests
from openstack import exceptions, proxy, resource

from baremetal_svc.sdk import waiting
from baremetal_svc.sdk.resources import Flavor, KeyPair, Node, Operation, Pool, Server

R = TypeVar("R", bound=resource.Resource)


class Proxy(proxy.Proxy):
    """Version 1 of the API."""

    api_version = "1"
    _resource_registry = {"server": Server, "operation": Operation, "flavor": Flavor, "node": Node, "pool": Pool, "key_pair": KeyPair}

    # --- servers

    def create_server(
        self,
        name: str,
        flavor_id: str,
        image_id: str,
        networks: Sequence[Mapping[str, str]],
        *,
        user_data: bytes | None = None,
        idempotency_key: str | None = None,
        **more: Any,
    ) -> Server:
        """Ask for a server, or a batch with ``min_count`` and ``max_count``; the first server, its ``operation_id`` set.

        :param networks: {"net_id"} or {"port_id"} each.
        :param more: fields of the API as they are: description, key_name, metadata, partitions, public_key, ...
        """
        body = {"name": name, "flavor_uuid": flavor_id, "image_uuid": image_id, "networks": list(networks), **more}
        if user_data is not None:
            body["user_data"] = base64.b64encode(user_data).decode()
        # With a key the request can be sent again when the connection broke: it makes nothing twice.
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        response = self._send("POST", Server.base_path, json={"server": body}, headers=headers, connect_retries=3)
        operation = response.links.get("operation", {}).get("url")
        return Server.existing(connection=self._get_connection(), operation_id=operation and _last(operation), **response.json())

    def get_server(self, server: Server | str) -> Server:
        """:raises NotFoundException:"""
        return self._get(Server, server)

    def find_server(self, name_or_id: str) -> Server:
        """:raises NotFoundException: :raises DuplicateResource: several have the name."""
        return self._named(Server, name_or_id, name=name_or_id)

    def servers(self, details: bool = True, **query: Any) -> Iterator[Server]:
        """Servers; name, status, flavor_id, image_id, all_projects, sort_key, sort_dir, max_items."""
        return self._list(Server, base_path=f"{Server.base_path}/detail" if details else None, **query)

    def delete_server(self, server: Server | str) -> str:
        """Ask for its tear-down; the id of the operation, the same for a second request."""
        return _last(self._send("DELETE", f"{Server.base_path}/{_id(server)}").headers["Location"])

    def set_server_power(self, server: Server | str, target: str) -> str:
        """Switch it: on, off, reboot, soft_off or soft_reboot; the id of the operation."""
        path = f"{Server.base_path}/{_id(server)}/states/power"
        return _last(self._send("PUT", path, json={"target": target}).headers["Location"])

    # --- operations

    def operations(self, **query: Any) -> Iterator[Operation]:
        """Operations without steps, newest first; server_id, state, max_items."""
        return self._list(Operation, **query)

    def get_operation(self, operation: Operation | str) -> Operation:
        """:raises NotFoundException:"""
        return self._get(Operation, operation)

    def follow_operation(self, operation: Operation | str, timeout: float | None = None) -> Iterator[Operation]:
        """The operation as it is and after each of its events, by long poll, until it has ended."""
        return waiting.follow(self, _id(operation), timeout)

    def wait_for_operation(self, operation: Operation | str, timeout: float | None = None) -> Operation:
        """:raises OperationFailed: :raises ResourceTimeout:"""
        return waiting.ended(self, _id(operation), timeout)

    def operations_of_request(self, operation: Operation | str) -> list[Operation]:
        """All operations that came from the same request, oldest first: those of a batch."""
        first = self.get_operation(operation)
        found = []
        for other in self.operations():
            if other.created_at < first.created_at:
                break
            found += [other] if other.request_id == first.request_id and other.kind == first.kind else []
        return found[::-1] or [first]

    # --- flavors, machines, key pairs

    def flavors(self, **query: Any) -> Iterator[Flavor]:
        """Flavors that the caller may ask for; operators see all."""
        return self._list(Flavor, **query)

    def get_flavor(self, flavor: Flavor | str) -> Flavor:
        """:raises NotFoundException:"""
        return self._get(Flavor, flavor)

    def find_flavor(self, name_or_id: str) -> Flavor:
        """:raises NotFoundException:"""
        return self._named(Flavor, name_or_id)

    def nodes(self, **query: Any) -> Iterator[Node]:
        """Machines, for operators."""
        return self._list(Node, **query)

    def get_node(self, node: Node | str) -> Node:
        """:raises NotFoundException:"""
        return self._get(Node, node)

    def find_node(self, name_or_id: str) -> Node:
        """:raises NotFoundException:"""
        return self._named(Node, name_or_id)

    def pools(self, **query: Any) -> Iterator[Pool]:
        """Pools, for operators."""
        return self._list(Pool, **query)

    def key_pairs(self, **query: Any) -> Iterator[KeyPair]:
        """The caller's key pairs."""
        return self._list(KeyPair, **query)

    def get_key_pair(self, name: str) -> KeyPair:
        """:raises NotFoundException:"""
        return self._get(KeyPair, name)

    def create_key_pair(self, name: str, public_key: str | None = None) -> KeyPair:
        """Import a public key, or have a pair generated: its ``private_key`` is shown this once."""
        return self._create(KeyPair, name=name, **({} if public_key is None else {"public_key": public_key}))

    def delete_key_pair(self, name: str) -> None:
        """:raises NotFoundException:"""
        self._delete(KeyPair, name, ignore_missing=False)

    def _named(self, kind: type[R], name_or_id: str, **query: Any) -> R:
        # Not Resource.find: it asks for /servers/NAME first, and a server may be called "detail".
        try:
            return self._get(kind, str(uuid.UUID(name_or_id)))
        except (ValueError, exceptions.NotFoundException):
            found = [item for item in self._list(kind, **query) if item.name == name_or_id]
        word = kind.__name__.lower()
        if not found:
            raise exceptions.NotFoundException(f"There is no {word} {name_or_id!r}.")
        if len(found) > 1:
            raise exceptions.DuplicateResource(f"{len(found)} {word}s are named {name_or_id!r}: name it by its id.")
        return found[0]

    def _send(self, method: str, path: str, **more: Any) -> requests.Response:
        response = self.request(path, method, microversion=Server._get_microversion(self), **more)
        exceptions.raise_from_response(response)
        return response


def _id(value: resource.Resource | str) -> str:
    return value if isinstance(value, str) else value.id


def _last(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]
