# SPDX-License-Identifier: Apache-2.0
"""Options of oslo.middleware that this service uses, with defaults that fit its headers: [cors] and [oslo_middleware]."""

from oslo_config import cfg
from oslo_middleware import cors, http_proxy_to_wsgi

_SENT = ("X-Auth-Token", "OpenStack-API-Version", "X-OpenStack-Request-Id", "Idempotency-Key", "If-Match")
_ANSWERED = ("OpenStack-API-Version", "X-OpenStack-Request-Id", "ETag", "Location", "Link", "Retry-After")


def set_defaults() -> None:
    """What pages of an allowed origin may send and read; for the sample configuration too."""
    cors.set_defaults(
        # Tokens travel in a header that the page sets: no cookie is ever read.
        allow_credentials=False,
        allow_headers=list(_SENT),
        expose_headers=list(_ANSWERED),
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    )


def register(conf: cfg.ConfigOpts) -> None:
    """Register the groups cors and oslo_middleware."""
    set_defaults()
    conf.register_opts(cors.OPTS, "cors")
    conf.register_opts(http_proxy_to_wsgi.OPTS, "oslo_middleware")
