# SPDX-License-Identifier: Apache-2.0
"""A small REST client of the standard library, for seeding and for proofs: bodies in and out as dictionaries."""

import json
import urllib.error
import urllib.request
from typing import Any

from devstack.local import layout

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class RestError(RuntimeError):
    """An answer of 400 or above; `status` holds it."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(f"{status}: {what}")
        self.status = status


class Rest:
    """One service: its address and the headers of every request."""

    def __init__(self, url: str, **headers: str) -> None:
        self.url = url.rstrip("/")
        self.headers = headers

    def call(self, method: str, path: str, body: Any = None, timeout: float = 60) -> Any:
        """Answers the decoded body, None when there is none.

        :raises RestError: the status is 400 or above.
        """
        return self.send(method, path, None if body is None else json.dumps(body).encode(), "application/json", timeout)

    def send(self, method: str, path: str, data: bytes | None, content_type: str, timeout: float = 60) -> Any:
        """The same with a body of any type.

        :raises RestError: the status is 400 or above.
        """
        headers = {**self.headers, "Content-Type": content_type}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with _DIRECT.open(request, timeout=timeout) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise RestError(error.code, f"{method} {path}: {error.read()[:600].decode(errors='replace')}") from error
        return json.loads(content) if content else None

    def get(self, path: str) -> Any:
        """GET a path."""
        return self.call("GET", path)

    def post(self, path: str, body: Any) -> Any:
        """POST a body to a path."""
        return self.call("POST", path, body)

    def put(self, path: str, body: Any = None) -> Any:
        """PUT a body to a path."""
        return self.call("PUT", path, body)

    def delete(self, path: str) -> None:
        """DELETE a path."""
        self.call("DELETE", path)


def token(user: str = "admin", project: str = "admin") -> str:
    """A Keystone token of one of our accounts, scoped to a project."""
    domain = {"id": "default"}
    identity = {"methods": ["password"], "password": {"user": {"name": user, "domain": domain, "password": layout.PASSWORD}}}
    body = json.dumps({"auth": {"identity": identity, "scope": {"project": {"name": project, "domain": domain}}}}).encode()
    request = urllib.request.Request(layout.URLS["keystone"] + "/auth/tokens", body, {"Content-Type": "application/json"}, method="POST")
    with _DIRECT.open(request, timeout=60) as answer:
        return str(answer.headers["X-Subject-Token"])


def client(service: str, user: str = "admin", project: str = "admin") -> Rest:
    """A client of keystone, neutron, glance, bms (our service) or ironic; Ironic has no authentication here."""
    if service == "ironic":
        return Rest(layout.URLS["ironic"] + "/v1", **{"X-OpenStack-Ironic-API-Version": "1.95"})
    path = {"neutron": "/v2.0"}.get(service, "")
    version = {"OpenStack-API-Version": "baremetal_compute latest"} if service == "bms" else {}
    return Rest(layout.URLS[service] + path, **{"X-Auth-Token": token(user, project)}, **version)
