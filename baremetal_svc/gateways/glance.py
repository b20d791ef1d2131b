# SPDX-License-Identifier: Apache-2.0
"""Glance through openstacksdk: images by id. Who may use one: with a token Glance decides; the service user sees all and decides here."""

import threading
from collections.abc import Mapping
from typing import Any

import openstack
from openstack import exceptions as sdk_errors
from oslo_config import cfg

from baremetal_svc.gateways.protocols import ImageView
from baremetal_svc.gateways.seen import Seen
from baremetal_svc.gateways.session import Refusal, Sender, TracedSession

#: Texts of an image that say nothing of what is in it.
_OWN = frozenset(
    "id name owner status visibility checksum os_hash_algo os_hash_value file self schema direct_url created_at updated_at stores".split()
)


class GlanceGateway:
    """The protocol Images; see there. One object serves all threads."""

    def __init__(self, session: TracedSession, conf: cfg.ConfigOpts) -> None:
        self._session = session
        self._conf = conf
        options = conf.glance
        self._sender = Sender(
            "Glance", (sdk_errors.SDKException,), text="details", attempts=options.retry_attempts, seconds=options.retry_seconds
        )
        self._lock = threading.Lock()
        self._made: Any = None
        self._seen: Seen[ImageView] = Seen()

    @property
    def _image(self) -> Any:
        # Made at the first call: it asks Keystone for the endpoint, and a service must start while Keystone is away.
        with self._lock:
            if self._made is None:
                connection = openstack.connection.Connection(session=self._session, oslo_conf=self._conf, service_types=["image"])
                self._made = connection.image
            return self._made

    def get_image(self, image_id: str, project_id: str, token: str | None = None) -> ImageView | None:
        """One GET, as the service user a second one for an image that others shared; none when it was seen a moment ago."""
        return self._seen.look((image_id, project_id), lambda: self._look_at(image_id, project_id, token))

    def _look_at(self, image_id: str, project_id: str, token: str | None) -> ImageView | None:
        raw = self._get(f"/images/{image_id}", token)
        if raw is None or (token is None and not self._usable(raw, project_id)):
            return None
        return _view(raw)

    def _usable(self, raw: Mapping[str, Any], project_id: str) -> bool:
        if raw["visibility"] in ("public", "community") or raw["owner"] == project_id:
            return True
        if raw["visibility"] != "shared":
            return False
        member = self._get(f"/images/{raw['id']}/members/{project_id}", None)
        return member is not None and member["status"] != "rejected"

    def _get(self, path: str, token: str | None) -> Any:
        own = {} if token is None else {"headers": {"X-Auth-Token": token}, "authenticated": False}
        try:
            return self._sender.read(lambda: self._image.request(path, "GET", raise_exc=True, **own).json())
        except Refusal as refusal:
            # 403 too: Glance tells some callers of an image that they may not have.
            if refusal.status in (403, 404):
                return None
            raise

    def ping(self) -> None:
        """One GET of the versions, without retries."""
        self._sender.once(lambda: self._image.get("/schemas/image", raise_exc=True))


def _view(raw: Mapping[str, Any]) -> ImageView:
    # Ironic asks Glance for the rest by the id; kernel and ramdisk are what makes it an image of one partition.
    parts = {ours: raw[theirs] for ours, theirs in (("kernel", "kernel_id"), ("ramdisk", "ramdisk_id")) if raw.get(theirs)}
    instance_info = {"image_source": raw["id"], **parts}
    # Glance has the properties of an image beside its own attributes.
    properties = {name: value for name, value in raw.items() if isinstance(value, str) and name not in _OWN}
    return ImageView(raw["id"], raw["name"] or "", raw["status"], instance_info, raw["size"], raw["min_disk"] or 0, properties)
