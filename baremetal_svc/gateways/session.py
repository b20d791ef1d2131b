# SPDX-License-Identifier: Apache-2.0
"""How we send: keystoneauth sessions from configuration, time limits, the request id, and what is tried again.

Knows no service. Every error of an SDK becomes one of ours here, with a message fit for users: no traceback, no URL, no token.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import tenacity
from keystoneauth1 import exceptions as ksa_errors
from keystoneauth1 import loading
from keystoneauth1 import session as ksa_session
from keystoneauth1.loading import session as ksa_loading_session
from oslo_config import cfg
from oslo_context import context

from baremetal_svc.domain.errors import OutsideRefused, Unavailable
from baremetal_svc.domain.text import storable
from baremetal_svc.gateways import sending

T = TypeVar("T")
REQUEST_ID = "X-Openstack-Request-Id"
_CONNECT_SHARE = 1 / 3
_LOCKED = "is locked by host"


class Refusal(OutsideRefused):
    """A definite 4xx; ``status`` lets the adapter tell the cases apart."""

    def __init__(self, detail: str, status: int) -> None:
        super().__init__(detail)
        self.status = status


class Busy(Unavailable):
    """Refused before anything was done (node locked, 429, 503): the same request may be sent again."""


class Broken(Unavailable):
    """5xx after which it is unknown what was done: only what may be done twice is sent again."""


class Lost(Unavailable):
    """No connection, or it broke."""


class TracedSession(ksa_session.Session):
    """A session that limits each call in time, carries the caller's request id on and checks the lease before it sends."""

    def request(self, url: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Send; keystoneauth sends token requests through here as well."""
        sending.before_send()
        if self.timeout:
            # requests applies one number to connecting and to reading each: the sum is what must stay under half of the lease.
            connect = self.timeout * _CONNECT_SHARE
            kwargs.setdefault("timeout", (connect, self.timeout - connect))
        request_id = _request_id()
        if request_id:
            kwargs["headers"] = {REQUEST_ID: request_id, **(kwargs.get("headers") or {})}
        return super().request(url, method, *args, **kwargs)


class _Loader(ksa_loading_session.Session):
    @property
    def plugin_class(self) -> type[ksa_session.Session]:
        return TracedSession


def _request_id() -> str | None:
    current = context.get_current()
    return (current.global_request_id or current.request_id) if current else None


def register(conf: cfg.ConfigOpts, group: str) -> None:
    """Register keystoneauth's options of the group; ``timeout`` is ours, in fractions of a second."""
    for options in _ksa_options():
        conf.register_opts(options, group)
    loading.register_auth_conf_options(conf, group)


def _ksa_options() -> list[list[Any]]:
    session = [option for option in loading.get_session_conf_options() if option.name != "timeout"]
    return [session, loading.get_adapter_conf_options(include_deprecated=False)]


def list_opts() -> list[tuple[str, list[Any]]]:
    """(group, options) for the sample configuration."""
    auth = [*loading.get_auth_common_conf_options(), *loading.get_auth_plugin_conf_options("password")]
    return [(group, [*auth, *(option for options in _ksa_options() for option in options)]) for group in ("ironic", "neutron", "glance")]


def load(conf: cfg.ConfigOpts, group: str) -> TracedSession:
    """A session of the group's credentials: ``auth_type = none`` with ``endpoint_override``, or any plugin of keystoneauth.

    :raises oslo_config.cfg.RequiredOptError: when the group has no auth_type.
    """
    auth = loading.load_auth_from_conf_options(conf, group)
    if auth is None:
        raise cfg.RequiredOptError("auth_type", cfg.OptGroup(group))
    made = _Loader().load_from_conf_options(conf, group, auth=auth)
    assert isinstance(made, TracedSession)  # noqa: S101 (says to mypy what the loader makes)
    return made


class Sender:
    """Sends calls of one SDK, turns its errors into ours and tries again what may be tried again."""

    def __init__(self, service: str, errors: tuple[type[Exception], ...], *, text: str, attempts: int, seconds: float) -> None:
        """:param text: attribute of the SDK's errors with the service's own words; Ironic's ``details`` would be a traceback."""
        self._service = service
        self._text = text
        self._errors: tuple[type[Exception], ...] = (*errors, ksa_errors.ClientException)
        self._attempts = attempts
        self._seconds = seconds

    def once(self, call: Callable[[], T]) -> T:
        """Send without trying again.

        :raises Unavailable: also as Busy, Broken or Lost.
        :raises Refusal:
        """
        try:
            return call()
        except self._errors as error:
            raise self._translated(error) from error

    def read(self, call: Callable[[], T]) -> T:
        """Send what changes nothing: again while busy or broken, and once more at once when the connection failed."""
        reconnect = tenacity.Retrying(stop=tenacity.stop_after_attempt(2), retry=tenacity.retry_if_exception_type(Lost), reraise=True)
        return self.repeat(lambda: reconnect(self.once, call), Busy, Broken)

    def write(self, call: Callable[[], T]) -> T:
        """Send what has the same effect when it is done twice: again while busy or broken."""
        return self.repeat(lambda: self.once(call), Busy, Broken)

    def repeat(self, step: Callable[[], T], *kinds: type[Unavailable]) -> T:
        """Run a step made of :meth:`once` calls (look, then act) again while it raises one of the kinds, by default only Busy."""
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts) | tenacity.stop_before_delay(self._seconds),
            wait=tenacity.wait_exponential_jitter(initial=0.1, max=1.0, jitter=0.1),
            retry=tenacity.retry_if_exception_type(kinds or Busy),
            reraise=True,
        )
        return retrying(step)

    def _translated(self, error: Exception) -> Unavailable | OutsideRefused:
        status = getattr(error, "status_code", None) or getattr(error, "http_status", None)
        if not isinstance(status, int) or not status:
            return self._without_status(error)
        if status in (401, 407):
            return Unavailable(f"{self._service} does not accept this service's credentials")
        message = _first_line(getattr(error, self._text, None) or error)
        if status in (429, 503) or (status == 409 and _LOCKED in message):
            return Busy(f"{self._service} is busy: {message}")
        if status == 408 or status >= 500:
            return Broken(f"{self._service} answered {status}")
        return Refusal(f"{self._service} refused: {message}", status)

    def _without_status(self, error: Exception) -> Unavailable:
        if isinstance(error, ksa_errors.ConnectTimeout):
            return Unavailable(f"{self._service} did not answer in time")
        if isinstance(error, ksa_errors.ConnectionError):
            return Lost(f"{self._service} cannot be reached")
        # Errors of the clients' own, such as AmbiguousAuthSystem, which is a wrong password.
        where = f"[{self._service.lower()}]"
        return Unavailable(f"{self._service} cannot be used ({type(error).__name__}): see to credentials, region and endpoint in {where}")


def _first_line(text: object) -> str:
    lines = storable(str(text)).strip().splitlines()
    return str(lines[0][:300]) if lines else type(text).__name__
