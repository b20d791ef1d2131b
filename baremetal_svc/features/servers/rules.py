# SPDX-License-Identifier: Apache-2.0
"""Pure decisions about servers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from baremetal_svc.domain.errors import Invalid

#: Steps whose failure speaks against the node, not against the request.
NODE_STEPS = ("bind-node", "set-config-drive", "attach-vif", "start-deploy", "wait-until-deployed", "protect-node")

#: As the schema of a create has it.
LONGEST_NAME = 255
#: Failures after which another node would not help.
FINAL_FAILURES = ("Cancelled", "DeadlineExceeded", "NoValidNode")


class Failed(Protocol):
    """What a flow knows of a task's failure."""

    exception_str: str

    def __iter__(self) -> Iterator[str]:
        """Names of the exception's classes, the nearest first."""
        ...


def editable(server: Mapping[str, Any]) -> dict[str, Any]:
    """What of a server its users may edit."""
    return {name: server[name] for name in ("name", "description", "metadata")}


def blames_node(failures: Mapping[str, Failed]) -> str | None:
    """Why the node is to blame, or None when it is not."""
    for step, failure in failures.items():
        if step.startswith(NODE_STEPS) and not _is_final(failure):
            return f"{step}: {failure.exception_str}"
    return None


def worth_another_node(failures: Mapping[str, Failed]) -> bool:
    """True when every failure speaks against the node that was tried."""
    return bool(failures) and all(step.startswith(NODE_STEPS) and not _is_final(failure) for step, failure in failures.items())


def ports(networks: Sequence[Mapping[str, str]]) -> list[str]:
    """Ids of the tenant's own ports."""
    return [network["port_id"].lower() for network in networks if "port_id" in network]


def check_ports(networks: Sequence[Mapping[str, str]], count: int) -> None:
    """A port of the tenant's own is for one card of one server. :raises Invalid: it is asked for more than once."""
    named = ports(networks)
    if len(set(named)) < len(named):
        raise Invalid("A port is named twice.", hint="Name each port once.")
    if named and count > 1:
        raise Invalid(f"One port cannot serve {count} servers.", hint="Name networks by net_id, or create the servers one by one.")


def names(name: str, count: int) -> list[str]:
    """The names of a batch: the name itself for one, numbered from 1 for more. :raises Invalid: they would be too long."""
    found = [name] if count == 1 else [f"{name}-{number}" for number in range(1, count + 1)]
    if len(found[-1]) > LONGEST_NAME:
        raise Invalid(f"The name leaves no room for the numbers of {count} servers: {LONGEST_NAME} characters in all.", hint="Shorten it.")
    return found


def _is_final(failure: Failed) -> bool:
    return next(iter(failure)).rsplit(".", 1)[-1] in FINAL_FAILURES
