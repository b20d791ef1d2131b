# SPDX-License-Identifier: Apache-2.0
"""How a machine is set up: what is kept, what a node must have, what Ironic is told."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baremetal_svc.domain.setup import BOOT_MODES, Setup

RAID = {"logical_disks": [{"raid_level": "1", "size_gb": "MAX", "is_root_volume": True}]}
SETUPS = st.builds(
    Setup,
    st.lists(st.sampled_from(["CUSTOM_A", "CUSTOM_B", "HW_C"]), unique=True).map(lambda some: tuple(sorted(some))),
    st.sampled_from([None, *BOOT_MODES]),
    st.sampled_from([{}, RAID]),
    st.integers(0, 16),
)
NODES = st.frozensets(st.sampled_from(["trait:CUSTOM_A", "trait:CUSTOM_B", "trait:HW_C", "trait:HW_D"]))
MODES = st.sampled_from([None, *BOOT_MODES])


@given(SETUPS)
def test_a_document_says_all_of_it(setup: Setup) -> None:
    assert Setup.of(setup.document()) == setup
    flavor = {"resource_traits": dict.fromkeys(setup.traits, "required"), "boot_mode": setup.boot_mode, "raid": setup.raid}
    assert Setup.of_flavor(flavor) == replace(setup, nics=0)


@pytest.mark.parametrize("document", [None, {}])
def test_what_an_older_release_wrote_asks_for_nothing(document: Any) -> None:
    setup = Setup.of(document)
    assert setup == Setup() == Setup.of_flavor({"resource_traits": None, "boot_mode": None, "raid": None})
    assert (setup.document(), setup.conditions, setup.told({"image_source": "x"})) == ({}, (), {"image_source": "x"})


@given(SETUPS, NODES, MODES, st.integers(0, 17))
def test_a_node_will_do_with_all_traits_no_other_boot_mode_and_no_fewer_cards(
    setup: Setup, traits: frozenset[str], mode: str | None, cards: int
) -> None:
    plain = {f"trait:{trait}" for trait in setup.traits} <= traits and (not setup.boot_mode or mode in (None, setup.boot_mode))
    facts = traits | ({f"capability:boot_mode={mode}"} if mode else set()) | ({f"nics:{cards}"} if cards else set())
    enough = cards == 0 or cards >= setup.nics
    assert all(condition.holds(facts) for condition in setup.conditions) == (plain and enough)
    assert len({condition.name for condition in setup.conditions}) == len(setup.conditions)


def test_what_ironic_is_told_of_the_image_stays() -> None:
    told = Setup(("CUSTOM_A",), "uefi", RAID).told({"image_source": "x", "capabilities": {"boot_option": "local"}})
    assert told == {"image_source": "x", "traits": ["CUSTOM_A"], "capabilities": {"boot_option": "local", "boot_mode": "uefi"}}
