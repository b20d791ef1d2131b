# SPDX-License-Identifier: Apache-2.0
"""Limits for whoever creates: asked for before the transaction, since they may be in Keystone; checked in it, under a lock.

Mogan kept counters, and lost count; here usage is the number of rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from oslo_config import cfg
from sqlalchemy import Connection

from baremetal_svc.api.call import Call
from baremetal_svc.db import capacity, quotas
from baremetal_svc.db.candidates import Wanted
from baremetal_svc.domain import quota
from baremetal_svc.domain.quota import Use


@dataclass(frozen=True, slots=True)
class Quota:
    """The limits of a project and, for key pairs, of one user; of one request.

    :ivar unified: the limits in Keystone; None: those of our table, which is read once.
    """

    project_id: str
    user_id: str
    conf: cfg.ConfigOpts
    unified: Mapping[str, int] | None
    _read: list[Mapping[str, int]] = field(default_factory=list)

    def explicit(self, conn: Connection) -> Mapping[str, int]:
        """Limits that somebody set, by resource."""
        if self.unified is not None:
            return self.unified
        if not self._read:
            self._read.append(quotas.limits_of(conn, self.project_id))
        return self._read[0]

    def limit(self, explicit: Mapping[str, int], resource: str) -> int:
        """The limit that was set, or the default."""
        return explicit.get(resource, self._default(resource))

    def usage(self, conn: Connection, resource: str) -> int:
        """How many there are now."""
        return quotas.usage_of(conn, resource, self.project_id, self.user_id)

    def room(self, conn: Connection, flavor_ids: Sequence[str], most: int) -> dict[str, int]:
        """How many more servers of each flavor fit now, at most ``most``; promises nothing."""
        explicit, used = self.explicit(conn), quotas.servers_by_flavor(conn, self.project_id)
        servers = Use(quota.SERVERS, self.limit(explicit, quota.SERVERS), sum(used.values())).room(most)
        found = {}
        for flavor_id in flavor_ids:
            name = quota.of_flavor(flavor_id)
            found[flavor_id] = Use(name, self.limit(explicit, name), used.get(flavor_id, 0)).room(servers)
        return found

    def grant(self, conn: Connection, resources: Sequence[str], least: int = 1, most: int = 1) -> int:
        """How many may be made in this transaction, ``least`` to ``most``; to be asked before anything is inserted.

        :raises OverQuota: fewer than ``least``.
        """
        explicit = self.explicit(conn)
        limits = {resource: limit for resource in resources if (limit := self.limit(explicit, resource)) >= 0}
        if not limits:
            return most
        quotas.queue_up(conn, f"user:{self.user_id}" if quota.KEYPAIRS in limits else f"project:{self.project_id}")
        return quota.granted([Use(resource, limit, self.usage(conn, resource)) for resource, limit in limits.items()], least, most)

    def drawable(
        self, conn: Connection, pool_ids: Sequence[str], least: int, most: int, offers: Callable[[str], Wanted] | None = None
    ) -> tuple[list[str], int]:
        """What ``draw`` would answer now; promises nothing.

        :raises OverQuota: none of them has room for ``least``.
        """
        drawn = self._drawn(conn, pool_ids)
        if not drawn:
            return list(pool_ids), most
        free = None if offers is None else dict(zip(drawn, capacity.at_most(conn, [offers(one) for one in drawn], most), strict=True))
        return quota.roomiest(drawn, least, most, free)

    def _drawn(self, conn: Connection, pool_ids: Sequence[str]) -> dict[str, Use]:
        """Machines by pool, in order; {} when none of the pools has a limit."""
        explicit = self.explicit(conn)
        limits = {pool_id: self.limit(explicit, quota.of_pool(pool_id)) for pool_id in pool_ids}
        limited = [pool_id for pool_id, limit in limits.items() if limit >= 0]
        used = quotas.out_of_pools(conn, limited, self.project_id)
        return {one: Use(quota.of_pool(one), limit, used.get(one, 0)) for one, limit in limits.items()} if limited else {}

    def draw(
        self, conn: Connection, pool_ids: Sequence[str], least: int, most: int, offers: Callable[[str], Wanted] | None = None
    ) -> tuple[list[str], int]:
        """Those of the pools, in order, that the project may take machines out of in this transaction, and how many, ``least`` to ``most``.

        :param offers: which machines of a pool will do, where fewer than ``most`` may be made.
        :raises OverQuota: none of them has room for ``least``.
        """
        explicit = self.explicit(conn)
        if all(self.limit(explicit, quota.of_pool(pool_id)) < 0 for pool_id in pool_ids):
            return list(pool_ids), most
        # Counted once nobody else of the project can add to it.
        quotas.queue_up(conn, f"project:{self.project_id}")
        return self.drawable(conn, pool_ids, least, most, offers)

    def _default(self, resource: str) -> int:
        if quota.pool_of(resource) is not None:
            return quota.UNLIMITED
        is_flavor = quota.flavor_of(resource) is not None
        if self.unified is not None:
            # As oslo.limit has it: of what is not registered there may be none. A flavor need not be registered.
            return quota.UNLIMITED if is_flavor else 0
        return int(self.conf.quotas["servers_per_flavor" if is_flavor else resource])


def ask(call: Call, project_id: str | None = None, user_id: str | None = None) -> Quota:
    """The limits of a project, by default of the caller's. Outside of transactions.

    :raises Unavailable: they are in Keystone, which does not answer.
    """
    project, conf = project_id or str(call.context.project_id), call.services.conf
    unified = call.services.gateways.limits.of_project(project) if conf.quotas.driver == "unified" else None
    return Quota(project, user_id or call.context.user_id or "", conf, unified)
