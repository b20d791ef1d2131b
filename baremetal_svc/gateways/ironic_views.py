# SPDX-License-Identifier: Apache-2.0
"""Ironic's JSON as the values that the gateway answers with."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from baremetal_svc.domain.observed import NodeSeen
from baremetal_svc.domain.text import storable
from baremetal_svc.gateways.protocols import ManageableView, NodeView, PortView


def seen(raw: Mapping[str, Any], marker: str) -> NodeSeen:
    """Whose a node is."""
    marked = frozenset((raw["instance_info"] or {}).get(marker) or ())
    return NodeSeen(raw["uuid"], raw["instance_uuid"], marked, bool(raw["protected"]), raw["provision_state"] or "available")


def port(raw: Mapping[str, Any]) -> PortView:
    """A network card; Ironic's inspection writes down the name and the address of a switch that tells of itself by LLDP."""
    raw = storable(raw)
    link = raw["local_link_connection"] or {}
    switches = tuple(str(link[name]) for name in ("switch_info", "switch_id") if link.get(name))
    return PortView(raw["node_uuid"], raw["address"], bool(raw["pxe_enabled"]), raw["physical_network"], switches)


def vifs_by_node(raws: Iterator[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Ports or port groups with the VIF that each carries, by node."""
    found: dict[str, list[dict[str, Any]]] = {}
    for raw in raws:
        vif = (raw.get("internal_info") or {}).get("tenant_vif_port_id") or (raw.get("extra") or {}).get("vif_port_id")
        entry = {"address": raw["address"], "uuid": raw["uuid"], "neutron_port_id": vif}
        found.setdefault(raw["node_uuid"], []).append({**entry, **({"mode": raw["mode"]} if "mode" in raw else {})})
    return found


def manageable(raw: Mapping[str, Any], ports: Sequence[dict[str, Any]], groups: Sequence[dict[str, Any]]) -> ManageableView:
    """A node that could be adopted."""
    source = (raw["instance_info"] or {}).get("image_source")
    return ManageableView(
        raw["uuid"], raw["name"], raw["resource_class"], raw["power_state"], raw["provision_state"], tuple(ports), tuple(groups), source
    )


def view(raw: Mapping[str, Any]) -> NodeView:
    """A node; what was not asked for is as if it were not set."""
    raw = storable(raw)
    return NodeView(
        id=raw["uuid"],
        name=raw.get("name"),
        provision_state=raw.get("provision_state") or "available",
        target_provision_state=raw.get("target_provision_state"),
        power_state=raw.get("power_state"),
        target_power_state=raw.get("target_power_state"),
        instance_id=raw.get("instance_uuid"),
        maintenance=bool(raw.get("maintenance")),
        resource_class=raw.get("resource_class"),
        protected=bool(raw.get("protected")),
        retired=bool(raw.get("retired")),
        last_error=raw.get("last_error"),
        traits=tuple(raw.get("traits") or ()),
        properties=raw.get("properties") or {},
        conductor_group=raw.get("conductor_group") or "",
        owner=raw.get("owner"),
        lessee=raw.get("lessee"),
        shard=raw.get("shard"),
        fault=raw.get("fault"),
        provision_updated_at=raw.get("provision_updated_at"),
    )
