# SPDX-License-Identifier: Apache-2.0
"""Deploys and tear-downs by Ironic's own logs: what its API says that it accepted, joined by request with what its conductor did.

Ironic notes beside its own request id the one of the service's operation. Who has none is an operator.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from devstack.local import layout

_IDS = r"\[(?P<operation>None|req-\S+) (?P<request>req-\S+) "
_NODE = r"(?P<node>[0-9a-f-]{36})"
_ACCEPTED = re.compile(rf"^\S+ \S+ \d+ INFO ironic\.api {_IDS}.* - PUT /v1/nodes/{_NODE}/states/provision - 202 ")
_MOVED = re.compile(rf'^(?P<at>\S+ \S+) \d+ \w+ ironic\.conductor\.\S+ {_IDS}.*Node {_NODE} moved to provision state "(?P<to>[^"]+)" ')
_FROM = re.compile(r' from state "(?P<before>[^"]+)";')
_LOGS = ("ironic-api.log", "ironic-conductor.log")


@dataclass(frozen=True)
class Change:
    """``to``: "deploying" or "deleting"; ``before``: the state from which; ``operation``: its request id, None for an operator;
    ``accepted``: the access log has the answer, which an API process that was killed could not write."""

    at: str
    node: str
    to: str
    before: str
    operation: str | None
    accepted: bool


class Log:
    """What Ironic writes from now on."""

    def __init__(self) -> None:
        self._begins = {name: (layout.LOG / name).stat().st_size if (layout.LOG / name).exists() else 0 for name in _LOGS}

    def changes(self, nodes: Collection[str]) -> list[Change]:
        """Of these nodes, in the order in which they happened."""
        api, conductor = (self._lines(name) for name in _LOGS)
        return [change for change in read(api, conductor) if change.node in nodes]

    def _lines(self, name: str) -> list[str]:
        with open(layout.LOG / name, "rb") as log:
            log.seek(self._begins[name])
            return log.read().decode(errors="replace").splitlines()


def read(api: Iterable[str], conductor: Iterable[str]) -> list[Change]:
    """The changes that lines of both logs tell of."""
    accepted = {(found["node"], found["request"]) for line in api if (found := _ACCEPTED.match(line))}
    changes = []
    for line in conductor:
        moved, came = _MOVED.match(line), _FROM.search(line)
        if moved and came and moved["to"] in ("deploying", "deleting"):
            operation = None if moved["operation"] == "None" else moved["operation"]
            was_accepted = (moved["node"], moved["request"]) in accepted
            changes.append(Change(moved["at"], moved["node"], moved["to"], came["before"], operation, was_accepted))
    return sorted(changes, key=lambda change: change.at)


def twice(changes: Sequence[Change], servers: Mapping[str, str], strays: Collection[str] = ()) -> list[str]:
    """Deploys and tear-downs of one claim that Ironic accepted more than once, and tear-downs of a machine deployed for another server.

    A tear-down from "error" is no second one: Ironic says that it has failed or, by its restart, forgotten the one before.

    :param servers: the server for which an operation is, by its request id.
    :param strays: nodes to which a deploy was delivered late: on a free node Ironic carries it out, once more for the claim that was.
    """
    found: list[str] = []
    last: dict[str, Change] = {}
    deploys = Counter((change.node, change.operation) for change in changes if change.to == "deploying" and change.operation)
    found += [
        f"node {node} was deployed {count} times by {operation}"
        for (node, operation), count in deploys.items()
        if count > 1 + (node in strays)
    ]
    for change in changes:
        before = last.get(change.node)
        forgot = change.to == "deleting" and change.before == "error"
        if before is not None and before.to == change.to and not forgot:
            found.append(f"node {change.node} was asked twice by Ironic's log: {before} and {change}")
        if before is not None and before.to == "deploying" and (change.to, change.before) == ("deleting", "active"):
            mine, others = servers.get(change.operation or ""), servers.get(before.operation or "")
            if mine and others and mine != others:
                found.append(f"node {change.node} was torn down for {mine} and carried {others}: {before} and {change}")
        last[change.node] = change
    return found
