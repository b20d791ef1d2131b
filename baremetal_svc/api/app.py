# SPDX-License-Identifier: Apache-2.0
"""The WSGI application: one commented tuple of middleware around one pecan controller."""

from collections.abc import Callable
from typing import Any

import pecan
from oslo_config import cfg
from oslo_middleware import cors, http_proxy_to_wsgi, request_id

from baremetal_svc.api import keystone, openapi
from baremetal_svc.api.call import Services
from baremetal_svc.api.faults import Faults
from baremetal_svc.api.front import Front
from baremetal_svc.api.guarding import Guarded
from baremetal_svc.api.noauth import NoAuth
from baremetal_svc.api.observing import Observed
from baremetal_svc.api.rate import Buckets, Limited
from baremetal_svc.api.root import Root
from baremetal_svc.api.routing import Table

Application = Callable[..., Any]


class RequestId(request_id.RequestId):
    """The request id, also under the name that Mogan's clients read."""

    compat_headers = ["Openstack-Request-Id"]


class OneController(pecan.Pecan):
    """Pecan with one controller, which takes no arguments and says all of its answer."""

    def invoke_controller(self, controller: Callable[[], bytes], args: Any, kwargs: Any, state: Any) -> None:
        """Without a look at the controller's signature, which is a twentieth of an empty list."""
        state.response.body = controller()


def build(services: Services) -> Application:
    """The application, with the authentication that the configuration names."""
    table = Table(openapi.every_route())
    conf = services.conf
    application: Application = OneController(Root(table, services), guess_content_type_from_ext=False, force_canonical=False)
    middleware: tuple[Callable[[Application], Application], ...] = (
        # What pecan and WebOb would read in ways of their own is read here.
        lambda app: Front(app, conf.api.max_request_body_size),
        # Who asks is known, and nothing of the request is read yet.
        lambda app: _limited(conf, app),
        # Who asks. Inside Faults, so that a refused token gets our error document.
        lambda app: _authenticated(conf, app),
        # Whatever is raised below becomes an error document with a request id.
        Faults,
        # Outside of authentication, since a preflight carries no token, and of Faults, since a page reads errors too.
        lambda app: _shared(conf, app),
        # Sees every request as its sender does: errors too.
        Observed,
        # Every answer carries the id, errors too.
        RequestId,
        # Every answer carries these headers.
        lambda app: Guarded(app, conf.api.hsts_seconds),
        # Outermost: from here on scheme and host are those that the client sees.
        lambda app: _behind_proxy(conf, app),
    )
    for wrap in middleware:
        application = wrap(application)
    return application


def _limited(conf: cfg.ConfigOpts, application: Application) -> Application:
    rate, burst = conf.api.rate_limit, conf.api.rate_burst
    return Limited(application, Buckets(rate, burst)) if rate else application


def _shared(conf: cfg.ConfigOpts, application: Application) -> Application:
    return cors.CORS(application, conf) if conf.cors.allowed_origin else application


def _behind_proxy(conf: cfg.ConfigOpts, application: Application) -> Application:
    trusted = conf.oslo_middleware.enable_proxy_headers_parsing
    return http_proxy_to_wsgi.HTTPProxyToWSGI(application, conf) if trusted else application


def _authenticated(conf: cfg.ConfigOpts, application: Application) -> Application:
    if conf.api.auth_strategy == "noauth":
        return NoAuth(application)
    return keystone.authenticated(conf, application)
