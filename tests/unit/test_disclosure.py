# SPDX-License-Identifier: Apache-2.0
"""What tenants are told of a failure."""

import pytest

from baremetal_svc.domain.disclosure import for_tenants

NODE = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (f"Ironic is busy: Node {NODE} is locked by host ironic-3, please retry", "Ironic is busy."),
        (f"Ironic refused: node {NODE} cannot be deployed: it is error\n(IPMI to 192.0.2.7 failed)", "Ironic refused."),
        ("Ironic answered 503", "Ironic answered 503"),
        ("Ironic could not deploy the node.", "Ironic could not deploy the node."),
        (f"Neutron refused: port p is bound on host {NODE}", "Neutron refused: port p is bound on host ..."),
        ("Neutron refused: Quota exceeded for resources: ['port'].", "Neutron refused: Quota exceeded for resources: ['port']."),
        ("No node fits: 3 have the class, 0 are free.", "No node fits: 3 have the class, 0 are free."),
    ],
)
def test_what_ironic_says_is_for_operators(message: str, told: str) -> None:
    assert for_tenants(message) == told
