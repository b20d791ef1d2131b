# SPDX-License-Identifier: Apache-2.0
"""Keystone with Fernet tokens, and its accounts, projects and catalogue."""

from devstack.local import configuration, databases, layout, processes
from devstack.local.rest import Rest, client
from devstack.local.waiting import http_answers, ready

# user -> (project, roles)
_ACCOUNTS = {
    "ironic": ("service", ("admin", "service")),
    "neutron": ("service", ("admin", "service")),
    "glance": ("service", ("admin", "service")),
    "baremetal_svc": ("service", ("admin", "service")),
    "demo": ("demo", ("member",)),
    "reader": ("demo", ("reader",)),
    "manager": ("demo", ("manager",)),
    "other": ("other", ("member",)),
}
_CATALOGUE = {"network": "neutron", "baremetal": "ironic", "image": "glance", "baremetal_compute": "bms"}
_FILE = layout.ETC / "keystone" / "keystone.conf"


def prepare() -> None:
    """Write the configuration; the first time make the tables and the keys."""
    home = layout.DATA / "keystone"
    home.mkdir(exist_ok=True)
    sections = {
        "DEFAULT": {"max_token_size": 1024},
        "database": configuration.database("keystone"),
        "token": {"provider": "fernet", "expiration": 86400},
        "fernet_tokens": {"key_repository": home / "fernet"},
        "fernet_receipts": {"key_repository": home / "receipts"},
        "credential": {"key_repository": home / "credential"},
        "cache": {
            "enabled": True,
            "backend": "dogpile.cache.pymemcache",
            "memcache_servers": f"{layout.HOST}:{layout.PORTS['memcached']}",
        },
        "oslo_policy": {"enforce_scope": True, "enforce_new_defaults": True},
        "identity": {"password_hash_algorithm": "bcrypt", "password_hash_rounds": 4},
    }
    configuration.write(_FILE, sections)
    done = home / ".prepared"
    if not done.exists():
        databases.create_database("mysql", "keystone")
        owner = ("--keystone-user", "root", "--keystone-group", "root")
        for words in (("db_sync",), ("fernet_setup", *owner), ("credential_setup", *owner), ("bootstrap", *_bootstrap_options())):
            processes.run("keystone-prepare", [layout.BIN / "keystone-manage", "--config-file", _FILE, *words])
        done.touch()


def start() -> None:
    """Start the API; the first time make what it holds."""
    files = {"OS_KEYSTONE_CONFIG_FILES": str(_FILE), "OS_KEYSTONE_CONFIG_DIR": str(_FILE.parent)}
    configuration.start_wsgi("keystone", "keystone.wsgi.api", workers=2, threads=4, **files)
    ready("keystone", lambda: http_answers(layout.URLS["keystone"]), 90, lambda: processes.pid("keystone"))
    _write_clouds()
    done = layout.DATA / "keystone" / ".seeded"
    if not done.exists():
        _seed(client("keystone"))
        done.touch()


def _bootstrap_options() -> list[str]:
    urls = [word for kind in ("admin", "public", "internal") for word in (f"--bootstrap-{kind}-url", layout.URLS["keystone"])]
    return ["--bootstrap-password", layout.PASSWORD, *urls, "--bootstrap-region-id", layout.REGION]


def _seed(keystone: Rest) -> None:
    roles = {role["name"]: role["id"] for role in keystone.get("/roles")["roles"]}
    projects = {row["name"]: row["id"] for row in keystone.get("/projects")["projects"]}
    users = {row["name"]: row["id"] for row in keystone.get("/users")["users"]}
    for name, (project, granted) in _ACCOUNTS.items():
        if project not in projects:
            projects[project] = keystone.post("/projects", {"project": {"name": project, "domain_id": "default"}})["project"]["id"]
        if name not in users:
            user = {"name": name, "password": layout.PASSWORD, "domain_id": "default", "default_project_id": projects[project]}
            users[name] = keystone.post("/users", {"user": user})["user"]["id"]
        for role in granted:
            keystone.put(f"/projects/{projects[project]}/users/{users[name]}/roles/{roles[role]}")
    known = {row["type"]: row["id"] for row in keystone.get("/services")["services"]}
    for kind, name in _CATALOGUE.items():
        if kind not in known:
            service = keystone.post("/services", {"service": {"name": name, "type": kind}})["service"]["id"]
            for interface in ("public", "internal"):
                endpoint = {"service_id": service, "interface": interface, "url": layout.URLS[name], "region_id": layout.REGION}
                keystone.post("/endpoints", {"endpoint": endpoint})


def _write_clouds() -> None:
    """clouds.yaml: admin, the tenants by their names, and svc, which is the service user baremetal_svc."""
    accounts = {"admin": ("admin", "admin"), "svc": ("baremetal_svc", "service")}
    accounts |= {name: (name, project) for name, (project, _) in _ACCOUNTS.items() if project != "service"}
    lines = ["clouds:"]
    for cloud, (user, project) in accounts.items():
        auth = f"auth_url: '{layout.URLS['keystone']}', username: {user}, password: {layout.PASSWORD}, project_name: {project}"
        lines += [f"  {cloud}:", f"    auth: {{{auth}, user_domain_name: Default, project_domain_name: Default}}"]
        lines += [f"    region_name: {layout.REGION}", "    interface: public"]
    layout.CLOUDS.write_text("\n".join(lines) + "\n")
