# SPDX-License-Identifier: Apache-2.0
"""The model of claims, leases and lifecycle for a moment, and that it finds what is planted; tests/simulation runs it for a minute."""

import pytest

from tests.fixtures import claims_machine


def test_the_model_holds() -> None:
    assert claims_machine.run(30, number=1) > 1000


@pytest.mark.parametrize(("fault", "said"), [("fence", "late write|after its end"), ("unblock", "nobody will ever take it")])
def test_a_planted_fault_is_found(fault: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        claims_machine.run(300, number=1, faults=[fault])
