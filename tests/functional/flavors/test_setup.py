# SPDX-License-Identifier: Apache-2.0
"""Traits, boot mode and RAID of flavors: what machines must have, what Ironic is told, and that servers keep what they were made with."""

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baremetal_svc.db import candidates, models
from baremetal_svc.domain import facts
from baremetal_svc.domain.setup import BOOT_MODES, Setup
from baremetal_svc.scheduler import offers
from tests.fixtures.drifting import change
from tests.fixtures.service import ADMIN, DEFAULT_POOL, Service
from tests.functional.flavors.test_more import FLAVOR, patched

TRAITS = {"CUSTOM_GPU": "required", "HW_CPU_X86_VMX": "required"}
RAID = {
    "logical_disks": [
        {"raid_level": "1", "size_gb": 100, "is_root_volume": True, "disk_type": "ssd"},
        {"raid_level": "5", "size_gb": "MAX", "controller": "c", "physical_disks": ["1", "2", "3"]},
    ]
}
OTHER = {"logical_disks": [{"raid_level": "0", "size_gb": 1}]}


def servers(service: Service, body: Any, flavor: str, **more: Any) -> list[Any]:
    """Those of one create of the flavor, when it has ended."""
    known = {row["id"] for row in service.rows(models.Server)}
    reply = service.call("POST", "/v1/servers", {"server": {**body["server"], "flavor_uuid": flavor, **more}})
    assert reply.status == 201, reply.raw
    service.work()
    return [row for row in service.rows(models.Server) if row["id"] not in known]


def rebuilt(service: Service, server: str, **more: Any) -> dict[str, Any]:
    """What Ironic was asked for by a rebuild."""
    assert service.call("PUT", f"/v1/servers/{server}/states/provision", {"target": "rebuild", **more}).status == 202
    service.work()
    asked: dict[str, Any] = [arguments for method, arguments in service.world.calls if method == "rebuild"][-1]
    return asked


def test_who_is_told_what(service: Service) -> None:
    own = {"resource_traits": TRAITS, "boot_mode": "uefi", "raid": RAID}
    flavor = service.call("POST", "/v1/flavors", {**FLAVOR, **own}, token=ADMIN).json
    assert {name: flavor[name] for name in own} == own
    told = service.call("GET", f"/v1/flavors/{flavor['uuid']}").json
    assert (told["boot_mode"], told["raid"], "resource_traits" in told) == ("uefi", RAID, False)
    assert not own.keys() & service.call("GET", f"/v1/flavors/{flavor['uuid']}", token=ADMIN, version="1.5").json.keys()
    plain = service.call("GET", f"/v1/flavors/{service.flavor()}", token=ADMIN).json
    assert [plain[name] for name in own] == [{}, None, {}]
    assert service.call("POST", "/v1/flavors", {**FLAVOR, "name": "g", **own}, token=ADMIN, version="1.5").status == 400
    # An older client edits the rest and does not take them away.
    assert patched(service, flavor["uuid"], {"op": "replace", "path": "/name", "value": "h"}, version="1.5").status == 200
    edited = patched(service, flavor["uuid"], {"op": "remove", "path": "/resource_traits/CUSTOM_GPU"}, {"op": "remove", "path": "/raid"})
    assert [edited.json[name] for name in own] == [{"HW_CPU_X86_VMX": "required"}, "uefi", {}]


@pytest.mark.parametrize(
    "bad",
    [
        {"resource_traits": {"CUSTOM_GPU": "forbidden"}}, {"resource_traits": {"custom": "required"}}, {"resource_traits": ["CUSTOM_GPU"]},
        {"boot_mode": "UEFI"}, {"boot_mode": ""}, {"raid": None}, {"raid": {"logical_disks": []}},
        {"raid": {"logical_disks": [{"raid_level": "1"}]}}, {"raid": {"logical_disks": [{"size_gb": 1}]}},
        {"raid": {"logical_disks": [{"raid_level": "10", "size_gb": 1}]}},
        {"raid": {"logical_disks": [{"raid_level": "1", "size_gb": -1}]}},
        {"raid": {"logical_disks": [{"raid_level": "1", "size_gb": "max"}]}},
        {"raid": {"logical_disks": [{"raid_level": "1", "size_gb": 1, "physical_disks": ["1"]}]}},
        {"raid": {"logical_disks": [{"raid_level": "1", "size_gb": 1, "number_of_physical_disks": 0}]}},
        {"raid": {"logical_disks": [{"raid_level": "1", "size_gb": 1, "colour": "red"}]}},
        {"raid": {"logical_disks": [{"raid_level": "1", "size_gb": 1, "is_root_volume": True}] * 2}},
    ],
)  # fmt: skip
def test_bad_input_changes_nothing(service: Service, bad: Any) -> None:
    assert service.call("POST", "/v1/flavors", {**FLAVOR, **bad}, token=ADMIN).status == 400
    flavor = service.flavor(resource_traits=TRAITS, boot_mode="bios", raid=RAID)
    before = service.rows(models.Flavor)
    [(name, value)] = bad.items()
    assert patched(service, flavor, {"op": "replace", "path": f"/{name}", "value": value}).status == 400
    assert service.rows(models.Flavor) == before


