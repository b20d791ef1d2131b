# SPDX-License-Identifier: Apache-2.0
"""What a request for servers says about where they shall be, checked: a create and a dry run of scheduling take the same."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from baremetal_svc.api.call import Call
from baremetal_svc.db import flavors, groups, pools, reservations
from baremetal_svc.db.candidates import Wanted
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import Conflict, Forbidden, Invalid, NotFound, existing
from baremetal_svc.domain.reservation import check_lasting
from baremetal_svc.domain.scheduling import wanted_tags
from baremetal_svc.domain.setup import Setup
from baremetal_svc.domain.spread import check_room


@dataclass(frozen=True, slots=True)
class Placement:
    """Where servers shall be.

    :ivar flavor: its row. :ivar pool_ids: those of its pools that the project may draw on, in order. :ivar group: row of the server group.
    :ivar tags: that a machine must carry. :ivar setup: what it must have, and how it is made ready.
    :ivar reservation: its row, of whose machines they shall be; ``pool_ids`` is empty then.
    """

    flavor: Row
    pool_ids: list[str]
    resource_class: str
    tags: list[str]
    setup: Setup
    zone: str | None
    group: Row | None
    reservation: Row | None = None

    def offers(self, pool_id: str) -> Wanted:
        """Which offers of one of its pools will do."""
        return Wanted(pool_id, self.resource_class, tags=self.tags, facts=self.setup.conditions)

    @property
    def reservation_id(self) -> str | None:
        """Id of the reservation."""
        return None if self.reservation is None else str(self.reservation["id"])


def look_up(conn: Connection, call: Call) -> Placement:
    """What of ours the request names, once all of it is there for this project.

    :raises NotFound: flavor, group, reservation or zone. :raises Conflict: the flavor is disabled, the reservation is over.
    :raises Forbidden: no pool of the flavor is open.
    :raises Invalid: the group's rule can never hold, the reservation is of another flavor.
    """
    asked: Mapping[str, Any] = call.body["server"]
    wanted_group, wanted_zone = group_id(call), zone(call)
    group = None
    if wanted_group is not None:
        group = existing(groups.get(conn, wanted_group, str(call.context.project_id)), "server group", wanted_group)
        rule = groups.rule_of(group)
        if rule.hard:
            check_room(rule, group["level"], len(groups.domains(conn, rule)), groups.filling(conn, wanted_group), counts(call)[0])
    check_zone(conn, wanted_zone)
    reserved = _reservation(conn, call, asked["flavor_uuid"].lower())
    if reserved is not None:
        # What was promised then is kept, whatever became of the flavor since.
        flavor = existing(flavors.get(conn, reserved["flavor_id"]), "flavor", reserved["flavor_id"])
        # The default zone is for who says nothing: the reservation has said where.
        own_zone = call.body["server"].get("availability_zone")
        tags, setup = wanted_tags(own_zone, {}), _connected(Setup.of(reserved["wanted"]["setup"]), asked)
        return Placement(flavor, [], reserved["resource_class"], tags, setup, own_zone or reserved["availability_zone"], group, reserved)
    flavor = usable_flavor(conn, call, asked["flavor_uuid"].lower())
    pool_ids, tags = open_pools(conn, call, flavor), wanted_tags(wanted_zone, flavor["resource_aggregates"])
    setup = _connected(Setup.of_flavor(flavor), asked)
    return Placement(flavor, pool_ids, flavor["resource_class"], tags, setup, wanted_zone, group)


def _connected(setup: Setup, asked: Mapping[str, Any]) -> Setup:
    """With a network card for each of the networks; a dry run may name none."""
    return replace(setup, nics=len(asked.get("networks", ())))


def counts(call: Call) -> tuple[int, int]:
    """How many servers are wanted at least and at most. :raises Invalid: the counts contradict each other, or are too many."""
    asked, most = call.body["server"], call.services.conf.api.max_count
    least, count = asked.get("min_count", 1), asked.get("max_count", asked.get("min_count", 1))
    if least > count:
        raise Invalid(f"min_count ({least}) is above max_count ({count}).")
    if count > most:
        raise Invalid(f"max_count ({count}) is above what one request may create ({most}).")
    return least, count


def zone(call: Call) -> str | None:
    """The availability zone, None for any."""
    return call.body["server"].get("availability_zone") or call.services.conf.api.default_availability_zone


def check_zone(conn: Connection, wanted: str | None) -> None:
    """:raises NotFound: no node is in the zone; None is any."""
    if wanted is not None and not pools.is_tag(conn, f"{pools.AVAILABILITY_ZONE}{wanted}"):
        raise NotFound(f"There is no availability zone {wanted!r}.", hint="GET /v1/availability_zones lists them.")


def group_id(call: Call) -> str | None:
    """The server group that they join, or None."""
    return _hint(call, "group")


def _hint(call: Call, name: str) -> str | None:
    found: str | None = call.body.get("scheduler_hints", {}).get(name)
    return None if found is None else found.lower()


def _reservation(conn: Connection, call: Call, flavor_id: str) -> Row | None:
    reservation_id = _hint(call, "reservation")
    if reservation_id is None:
        return None
    row = existing(reservations.get(conn, reservation_id, str(call.context.project_id)), "reservation", reservation_id)
    check_lasting(row)
    if row["flavor_id"] != flavor_id:
        raise Invalid(f"Reservation {reservation_id} holds machines of flavor {row['flavor_id']}.", hint="Ask for that flavor.")
    return row


def open_pools(conn: Connection, call: Call, flavor: Row) -> list[str]:
    """Ids of the flavor's pools, in order, that the caller's project may draw on. :raises Forbidden: none."""
    found = pools.open_to(conn, flavor["pools"] or [pools.DEFAULT_ID], str(call.context.project_id))
    if not found:
        hint = "Choose another flavor, or ask an operator to open one of its pools to your project."
        raise Forbidden(f"No pool of flavor {flavor['id']} is open to your project.", hint=hint)
    return found


def usable_flavor(conn: Connection, call: Call, flavor_id: str) -> Row:
    """A flavor of which the caller may have machines. :raises NotFound: :raises Conflict: it is disabled."""
    flavor = flavors.get(conn, flavor_id)
    if flavor is None or not (call.context.is_operator or flavors.usable(conn, flavor, call.context.project_id)):
        raise NotFound(f"There is no flavor {flavor_id}.")
    if flavor["disabled"]:
        raise Conflict(f"Flavor {flavor_id} is disabled.", hint="Choose another flavor.")
    return flavor
