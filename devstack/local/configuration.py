# SPDX-License-Identifier: Apache-2.0
"""Writes the files that OpenStack services read, and starts their WSGI applications."""

from collections.abc import Mapping
from pathlib import Path

from devstack.local import databases, layout, processes

Sections = Mapping[str, Mapping[str, object]]


def write(path: Path, sections: Sections) -> bool:
    """Write an oslo.config file; answers whether it differs from the one before."""
    lines = []
    for section, options in sections.items():
        lines.append(f"[{section}]")
        lines.extend(f"{name} = {str(value).lower() if isinstance(value, bool) else value}" for name, value in options.items())
    text = "\n".join(lines) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_text() == text:
        return False
    path.write_text(text)
    return True


def service_account(user: str) -> dict[str, object]:
    """The options by which a service logs in to Keystone."""
    return {
        "auth_type": "password",
        "auth_url": layout.URLS["keystone"],
        "username": user,
        "password": layout.PASSWORD,
        "project_name": "service",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
        "region_name": layout.REGION,
        "valid_interfaces": "public",
    }


def token_validation(user: str, service_type: str) -> dict[str, object]:
    """The options of keystonemiddleware, which checks the tokens of incoming requests."""
    return {
        **service_account(user),
        "www_authenticate_uri": layout.URLS["keystone"],
        "memcached_servers": f"{layout.HOST}:{layout.PORTS['memcached']}",
        "service_token_roles": "service",
        "service_token_roles_required": True,
        "service_type": service_type,
    }


def database(name: str) -> dict[str, object]:
    """The options of oslo.db for a MariaDB database."""
    return {"connection": databases.url("mysql", name), "max_pool_size": 20, "max_overflow": 50}


def start_wsgi(name: str, module: str, *options: str, workers: int = 1, threads: int = 8, **environment: str) -> None:
    """Serve `module:application` by uWSGI; log/NAME-access.log gets "epoch method uri status msecs agent" for every request."""
    service = name.removesuffix("-api")
    fixed = "--master --no-orphans --die-on-term --enable-threads --lazy-apps --need-app --http-raw-body --thunder-lock".split()
    command = [
        *[str(layout.BIN / "uwsgi"), *fixed, "--buffer-size", "65535"],
        # --http-socket speaks no keep-alive: without this header clients use dead connections again.
        *["--add-header", "Connection: close"],
        *["--req-logger", f"file:{layout.LOG}/{name}-access.log", "--logformat", "%(epoch) %(method) %(uri) %(status) %(msecs) %(uagent)"],
        *["--http-socket", f"{layout.HOST}:{layout.PORTS[service]}", "--module", f"{module}:application"],
        *["--processes", str(workers), "--threads", str(threads), "--procname-prefix", f"{name} ", *options],
    ]
    processes.start(name, command, **environment)
