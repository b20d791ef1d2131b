# SPDX-License-Identifier: Apache-2.0
"""The use cases of tags: each a change of rows, at once. A server that is being deleted keeps those that it has."""

from collections.abc import Callable, Collection

from sqlalchemy import Connection

from baremetal_svc.api import validation
from baremetal_svc.api.call import Call
from baremetal_svc.db import servers
from baremetal_svc.domain.errors import existing
from baremetal_svc.domain.server import check_not_deleting
from baremetal_svc.features.tags import rules, schema


def page(call: Call, server_id: str) -> list[str]:
    """The tags of a server, in order. :raises NotFound: unknown or foreign."""

    def work(conn: Connection) -> list[str]:
        existing(servers.get(conn, server_id, call.visible_project), "server", server_id)
        return servers.tags_of(conn, server_id)

    return call.services.db.query(work)


def check(call: Call, server_id: str, tag: str) -> None:
    """:raises NotFound: the server does not have the tag. :raises Invalid: it is none."""
    validation.check(tag, schema.TAG, "tag")
    existing(tag if tag in page(call, server_id) else None, "tag", repr(tag))


def replace(call: Call, server_id: str) -> list[str]:
    """Give a server these tags and no others. :raises NotFound: :raises Conflict: it is being deleted."""
    return _changed(call, server_id, lambda known: call.body["tags"])


def add(call: Call, server_id: str, tag: str) -> None:
    """Add one; again is a no-op. :raises NotFound: :raises Conflict: it is being deleted. :raises Invalid: too many, or it is none."""
    validation.check(tag, schema.TAG, "tag")
    _changed(call, server_id, lambda known: rules.added(known, tag))


def remove(call: Call, server_id: str, tag: str) -> None:
    """Remove one. :raises NotFound: the server, or it does not have the tag. :raises Conflict: it is being deleted.

    :raises Invalid: it is no tag.
    """
    validation.check(tag, schema.TAG, "tag")

    def without(known: Collection[str]) -> Collection[str]:
        return set(known) - {existing(tag if tag in known else None, "tag", repr(tag))}

    _changed(call, server_id, without)


def clear(call: Call, server_id: str) -> None:
    """Remove all. :raises NotFound: :raises Conflict: it is being deleted."""
    _changed(call, server_id, lambda known: ())


def _changed(call: Call, server_id: str, change: Callable[[Collection[str]], Collection[str]]) -> list[str]:
    def work(conn: Connection) -> list[str]:
        check_not_deleting(existing(servers.get(conn, server_id, call.visible_project, lock=True), "server", server_id))
        servers.set_tags(conn, server_id, change(servers.tags_of(conn, server_id)))
        return servers.tags_of(conn, server_id)

    return call.services.db.transact(work)
