# SPDX-License-Identifier: Apache-2.0
"""What must hold when everything has come to rest: rows by plain SQL, Ironic and Neutron asked directly, none of the service's code."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from devstack.local import services
from tests.chaos.proxy import Change

STABLE = {"active", "stopped", "error"}
EMPTY = ("secrets", "logbooks", "flowdetails", "atomdetails")
_SERVERS = "SELECT s.id, s.name, s.status, s.node_id, c.id IS NOT NULL AS claimed FROM servers s LEFT JOIN claims c ON c.live_server = s.id"
_LIVE_CREATES = "SELECT target_id FROM operations WHERE kind = 'servers.create' AND live_server IS NOT NULL"


def unfinished(engine: sa.Engine) -> list[Any]:
    """Operations that have not ended."""
    columns = "id, kind, state, owner, reason, attempts, target_id"
    with engine.connect() as conn:
        return list(conn.execute(sa.text(f"SELECT {columns} FROM operations WHERE state NOT IN ('done', 'failed', 'cancelled')")))


def servers_by_request(engine: sa.Engine) -> dict[str, str]:
    """The server for which an operation was, by the id of the request that asked for it. A release has that of who asked for the end."""
    statement = "SELECT request_id, target_id FROM operations WHERE kind LIKE 'servers.%' AND request_id IS NOT NULL"
    with engine.connect() as conn:
        return dict(conn.execute(sa.text(statement)).tuples().all())


def violations(engine: sa.Engine, nodes: set[str], made: dict[str, set[str]], older: set[str]) -> list[str]:
    """Every sentence is something that must not be; nodes: ids of the nodes of this run; made: key -> server ids that clients were told;
    older: ids of ports that were there before."""
    with engine.connect() as conn:
        servers = {row["id"]: row for row in conn.execute(sa.text(_SERVERS)).mappings()}
        claims = list(conn.execute(sa.text("SELECT node_id, server_id, state FROM claims")).mappings())
        offers = {row[0] for row in conn.execute(sa.text("SELECT node_id FROM offers"))}
        creates = Counter(row[0] for row in conn.execute(sa.text(_LIVE_CREATES)))
        left = {table: conn.execute(sa.text(f"SELECT COUNT(*) FROM {table}")).scalar() for table in EMPTY}
    found = [f"operation not ended: {row}" for row in unfinished(engine)]
    found += [f"{count} rows left in {table}" for table, count in left.items() if count]
    found += [f"server {row['id']} is {row['status']}" for row in servers.values() if row["status"] not in STABLE]
    found += [f"key {key} made {ids}" for key, ids in made.items() if len(ids) != 1]
    found += [f"server {server_id} has {count} live creates" for server_id, count in creates.items() if count > 1]
    metal = [node for node in services.client("ironic").get("/nodes?detail=true&limit=1000")["nodes"] if node["uuid"] in nodes]
    found += _at_ironic(metal, servers, claims, offers)
    return found + _at_neutron(metal, servers, older)


def _at_ironic(metal: list[dict[str, Any]], servers: dict[str, Any], claims: list[Any], offers: set[str]) -> list[str]:
    found = []
    holders = Counter(claim["node_id"] for claim in claims)
    claimed = {claim["node_id"]: claim["server_id"] for claim in claims}
    found += [f"node {node} has {count} claims" for node, count in holders.items() if count > 1]
    found += [f"claim of {claim['server_id']} is {claim['state']} at rest" for claim in claims if claim["state"] != "live"]
    bound = Counter(node["instance_uuid"] for node in metal if node["instance_uuid"])
    found += [f"server {server} is on {count} nodes" for server, count in bound.items() if count > 1]
    holding = _holding(servers)
    for node in metal:
        server = servers.get(node["instance_uuid"])
        what = f"node {node['uuid']} ({node['provision_state']}, instance {node['instance_uuid']})"
        if node["instance_uuid"] and (server is None or server["id"] not in holding):
            found.append(f"{what} carries a server that is not there: {server}")
        if node["instance_uuid"] and (node["provision_state"] != "active" or not node["protected"]):
            found.append(f"{what} is not active and protected")
        if claimed.get(node["uuid"]) != node["instance_uuid"]:
            found.append(f"{what} is claimed for {claimed.get(node['uuid'])}")
        if (node["uuid"] in offers) == bool(node["instance_uuid"]):
            found.append(f"{what} is {'on' if node['uuid'] in offers else 'not on'} offer")
    on = {node["instance_uuid"]: node["uuid"] for node in metal if node["instance_uuid"]}
    active = [servers[server_id] for server_id in holding]
    return found + [f"server {row['id']} is {row['status']} without its node" for row in active if on.get(row["id"]) != row["node_id"]]


def _holding(servers: dict[str, Any]) -> set[str]:
    """Ids of servers that must have a machine: of those in error the ones whose machine runs, such as after a reboot that was cancelled."""
    return {
        row["id"] for row in servers.values() if row["status"] in ("active", "stopped") or (row["status"] == "error" and row["claimed"])
    }


def ports() -> list[dict[str, Any]]:
    """Ports of servers at Neutron."""
    found = services.client("neutron").get("/ports")["ports"]
    return [port for port in found if port["name"].startswith("baremetal-svc/") or port["device_id"]]


def _at_neutron(metal: list[dict[str, Any]], servers: dict[str, Any], older: set[str]) -> list[str]:
    mine = [port for port in ports() if port["id"] not in older]
    per_server = Counter(port["device_id"] for port in mine)
    active = _holding(servers)
    found = [f"port {port['id']} of {port['device_id']} has no server" for port in mine if port["device_id"] not in active]
    found += [f"server {server} has {per_server[server]} ports" for server in active if per_server[server] != 1]
    known = {port["id"]: port["device_id"] for port in mine}
    ironic = services.client("ironic")
    for node in metal:
        vifs = [vif["id"] for vif in ironic.get(f"/nodes/{node['uuid']}/vifs")["vifs"]]
        wrong = [vif for vif in vifs if known.get(vif) != node["instance_uuid"]]
        if wrong or (node["instance_uuid"] and len(vifs) != 1):
            found.append(f"node {node['uuid']} has VIFs {vifs}, of which {wrong} are not its server's")
    return found


def late_deploys(changes: Sequence[Change]) -> set[str]:
    """Nodes on which Ironic accepted a deploy that was delivered late."""
    late = [one for one in changes if one.late and one.status < 300 and one.target == "active" and one.path.endswith("/states/provision")]
    return {one.path.split("/nodes/")[1].split("/")[0] for one in late}


def twice(changes: Sequence[Change], outages: Sequence[tuple[float, float, str]]) -> list[str]:
    """Deploys and tear-downs that Ironic accepted twice for one claim; what a restart of Ironic made it forget may be asked again."""
    found: list[str] = []
    last: dict[str, tuple[str, str | None, float]] = {}
    bound: dict[str, str | None] = {}
    down = [(begin, end) for begin, end, part in outages if part.startswith("ironic") or part == "mariadb"]
    for change in sorted(changes, key=lambda one: one.at):
        parts = change.path.split("?")[0].split("/")
        if change.status >= 300 or "nodes" not in parts:
            continue
        node = parts[parts.index("nodes") + 1]
        if change.method == "PATCH" and change.server is not None:
            bound[node] = change.server
        if change.method != "PUT" or parts[-1] != "provision" or change.target not in ("active", "deleted"):
            continue
        now = (change.target, bound.get(node) if change.target == "active" else None, change.at)
        before = last.get(node)
        forgot = before is not None and any(begin - 2 <= change.at and end + 60 >= before[2] for begin, end in down)
        if before is not None and before[:2] == now[:2] and not forgot:
            found.append(f"node {node} was asked twice: {before} and {now}")
        last[node] = now
    return found
