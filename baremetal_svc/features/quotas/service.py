# SPDX-License-Identifier: Apache-2.0
"""The use cases of limits."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from baremetal_svc.api import editing, quota
from baremetal_svc.api.call import Call
from baremetal_svc.api.quota import Quota
from baremetal_svc.db import flavors, pools, quotas
from baremetal_svc.domain.errors import Conflict, Invalid, NotFound
from baremetal_svc.domain.quota import RESOURCES, Use, flavor_of, is_known, of_flavor, of_pool, pool_of


@dataclass(frozen=True, slots=True)
class Report:
    """What a project may have and has; ``explicit`` are the limits that somebody set."""

    project_id: str
    uses: tuple[Use, ...]
    explicit: Mapping[str, int]


def limits(call: Call) -> Report:
    """Those of the caller and its project. :raises Unavailable: they are in Keystone, which does not answer."""
    return _report(call, quota.ask(call))


def show(call: Call, project: str) -> Report:
    """Those of a project. :raises NotFound: of a foreign one. :raises Unavailable:"""
    if call.visible_project not in (None, project):
        raise NotFound(f"There is no project {project}.")
    return _report(call, quota.ask(call, project))


def update(call: Call, project: str) -> Report:
    """Set the limits that the body has, and the others back to their defaults.

    :raises Conflict: they are in Keystone. :raises Invalid: unknown flavor or pool. :raises PreconditionFailed:
    """
    _check_own(call)
    asked: dict[str, int] = {resource: limit for resource, limit in call.body["quotas"].items() if limit is not None}

    def work(conn: Connection) -> None:
        quotas.queue_up(conn, f"project:{project}")
        before = quotas.limits_of(conn, project)
        editing.check_match(call.if_match, before)
        for resource in asked:
            _check_named(conn, resource)
        quotas.replace(conn, project, {**_unknown(conn, call, project), **asked})

    call.services.db.transact(work)
    return show(call, project)


def delete(call: Call, project: str) -> None:
    """Back to the defaults; again is a no-op. :raises Conflict: they are in Keystone."""
    _check_own(call)

    def work(conn: Connection) -> None:
        quotas.queue_up(conn, f"project:{project}")
        quotas.replace(conn, project, _unknown(conn, call, project))

    call.services.db.transact(work)


def _unknown(conn: Connection, call: Call, project: str) -> dict[str, int]:
    """Limits for which the caller's microversion has no words: it cannot mean to set them back."""
    return {resource: limit for resource, limit in quotas.limits_of(conn, project).items() if not is_known(resource, call.version)}


def _check_named(conn: Connection, resource: str) -> None:
    flavor_id, pool_id = flavor_of(resource), pool_of(resource)
    if flavor_id is not None and flavors.get(conn, flavor_id) is None:
        raise Invalid(f"body/quotas: there is no flavor {flavor_id}.")
    if pool_id is not None and pools.get(conn, pool_id) is None:
        raise Invalid(f"body/quotas: there is no pool {pool_id}.")


def _report(call: Call, limits: Quota) -> Report:
    def work(conn: Connection) -> Report:
        explicit = limits.explicit(conn)
        having = [of_flavor(flavor_id) for flavor_id in quotas.flavors_used(conn, limits.project_id) if flavor_id != flavors.ADOPTED_ID]
        names = {*having, *(resource for resource in explicit if flavor_of(resource) or pool_of(resource))}
        named = [resource for resource in (*RESOURCES, *sorted(names)) if is_known(resource, call.version)]
        drawn = quotas.out_of_pools(conn, [pool_id for resource in named if (pool_id := pool_of(resource))], limits.project_id)
        used = {of_pool(pool_id): count for pool_id, count in drawn.items()}
        uses = [
            Use(resource, limits.limit(explicit, resource), used[resource] if resource in used else limits.usage(conn, resource))
            for resource in named
        ]
        return Report(limits.project_id, tuple(uses), explicit)

    return call.services.db.query(work)


def _check_own(call: Call) -> None:
    if call.services.conf.quotas.driver != "own":
        raise Conflict("Limits are kept in Keystone.", hint="Set them there: openstack limit create.")
