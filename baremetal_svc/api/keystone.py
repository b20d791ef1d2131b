# SPDX-License-Identifier: Apache-2.0
"""Authentication by Keystone's middleware. What a token may do is judged by the route's policy: some routes need none."""

import logging
from contextvars import ContextVar
from typing import Any

from keystoneauth1 import exceptions as ksa_errors
from keystonemiddleware import auth_token
from keystonemiddleware import opts as auth_options
from keystonemiddleware.exceptions import KeystoneMiddlewareException
from oslo_config import cfg

from baremetal_svc.api import microversion

LOG = logging.getLogger(__name__)

#: In the environment of a request whose token could not be judged, since Keystone does not answer.
AWAY = "baremetal_svc.keystone_away"
#: What the middleware had met when it called a token invalid; a refusal is another exception of keystoneauth.
_SILENCE = (ksa_errors.ConnectFailure, ksa_errors.DiscoveryFailure, ksa_errors.RequestTimeout, KeystoneMiddlewareException)
_TOKENS = ("X-Auth-Token", "X-Storage-Token", "X-Service-Token")
_silent: ContextVar[bool] = ContextVar("baremetal_svc_keystone_silent", default=False)


class Authenticated(auth_token.AuthProtocol):
    """Tells a Keystone that does not answer from one that refuses a token.

    The middleware calls the token invalid in both cases when the decision is ours, and a client that is told so takes its login for over.
    """

    def process_request(self, request: Any) -> Any:
        """As the middleware does; notes in the environment that Keystone did not answer, or gave no answer that the middleware knows."""
        _silent.set(False)
        try:
            response = super().process_request(request)
        except ksa_errors.ClientException as error:
            LOG.warning("Keystone cannot be used: %s", error)
            _silent.set(True)
            for header in _TOKENS:
                request.headers.pop(header, None)
            response = super().process_request(request)
        if _silent.get():
            request.environ[AWAY] = True
        return response

    def fetch_token(self, token: str, **options: Any) -> Any:
        """:raises KeystoneMiddlewareException: it is not valid, or Keystone did not answer."""
        try:
            return super().fetch_token(token, **options)
        except KeystoneMiddlewareException as error:
            _silent.set(_silent.get() or isinstance(error.__context__, _SILENCE))
            raise


def authenticated(conf: cfg.ConfigOpts, application: Any) -> Authenticated:
    """The application behind the middleware, with the options of [keystone_authtoken]."""
    for group, options in auth_options.list_auth_token_opts():
        conf.register_opts(options, group)
    # The middleware of older releases takes any user's token for a service's, which keeps expired tokens alive.
    conf.set_default("service_token_roles_required", True, "keystone_authtoken")
    # By this name application credentials with access rules know the service.
    conf.set_default("service_type", microversion.SERVICE_TYPE, "keystone_authtoken")
    # Nothing reads the catalog: Keystone need not send it, memcached not keep it, and a request not carry it.
    conf.set_default("include_service_catalog", False, "keystone_authtoken")
    # Tokens are judged by the route's policy: version documents and the healthcheck need none.
    return Authenticated(application, {"oslo_config_config": conf, "delay_auth_decision": True})
