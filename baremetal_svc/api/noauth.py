# SPDX-License-Identifier: Apache-2.0
"""No authentication: the caller says who it is. For the all-in-one process on loopback only; the WSGI module refuses it."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from baremetal_svc.domain.errors import Forbidden, NotAuthenticated

#: Who asks when no token is sent.
DEFAULT = "admin:admin:admin,member,reader"


_LOOPBACK = re.compile(r"(https?://)?(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?\Z")


class NoAuth:
    """WSGI middleware. X-Auth-Token is "user:project[:role,role]"; without roles: member and reader."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        # A web page that its reader's browser sends here, by a name of its own for 127.0.0.1 or from its own origin, is nobody we know.
        for asked in (environ.get("HTTP_HOST"), environ.get("HTTP_ORIGIN")):
            if asked is not None and not _LOOPBACK.match(asked):
                raise Forbidden("Without Keystone only this machine may ask.", hint="Call it as localhost or 127.0.0.1.")
        parts = (environ.get("HTTP_X_AUTH_TOKEN") or DEFAULT).split(":")
        if len(parts) not in (2, 3) or not all(part.isascii() and part.isprintable() and 0 < len(part) < 256 for part in parts):
            raise NotAuthenticated("Without Keystone the token is user:project or user:project:role,role.")
        user, project, roles = (*parts, "member,reader")[:3]
        headers = {"HTTP_X_USER_ID": user, "HTTP_X_PROJECT_ID": project, "HTTP_X_ROLES": roles, "HTTP_X_IDENTITY_STATUS": "Confirmed"}
        # It is no token that Neutron or Glance would take.
        kept = {name: value for name, value in environ.items() if name != "HTTP_X_AUTH_TOKEN"}
        return self._application({**kept, **headers}, start_response)
