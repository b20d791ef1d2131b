# SPDX-License-Identifier: Apache-2.0
"""A command for each feature, as users type it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.service import ADMIN, FOREIGN, tomorrow
from tests.functional.cli.conftest import Client
from tests.functional.cli.test_shell import create

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMhl6k0gTzJ8sV0ZkQ6b4S9c1mYbq7Wm0d9b5vV2o3rL me"


def said(client: Client, *words: str, token: str = "alice:red:member,reader") -> Any:
    """What a command prints, out of JSON where it prints some."""
    done = client("bms", *words, token=token)
    assert done.code == 0, done.err
    return json.loads(done.out) if "json" in words else done.out


def rows(client: Client, *words: str, **more: str) -> Any:
    return said(client, *words, "-f", "json", **more)


def test_set_lock_rebuild(client: Client) -> None:
    create(client, "one", "--wait", "--property", "a=1", "--tag", "blue")
    said(client, "server", "set", "one", "--name", "two", "--property", "b:c=2", "--remove-property", "a", "--tag", "red", "--tag", "x y")
    shown = client.service.call("GET", "/v1/servers/detail").json["servers"][0]
    assert (shown["name"], shown["metadata"], shown["tags"]) == ("two", {"b:c": "2"}, ["red", "x y"])
    assert client("bms", "server", "set", "two").code == 1
    said(client, "server", "lock", "two")
    refused = client("bms", "server", "rebuild", "two", "--wait")
    assert refused.code == 1 and "is locked" in refused.err
    said(client, "server", "unlock", "two")
    image = client.service.world.add_image("new")
    said(client, "server", "rebuild", "two", "--image", image, "--wait")
    assert client.service.call("GET", "/v1/servers/detail").json["servers"][0]["image_uuid"] == image


def test_what_a_server_gets_at_its_first_boot(client: Client, tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_text(f"{KEY}\n")
    (tmp_path / "motd").write_text("hello")
    client.service.body["image_uuid"] = client.service.world.add_image("parts", partition=True)  # type: ignore[attr-defined]
    given = ("--public-key", str(tmp_path / "key.pub"), "--admin-pass", "s3cret", "--file", f"/etc/motd={tmp_path / 'motd'}")
    server = create(client, "one", *given, "--partition", "root_gb=12", "--partition", "swap_mb=5", "--tag", "blue", "--wait")
    assert (server["partitions"], server["tags"], server["reservation_id"]) == ({"root_gb": 12, "swap_mb": 5}, ["blue"], None)
    [node] = [node for node in client.service.world.nodes.values() if node.instance_id == server["id"]]
    drive = node.instance_info["configdrive"]
    assert drive["meta_data"]["admin_pass"] == "s3cret" and KEY in str(drive["meta_data"]) and "/etc/motd" in str(drive["vendor_data"])
    assert [row["Name"] for row in rows(client, "server", "list", "--tag", "blue")] == ["one"]
    assert rows(client, "server", "list", "--tag", "blue", "--tag", "red") == []


def test_retry_reset_faults(client: Client, tmp_path: Path) -> None:
    for name in ("one", "data"):
        (tmp_path / name).write_text("#cloud-config" if name == "data" else "")
    client.service.world.fail_next("deploy", times=3)
    create(client, "one", "--wait", "--user-data", str(tmp_path / "data"), code=1)
    refused = client("bms", "server", "retry", "one", "--wait")
    assert refused.code == 1 and "user_data" in refused.err
    [server] = client.service.call("GET", "/v1/servers").json["servers"]
    assert said(client, "server", "reset", server["uuid"], token=ADMIN) == "error\n"
    client.service.world.add_nodes(1)
    client.service.sync()
    said(client, "server", "retry", "one", "--user-data", str(tmp_path / "data"), "--wait")
    faults = rows(client, "fault", "list", "--kind", "node", token=ADMIN)
    assert {fault["Code"] for fault in faults} == {"deploy_failed"}
    said(client, "fault", "clear", *[fault["ID"] for fault in faults], token=ADMIN)
    assert rows(client, "fault", "list", "--open", token=ADMIN) == []


def test_nics_and_floating_ips(client: Client) -> None:
    create(client, "one", "--wait")
    said(client, "server", "nic", "add", "one", "--network", client.service.network, "--wait")
    first, second = rows(client, "server", "nic", "list", "one")
    assert first["MAC Address"] != second["MAC Address"]
    client.service.gateways.neutron.add_floating_ip("203.0.113.9", "red")
    said(client, "server", "floating", "ip", "add", "one", "203.0.113.9")
    assert rows(client, "server", "nic", "list", "one")[0]["Floating IP"] == "203.0.113.9"
    said(client, "server", "floating", "ip", "remove", "one", "203.0.113.9")
    said(client, "server", "nic", "remove", "one", second["Port"], "--wait")
    assert [nic["Port"] for nic in rows(client, "server", "nic", "list", "one")] == [first["Port"]]


def test_groups_zones_limits(client: Client) -> None:
    group = rows(client, "server", "group", "create", "web", "--policy", "soft-anti-affinity", "--level", "rack", "--max-per-domain", "2")
    create(client, "one", "--group", "web")
    assert len(rows(client, "server", "group", "show", "web")["members"]) == 1
    assert rows(client, "server", "group", "list")[0]["ID"] == group["id"]
    said(client, "server", "group", "delete", "web")
    assert rows(client, "server", "group", "list") == []
    assert rows(client, "availability", "zone", "list") == []
    assert {"Resource": "servers", "Name": "", "Limit": 10, "Usage": 1} in rows(client, "limits", "show")


def test_aggregates(client: Client) -> None:
    rows(client, "aggregate", "create", "fast", "--property", "availability_zone=az1", token=ADMIN)
    said(client, "aggregate", "node", "add", "fast", "node-0", token=ADMIN)
    assert rows(client, "aggregate", "node", "list", "fast", token=ADMIN) == [{"Name": "node-0"}]
    assert rows(client, "availability", "zone", "list") == [{"Name": "az1"}]
    said(client, "aggregate", "node", "remove", "fast", "node-0", token=ADMIN)
    assert rows(client, "aggregate", "list", token=ADMIN)[0]["Properties"] == {"availability_zone": "az1"}
    edited = rows(client, "aggregate", "set", "fast", "--name", "slow", "--property", "disks=hdd", token=ADMIN)
    assert (edited["name"], edited["metadata"]) == ("slow", {"availability_zone": "az1", "disks": "hdd"})
    assert rows(client, "aggregate", "unset", "slow", "--property", "disks", token=ADMIN)["metadata"] == {"availability_zone": "az1"}
    assert client("bms", "aggregate", "unset", "slow", "--property", "disks", token=ADMIN).code == 1
    assert rows(client, "aggregate", "set", "slow", "--no-property", "--property", "a=b", token=ADMIN)["metadata"] == {"a": "b"}
    assert client("bms", "aggregate", "set", "slow", token=ADMIN).code == 1
    assert rows(client, "aggregate", "set", "slow", "--name", "fast", token=ADMIN) == rows(client, "aggregate", "show", "fast", token=ADMIN)
    said(client, "aggregate", "delete", "fast", token=ADMIN)
    assert client("bms", "aggregate", "list").code == 1


def test_tags_of_machines(client: Client) -> None:
    said(client, "node", "tag", "add", "node-0", "ssd", "gold", token=ADMIN)
    said(client, "node", "tag", "remove", "node-0", "gold", token=ADMIN)
    assert rows(client, "node", "tag", "list", "node-0", token=ADMIN) == [{"Tag": "ssd"}]
    assert rows(client, "node", "tag", "set", "node-0", "--tag", "a", "--tag", "b", token=ADMIN) == [{"Tag": "a"}, {"Tag": "b"}]
    changed = ("node", "tag", "change", "--without", "a", "--add", "c", "--remove", "b")
    assert rows(client, *changed, "--dry-run", token=ADMIN) == {"matched": 2, "changed": 2, "moved": 0, "dry_run": True}
    assert rows(client, *changed, token=ADMIN)["changed"] == 2
    assert rows(client, "node", "tag", "change", "--node", "node-0", "--add", "d", token=ADMIN)["changed"] == 1
    said(client, "pool", "create", "fast", "--all", "d", token=ADMIN)
    assert rows(client, "node", "tag", "change", "--pool", "fast", "--add", "e", "--dry-run", token=ADMIN)["matched"] == 1
    refused = client("bms", "node", "tag", "set", "node-0", token=ADMIN)
    assert refused.code == 1 and "--no-tag" in refused.err
    refused = client("bms", "pool", "capacity", "show", "fast")
    assert refused.code == 1 and "Give the ID of the pool fast" in refused.err
    history = rows(client, "node", "tag", "history", "node-0", token=ADMIN)
    assert (history[0]["Tag"], history[0]["Change"], history[0]["User"], len(history)) == ("d", "added", "admin", 7)
    refused = client("bms", "node", "tag", "add", "node-0", "aggregate=1", token=ADMIN)
    assert refused.code == 1 and "put on by an aggregate only" in refused.err
    assert client("bms", "node", "tag", "change", "--add", "x", token=ADMIN).code == 1
    before = rows(client, "node", "tag", "list", "node-0", token=ADMIN)
    for words, told in ((("add", "node-0", "e", "no tag"), "form"), (("remove", "node-0", "d", "nope"), "no tag 'nope'")):
        refused = client("bms", "node", "tag", *words, token=ADMIN)
        assert refused.code == 1 and told in refused.err
    assert rows(client, "node", "tag", "list", "node-0", token=ADMIN) == before


def test_where_machines_stand(client: Client) -> None:
    said(client, "node", "failure", "domain", "set", "node-0", "dc1/room2", token=ADMIN)
    shown = rows(client, "node", "show", "node-0", token=ADMIN)
    assert (shown["failure_domain"], shown["failure_domain_source"]) == ("dc1/room2", "operator")
    refused = client("bms", "node", "failure", "domain", "set", "node-0", "dc1//x", token=ADMIN)
    assert refused.code == 1
    said(client, "node", "failure", "domain", "unset", "node-0", token=ADMIN)
    assert rows(client, "node", "show", "node-0", token=ADMIN)["failure_domain_source"] is None


def test_pools(client: Client) -> None:
    made = rows(client, "pool", "create", "fast", "--all", "ssd", "--none", "old", "--project", "red", token=ADMIN)
    assert (made["all_tags"], made["projects"], made["nodes"]) == (["ssd"], ["red"], 0)
    said(client, "node", "tag", "add", "node-0", "ssd", token=ADMIN)
    assert [(row["Name"], row["Nodes"]) for row in rows(client, "pool", "overlap", "list", "fast", token=ADMIN)] == [("default", 1)]
    edited = rows(client, "pool", "set", "fast", "--name", "slow", "--no-none", "--any", "ssd", "--all-projects", token=ADMIN)
    assert (edited["none_tags"], edited["any_tags"], edited["projects"], edited["nodes"]) == ([], ["ssd"], None, 1)
    assert rows(client, "pool", "show", "slow", token=ADMIN)["is_rebuilding"] is False
    assert rows(client, "pool", "set", "slow", "--no-project", token=ADMIN)["projects"] == []
    assert client("bms", "pool", "set", "slow", token=ADMIN).code == 1
    assert rows(client, "pool", "set", "slow", "--free-below", "2", token=ADMIN)["free_below"] == 2
    assert rows(client, "pool", "set", "slow", "--free-below", "none", token=ADMIN)["free_below"] is None
    said(client, "pool", "delete", "slow", token=ADMIN)
    refused = client("bms", "pool", "delete", "default", token=ADMIN)
    assert refused.code == 1 and "this one stays" in refused.err


def test_scheduling(client: Client) -> None:
    said(client, "server", "group", "create", "web", "--policy", "soft-affinity")
    asked = ("scheduling", "dry", "run", "--flavor", client.service.body["flavor_uuid"], "--min", "2", "--max", "5")  # type: ignore[attr-defined]
    found = rows(client, *asked, "--group", "web")
    assert (found["fits"], found["count"], found["wanted"], "nodes" in found) == (True, 3, 5, False)
    assert found["table"][0]["nodes"] == 3
    assert "node-0 (default)" in said(client, *asked, token=ADMIN)


def test_capacity(client: Client) -> None:
    [pool] = [row["ID"] for row in rows(client, "pool", "list", token=ADMIN)]
    shown = rows(client, "pool", "capacity", "show", "default", token=ADMIN)
    assert (shown["total"], shown["free"], shown["low"]) == (shown["free_now"], shown["free_now"], False)
    listed = rows(client, "pool", "capacity", "list", "default", "--by", "class", token=ADMIN)
    assert [(row["Class"], row["Free"]) for row in listed] == [("baremetal", shown["free"])]
    [flavor] = [row["Flavor"] for row in rows(client, "pool", "capacity", "list", "default", token=ADMIN)]
    assert rows(client, "pool", "capacity", "list", "default", "--by", "domain", token=ADMIN)[0]["Total"] == shown["total"]
    assert rows(client, "pool", "capacity", "show", pool) == {"uuid": pool, "flavors": {flavor: shown["free"]}}
    assert client("bms", "pool", "capacity", "list", pool).code == 1
    assert client.service.conductor.stocktaker.count() == 1
    assert [row["Free"] for row in rows(client, "pool", "capacity", "history", "default", token=ADMIN)] == [shown["free"]]
    forecast = rows(client, "pool", "forecast", "show", "default", "--weeks", "2", token=ADMIN)
    assert (forecast["points"], forecast["runs_out_on"]) == (1, None)
    asked = rows(client, "capacity", "show", "--flavor", flavor, "--count", "1")
    assert (asked["available"], asked["bounded_by"]) == (1, "count")


def test_adopt_and_release(client: Client) -> None:
    [node] = client.service.world.add_nodes(1, provision_state="active", power_state="power on", prefix="old")
    client.service.sync()
    assert [found["ID"] for found in rows(client, "manageable", "server", "list", token=ADMIN)] == [node]
    name = client.service.world.nodes[node].name
    assert rows(client, "server", "adopt", "old", name, "--project", "red", "--wait", token=ADMIN)["status"] == "active"
    # By their names, of whichever project they are.
    assert said(client, "server", "reset", "old", token=ADMIN) == "active\n"
    said(client, "server", "release", "old", "--wait", token=ADMIN)
    assert client.service.call("GET", "/v1/servers", token=ADMIN).json["servers"] == []


def test_events_faults_cancel(client: Client) -> None:
    create(client, "one", "--wait")
    assert [event["Event"] for event in rows(client, "server", "event", "list", "one")] == ["servers.create.end", "servers.create.start"]
    assert rows(client, "server", "fault", "list", "one") == []
    operation = client.service.call("GET", "/v1/operations").json["operations"][0]["uuid"]
    refused = client("bms", "operation", "cancel", operation)
    assert refused.code == 1 and "has ended" in refused.err
    assert "There is no operation" in client("bms", "operation", "cancel", operation, token=FOREIGN).err


def test_reservations(client: Client) -> None:
    until = tomorrow()
    flavor = client.service.call("GET", "/v1/flavors").json["flavors"][0]["name"]
    asked = ("reservation", "create", "autumn", "--flavor", flavor, "--count", "2", "--until", until)
    made = rows(client, *asked)
    assert (made["status"], made["count"], made["ready"], made["until"]) == ("active", 2, 2, until)
    refused = client("bms", *asked[:5], "--count", "7", "--until", until)
    assert refused.code == 1 and "machines of this flavor are free now" in refused.err
    assert rows(client, "scheduling", "dry", "run", "--flavor", flavor, "--reservation", "autumn", "--max", "2")["count"] == 2
    create(client, "one", "--wait", "--reservation", "autumn")
    assert [(row["In use"], row["Ready"]) for row in rows(client, "reservation", "list", "--status", "active")] == [(1, 1)]
    assert rows(client, "reservation", "list", "--all-projects", token=ADMIN)[0]["ID"] == made["id"]
    assert len(rows(client, "reservation", "show", made["id"], token=ADMIN)["nodes"].split(", ")) == 2
    assert rows(client, "reservation", "show", "autumn")["nodes"] == ""
    assert rows(client, "reservation", "set", "autumn", "--name", "winter")["name"] == "winter"
    assert client("bms", "reservation", "set", "winter").code == 1
    said(client, "reservation", "delete", "winter")
    assert rows(client, "reservation", "show", "winter")["status"] == "ended"
    again = rows(client, "reservation", "create", "winter", "--flavor", flavor, "--until", until)
    assert rows(client, "reservation", "show", "winter")["id"] == again["id"]
    said(client, "reservation", "delete", "winter")
    assert rows(client, "reservation", "list", "--status", "active") == []


def test_flavors(client: Client, tmp_path: Path) -> None:
    (tmp_path / "raid.json").write_text('{"logical_disks": [{"raid_level": "1", "size_gb": "MAX"}]}')
    words = ("--resource-class", "gold", "--private", "--project", "red", "--pool", "default", "--trait", "CUSTOM_GPU", "--price", "9 EUR")
    more = ("--raid", f"@{tmp_path / 'raid.json'}", "--facts", '{"cpus": 64}', "--boot-mode", "uefi", "--aggregate-property", "ssd=true")
    made = rows(client, "flavor", "create", "big", *words, *more, token=ADMIN)
    assert (made["resources"], made["resource_traits"], made["facts"]) == ({"gold": 1}, {"CUSTOM_GPU": "required"}, {"cpus": 64})
    assert (made["boot_mode"], made["raid"]["logical_disks"][0]["raid_level"], made["price"]) == ("uefi", "1", "9 EUR")
    assert made["resource_aggregates"] == {"ssd": "true"} and len(made["pools"]) == 1
    assert made["projects"] == rows(client, "flavor", "show", "big", token=ADMIN)["projects"] == ["red"]
    assert "projects" not in rows(client, "flavor", "show", "big")
    assert "big" in {row["Name"] for row in rows(client, "flavor", "list")}
    assert "big" not in {row["Name"] for row in rows(client, "flavor", "list", token=FOREIGN)}
    take_away = ("--boot-mode", "any", "--price", "none", "--raid", "{}", "--remove-project", "red", "--disable", "--name", "bigger")
    edited = rows(client, "flavor", "set", "big", *take_away, token=ADMIN)
    assert (edited["name"], edited["boot_mode"], edited["price"], edited["raid"], edited["is_disabled"]) == ("bigger", None, None, {}, True)
    assert "bigger" not in {row["Name"] for row in rows(client, "flavor", "list")}
    opened = rows(client, "flavor", "set", "bigger", "--public", "--enable", token=ADMIN)
    assert opened["is_public"] is True and "projects" not in opened
    emptied = rows(client, "flavor", "set", "bigger", "--no-pool", "--no-trait", token=ADMIN)
    assert (emptied["pools"], emptied["resource_traits"]) == ([], {})
    assert client("bms", "flavor", "set", "bigger", token=ADMIN).code == 1
    with pytest.raises(SystemExit):
        client("bms", "flavor", "create", "x", "--resource-class", "g", "--raid", "{", token=ADMIN)
    said(client, "flavor", "delete", "bigger", token=ADMIN)
    assert client("bms", "flavor", "show", "bigger", token=ADMIN).code == 1


def test_quotas(client: Client) -> None:
    [flavor] = rows(client, "flavor", "list", token=ADMIN)

    def told(*words: str) -> dict[str, tuple[int, bool]]:
        return {row["Resource"]: (row["Limit"], row["Default"]) for row in rows(client, "quota", *words, token=ADMIN)}

    before = told("show", "red")
    assert told("set", "red", "servers=3", f"flavor:{flavor['Name']}=1", "pool:default=2")["servers"] == (3, False)
    after = told("set", "red", "servers=default", "keypairs=-1")
    assert (after["servers"], after["keypairs"], after[f"flavor:{flavor['ID']}"]) == (before["servers"], (-1, False), (1, False))
    assert {limit for name, (limit, _) in after.items() if name.startswith("pool:")} == {2}
    named = {row["Resource"].partition(":")[0]: row["Name"] for row in rows(client, "quota", "show", "red", token=ADMIN) if row["Name"]}
    assert named == {"flavor": flavor["Name"], "pool": "default"}
    assert {row["Name"] for row in rows(client, "limits", "show")} == {"", flavor["Name"]}
    for bad in ("servers", "servers=many", "shoes=1", "flavor:none=1"):
        assert client("bms", "quota", "set", "red", bad, token=ADMIN).code == 1
    said(client, "quota", "reset", "red", token=ADMIN)
    assert told("show", "red") == before
    assert client("bms", "quota", "show", "red").code == 0
    assert client("bms", "quota", "set", "red", "servers=99").code == 1
    assert client("bms", "quota", "show", "red", token=FOREIGN).code == 1
