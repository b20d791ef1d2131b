# SPDX-License-Identifier: Apache-2.0
"""A service with things in it, made when a case needs them: what a request must name to succeed."""

import itertools
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from baremetal_svc.domain.errors import OutsideRefused
from tests.fixtures.service import ADMIN, Service, tomorrow
from tests.functional.adoption.test_flow import running

#: Network cards of a machine: enough for every port that cases attach to one server.
CARDS = 64
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMhl6k0gTzJ8sV0ZkQ6b4S9c1mYbq7Wm0d9b5vV2o3rL fuzz"


class Stage:
    """Makes what cases ask for over the API, as an administrator; operations are carried out on the way."""

    def __init__(self, service: Service) -> None:
        self.service = service
        service.token = ADMIN
        # Neither a long poll nor a batch of a hundred servers finds more than a short one.
        service.conf.set_override("max_wait", 0, "api")
        service.conf.set_override("max_count", 3, "api")
        # What is asked for is much more than a project has by default.
        for resource in ("servers", "server_groups", "keypairs", "reserved_nodes"):
            service.conf.set_override(resource, -1, "quotas")
        # A server of the stage may be on any of them.
        service.world.add_nodes(2, cards=CARDS)
        # Nobody's servers are on this one.
        [self.spare_node] = service.world.add_nodes(1, resource_class="spare")
        self._asked = service.prepared(nodes=0)
        self._spare = service.flavor("spare")
        self._numbers = itertools.count()
        self._idle: list[str] = []
        self._faults: list[str] = []
        #: One active server for all who only look, or change what comes back; before others take its machine.
        self.standing = self._deployed()

    def name(self) -> str:
        """One that is not taken."""
        return f"made-{next(self._numbers)}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The body of an answer that must be a success, or its headers when it has none."""
        reply = self.service.call(method, path, body)
        assert reply.status < 300, (method, path, reply.raw)
        return reply.json if reply.raw else reply.headers

    # --- servers

    def asked(self, **more: Any) -> dict[str, Any]:
        """What a create of a server must say."""
        return {**self._asked["server"], "name": self.name(), **more}

    def building(self) -> str:
        """The id of a server of which only the row exists."""
        return str(self.call("POST", "/v1/servers", {"server": self.asked()})["uuid"])

    def active(self) -> str:
        """The id of a server that stands on a machine of its own: the one before, where the case that had it left it as it was."""
        self.service.work()
        if not self._idle or self._status(self._idle[-1]) != "active":
            self._idle.append(self._deployed())
        return self._idle[-1]

    def _status(self, server_id: str) -> str:
        return str(self.service.call("GET", f"/v1/servers/{server_id}").json.get("status"))

    def _deployed(self) -> str:
        self.service.world.add_nodes(1, cards=CARDS)
        self.service.sync()
        server_id = self.building()
        self.service.work()
        assert self._status(server_id) == "active"
        return server_id

    def deleting(self) -> str:
        """The id of a server that is being deleted."""
        server_id = self.building()
        self.call("DELETE", f"/v1/servers/{server_id}")
        return server_id

    def fault(self) -> str:
        """The id of a fault of a node that nobody was given; all nodes that one create may try have one at once."""
        if not self._faults:
            attempts = self.service.conf.conductor.deploy_attempts
            self.service.world.add_nodes(attempts)
            self.service.sync()
            self.service.world.fail_next("deploy", times=attempts)
            self.building()
            self.service.work()
            found = self.call("GET", f"/v1/faults?target_kind=node&limit={attempts}")["faults"]
            self._faults = [fault["uuid"] for fault in found]
            assert len(self._faults) == attempts
        return self._faults.pop()

    def failed(self) -> str:
        """The id of a server whose rebuild failed, at once: Ironic refused it."""
        server_id = self.active()
        self.service.world.fail_next("rebuild", error=OutsideRefused("Ironic refused: as the test wants."))
        self.call("PUT", f"/v1/servers/{server_id}/states/provision", {"target": "rebuild"})
        self.service.work()
        return server_id

    def pending(self) -> str:
        """The id of an operation that can be cancelled."""
        return str(self.call("GET", f"/v1/operations?server_uuid={self.building()}")["operations"][0]["uuid"])

    def adopted(self) -> str:
        """The id of a server that was adopted and stands."""
        body = {"name": self.name(), "node_uuid": running(self.service), "project_id": "red"}
        server_id = str(self.call("POST", "/v1/manageable_servers", body)["uuid"])
        self.service.work()
        return server_id

    def tagged(self) -> dict[str, str]:
        """A server and a tag that it has."""
        tag = self.name()
        self.call("PUT", f"/v1/servers/{self.standing}/tags", {"tags": [tag]})
        return {"server_id": self.standing, "tag": tag}

    # --- networks

    @property
    def network(self) -> str:
        """The id of a network."""
        return self.service.network

    def port(self) -> dict[str, str]:
        """A server and a port on which it is; it has another one, for others."""
        server_id = self.active()
        nics = self._nics(server_id)
        if len(nics) < 2:
            self.call("POST", f"/v1/servers/{server_id}/networks/interfaces", {"net_id": self.network})
            self.service.work()
            nics = self._nics(server_id)
        return {"server_id": server_id, "port_id": nics[-1]["port_id"]}

    def _nics(self, server_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"/v1/servers/{server_id}/networks")["nics"]
        return found

    def floating_ip(self) -> str:
        """The address of a floating IP that points nowhere."""
        number = next(self._numbers)
        address = f"198.18.{number // 250 % 250}.{number % 250 + 1}"
        self.service.gateways.neutron.add_floating_ip(address, "admin")
        return address

    def without_floating_ip(self) -> str:
        """The id of a server that has none."""
        server_id = self.active()
        for nic in self._nics(server_id):
            if nic["floating_ip"]:
                self.call("DELETE", f"/v1/servers/{server_id}/networks/floatingips/{nic['floating_ip']}")
        return server_id

    def associated(self) -> dict[str, str]:
        """A server and its floating IP."""
        server_id, address = self.without_floating_ip(), self.floating_ip()
        self.call("POST", f"/v1/servers/{server_id}/networks/floatingips", {"address": address})
        return {"server_id": server_id, "address": address}

    # --- the rest

    def image(self) -> str:
        """The id of an image."""
        return self.service.world.add_image()

    def flavor(self, **more: Any) -> str:
        """The id of a flavor."""
        return self.service.flavor(**more)

    def access(self) -> dict[str, str]:
        """A private flavor and a project that may use it."""
        flavor_id = self.flavor(is_public=False)
        self.call("POST", f"/v1/flavors/{flavor_id}/access", {"tenant_id": "red"})
        return {"flavor_id": flavor_id, "project": "red"}

    def aggregate(self) -> str:
        """The id of an aggregate."""
        return str(self.call("POST", "/v1/aggregates", {"name": self.name()})["uuid"])

    def pool(self) -> str:
        """The id of a pool."""
        return str(self.call("POST", "/v1/pools", {"name": self.name(), "all": [self.name()]})["uuid"])

    def member(self) -> dict[str, str]:
        """An aggregate and a node that is in it."""
        aggregate_id, node = self.aggregate(), self.node()["name"]
        self.call("POST", f"/v1/aggregates/{aggregate_id}/nodes", {"node": node})
        return {"aggregate_id": aggregate_id, "node_name": node}

    def node(self) -> dict[str, Any]:
        """A node."""
        found: dict[str, Any] = self.call("GET", "/v1/nodes?limit=1")["nodes"][0]
        return found

    def node_tag(self) -> dict[str, str]:
        """A node and a tag that it has."""
        node_id, tag = self.node()["uuid"], self.name()
        self.call("PUT", f"/v1/nodes/{node_id}/tags/{tag}")
        return {"node_id": node_id, "node_tag": tag}

    def owned(self) -> dict[str, str]:
        """A node and a tag that an aggregate gives it."""
        aggregate_id = self.member()["aggregate_id"]
        return {"node_id": self.node()["uuid"], "node_tag": f"aggregate={aggregate_id}"}

    def group(self) -> str:
        """The id of a server group."""
        return str(self.call("POST", "/v1/server_groups", {"name": self.name(), "policies": ["affinity"]})["uuid"])

    def reserved(self) -> dict[str, Any]:
        """What a reservation must say; those of before are ended, so that a machine is free."""
        for one in self.call("GET", "/v1/reservations?status=active")["reservations"]:
            self.call("DELETE", f"/v1/reservations/{one['uuid']}")
        return {"name": self.name(), "flavor_uuid": self._spare, "count": 1, "until": tomorrow()}

    def reservation(self) -> str:
        """The id of a reservation that lasts."""
        return str(self.call("POST", "/v1/reservations", self.reserved())["uuid"])

    def parted(self) -> tuple[str, str]:
        """A node whose server a group keeps apart from another one, and the failure domain of that."""
        resource_class = self.name()
        node_ids = self.service.world.add_nodes(2, resource_class=resource_class)
        self.service.sync()
        for node_id in node_ids:
            self.call("PUT", f"/v1/nodes/{node_id}/failure-domain", {"failure_domain": f"dc1/{node_id}"})
        group = self.call("POST", "/v1/server_groups", {"name": self.name(), "policies": ["anti-affinity"]})["uuid"]
        body = self.asked(flavor_uuid=self.service.flavor(resource_class), max_count=2, min_count=2)
        self.call("POST", "/v1/servers", {"server": body, "scheduler_hints": {"group": group}})
        self.service.work()
        return node_ids[0], f"dc1/{node_ids[1]}"

    def key_pair(self) -> str:
        """The name of a key pair."""
        return str(self.call("POST", "/v1/keypairs", {"name": self.name(), "public_key": PUBLIC_KEY})["name"])

    @contextmanager
    def limits_elsewhere(self) -> Iterator[None]:
        """Limits are kept in Keystone."""
        self.service.conf.set_override("driver", "unified", "quotas")
        yield
        self.service.conf.clear_override("driver", "quotas")

    def hurried(self) -> Any:
        """An application that answers one request an hour."""
        self.service.configure(rate_limit=1 / 3600, rate_burst=1)
        found = self.service.application
        self.service.configure(rate_limit=0)
        return found

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The service without its database and without Ironic."""
        self.service.world.away("ironic")
        with self.service.without_database():
            yield
        self.service.world.back("ironic")


def unknown() -> str:
    """An id of nothing."""
    return str(uuid.uuid4())
