# SPDX-License-Identifier: Apache-2.0
"""Methods for operators: machines, their tags, pools; and for everybody what could be had."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from baremetal_svc.sdk.resources import Flavor, Node, Pool
from baremetal_svc.sdk.sending import Sending, id_of


class Machines(Sending):
    """Machines and how they are divided."""

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

    def get_pool(self, pool: Pool | str) -> Pool:
        """:raises NotFoundException:"""
        return self._get(Pool, pool)

    def find_pool(self, name_or_id: str) -> Pool:
        """:raises NotFoundException:"""
        return self._named(Pool, name_or_id)

    def create_pool(self, name: str, **more: Any) -> Pool:
        """``more``: description, all_tags, any_tags, none_tags, projects, free_below."""
        return self._create(Pool, name=name, **more)

    def edit_pool(self, pool: Pool | str, **changes: Any) -> Pool:
        """Change attributes of create_pool; projects=None opens it to all. Refused when somebody else changed it meanwhile."""
        names = {"all_tags": "all", "any_tags": "any", "none_tags": "none"}
        return self._edit(Pool, pool, {names.get(name, name): value for name, value in changes.items()})

    def delete_pool(self, pool: Pool | str) -> None:
        """:raises NotFoundException:"""
        self._delete(Pool, pool, ignore_missing=False)

    def pool_overlaps(self, pool: Pool | str) -> list[dict[str, Any]]:
        """Pools that have machines in common with this one, and how many."""
        return self._all_of(f"{Pool.base_path}/{id_of(pool)}/overlaps", "overlaps")

    # --- capacity

    def pool_capacity(self, pool: Pool | str) -> dict[str, Any]:
        """What its machines do, by class, flavor and failure domain; to all but operators what of each flavor could be had out of it."""
        found: dict[str, Any] = self._send("GET", f"{Pool.base_path}/{id_of(pool)}/capacity").json()
        return found

    def pool_history(self, pool: Pool | str, **query: str) -> list[dict[str, Any]]:
        """What its machines did hour by hour, newest first, for operators; since, until (ISO 8601)."""
        return self._all_of(f"{Pool.base_path}/{id_of(pool)}/capacity/history?{urlencode(query)}", "hours")

    def pool_forecast(self, pool: Pool | str, weeks: int | None = None) -> dict[str, Any]:
        """The trend of what is free, and the day on which nothing would be, for operators."""
        query = {} if weeks is None else {"weeks": weeks}
        found: dict[str, Any] = self._send("GET", f"{Pool.base_path}/{id_of(pool)}/forecast", params=query).json()
        return found

    def capacity(self, flavor: Flavor | str, **query: Any) -> dict[str, Any]:
        """How many servers of a flavor could be had now, and what bounds it; count, group, availability_zone."""
        found: dict[str, Any] = self._send("GET", "/capacity", params={"flavor": id_of(flavor), **query}).json()
        return found

    def set_failure_domain(self, node: Node | str, path: str) -> dict[str, Any]:
        """Say where a machine stands, whatever Ironic says of it; failure_domain and failure_domain_source."""
        found: dict[str, Any] = self._send("PUT", f"{Node.base_path}/{id_of(node)}/failure-domain", json={"failure_domain": path}).json()
        return found

    def unset_failure_domain(self, node: Node | str) -> None:
        """Have Ironic say again where a machine stands."""
        self._send("DELETE", f"{Node.base_path}/{id_of(node)}/failure-domain")

    # --- tags of machines

    def node_tags(self, node: Node | str) -> list[str]:
        """Tags of a machine."""
        found: list[str] = self._send("GET", _tags(node)).json()["tags"]
        return found

    def set_node_tags(self, node: Node | str, tags: Sequence[str]) -> list[str]:
        """Give a machine these tags and no others, but for those of its aggregates; the tags that it has then."""
        found: list[str] = self._send("PUT", _tags(node), json={"tags": list(tags)}).json()["tags"]
        return found

    def add_node_tag(self, node: Node | str, tag: str) -> None:
        """Put one on."""
        self._send("PUT", f"{_tags(node)}/{tag}")

    def remove_node_tag(self, node: Node | str, tag: str) -> None:
        """:raises NotFoundException:"""
        self._send("DELETE", f"{_tags(node)}/{tag}")

    def node_tag_changes(self, node: Node | str) -> list[dict[str, Any]]:
        """Who changed which tag, newest first."""
        return self._all_of(f"{_tags(node)}/history", "changes")

    def change_tags_of_nodes(
        self, selected: Mapping[str, Any], *, add: Sequence[str] = (), remove: Sequence[str] = (), dry_run: bool = False
    ) -> dict[str, Any]:
        """Tag all machines that a filter selects, or none; how many were ``matched``, ``changed`` and ``moved`` between pools.

        :param selected: ``all``, ``any``, ``none``, ``node_ids``, ``pool``: one of them at least.
        """
        body = {"filter": dict(selected), "add": list(add), "remove": list(remove), "dry_run": dry_run}
        found: dict[str, Any] = self._send("POST", f"{Node.base_path}/tags", json=body).json()
        return found


def _tags(node: Node | str) -> str:
    return f"{Node.base_path}/{id_of(node)}/tags"
