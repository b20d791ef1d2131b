# SPDX-License-Identifier: Apache-2.0
"""The table of every kind of drift between our rows, Ironic and Neutron, and the judgement of what was seen by it.

What an operation works on, and what changed while it was looked at, is not judged.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from baremetal_svc.domain import drift_nodes, drift_ports, drift_rows
from baremetal_svc.domain.observed import Finding, Outside, Rows, Seen
from baremetal_svc.domain.server import STABLE


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of drift; ``needs``: which listings must be there to tell, of "nodes", "vifs", "ports"."""

    code: str
    find: Callable[[Seen], Iterator[Finding]]
    needs: frozenset[str] = frozenset()


_NODES, _VIFS, _PORTS = frozenset({"nodes"}), frozenset({"nodes", "vifs", "ports"}), frozenset({"vifs", "ports"})
KINDS: tuple[Kind, ...] = (
    Kind("claim_without_server", drift_rows.claims_without_server),
    Kind("claim_not_released", drift_rows.claims_not_released),
    Kind("server_without_claim", drift_rows.servers_without_claim),
    Kind("status_stuck", drift_rows.statuses_stuck),
    Kind("nic_detaching", drift_rows.nics_detaching),
    Kind("operation_blocked", drift_rows.operations_blocked),
    Kind("operation_overdue", drift_rows.operations_overdue),
    Kind("operation_abandoned", drift_rows.operations_abandoned),
    Kind("logbook_without_operation", drift_rows.logbooks_without_operation),
    Kind("secret_without_operation", drift_rows.secrets_without_operation),
    Kind("offers_disagree", drift_rows.offers_disagreeing),
    Kind("instance_without_server", drift_nodes.instances_without_server, _NODES),
    Kind("instance_misplaced", drift_nodes.instances_misplaced, _NODES),
    Kind("node_gone", drift_nodes.nodes_gone, _NODES),
    Kind("node_lost", drift_nodes.nodes_lost, _NODES),
    Kind("node_not_protected", drift_nodes.nodes_not_protected, _NODES),
    Kind("port_without_server", drift_ports.ports_without_server, _PORTS),
    Kind("port_without_nic", drift_ports.ports_without_nic, _PORTS),
    Kind("nic_without_port", drift_ports.nics_without_port, frozenset({"ports"})),
    Kind("vif_without_server", drift_ports.vifs_without_server, _VIFS),
    Kind("vif_on_free_node", drift_ports.vifs_on_free_nodes, _VIFS),
)
CODES = frozenset(kind.code for kind in KINDS)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; ``told``: codes of the kinds that could be judged, ``unsettled``: ids that were not."""

    findings: tuple[Finding, ...]
    told: frozenset[str]
    unsettled: frozenset[str]


def judge(seen: Seen) -> Verdict:
    """Every finding whose listings are there and whose ids are at rest."""
    told = [kind for kind in KINDS if all(getattr(seen.outside, name) is not None for name in kind.needs)]
    found = tuple(finding for kind in told for finding in kind.find(seen) if not finding.about & seen.unsettled)
    return Verdict(found, frozenset(kind.code for kind in told), seen.unsettled)


def unexplained(rows: Rows, outside: Outside) -> frozenset[str]:
    """Ids of servers whose operations must be known to judge: named somewhere and not there, in between, or on a node and without one."""
    named = {claim.server_id for claim in rows.claims.values()}
    carried = {
        node.instance_id for node in (outside.nodes or {}).values() if node.instance_id is not None and node.instance_id in node.marked
    }
    named |= carried
    named |= {port.device_id for port in (outside.ports or {}).values()}
    passing = {server.id for server in rows.servers.values() if server.status not in STABLE}
    return frozenset((named - rows.servers.keys()) | passing | (carried - rows.claims_of.keys()))
