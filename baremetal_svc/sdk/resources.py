# SPDX-License-Identifier: Apache-2.0
"""What the API shows, as openstacksdk's resources. Fields that a microversion or a role does not show are None."""

from typing import Any

from openstack import resource
from openstack.resource import Body, QueryParameters

#: The newest minor version whose answers these resources know; the highest one that both sides speak is asked for.
MICROVERSION = "1.6"
FINAL = frozenset({"done", "failed", "cancelled"})


class _Versioned(resource.Resource):
    # The id is declared in each class: openstacksdk does not look for alternate ids in parents.
    _max_microversion = MICROVERSION

    created_at: str = Body("created_at")
    updated_at: str = Body("updated_at")


class Server(_Versioned):
    """A server; ``operation_id`` is set on what create_server answers."""

    resources_key = "servers"
    base_path = "/servers"
    allow_fetch = True
    allow_list = True
    _query_mapping = QueryParameters(
        "name", "status", "sort_key", "sort_dir", "tags", "ip", all_projects="all_tenants", flavor_id="flavor_uuid", image_id="image_uuid"
    )

    id: str = Body("uuid", alternate_id=True)
    description: str = Body("description")
    status: str = Body("status")
    power_state: str = Body("power_state")
    flavor_id: str = Body("flavor_uuid")
    image_id: str = Body("image_uuid")
    #: network id -> [{"addr", "type"}]
    addresses: dict[str, Any] = Body("addresses", type=dict)
    metadata: dict[str, Any] = Body("metadata", type=dict)
    partitions: dict[str, Any] = Body("partitions", type=dict)
    key_name: str = Body("key_name")
    availability_zone: str = Body("availability_zone")
    tags: list[str] = Body("tags", type=list)
    reservation_id: str | None = Body("reservation_uuid")
    is_locked: bool = Body("locked", type=bool)
    project_id: str = Body("project_id")
    user_id: str = Body("user_id")
    launched_at: str = Body("launched_at")
    #: why it is in status error
    fault: dict[str, Any] = Body("fault", type=dict)
    #: name of its machine, for operators
    node: str = Body("node")
    #: what create_server makes of a header
    operation_id: str = Body("operation_id")


class Operation(_Versioned):
    """What was asked and how far it is; ``seq`` grows with every event."""

    resources_key = "operations"
    base_path = "/operations"
    allow_fetch = True
    allow_list = True
    _query_mapping = QueryParameters("state", server_id="server_uuid")

    id: str = Body("uuid", alternate_id=True)
    kind: str = Body("kind")
    target_id: str = Body("target_uuid")
    state: str = Body("state")
    #: why it waits
    reason: str = Body("reason")
    #: code, message and hint
    error: dict[str, Any] = Body("error", type=dict)
    seq: int = Body("seq", type=int)
    attempts: int = Body("attempts", type=int)
    is_cancel_requested: bool = Body("cancel_requested", type=bool)
    #: name, state, attempts, started_at, ended_at and seq of each; not in lists
    steps: list[dict[str, Any]] = Body("steps", type=list)
    faults: list[dict[str, Any]] = Body("faults", type=list)
    #: why too few machines fitted ("explanation"); for operators also where the machine came from
    placement: dict[str, Any] = Body("placement", type=dict)
    project_id: str = Body("project_id")
    request_id: str = Body("request_id")
    ended_at: str = Body("ended_at")
    deadline_at: str = Body("deadline_at")

    @property
    def is_final(self) -> bool:
        """Done, failed or cancelled: nothing more comes."""
        return self.state in FINAL


class Flavor(_Versioned):
    """What a server can be; what it takes and from where is for operators."""

    resources_key = "flavors"
    base_path = "/flavors"
    allow_fetch = True
    allow_list = True

    id: str = Body("uuid", alternate_id=True)
    description: str = Body("description")
    is_public: bool = Body("is_public", type=bool)
    is_disabled: bool = Body("disabled", type=bool)
    resources: dict[str, Any] = Body("resources", type=dict)
    resource_aggregates: dict[str, Any] = Body("resource_aggregates", type=dict)
    #: what the operator tells of the machines
    facts: dict[str, Any] = Body("facts", type=dict)
    #: the layout where a request of a partition image names none
    partitions: dict[str, Any] = Body("partitions", type=dict)
    #: property of an image -> the values of which it must have one
    image_properties: dict[str, Any] = Body("image_properties", type=dict)
    price: str | None = Body("price")
    #: bios or uefi; None: as the machine is
    boot_mode: str | None = Body("boot_mode")
    #: what is made of the disks before the image is written, as Ironic has it
    raid: dict[str, Any] = Body("raid", type=dict)
    #: trait that a machine must have -> "required", for operators
    resource_traits: dict[str, Any] = Body("resource_traits", type=dict)
    pools: list[str] = Body("pools", type=list)


