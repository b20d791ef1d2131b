# SPDX-License-Identifier: Apache-2.0
"""The one pecan controller: finds the route, checks version, policy and schemas, calls the feature's controller, writes the answer."""

import re
from typing import Any

import orjson
import pecan

from baremetal_svc.api import keystone, microversion, validation
from baremetal_svc.api.call import Answer, Call, Services
from baremetal_svc.api.faults import REASONS
from baremetal_svc.api.front import KEY
from baremetal_svc.api.observing import SEEN
from baremetal_svc.api.routing import Route, Table, canonical
from baremetal_svc.context import RequestContext
from baremetal_svc.domain.errors import Invalid, NotAuthenticated, Unavailable, UnsupportedMediaType

_KEY_FORM = re.compile(r"^[\x21-\x7e]{1,255}$")


class Root:
    """Pecan's root: the front has put every path into the environment, so that pecan is always asked for its index."""

    def __init__(self, table: Table, services: Services) -> None:
        self._table = table
        self._services = services

    @pecan.expose(content_type="application/json")
    def index(self) -> bytes:
        """Answer the current request."""
        environ = pecan.request.environ
        raw = environ[KEY]
        minor = microversion.negotiate(environ.get("HTTP_OPENSTACK_API_VERSION"))
        route, ids = self._table.find(environ["REQUEST_METHOD"], raw["path"], minor)
        environ[SEEN]["route"] = route.path
        context = self._context(environ, route)
        answer = route.controller(self._call(environ, raw, route, context, minor), **ids)
        return _write(answer, minor)

    def _context(self, environ: dict[str, Any], route: Route) -> RequestContext:
        context = RequestContext.from_environ(environ)
        if route.rule is not None:
            if not context.project_id:
                if environ.get(keystone.AWAY):
                    raise Unavailable("Keystone does not answer, so the token cannot be judged.")
                raise NotAuthenticated("The request has no token that is scoped to a project.")
            self._services.policy.check(context, route.rule)
        return context

    def _call(self, environ: dict[str, Any], raw: dict[str, Any], route: Route, context: RequestContext, minor: int) -> Call:
        query = validation.parse_query(raw["query"], validation.pick(route.query, minor))
        body = None
        if route.body is not None:
            read = ("", "application/json", "application/json-patch+json") if route.method == "PATCH" else ("", "application/json")
            if raw["type"] not in read:
                raise UnsupportedMediaType(f"The body is {raw['type'][:100]!r}, only application/json is read.")
            body = validation.parse_body(raw["body"])
            validation.check(body, validation.pick(route.body, minor), "body")
        key = environ.get("HTTP_IDEMPOTENCY_KEY")
        if key is not None and not _KEY_FORM.match(key):
            raise Invalid("Idempotency-Key must be 1 to 255 visible ASCII characters.")
        base = self._services.conf.api.public_endpoint or f"{environ['wsgi.url_scheme']}://{_host(environ)}{environ.get('SCRIPT_NAME', '')}"
        path, if_match = canonical(raw["path"]), environ.get("HTTP_IF_MATCH")
        return Call(context, self._services, minor, base.rstrip("/"), body, query, key, path, if_match)


def _host(environ: dict[str, Any]) -> str:
    host: str = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    # It comes back in links: nothing but a host and a port may.
    return host if re.fullmatch(r"[\w.\-\[\]:]{1,255}", host, re.ASCII) else f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"


def _write(answer: Answer, minor: int) -> bytes:
    response = pecan.response
    response.status = f"{answer.status} {REASONS[answer.status]}"
    response.headers.update(answer.headers)
    response.headers[microversion.HEADER] = f"{microversion.SERVICE_TYPE} 1.{minor}"
    response.headers["Vary"] = microversion.HEADER
    if answer.body is None:
        response.headers.pop("Content-Type", None)
        return b""
    response.content_type = "application/json"
    return orjson.dumps(answer.body)
