# SPDX-License-Identifier: Apache-2.0
"""What all methods of the proxy stand on: a request in the newest microversion that both sides speak, and finding things by name."""

import re
import uuid
from collections.abc import Mapping
from typing import Any, TypeVar

import requests
from openstack import exceptions, proxy, resource

from baremetal_svc.sdk.resources import Server

R = TypeVar("R", bound=resource.Resource)


class Sending(proxy.Proxy):
    """Requests and look-ups."""

    def _named(self, kind: type[R], name_or_id: str, **query: Any) -> R:
        # Not Resource.find: it asks for /servers/NAME first, and a server may be called "detail".
        try:
            return self._get(kind, str(uuid.UUID(name_or_id)))
        except (ValueError, exceptions.NotFoundException):
            found = [item for item in self._list(kind, **query) if item.name == name_or_id]
        word = re.sub("(?<!^)(?=[A-Z])", " ", kind.__name__).lower()
        if not found:
            raise exceptions.NotFoundException(f"There is no {word} {name_or_id!r}.")
        if len(found) > 1:
            raise exceptions.DuplicateResource(f"{len(found)} {word}s are named {name_or_id!r}: name it by its id.")
        return found[0]

    def _all_of(self, url: str, name: str) -> list[dict[str, Any]]:
        """All pages of a list that is no resource of its own."""
        found = []
        while url:
            body = self._send("GET", url).json()
            found += body[name]
            url = body.get(f"{name}_links", [{"href": ""}])[0]["href"]
        return found

    def _edit(self, kind: type[R], item: R | str, changes: Mapping[str, Any]) -> R:
        # With the ETag of what is there now: what somebody else changes in between is not overwritten.
        path = f"{kind.base_path}/{id_of(item)}"
        patch = [{"op": "replace", "path": f"/{name}", "value": value} for name, value in changes.items()]
        headers = {"If-Match": self._send("GET", path).headers["ETag"]}
        return kind.existing(**self._send("PATCH", path, json=patch, headers=headers).json())

    def _send(self, method: str, path: str, **more: Any) -> requests.Response:
        response = self.request(path, method, microversion=Server._get_microversion(self), **more)
        exceptions.raise_from_response(response)
        return response


def id_of(value: resource.Resource | str) -> str:
    """The id of a resource, or of what is one."""
    return value if isinstance(value, str) else value.id


def last_of(url: str) -> str:
    """The last part of a path: an id."""
    return url.rstrip("/").rpartition("/")[2]
