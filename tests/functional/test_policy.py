# SPDX-License-Identifier: Apache-2.0
"""What a policy has decided stands for a second, for who asked the same and nobody else."""

from pathlib import Path

import pytest
from oslo_config import cfg

from baremetal_svc import policy
from baremetal_svc.context import RequestContext

RULE = policy.rule("things:show", policy.PROJECT_READER, "Show a thing", ("GET", "/v1/things/{thing_id}"))


class Fixed:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "policy.yaml"
    written.write_text("{}")
    return written


@pytest.fixture
def enforcer(path: Path) -> tuple[policy.Policy, Fixed]:
    conf, clock = cfg.ConfigOpts(), Fixed()
    configured = path.with_name("service.conf")
    configured.write_text(f"[oslo_policy]\npolicy_file = {path}\n")
    conf(["--config-file", str(configured)], project="baremetal_svc")
    return policy.Policy(conf, [RULE], clock), clock


def caller(**more: object) -> RequestContext:
    return RequestContext(**{"user_id": "u", "project_id": "p", "roles": ["reader"], **more})


def test_a_changed_file_is_heeded_after_a_second(enforcer: tuple[policy.Policy, Fixed], path: Path) -> None:
    decides, clock = enforcer
    assert decides.allows(caller(), RULE.name, {"project_id": "p"})
    path.write_text(f'"{RULE.name}": "role:auditor"')
    clock.now = policy.STANDS - 0.1
    assert decides.allows(caller(), RULE.name, {"project_id": "p"})
    clock.now = policy.STANDS + 0.1
    assert not decides.allows(caller(), RULE.name, {"project_id": "p"})
    assert decides.allows(caller(roles=["auditor"]), RULE.name, {"project_id": "p"})


@pytest.mark.parametrize("other", [{"project_id": "q"}, {"roles": ["member"]}, {"roles": []}, {"roles": ["reader", "service"]}])
def test_a_decision_is_for_nobody_else(enforcer: tuple[policy.Policy, Fixed], other: dict[str, object]) -> None:
    decides, _ = enforcer
    for _ in range(2):
        assert decides.allows(caller(), RULE.name, {"project_id": "p"})
        assert decides.allows(caller(**other), RULE.name, {"project_id": "p"}) is ("service" in other.get("roles", ()))  # type: ignore[operator]
        assert not decides.allows(caller(), RULE.name, {"project_id": "q"})