class Node(_Versioned):
    """A machine, for operators."""

    resources_key = "nodes"
    base_path = "/nodes"
    allow_fetch = True
    allow_list = True

    id: str = Body("uuid", alternate_id=True)
    resource_class: str = Body("resource_class")
    provision_state: str = Body("provision_state")
    power_state: str = Body("power_state")
    is_maintenance: bool = Body("maintenance", type=bool)
    traits: list[str] = Body("traits", type=list)
    capabilities: dict[str, Any] = Body("capabilities", type=dict)
    owner: str = Body("owner")
    lessee: str = Body("lessee")
    conductor_group: str = Body("conductor_group")
    shard: str = Body("shard")
    is_retired: bool = Body("retired", type=bool)
    is_protected: bool = Body("protected", type=bool)
    #: ok, maintenance, or what Ironic calls the fault
    health: str = Body("health")
    failure_domain: str = Body("failure_domain")
    #: operator, properties or lldp; None: nobody says where it stands
    failure_domain_source: str | None = Body("failure_domain_source")
    tags: list[str] = Body("tags", type=list)
    pools: list[str] = Body("pools", type=list)
    is_offered: bool = Body("offered", type=bool)
    server_id: str = Body("server_uuid")
    observed_at: str = Body("observed_at")


class Pool(_Versioned):
    """Nodes with all of, any of and none of these tags, for operators."""

    resources_key = "pools"
    base_path = "/pools"
    allow_create = True
    allow_fetch = True
    allow_list = True
    allow_delete = True

    id: str = Body("uuid", alternate_id=True)
    description: str = Body("description")
    all_tags: list[str] = Body("all", type=list)
    any_tags: list[str] = Body("any", type=list)
    none_tags: list[str] = Body("none", type=list)
    #: ids of those that may draw on it; None: all
    projects: list[str] | None = Body("projects", type=list)
    #: an event tells when fewer are free: a number, or a part such as "10%"
    free_below: Any = Body("free_below")
    nodes: int = Body("nodes", type=int)
    is_rebuilding: bool = Body("rebuilding", type=bool)
    #: percent of the machines that a rebuild has looked at
    progress: int = Body("progress", type=int)


class ServerGroup(_Versioned):
    """Servers that stand in one failure domain, or each in one of its own."""

    resources_key = "server_groups"
    base_path = "/server_groups"
    allow_create = True
    allow_fetch = True
    allow_list = True
    allow_delete = True
    _query_mapping = QueryParameters(all_projects="all_tenants")

    id: str = Body("uuid", alternate_id=True)
    policies: list[str] = Body("policies", type=list)
    #: what counts as a failure domain; None: affinity zones
    level: str | None = Body("level")
    max_per_domain: int = Body("max_per_domain", type=int)
    #: ids of servers
    members: list[str] = Body("members", type=list)
    project_id: str = Body("project_id")
    user_id: str = Body("user_id")


class Reservation(_Versioned):
    """Machines of a flavor that are held for the project until a time."""

    resources_key = "reservations"
    base_path = "/reservations"
    allow_create = True
    allow_fetch = True
    allow_list = True
    allow_delete = True
    _query_mapping = QueryParameters("status", all_projects="all_tenants")

    id: str = Body("uuid", alternate_id=True)
    flavor_id: str = Body("flavor_uuid")
    availability_zone: str | None = Body("availability_zone")
    #: active or ended
    status: str = Body("status")
    count: int = Body("count", type=int)
    #: machines that have a server
    in_use: int = Body("in_use", type=int)
    #: machines that a server could get now
    ready: int = Body("ready", type=int)
    until: str = Body("until")
    ended_at: str | None = Body("ended_at")
    #: {"uuid", "name"}, for operators
    nodes: list[dict[str, Any]] = Body("nodes", type=list)
    project_id: str = Body("project_id")
    user_id: str = Body("user_id")


class Aggregate(_Versioned):
    """Machines with tags in common, for operators."""

    resources_key = "aggregates"
    base_path = "/aggregates"
    allow_create = True
    allow_fetch = True
    allow_list = True
    allow_delete = True

    id: str = Body("uuid", alternate_id=True)
    metadata: dict[str, Any] = Body("metadata", type=dict)


class KeyPair(resource.Resource):
    """An SSH key pair, named and not numbered; ``private_key`` only in the answer that made it."""

    _max_microversion = MICROVERSION
    resources_key = "keypairs"
    base_path = "/keypairs"
    allow_create = True
    allow_fetch = True
    allow_list = True
    allow_delete = True
    _query_mapping = QueryParameters("user_id")

    name: str = Body("name", alternate_id=True)
    user_id: str = Body("user_id")
    type: str = Body("type")
    fingerprint: str = Body("fingerprint")
    public_key: str = Body("public_key")
    private_key: str = Body("private_key")
    created_at: str = Body("created_at")
