# SPDX-License-Identifier: Apache-2.0
"""Methods for flavors and limits: everybody looks, operators change."""

from collections.abc import Iterator, Mapping
from typing import Any

from baremetal_svc.sdk.resources import Flavor
from baremetal_svc.sdk.sending import Sending, id_of


class Flavors(Sending):
    """What a server can be, who may have it, and how many."""

    def flavors(self, **query: Any) -> Iterator[Flavor]:
        """Flavors that the caller may ask for; operators see all."""
        return self._list(Flavor, **query)

    def get_flavor(self, flavor: Flavor | str) -> Flavor:
        """:raises NotFoundException:"""
        return self._get(Flavor, flavor)

    def find_flavor(self, name_or_id: str) -> Flavor:
        """:raises NotFoundException:"""
        return self._named(Flavor, name_or_id)

    def create_flavor(self, name: str, description: str, resource_class: str, **more: Any) -> Flavor:
        """``more``: fields of the API, is_public, pools, facts, partitions, image_properties, boot_mode, raid, price, ..."""
        body = {"name": name, "description": description, "resources": {resource_class: 1}, **more}
        return Flavor.existing(**self._send("POST", Flavor.base_path, json=body).json())

    def edit_flavor(self, flavor: Flavor | str, **changes: Any) -> Flavor:
        """Fields of the API, but for its machines. Servers keep what it said. Refused when somebody else changed it meanwhile."""
        return self._edit(Flavor, flavor, changes)

    def delete_flavor(self, flavor: Flavor | str) -> None:
        """:raises NotFoundException: :raises ConflictException: a server has it: disable it instead."""
        self._send("DELETE", f"{Flavor.base_path}/{id_of(flavor)}")

    def flavor_access(self, flavor: Flavor | str) -> list[str]:
        """Ids of the projects that may ask for one that is not public."""
        found = self._send("GET", f"{Flavor.base_path}/{id_of(flavor)}/access").json()
        return [str(project_id) for project_id in found["flavor_access"]]

    def add_flavor_access(self, flavor: Flavor | str, project_id: str) -> None:
        """Let a project ask for one that is not public."""
        self._send("POST", f"{Flavor.base_path}/{id_of(flavor)}/access", json={"tenant_id": project_id})

    def remove_flavor_access(self, flavor: Flavor | str, project_id: str) -> None:
        """:raises NotFoundException: it may not."""
        self._send("DELETE", f"{Flavor.base_path}/{id_of(flavor)}/access/{project_id}")

    # --- limits

    def limits(self) -> dict[str, Any]:
        """Limit and usage of each resource of the caller's project."""
        found: dict[str, Any] = self._send("GET", "/limits").json()
        return found

    def quotas(self, project_id: str) -> dict[str, dict[str, Any]]:
        """By resource {"limit", "usage", "default"} of a project."""
        found: dict[str, dict[str, Any]] = self._send("GET", f"/quotas/{project_id}").json()["quotas"]
        return found

    def edit_quotas(self, project_id: str, changes: Mapping[str, int | None]) -> dict[str, dict[str, Any]]:
        """Change some limits of a project and leave the others; -1: none, None: the default again. Refused when changed meanwhile."""
        known = self._send("GET", f"/quotas/{project_id}")
        kept = {name: use["limit"] for name, use in known.json()["quotas"].items() if not use["default"]}
        asked = {"json": {"quotas": {**kept, **changes}}, "headers": {"If-Match": known.headers["ETag"]}}
        found: dict[str, dict[str, Any]] = self._send("PUT", f"/quotas/{project_id}", **asked).json()["quotas"]
        return found

    def reset_quotas(self, project_id: str) -> None:
        """Give a project the defaults again."""
        self._send("DELETE", f"/quotas/{project_id}")