def test_only_machines_with_the_traits_are_taken(service: Service) -> None:
    service.world.add_nodes(2, prefix="plain", traits=("CUSTOM_GPU",))
    [node] = service.world.add_nodes(1, prefix="gpu", traits=(*TRAITS, "CUSTOM_MORE"))
    body, flavor = service.prepared(nodes=0), service.flavor(name="gpu", resource_traits=TRAITS)
    asked = {"server": {**body["server"], "flavor_uuid": flavor, "max_count": 3}}
    why = service.call("POST", "/v1/scheduling/dry-run", asked).json["explanation"]
    lines = {left["predicate"]: left["nodes"] for left in why["table"]}
    assert (lines["has the trait CUSTOM_GPU"], lines["has the trait HW_CPU_X86_VMX"], why["fitting"]) == (3, 1, 1)
    assert service.call("GET", f"/v1/capacity?flavor={flavor}&count=3").json["available"] == 1
    drawn = service.call("GET", f"/v1/pools/{DEFAULT_POOL}/capacity").json["flavors"]
    assert {one["flavor_uuid"]: one["available"] for one in drawn} == {flavor: 1, body["server"]["flavor_uuid"]: 3}
    made = servers(service, body, flavor, min_count=1, max_count=2)
    assert sorted(row["status"] for row in made) == ["active", "error"]
    assert service.world.nodes[node].instance_info["traits"] == sorted(TRAITS)
    # None is left, and a flavor without traits is what would fit.
    why = service.call("POST", "/v1/scheduling/dry-run", {"server": {**asked["server"], "max_count": 1}}).json["explanation"]
    assert [other["uuid"] for other in why["other_flavors"]] == [body["server"]["flavor_uuid"]]
    # The other way round a flavor with traits is no alternative where its machines are gone.
    asked["server"] |= {"flavor_uuid": body["server"]["flavor_uuid"], "min_count": 3, "max_count": 3}
    assert service.call("POST", "/v1/scheduling/dry-run", asked).json["explanation"]["other_flavors"] == []


def test_a_groups_rule_counts_only_what_has_the_traits(service: Service) -> None:
    for rack, traits in (("r1", ("CUSTOM_GPU",)), ("r2", ())):
        service.world.add_nodes(1, prefix=rack, traits=traits, properties={"failure_domain": rack})
    body = service.prepared(nodes=0)
    group = service.call("POST", "/v1/server_groups", {"name": "g", "policies": ["anti-affinity"]}).json["uuid"]
    asked = {"server": {**body["server"], "max_count": 2}, "scheduler_hints": {"group": group}}
    assert service.call("POST", "/v1/scheduling/dry-run", asked).json["count"] == 2
    asked["server"]["flavor_uuid"] = service.flavor(resource_traits={"CUSTOM_GPU": "required"})
    assert service.call("POST", "/v1/scheduling/dry-run", asked).json["count"] == 1


def test_a_trait_that_is_gone_by_then_is_refused_by_ironic_and_another_machine_taken(service: Service) -> None:
    service.world.add_nodes(2, traits=("CUSTOM_GPU",))
    body, flavor = service.prepared(nodes=0), service.flavor(resource_traits={"CUSTOM_GPU": "required"})
    first, second = service.world.nodes.values()
    reply = service.call("POST", "/v1/servers", {"server": {**body["server"], "flavor_uuid": flavor}})
    first.traits = ()
    service.work()
    [row] = [row for row in service.rows(models.Server) if row["id"] == reply.json["uuid"]]
    assert (row["status"], row["node_id"]) == ("active", second.id)


