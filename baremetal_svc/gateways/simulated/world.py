# SPDX-License-Identifier: Apache-2.0
"""The simulated world: machines, networks and ports under one lock, a clock of ticks, and everything that may go wrong.

Deterministic: ids, MACs and addresses follow from the order of requests; nothing sleeps. Transitions end by :meth:`World.tick`, or, with
``instant``, at the next look at a node through list_nodes or get_node. It knows nothing of the service that it is used by.
"""

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from baremetal_svc.domain.errors import Unavailable
from baremetal_svc.gateways import sending
from baremetal_svc.gateways.protocols import ImageView, NetworkView, PortView
from baremetal_svc.gateways.simulated import transitions
from baremetal_svc.gateways.simulated.state import Fault, SimulatedFloatingIp, SimulatedNetwork, SimulatedNode, SimulatedPort

_NAMESPACE = uuid.UUID("51a71a7e-0000-4000-8000-000000000000")
Accept = Callable[..., None]
T = TypeVar("T")
#: Most items of one answer.
PAGE = 1000


class World:
    """All of it; ``delays`` are ticks for "deploy", "undeploy", "clean" and "power" (1 each by default)."""

    def __init__(self, *, instant: bool = True, delays: Mapping[str, int] | None = None, port_quota: int | None = None) -> None:
        self.lock = threading.RLock()
        self.instant = instant
        self.delays = {"deploy": 1, "undeploy": 1, "clean": 1, "power": 1, **(delays or {})}
        self.port_quota = port_quota
        self.now = 0
        self.nodes: dict[str, SimulatedNode] = {}
        self.networks: dict[str, SimulatedNetwork] = {}
        self.ports: dict[str, SimulatedPort] = {}
        self.floating_ips: dict[str, SimulatedFloatingIp] = {}
        self.images: dict[str, ImageView] = {}
        self.private_images: dict[str, str] = {}
        #: Resource -> limit, and (project, resource) -> limit.
        self.registered_limits: dict[str, int] = {}
        self.project_limits: dict[tuple[str, str], int] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        #: How often each method was asked, by "service.method"; a listing once for each page.
        self.asked: Counter[str] = Counter()
        self._faults: list[Fault] = []
        self._away: set[str] = set()
        self._made = 0

    # --- what there is

    def new_id(self, kind: str) -> str:
        """An id that follows from how many were made before."""
        with self.lock:
            self._made += 1
            return str(uuid.uuid5(_NAMESPACE, f"{kind}/{self._made}"))

    def add_nodes(
        self, count: int, *, resource_class: str | None = "baremetal", prefix: str = "node", cards: int = 2, **attributes: Any
    ) -> list[str]:
        """Add available nodes with ``cards`` network cards; ``attributes`` are fields of SimulatedNode. Returns their ids."""
        with self.lock:
            return [self._add_node(f"{prefix}-{len(self.nodes)}", resource_class, cards, attributes) for _ in range(count)]

    def _add_node(self, name: str, resource_class: str | None, cards: int, attributes: dict[str, Any]) -> str:
        node_id, number = self.new_id("node"), len(self.nodes)
        made = [
            PortView(node_id, f"00:53:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}:{card:02x}", card == 0, None)
            for card in range(cards)
        ]
        own: dict[str, Any] = {key: dict(value) if isinstance(value, dict) else value for key, value in attributes.items()}
        self.nodes[node_id] = SimulatedNode(node_id, name, resource_class, made, **own)
        return node_id

    def add_network(self, name: str = "net", *, project_id: str = "", shared: bool = True, subnets: int = 1) -> str:
        """Add a network with a subnet (or none). Returns its id."""
        with self.lock:
            subnet_ids = tuple(self.new_id("subnet") for _ in range(min(subnets, 1)))
            view = NetworkView(self.new_id("network"), name, project_id, shared, subnet_ids, 1500)
            self.networks[view.id] = SimulatedNetwork(view, len(self.networks))
            return view.id

    def add_image(
        self,
        name: str = "image",
        *,
        status: str = "active",
        min_disk: int = 0,
        partition: bool = False,
        owner: str | None = None,
        **properties: str,
    ) -> str:
        """Add an image of a whole disk or of one partition, for the owner's project or for every one. Returns its id."""
        with self.lock:
            image_id = self.new_id("image")
            instance_info = {"image_source": f"http://images.test/{image_id}", "image_checksum": "0" * 32}
            if partition:
                instance_info |= {"kernel": "http://images.test/kernel", "ramdisk": "http://images.test/ramdisk"}
            if owner is not None:
                self.private_images[image_id] = owner
            self.images[image_id] = ImageView(image_id, name, status, instance_info, None, min_disk, properties)
            return image_id

    # --- what goes wrong

    def fail_next(self, what: str, *, times: int = 1, node: str | None = None, error: Exception | None = None, after: bool = False) -> None:
        """Let the next ``times`` of ``what`` fail, on any node or one.

        Without ``error``, "deploy", "undeploy", "clean" and "power" are accepted and end badly; any method of a gateway is answered with
        Unavailable. With ``error`` the request is answered with that; ``after``: it had been accepted, only its answer is lost.
        """
        if error is None and (after or what not in transitions.OUTCOMES):
            error = Unavailable(f"{what} failed as the world was told")
        with self.lock:
            self._faults.append(Fault(what, times, node, error, after))

    def away(self, service: str) -> None:
        """ "ironic", "neutron", "images" or "limits" answers no longer, until back(service)."""
        with self.lock:
            self._away.add(service)

    def back(self, service: str) -> None:
        """The service answers again."""
        with self.lock:
            self._away.discard(service)

    def lock_node(self, node_id: str, times: int = 1) -> None:
        """The next ``times`` changes of the node are answered as by an Ironic that keeps it locked."""
        with self.lock:
            self.nodes[node_id].locked_for = times

    def _fault(self, what: str, node_id: str | None, *, sync: bool, after: bool) -> Fault | None:
        for fault in self._faults:
            fits = fault.what == what and fault.node_id in (None, node_id) and fault.after == after and (fault.error is not None) == sync
            if fits and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    # --- requests and time

    @contextmanager
    def request(self, service: str, method: str, node_id: str | None = None) -> Iterator[Accept]:
        """One request, alone in the world; the block calls what it is given, with the arguments, once the request changes something."""
        sending.before_send()
        with self.lock:
            self.asked[f"{service}.{method}"] += 1
            if service in self._away:
                raise Unavailable(f"{service.capitalize()} cannot be reached")
            fault = self._fault(method, node_id, sync=True, after=False)
            if fault is not None and fault.error is not None:
                raise fault.error
            yield lambda **arguments: self.calls.append((method, arguments))
            fault = self._fault(method, node_id, sync=True, after=True)
            if fault is not None and fault.error is not None:
                raise fault.error

    def pages(self, service: str, method: str, items: Callable[[], Sequence[T]]) -> Iterator[T]:
        """A listing, one request for each page: what is behind a page may have changed when it is read."""
        for start in range(0, 1 << 30, PAGE):
            with self.request(service, method):
                page = items()[start : start + PAGE]
            yield from page
            if len(page) < PAGE:
                return

    def tick(self, count: int = 1) -> None:
        """Let time go on and end what is due."""
        for _ in range(count):
            with self.lock:
                self.now += 1
                for node in self.nodes.values():
                    transitions.end_due(self, node)

    def settle(self) -> None:
        """End everything that is under way, however long it would take."""
        with self.lock:
            for node in self.nodes.values():
                transitions.end_all(self, node)

    def ends_badly(self, kind: str, node_id: str) -> bool:
        """Whether what was accepted (deploy, undeploy, clean, power) fails now; used up by asking."""
        return self._fault(kind, node_id, sync=False, after=False) is not None

    def snapshot(self) -> frozenset[tuple[str, ...]]:
        """What is held: bound and protected nodes, leftovers in instance_info, VIFs and ports. Equal snapshots hold the same."""
        with self.lock:
            held: set[tuple[str, ...]] = set()
            for node in self.nodes.values():
                held |= {("vif", node.id, vif) for vif in node.vifs} | {("instance_info", node.id, key) for key in node.instance_info}
                if node.instance_id:
                    held.add(("instance_uuid", node.id, node.instance_id))
                if node.protected:
                    held.add(("protected", node.id))
            for port in self.ports.values():
                held.add(("port", port.id, port.network_id, port.project_id, port.device_id, port.name))
            return frozenset(held)
