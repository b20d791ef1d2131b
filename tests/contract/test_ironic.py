# SPDX-License-Identifier: Apache-2.0
"""The contract of the protocol Ironic."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from baremetal_svc.domain.errors import NodeHeldByAnother, OutsideRefused
from baremetal_svc.domain.observed import NodeSeen, VifSeen
from tests.contract.conftest import Outside

INFO = {"image_source": "http://images.test/one", "image_checksum": "0" * 32}
DRIVE = {"meta_data": {"hostname": "one"}, "network_data": {"links": [], "networks": [], "services": []}, "user_data": "#!/bin/sh\n"}


def bound(outside: Outside, server_id: str, *, vifs: bool = False) -> str:
    node_id = outside.node(vifs=vifs)
    outside.ironic.bind_node(node_id, server_id, INFO)
    return node_id


def deployed(outside: Outside, server_id: str) -> str:
    node_id = bound(outside, server_id)
    outside.ironic.deploy(node_id, server_id)
    outside.until(node_id, "active")
    return node_id


def holder(outside: Outside, node_id: str) -> str | None:
    view = outside.ironic.get_node(node_id)
    assert view is not None
    return view.instance_id


def test_listing_shows_what_one_look_shows(outside: Outside) -> None:
    node_id = outside.node()
    listed = {node.id: node for node in outside.ironic.list_nodes()}
    view = outside.ironic.get_node(node_id)
    assert listed[node_id] == view
    assert view is not None and (view.provision_state, view.instance_id, view.maintenance, view.protected) == (
        "available",
        None,
        False,
        False,
    )
    [port] = [port for port in outside.ironic.list_ports() if port.node_id == node_id]
    assert port.switches == ("sw1", "00:53:00:0a:0a:01")


def test_a_missing_node_is_none_and_cannot_be_bound(outside: Outside, server_id: str) -> None:
    missing = str(uuid.uuid4())
    assert outside.ironic.get_node(missing) is None
    assert outside.ironic.list_vifs(missing) == []
    outside.ironic.unbind_node(missing, server_id)
    outside.ironic.unprotect(missing, server_id)
    outside.ironic.detach_vifs(missing, [server_id])
    assert outside.ironic.undeploy(missing, server_id) is True
    with pytest.raises(OutsideRefused):
        outside.ironic.bind_node(missing, server_id, INFO)


def test_bind_again_is_nothing_and_another_is_refused(outside: Outside, server_id: str, other_id: str) -> None:
    node_id = bound(outside, server_id)
    outside.ironic.bind_node(node_id, server_id, INFO)
    with pytest.raises(NodeHeldByAnother):
        outside.ironic.bind_node(node_id, other_id, {"image_source": "http://images.test/other"})
    assert holder(outside, node_id) == server_id


def test_of_many_that_bind_at_once_one_wins(outside: Outside) -> None:
    node_id = outside.node()
    servers = [str(uuid.uuid4()) for _ in range(6)]

    def bind(server: str) -> str | None:
        try:
            outside.ironic.bind_node(node_id, server, {"image_source": server})
        except OutsideRefused:
            return None
        return server

    with ThreadPoolExecutor(6) as pool:
        won = [server for server in pool.map(bind, servers) if server]
    assert won == [holder(outside, node_id)]


def test_config_drive_only_on_our_node(outside: Outside, server_id: str, other_id: str) -> None:
    free, node_id = outside.node(), bound(outside, server_id)
    outside.ironic.set_config_drive(node_id, server_id, DRIVE)
    outside.ironic.set_config_drive(node_id, server_id, DRIVE)
    for foreign in (free, node_id):
        with pytest.raises(NodeHeldByAnother):
            outside.ironic.set_config_drive(foreign, other_id, DRIVE)
    assert (holder(outside, free), holder(outside, node_id)) == (None, server_id)


def test_unbind_frees_our_node_only(outside: Outside, server_id: str, other_id: str) -> None:
    node_id = bound(outside, server_id)
    outside.ironic.unbind_node(node_id, other_id)
    assert holder(outside, node_id) == server_id
    outside.ironic.unbind_node(node_id, server_id)
    outside.ironic.unbind_node(node_id, server_id)
    assert holder(outside, node_id) is None
    outside.ironic.bind_node(node_id, other_id, INFO)
    outside.ironic.unbind_node(node_id, server_id)
    assert holder(outside, node_id) == other_id


def test_deploy_twice_and_what_comes_after(outside: Outside, server_id: str, other_id: str) -> None:
    node_id = bound(outside, server_id)
    outside.ironic.set_config_drive(node_id, server_id, DRIVE)
    with pytest.raises(NodeHeldByAnother):
        outside.ironic.deploy(node_id, other_id)
    outside.ironic.deploy(node_id, server_id)
    outside.ironic.deploy(node_id, server_id)
    view = outside.until(node_id, "active")
    assert view.instance_id == server_id
    outside.ironic.deploy(node_id, server_id)
    assert outside.ironic.undeploy(node_id, other_id) is True
    assert outside.until(node_id, "active").instance_id == server_id


def test_a_raid_goes_with_a_deploy_and_with_a_rebuild(outside: Outside, server_id: str) -> None:
    """Taken in this form, as far as fake hardware goes: it has no such step, and Ironic leaves out steps that a driver lacks."""
    node_id, raid = bound(outside, server_id), {"logical_disks": [{"raid_level": "1", "size_gb": "MAX", "is_root_volume": True}]}
    outside.ironic.deploy(node_id, server_id, raid)
    deployed = outside.until(node_id, "active")
    time.sleep(1.1)
    outside.ironic.rebuild(node_id, server_id, deployed.provision_updated_at, raid)
    assert outside.until(node_id, "active").provision_updated_at != deployed.provision_updated_at


def test_a_node_without_the_traits_is_not_deployed(outside: Outside, server_id: str) -> None:
    node_id = outside.node()
    told = {**INFO, "traits": ["CUSTOM_NOT_THERE"], "capabilities": {"boot_mode": "uefi"}}
    outside.ironic.bind_node(node_id, server_id, told)
    with pytest.raises(OutsideRefused, match="CUSTOM_NOT_THERE"):
        outside.ironic.deploy(node_id, server_id)
    assert outside.until(node_id, "available").instance_id == server_id
    outside.ironic.bind_node(node_id, server_id, {**told, "traits": []})
    outside.ironic.deploy(node_id, server_id)
    outside.until(node_id, "active")


def test_a_protected_node_is_not_undeployed(outside: Outside, server_id: str, other_id: str) -> None:
    node_id = deployed(outside, server_id)
    outside.ironic.protect(node_id, server_id, "a claim")
    outside.ironic.protect(node_id, server_id, "a claim")
    with pytest.raises(OutsideRefused):
        outside.ironic.undeploy(node_id, server_id)
    with pytest.raises(NodeHeldByAnother):
        outside.ironic.protect(node_id, other_id, "another claim")
    outside.ironic.unprotect(node_id, other_id)
    assert outside.until(node_id, "active").protected
    outside.ironic.unprotect(node_id, server_id)
    outside.ironic.unprotect(node_id, server_id)
    assert outside.ironic.undeploy(node_id, server_id) is True
    assert outside.until(node_id, "available").instance_id is None


def test_what_comes_late_does_not_touch_a_released_node(outside: Outside, server_id: str, other_id: str) -> None:
    node_id = deployed(outside, server_id)
    assert outside.ironic.undeploy(node_id, server_id) is True
    outside.until(node_id, "available")
    for bind_other in (False, True):
        if bind_other:
            outside.ironic.bind_node(node_id, other_id, INFO)
        for late in (
            lambda: outside.ironic.set_config_drive(node_id, server_id, DRIVE),
            lambda: outside.ironic.protect(node_id, server_id, "late"),
            lambda: outside.ironic.deploy(node_id, server_id),
            lambda: outside.ironic.attach_vif(node_id, server_id, str(uuid.uuid4())),
            lambda: outside.ironic.set_power(node_id, server_id, "power on"),
        ):
            with pytest.raises(NodeHeldByAnother):
                late()
        assert outside.ironic.undeploy(node_id, server_id) is True
        outside.ironic.unbind_node(node_id, server_id)
        outside.ironic.unprotect(node_id, server_id)
        view = outside.until(node_id, "available")
        assert (view.instance_id, view.protected) == (other_id if bind_other else None, False)


def test_only_an_active_node_can_be_protected(outside: Outside, server_id: str) -> None:
    node_id = bound(outside, server_id)
    with pytest.raises(OutsideRefused) as raised:
        outside.ironic.protect(node_id, server_id, "too early")
    assert not isinstance(raised.value, NodeHeldByAnother)


def test_what_runs_without_a_server_can_be_undeployed(outside: Outside, server_id: str, other_id: str) -> None:
    """A deploy that came late on a released node leaves this; only whoever holds the node asks."""
    node_id = deployed(outside, server_id)
    outside.ironic.abandon_node(node_id, server_id)
    assert outside.ironic.undeploy(node_id, other_id) is True
    assert outside.until(node_id, "available").instance_id is None


def test_undeploy_of_a_node_that_was_never_deployed_needs_nothing(outside: Outside, server_id: str) -> None:
    node_id = bound(outside, server_id)
    assert outside.ironic.undeploy(node_id, server_id) is True
    assert outside.until(node_id, "available").instance_id == server_id


def test_power(outside: Outside, server_id: str, other_id: str) -> None:
    node_id = deployed(outside, server_id)
    for target, reached in (
        ("power off", "power off"),
        ("power on", "power on"),
        ("rebooting", "power on"),
        ("soft power off", "power off"),
    ):
        outside.ironic.set_power(node_id, server_id, target)
        outside.until(node_id, reached)
        with pytest.raises(NodeHeldByAnother):
            outside.ironic.set_power(node_id, other_id, "power on")
        if target != "rebooting":
            outside.ironic.set_power(node_id, server_id, target)
            outside.until(node_id, reached)


def test_vifs_are_attached_once_and_gone_after_tear_down(outside: Outside, server_id: str, other_id: str) -> None:
    node_id, project = bound(outside, server_id, vifs=True), outside.project()
    network = outside.network(project)
    port, second = outside.tenant_port(network, project, server_id), outside.tenant_port(network, project, server_id)
    outside.ironic.detach_vifs(node_id, [port])
    outside.ironic.attach_vif(node_id, server_id, port)
    outside.ironic.attach_vif(node_id, server_id, port)
    assert outside.ironic.list_vifs(node_id) == [port]
    with pytest.raises(NodeHeldByAnother):
        outside.ironic.attach_vif(node_id, other_id, second)
    with pytest.raises(OutsideRefused, match="physical ports"):
        outside.ironic.attach_vif(node_id, server_id, second)
    outside.ironic.detach_vifs(node_id, [second, port])
    outside.ironic.detach_vifs(node_id, [port])
    assert outside.ironic.list_vifs(node_id) == []
    outside.ironic.attach_vif(node_id, server_id, port)
    outside.ironic.deploy(node_id, server_id)
    outside.until(node_id, "active")
    assert outside.ironic.list_vifs(node_id) == [port]
    assert outside.ironic.undeploy(node_id, server_id) is True
    outside.until(node_id, "available")
    assert outside.ironic.list_vifs(node_id) == []


def test_a_survey_shows_whose_each_node_is_and_what_it_carries(outside: Outside, server_id: str) -> None:
    node_id, free, project = bound(outside, server_id, vifs=True), outside.node(), outside.project()
    port = outside.tenant_port(outside.network(project), project, server_id)
    outside.ironic.attach_vif(node_id, server_id, port)
    found = {node.id: node for node in outside.ironic.survey_nodes()}
    assert found[node_id] == NodeSeen(node_id, server_id, frozenset({server_id}), False, "available")
    assert found[free] == NodeSeen(free, None, frozenset(), False, "available")
    assert [vif for vif in outside.ironic.survey_vifs() if vif.node_id in (node_id, free)] == [VifSeen(node_id, port)]
    outside.ironic.detach_vifs(node_id, [port])
    outside.ironic.unbind_node(node_id, server_id)
    assert {node.id: node for node in outside.ironic.survey_nodes()}[node_id].instance_id is None
    assert [vif for vif in outside.ironic.survey_vifs() if vif.node_id == node_id] == []


def test_ping(outside: Outside) -> None:
    outside.ironic.ping()


def test_an_image_is_exchanged_and_the_config_drive_stays(outside: Outside, server_id: str, other_id: str) -> None:
    node_id = bound(outside, server_id)
    outside.ironic.set_config_drive(node_id, server_id, DRIVE)
    partition = {"image_source": "http://images.test/two", "image_checksum": "1" * 32, "root_gb": 10, "kernel": "k", "ramdisk": "r"}
    for info in (partition, partition, INFO, INFO):
        outside.ironic.set_image(node_id, server_id, info)
    with pytest.raises(NodeHeldByAnother):
        outside.ironic.set_image(node_id, other_id, INFO)
    outside.ironic.deploy(node_id, server_id)
    outside.until(node_id, "active")


def test_rebuild_is_done_once_for_one_look(outside: Outside, server_id: str, other_id: str) -> None:
    node_id = deployed(outside, server_id)
    seen = outside.ironic.get_node(node_id)
    assert seen is not None
    with pytest.raises(NodeHeldByAnother):
        outside.ironic.rebuild(node_id, other_id, seen.provision_updated_at)
    # Ironic's times are whole seconds where its database has no others: what follows must not fall into the one of the deployment.
    time.sleep(1.1)
    outside.ironic.rebuild(node_id, server_id, seen.provision_updated_at)
    outside.ironic.rebuild(node_id, server_id, seen.provision_updated_at)
    done = outside.until(node_id, "active")
    assert done.provision_updated_at != seen.provision_updated_at
    outside.ironic.rebuild(node_id, server_id, seen.provision_updated_at)
    again = outside.ironic.get_node(node_id)
    assert again == done


def test_a_protected_node_is_not_rebuilt(outside: Outside, server_id: str) -> None:
    node_id = deployed(outside, server_id)
    outside.ironic.protect(node_id, server_id, "a test")
    seen = outside.ironic.get_node(node_id)
    assert seen is not None
    with pytest.raises(OutsideRefused):
        outside.ironic.rebuild(node_id, server_id, seen.provision_updated_at)
    outside.ironic.unprotect(node_id, server_id)


def test_a_machine_that_runs_is_adopted_and_let_go_as_it_is(outside: Outside, server_id: str) -> None:
    node_id = deployed(outside, server_id)
    outside.ironic.abandon_node(node_id, server_id)
    outside.ironic.abandon_node(node_id, server_id)
    before = outside.until(node_id, "active")
    assert before.instance_id is None
    [found] = [view for view in outside.ironic.list_manageable() if view.id == node_id]
    assert (found.provision_state, found.image_source, len(found.ports)) == ("active", INFO["image_source"], 1)
    outside.ironic.bind_node(node_id, server_id, {})
    outside.ironic.protect(node_id, server_id, "adopted")
    assert node_id not in [view.id for view in outside.ironic.list_manageable()]
    outside.ironic.unprotect(node_id, server_id)
    outside.ironic.abandon_node(node_id, server_id)
    assert outside.ironic.get_node(node_id) == before
