# SPDX-License-Identifier: Apache-2.0
"""What Ironic says of a node as terms like "trait:HW_CPU_X86_VMX", beside its tags: the one place that says what an expression sees."""

from collections.abc import Iterator, Mapping

from baremetal_svc.domain import failure_domain
from baremetal_svc.domain.node import NodeFacts

#: Names of facts; a term is NAME:VALUE. No tag begins like one.
NAMES = (
    "trait", "capability", "resource_class", "owner", "lessee", "conductor_group", "shard", "retired", "protected", "health", "domain",
    "nics",
)  # fmt: skip
#: What a fact looks like in an expression; values are Ironic's own.
FORM = rf"(?:{'|'.join(NAMES)}):[^\x00-\x1f\x7f]{{1,200}}"
_PREFIXES = tuple(f"{name}:" for name in NAMES)


def is_fact(term: str) -> bool:
    """True for a term that only Ironic, or a setting of its own, can give a node."""
    return term.startswith(_PREFIXES)


def terms(node: NodeFacts) -> frozenset[str]:
    """Everything that an expression sees of a node: its tags and its facts. A tag that is named like a fact does not count."""
    return frozenset(tag for tag in node.tags if not is_fact(tag)) | facts(node)


def facts(node: NodeFacts) -> frozenset[str]:
    """The facts of a node as terms; a value that is not set gives none."""
    return frozenset(term for term in _facts(node) if len(term) <= 255)


def _facts(node: NodeFacts) -> Iterator[str]:
    single = {
        "resource_class": node.resource_class,
        "owner": node.owner,
        "lessee": node.lessee,
        "conductor_group": node.conductor_group,
        "shard": node.shard,
        # Of none whose ports are not known, or has none: nothing is said about it.
        "nics": str(len(node.ports) or ""),
        "health": health(node.fault, maintenance=node.maintenance),
        "retired": str(node.retired).lower(),
        "protected": str(node.protected).lower(),
    }
    yield from (f"{name}:{value}" for name, value in single.items() if value)
    yield from (f"trait:{trait}" for trait in node.traits)
    yield from (f"capability:{name}={value}" for name, value in capabilities(node.properties).items())
    yield from (f"domain:{place}" for place in failure_domain.prefixes(node.failure_domain))


def health(fault: str | None, *, maintenance: bool) -> str:
    """What Ironic calls the fault ("power failure") in one word, or maintenance, or ok."""
    if fault:
        return fault.strip().replace(" ", "-")
    return "maintenance" if maintenance else "ok"


def capabilities(properties: Mapping[str, object]) -> dict[str, str]:
    """Ironic's properties["capabilities"], "boot_mode:uefi,secure_boot:true", as a mapping; what is malformed is left out."""
    found = properties.get("capabilities")
    if isinstance(found, Mapping):
        return {str(name).strip(): str(value).strip() for name, value in found.items()}
    pairs = (part.partition(":") for part in str(found or "").split(","))
    return {name.strip(): value.strip() for name, separator, value in pairs if separator and name.strip()}
