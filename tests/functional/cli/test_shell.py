# SPDX-License-Identifier: Apache-2.0
"""openstack bms ..., as users type it, against the real application over HTTP."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fixtures.service import ADMIN, DEFAULT_POOL, FOREIGN
from tests.functional.cli.conftest import Client

MISSING = "00000000-0000-4000-8000-000000000000"


def create(client: Client, name: str, *more: str, code: int = 0) -> dict[str, object]:
    body = client.service.body  # type: ignore[attr-defined]
    flavor = client.service.call("GET", f"/v1/flavors/{body['flavor_uuid']}").json["name"]
    words = ["--flavor", flavor, "--image", body["image_uuid"], "--network", client.service.network]
    said = client("bms", "server", "create", name, *words, *more, "-f", "json")
    assert said.code == code, said.err
    return json.loads(said.out) if code == 0 else {"error": said.err}


def test_create_and_wait_until_it_is_active(client: Client, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("#cloud-config\n")
    more = ("--property", "rack=a", "--property", "owner=me", "--description", "the first", "--user-data", str(tmp_path / "data"))
    server = create(client, "one", *more, "--wait")
    assert (server["status"], server["name"], server["description"]) == ("active", "one", "the first")
    assert server["metadata"] == {"rack": "a", "owner": "me"}
    assert list(server["addresses"]) == [client.service.network]  # type: ignore[call-overload]


def test_progress_is_on_standard_error_a_line_a_step(client: Client) -> None:
    body = client.service.body  # type: ignore[attr-defined]
    words = ["--flavor", body["flavor_uuid"], "--image", body["image_uuid"], "--network", client.service.network, "--wait"]
    said = client("bms", "server", "create", "one", *words, "-f", "value", "-c", "status")
    assert said.out == "active\n"
    assert "wait-until-deployed" in said.err and said.err.splitlines()[-1].startswith("servers.create done after ")


def test_a_batch_is_waited_for_as_a_whole(client: Client) -> None:
    create(client, "many", "--max", "3", "--wait")
    listed = json.loads(client("bms", "server", "list", "-f", "json").out)
    assert sorted((row["Name"], row["Status"]) for row in listed) == [(f"many-{number}", "active") for number in (1, 2, 3)]


def test_a_create_that_fails_says_why(client: Client) -> None:
    create(client, "many", "--max", "3", "--wait")
    failed = str(create(client, "late", "--wait", code=1)["error"])
    operation = client.service.call("GET", "/v1/operations?state=failed").json["operations"][0]
    assert operation["error"]["message"] in failed and f"({operation['error']['code']})" in failed
    assert f"Request: {operation['request_id']}" in failed
    assert "Traceback" not in failed


def test_list_by_page_filter_and_long(client: Client) -> None:
    create(client, "many", "--max", "3", "--wait")
    body = client.service.body  # type: ignore[attr-defined]
    two = json.loads(client("bms", "server", "list", "--limit", "2", "--sort", "name:desc", "-f", "json").out)
    assert [row["Name"] for row in two] == ["many-3", "many-2"]
    named = json.loads(client("bms", "server", "list", "--long", "--name", "many-1", "--flavor", body["flavor_uuid"], "-f", "json").out)
    assert [(row["Name"], row["Flavor"], row["Locked"]) for row in named] == [("many-1", body["flavor_uuid"], False)]
    assert client("bms", "server", "list", "-f", "value", token=FOREIGN).out == ""
    assert len(json.loads(client("bms", "server", "list", "--all-projects", "-f", "json", token=ADMIN).out)) == 3


def test_show_by_name_and_by_id(client: Client) -> None:
    server = create(client, "one", "--wait")
    for name in ("one", str(server["id"])):
        assert json.loads(client("bms", "server", "show", name, "-f", "json").out)["id"] == server["id"]
    assert "node" in json.loads(client("bms", "server", "show", str(server["id"]), "-f", "json", token=ADMIN).out)


def test_a_server_that_is_called_as_a_path_is_found(client: Client) -> None:
    server = create(client, "detail")
    assert json.loads(client("bms", "server", "show", "detail", "-f", "json").out)["id"] == server["id"]


def test_a_name_that_two_servers_have_is_refused(client: Client) -> None:
    create(client, "one"), create(client, "one")
    said = client("bms", "server", "show", "one")
    assert said.code == 1 and "2 servers are named 'one'" in said.err


def test_power(client: Client) -> None:
    create(client, "one", "--wait")
    for verb, status in (("stop", "stopped"), ("start", "active"), ("reboot", "active")):
        said = client("bms", "server", verb, "one", "--wait")
        assert said.code == 0, said.err
        assert client("bms", "server", "show", "one", "-f", "value", "-c", "status").out == f"{status}\n"


def test_delete_and_wait_until_it_is_gone(client: Client) -> None:
    create(client, "one", "--wait"), create(client, "two", "--wait")
    assert client("bms", "server", "delete", "one", "nobody").code == 1
    assert len(json.loads(client("bms", "server", "list", "-f", "json").out)) == 2, "one name fits nothing: nothing is deleted"
    said = client("bms", "server", "delete", "one", "two", "--wait")
    assert said.code == 0 and said.err.count("servers.delete done") == 2
    assert client("bms", "server", "list", "-f", "value").out == ""


def test_watch_shows_steps_while_they_happen(client: Client) -> None:
    client.carrier.free.clear()
    create(client, "one")
    watching = subprocess.Popen(
        [Path(sys.executable).with_name("openstack"), *client.options(), "bms", "operation", "watch", "--server", "one"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    client.carrier.free.set()
    out, err = watching.communicate(timeout=60)
    lines = out.splitlines()
    assert watching.returncode == 0, err
    names = [step["name"] for step in client.service.call("GET", f"/v1/operations/{newest(client)}").json["steps"]]
    assert [name for name in names if not any(f" {name} " in line and " done" in line for line in lines)] == []
    assert lines[-1].startswith("servers.create done")


def newest(client: Client) -> str:
    return str(client.service.call("GET", "/v1/operations?limit=1").json["operations"][0]["uuid"])


def test_watch_fails_when_the_operation_fails(client: Client) -> None:
    create(client, "many", "--max", "3", "--wait"), create(client, "late", "--wait", code=1)
    said = client("bms", "operation", "watch", newest(client))
    assert said.code == 1 and "servers.create failed" in said.out and "Hint: " in said.err


def test_waiting_gives_up_after_its_time(client: Client) -> None:
    client.carrier.free.clear()
    begin = time.monotonic()
    said = create(client, "one", "--wait", "--timeout", "1", code=1)["error"]
    assert "is still pending after 1.0 seconds" in str(said)
    assert time.monotonic() - begin < 20


def test_operations_are_listed_and_shown(client: Client) -> None:
    create(client, "one", "--wait")
    listed = json.loads(client("bms", "operation", "list", "--server", "one", "--state", "done", "-f", "json").out)
    assert [(row["Kind"], row["State"]) for row in listed] == [("servers.create", "done")]
    shown = json.loads(client("bms", "operation", "show", listed[0]["ID"], "-f", "json").out)
    assert {step["state"] for step in shown["steps"]} == {"done"}
    assert "wait-until-deployed done" in client("bms", "operation", "show", listed[0]["ID"]).out


def test_flavors(client: Client) -> None:
    flavor_id = client.service.body["flavor_uuid"]  # type: ignore[attr-defined]
    name = json.loads(client("bms", "flavor", "list", "-f", "json").out)[0]["Name"]
    assert json.loads(client("bms", "flavor", "show", name, "-f", "json").out)["id"] == flavor_id
    assert "resources" not in json.loads(client("bms", "flavor", "show", name, "-f", "json").out)
    assert json.loads(client("bms", "flavor", "show", name, "-f", "json", token=ADMIN).out)["resources"] == {"baremetal": 1}


def test_machines_and_pools_are_for_operators(client: Client) -> None:
    server = create(client, "one", "--wait")
    listed = json.loads(client("bms", "node", "list", "--long", "--limit", "2", "-f", "json", token=ADMIN).out)
    assert [row["Pools"] for row in listed] == [[DEFAULT_POOL], [DEFAULT_POOL]]
    # By id: names are looked up in the own project.
    named = client("bms", "server", "show", str(server["id"]), "-f", "value", "-c", "node", token=ADMIN).out.strip()
    shown = json.loads(client("bms", "node", "show", named, "-f", "json", token=ADMIN).out)
    assert (shown["server_id"], shown["is_offered"]) == (server["id"], False)
    pools = json.loads(client("bms", "pool", "list", "-f", "json", token=ADMIN).out)
    assert [(row["Name"], row["Nodes"]) for row in pools] == [("default", 3)]
    refused = client("bms", "node", "list")
    assert refused.code == 1 and "(forbidden)" in refused.err


def test_key_pairs(client: Client, tmp_path: Path) -> None:
    made = json.loads(client("bms", "keypair", "create", "new", "-f", "json").out)
    assert made["private_key"].startswith("-----BEGIN")
    (tmp_path / "key.pub").write_text(f"{client.service.call('GET', '/v1/keypairs/new').json['public_key']}\n")
    again = client("bms", "keypair", "create", "my key", "--public-key", str(tmp_path / "key.pub"), "-f", "json")
    assert "private_key" not in json.loads(again.out)
    assert client("bms", "keypair", "create", "third").out.startswith("-----BEGIN"), "to be redirected into a file"
    for kind, begins in (("ssh", b"-----BEGIN"), ("x509", b"\x30\x82")):
        kept = tmp_path / f"{kind}.key"
        assert "private_key" not in client("bms", "keypair", "create", kind, "--type", kind, "--private-key", str(kept)).out
        assert kept.read_bytes().startswith(begins) and kept.stat().st_mode & 0o777 == 0o600
        refused = client("bms", "keypair", "create", "more", "--private-key", str(kept))
        assert refused.code == 1 and "cannot be written" in refused.err, "an old key is not written over, and none is made in vain"
        assert client("bms", "keypair", "delete", kind).code == 0
    assert client("bms", "keypair", "delete", "third").code == 0
    assert sorted(row["Name"] for row in json.loads(client("bms", "keypair", "list", "-f", "json").out)) == ["my key", "new"]
    create(client, "one", "--key-name", "my key", "--wait")
    assert client("bms", "keypair", "delete", "my key", "new").code == 0
    assert client("bms", "keypair", "list", "-f", "value").out == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("server", "show", "nobody"), "There is no server 'nobody'."),
        (("server", "show", MISSING), f"There is no server '{MISSING}'."),
        (("operation", "show", MISSING), "Request: req-"),
        (("server", "list", "--status", "x" * 33), "Hint: "),
        (("keypair", "create", "no/slashes"), "Hint: "),
        (("keypair", "create", "a", "--public-key", "/nonexistent"), "cannot be read"),
        (("server", "retry", "a", "--user-data", "/nonexistent"), "cannot be read"),
        (("server", "create", "a", "--flavor", "f", "--image", MISSING), "at least one --network or --port"),
    ],
)
def test_refusals_are_sentences(client: Client, words: tuple[str, ...], told: str) -> None:
    said = client("bms", *words)
    assert said.code == 1 and said.out == ""
    assert told in said.err and "Traceback" not in said.err


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_the_address_may_have_the_version_or_not(client: Client, ending: str) -> None:
    said = client("bms", "flavor", "list", "-f", "json", endpoint=client.url + ending)
    assert said.code == 0 and len(json.loads(said.out)) == 1, said.err