def test_a_machine_that_boots_otherwise_does_not_fit(service: Service) -> None:
    for mode in ("boot_mode:bios,tpm:2", "boot_mode:uefi", "tpm:2"):
        service.world.add_nodes(1, properties={"capabilities": mode})
    body, flavor = service.prepared(nodes=0), service.flavor(boot_mode="uefi")
    asked = {"server": {**body["server"], "flavor_uuid": flavor, "max_count": 3}}
    why = service.call("POST", "/v1/scheduling/dry-run", asked).json["explanation"]
    assert {left["predicate"]: left["nodes"] for left in why["table"]}["boots in uefi mode"] == why["fitting"] == 2
    image = service.world.add_image(partition=True)
    servers(service, body, flavor, max_count=2, image_uuid=image)
    first, *rest = service.world.nodes.values()
    assert first.instance_id is None
    assert [node.instance_info["capabilities"] for node in rest] == [{"boot_option": "local", "boot_mode": "uefi"}] * 2
    assert "traits" not in rest[0].instance_info


def test_a_raid_is_applied_and_a_server_keeps_its_own(service: Service) -> None:
    body, flavor = service.prepared(), service.flavor(raid=RAID, boot_mode="uefi", resource_traits={})
    service.call("POST", "/v1/servers", {"server": {**body["server"], "flavor_uuid": flavor}})
    patched(service, flavor, {"op": "replace", "path": "/raid", "value": OTHER}, {"op": "replace", "path": "/boot_mode", "value": "bios"})
    service.work()
    [server] = service.rows(models.Server)
    node = service.world.nodes[server["node_id"]]
    assert (node.raid, node.instance_info["capabilities"]) == (RAID, {"boot_mode": "uefi"})
    patched(service, flavor, {"op": "replace", "path": "/resource_traits", "value": TRAITS})
    assert rebuilt(service, server["id"])["raid"] == RAID
    assert node.instance_info["capabilities"] == {"boot_mode": "uefi"} and "traits" not in node.instance_info
    assert "raid" not in rebuilt(service, server["id"], preserve_ephemeral=True), "it would preserve nothing"
    # Without a RAID the request is as it was.
    [plain] = servers(service, body, body["server"]["flavor_uuid"])
    deploys = {arguments["server_id"]: arguments for method, arguments in service.world.calls if method == "deploy"}
    assert deploys[server["id"]]["raid"] == RAID and "raid" not in deploys[plain["id"]]


def test_operations_and_servers_of_an_older_release_go_on(service: Service) -> None:
    body = service.prepared()
    server = service.call("POST", "/v1/servers", body).json["uuid"]
    [operation] = service.live()
    change(service, models.Operation, sa.true(), arguments={k: v for k, v in operation["arguments"].items() if k != "setup"})
    change(service, models.Server, sa.true(), setup=None)
    service.work()
    assert service.call("GET", f"/v1/servers/{server}").json["status"] == "active"
    assert "raid" not in rebuilt(service, server)
    change(service, models.Flavor, sa.true(), resource_traits=None, boot_mode=None, raid=None)
    assert [row["status"] for row in servers(service, body, body["server"]["flavor_uuid"])] == ["active"]


COLUMNS = st.fixed_dictionaries(
    {
        "traits": st.lists(st.sampled_from([*TRAITS, "CUSTOM_MORE"]), unique=True).map(tuple),
        "properties": st.sampled_from([{}, *({"capabilities": f"boot_mode:{mode}"} for mode in BOOT_MODES)]),
    }
)
SETUPS = st.builds(Setup, st.lists(st.sampled_from(list(TRAITS)), unique=True).map(tuple), st.sampled_from([None, *BOOT_MODES]))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(columns=COLUMNS, setup=SETUPS)
def test_python_and_sql_say_the_same_of_a_node(service: Service, columns: dict[str, Any], setup: Setup) -> None:
    node_id = next(iter(service.world.nodes), None) or service.world.add_nodes(1)[0]
    for name, value in columns.items():
        setattr(service.world.nodes[node_id], name, value)
    service.sync()
    conditions = candidates.knowing(models.Node.id, ((one.fact, one.has) for one in setup.conditions))
    with service.db.read() as conn:
        [known] = offers.seen(conn, [node_id]).facts.values()
        in_sql = conn.execute(sa.select(models.Node.id).where(*conditions)).first() is not None
        wanted = candidates.Wanted(DEFAULT_POOL, "baremetal", facts=setup.conditions)
        offered = conn.execute(sa.select(candidates.OFFER.node_id).where(*wanted.conditions), wanted.values).first()
    in_python = all(condition.holds(facts.facts(known)) for condition in setup.conditions)
    assert in_sql == (offered is not None) == in_python
