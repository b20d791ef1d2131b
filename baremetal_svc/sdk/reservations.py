# SPDX-License-Identifier: Apache-2.0
"""Methods for reservations, and what a request for servers says about where they shall be."""

from collections.abc import Iterator
from typing import Any

from openstack import exceptions

from baremetal_svc.sdk.resources import Reservation
from baremetal_svc.sdk.sending import Sending


class Reservations(Sending):
    """Machines that are held for a project."""

    def create_reservation(self, name: str, flavor_id: str, count: int, until: str, **more: Any) -> Reservation:
        """Hold so many machines until a time (ISO 8601); all of them, or it is refused.

        :param more: availability_zone.
        """
        return self._create(Reservation, name=name, flavor_id=flavor_id, count=count, until=until, **more)

    def reservations(self, **query: Any) -> Iterator[Reservation]:
        """Reservations; status, all_projects."""
        return self._list(Reservation, **query)

    def get_reservation(self, reservation: Reservation | str) -> Reservation:
        """:raises NotFoundException:"""
        return self._get(Reservation, reservation)

    def find_reservation(self, name_or_id: str) -> Reservation:
        """One that lasts, else one that is over. :raises NotFoundException: :raises DuplicateResource: several have the name."""
        try:
            return self._named(Reservation, name_or_id, status="active")
        except exceptions.NotFoundException:
            return self._named(Reservation, name_or_id)

    def edit_reservation(self, reservation: Reservation | str, **changes: Any) -> Reservation:
        """Another name or until. Refused when somebody else changed it meanwhile."""
        return self._edit(Reservation, reservation, changes)

    def delete_reservation(self, reservation: Reservation | str) -> None:
        """End it now; its servers stay. :raises NotFoundException:"""
        self._delete(Reservation, reservation, ignore_missing=False)


def hints(group_id: str | None, reservation_id: str | None) -> dict[str, Any]:
    """The part of a request that names a server group and a reservation."""
    found = {name: value for name, value in (("group", group_id), ("reservation", reservation_id)) if value}
    return {"scheduler_hints": found} if found else {}
