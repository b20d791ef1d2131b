# SPDX-License-Identifier: Apache-2.0
"""By operation: what of a generated case must name real things for the call to succeed. The rest stays as it was generated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.functional.adoption.test_flow import running
from tests.functional.fuzz.stage import PUBLIC_KEY, Stage

Ids = Mapping[str, str]


@dataclass(frozen=True)
class Feed:
    """``path`` makes the things of the path; ``body`` mends a body; ``drop`` names arguments that would name what is not there.

    ``query`` makes arguments that name what is there.
    """

    path: Callable[[Stage], Ids] | None = None
    body: Callable[[Stage, Any], Any] | None = None
    drop: tuple[str, ...] = ()
    query: Callable[[Stage], Ids] | None = None


def _server(stage: Stage) -> Ids:
    return {"server_id": stage.standing}


def _active(stage: Stage) -> Ids:
    return {"server_id": stage.active()}


def _aggregate(stage: Stage) -> Ids:
    return {"aggregate_id": stage.aggregate()}


def _flavor(stage: Stage) -> Ids:
    return {"flavor_id": stage.flavor()}


def _pool(stage: Stage) -> Ids:
    return {"pool_id": stage.pool()}


def _reservation(stage: Stage) -> Ids:
    return {"reservation_id": stage.reservation()}


def _private(stage: Stage) -> Ids:
    return {"flavor_id": stage.flavor(is_public=False)}


def _renamed(stage: Stage, body: Any) -> Any:
    return [{"op": "replace", "path": "/name", "value": stage.name()}]


def _named(*drop: str, **more: Any) -> Callable[[Stage, Any], Any]:
    """The generated body under a name that is free."""

    def mend(stage: Stage, body: Any) -> Any:
        return {**{name: value for name, value in body.items() if name not in drop}, **more, "name": stage.name()}

    return mend


def _created(stage: Stage, body: Any) -> Any:
    """What is generated may name zones, groups and key pairs that are not there, or text that is no base64."""
    kept = {name: value for name, value in body["server"].items() if name in ("description", "metadata", "tags", "adminPass", "max_count")}
    kept["max_count"] = min(kept.get("max_count", 1), 2)
    return {"server": stage.asked(**kept)}


def _rehearsed(stage: Stage, body: Any) -> Any:
    """Zones and groups are as little there as in a create."""
    asked = {name: value for name, value in body["server"].items() if name not in ("availability_zone", "min_count")}
    return {"server": {**asked, "flavor_uuid": stage.asked()["flavor_uuid"], "max_count": min(asked.get("max_count", 1), 3)}}


def _adopted(stage: Stage, body: Any) -> Any:
    return {**body, "node_uuid": running(stage.service)}


def _provisioned(stage: Stage, body: Any) -> Any:
    return {"target": "retry"} if body["target"] == "retry" else {**body, "image_uuid": stage.image()}


def _imported(stage: Stage, body: Any) -> Any:
    # A generated one is covered by the examples: it takes a tenth of a second.
    return {**body, "name": stage.name(), "public_key": PUBLIC_KEY}


def _node(stage: Stage) -> Ids:
    return {"node_id": stage.node()["uuid"]}


def _spare_node(stage: Stage) -> Ids:
    return {"node_id": stage.spare_node}


def _tagged_in_bulk(stage: Stage, body: Any) -> Any:
    """A valid one still has to name a tag, and to select what nobody else needs."""
    return {"filter": {"all": [stage.name()]}, "add": [stage.name()], "dry_run": body.get("dry_run", False)}


FEEDS: dict[str, Feed] = {
    "adoption.index": Feed(),
    "adoption.adopt": Feed(body=_adopted),
    "adoption.release": Feed(lambda stage: {"server_id": stage.adopted()}),
    "aggregates.create": Feed(body=_named()),
    "aggregates.index": Feed(drop=("marker",)),
    "aggregates.show": Feed(_aggregate),
    "aggregates.update": Feed(_aggregate, _renamed),
    "aggregates.delete": Feed(_aggregate),
    "aggregates.nodes": Feed(_aggregate),
    "aggregates.add_node": Feed(_aggregate, lambda stage, body: {"node": stage.node()["name"]}),
    "aggregates.remove_node": Feed(Stage.member),
    "aggregates.zones": Feed(),
    "capacity.of_pool": Feed(_pool),
    "capacity.history": Feed(_pool, drop=("since", "until", "marker")),
    "capacity.forecast": Feed(_pool),
    "capacity.now": Feed(query=lambda stage: {"flavor": stage.flavor(), "count": "2", "group": stage.group()}, drop=("availability_zone",)),
    "events.index": Feed(_server, drop=("marker",)),
    "faults.index": Feed(drop=("marker",)),
    "faults.clear": Feed(lambda stage: {"fault_id": stage.fault()}),
    "faults.of_server": Feed(_server, drop=("marker",)),
    # A public one has no list of those who may use it.
    "flavors.create": Feed(body=_named("pools", is_public=False)),
    "flavors.index": Feed(drop=("marker",)),
    "flavors.show": Feed(_flavor),
    "flavors.update": Feed(_flavor, _renamed),
    "flavors.delete": Feed(_flavor),
    "flavors.access": Feed(_private),
    "flavors.give": Feed(_private),
    "flavors.take_away": Feed(Stage.access),
    "health.versions": Feed(),
    "health.version": Feed(),
    "health.check": Feed(),
    "keypairs.create": Feed(body=_imported),
    "keypairs.index": Feed(),
    "keypairs.show": Feed(lambda stage: {"key_name": stage.key_pair()}, drop=("user_id",)),
    "keypairs.delete": Feed(lambda stage: {"key_name": stage.key_pair()}, drop=("user_id",)),
    "locking.set_lock": Feed(_server),
    "networks.index": Feed(_server),
    "networks.attach": Feed(_active, lambda stage, body: {"net_id": stage.network}),
    "networks.detach": Feed(Stage.port),
    "networks.associate": Feed(
        lambda stage: {"server_id": stage.without_floating_ip()},
        lambda stage, body: {"address": stage.floating_ip(), "fixed_address": None},
    ),
    "networks.disassociate": Feed(Stage.associated),
    "nodes.index": Feed(drop=("marker",)),
    "nodes.show": Feed(_node),
    # Of no server whose group could forbid it.
    "nodes.set_failure_domain": Feed(_spare_node, lambda stage, body: {"failure_domain": f"dc1/{stage.name()}"}),
    "nodes.unset_failure_domain": Feed(_spare_node),
    "node_tags.bulk": Feed(body=_tagged_in_bulk),
    "node_tags.index": Feed(_node),
    "node_tags.replace": Feed(_node, lambda stage, body: {"tags": [stage.name()]}),
    "node_tags.clear": Feed(_node),
    "node_tags.history": Feed(_node, drop=("marker",)),
    "node_tags.check": Feed(Stage.node_tag),
    "node_tags.add": Feed(Stage.node_tag),
    "node_tags.remove": Feed(Stage.node_tag),
    "openapi.openapi": Feed(),
    "operations.index": Feed(drop=("marker",)),
    "operations.show": Feed(lambda stage: {"operation_id": stage.pending()}),
    "operations.cancel": Feed(lambda stage: {"operation_id": stage.pending()}),
    "pools.create": Feed(body=_named()),
    "pools.index": Feed(drop=("marker",)),
    "pools.show": Feed(_pool),
    "pools.update": Feed(_pool, _renamed),
    "pools.delete": Feed(_pool),
    "pools.overlaps": Feed(_pool, drop=("marker",)),
    "power.set_power": Feed(_active),
    "quotas.limits": Feed(),
    "quotas.show": Feed(lambda stage: {"project": "red"}),
    "quotas.update": Feed(lambda stage: {"project": "red"}, lambda stage, body: {"quotas": {"servers": 7}}),
    "quotas.delete": Feed(lambda stage: {"project": "red"}),
    "rebuild.set_provision": Feed(lambda stage: {"server_id": stage.failed()}, _provisioned),
    "rebuild.reset": Feed(_active),
    "reservations.create": Feed(body=lambda stage, body: stage.reserved()),
    "reservations.index": Feed(drop=("marker",)),
    "reservations.show": Feed(_reservation),
    "reservations.update": Feed(_reservation, _renamed),
    "reservations.delete": Feed(_reservation),
    "scheduling.dry_run": Feed(body=_rehearsed),
    "server_groups.create": Feed(body=_named()),
    "server_groups.index": Feed(drop=("marker",)),
    "server_groups.show": Feed(lambda stage: {"group_id": stage.group()}),
    "server_groups.delete": Feed(lambda stage: {"group_id": stage.group()}),
    "servers.create": Feed(body=_created),
    "servers.index": Feed(drop=("marker", "fields")),
    "servers.detail": Feed(drop=("marker",)),
    "servers.show": Feed(_server, drop=("fields",)),
    "servers.update": Feed(_server, _renamed),
    "servers.delete": Feed(lambda stage: {"server_id": stage.building()}),
    "tags.index": Feed(_server),
    "tags.replace": Feed(_server),
    "tags.clear": Feed(_server),
    "tags.check": Feed(Stage.tagged),
    "tags.add": Feed(_server),
    "tags.remove": Feed(Stage.tagged),
}
