# SPDX-License-Identifier: Apache-2.0
"""Glance with a file store, and one small image."""

from devstack.local import configuration, databases, layout, processes
from devstack.local.rest import Rest, client
from devstack.local.waiting import http_answers, ready

IMAGE = "tiny"
_HOME = layout.DATA / "glance"
_DIRECTORY = layout.ETC / "glance"
_FILE = _DIRECTORY / "glance-api.conf"
_STORES = {"file1": "images", "os_glance_staging_store": "staging", "os_glance_tasks_store": "tasks"}


def prepare() -> None:
    """Write the configuration; the first time make the tables."""
    for name in _STORES.values():
        (_HOME / name).mkdir(parents=True, exist_ok=True)
    configuration.write(_FILE, _sections())
    done = _HOME / ".prepared"
    if not done.exists():
        databases.create_database("mysql", "glance")
        processes.run("glance-prepare", [layout.BIN / "glance-manage", "--config-file", _FILE, "db_sync"])
        done.touch()


def start() -> None:
    """Start the API; the first time upload the image."""
    configuration.start_wsgi("glance", "glance.wsgi.api", OS_GLANCE_CONFIG_DIR=str(_DIRECTORY))
    ready("glance", lambda: http_answers(layout.URLS["glance"] + "/"), 90, lambda: processes.pid("glance"))
    done = _HOME / ".seeded"
    if not done.exists():
        upload(client("glance"), IMAGE, visibility="public")
        done.touch()


def upload(glance: Rest, name: str, **properties: object) -> str:
    """An active image of a whole disk with a kilobyte in it; its id."""
    image = {"name": name, "disk_format": "raw", "container_format": "bare", **properties}
    made = str(glance.post("/v2/images", image)["id"])
    glance.send("PUT", f"/v2/images/{made}/file", b"\0" * 1024, "application/octet-stream")
    return made


def _sections() -> configuration.Sections:
    stores = {section: {"filesystem_store_datadir": _HOME / name} for section, name in _STORES.items()}
    return {
        "DEFAULT": {
            "enabled_backends": "file1:file",
            "bind_host": layout.HOST,
            "worker_self_reference_url": layout.URLS["glance"],
            "enabled_import_methods": "[glance-direct]",
        },
        "glance_store": {"default_backend": "file1"},
        **stores,
        "paste_deploy": {"flavor": "keystone", "config_file": layout.VENV / "etc/glance/glance-api-paste.ini"},
        "database": configuration.database("glance"),
        "keystone_authtoken": configuration.token_validation("glance", "image"),
        "oslo_concurrency": {"lock_path": _HOME / "lock"},
        "oslo_messaging_notifications": {"driver": "noop"},
    }
