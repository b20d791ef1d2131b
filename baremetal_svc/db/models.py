# SPDX-License-Identifier: Apache-2.0
"""Every table. Times are seconds since the epoch by the database's clock (see db.clock); ids are UUIDs as text."""

from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, MetaData, String, Table, Text, UniqueConstraint
from sqlalchemy.dialects.mysql import DOUBLE, LONGTEXT
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import Double, TypeEngine

Id = String(36)
Name = String(255)
Time: TypeEngine[float] = Double().with_variant(DOUBLE(asdecimal=False), "mysql")
Long: TypeEngine[str] = Text().with_variant(LONGTEXT, "mysql")

# Binary: ids and names are compared as they are.
ON_MYSQL = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}

# Every constraint has a name that migrations can say, the same on each database.
NAMES = {
    "ix": "%(table_name)s_by_%(column_0_N_name)s",
    "uq": "%(table_name)s_one_%(column_0_N_name)s",
    "fk": "%(table_name)s_%(column_0_N_name)s_fk",
    "pk": "%(table_name)s_pk",
}


class Model(DeclarativeBase):
    """Declarative root; statements are made with Core on the tables. A class with its own __table_args__ ends them with ON_MYSQL."""

    metadata = MetaData(naming_convention=NAMES)
    __table_args__: Any = ON_MYSQL

    if TYPE_CHECKING:
        # Of every model it is a table, which insert() and update() want.
        __table__: ClassVar[Table]


class Flavor(Model):
    """What a tenant may ask for: a resource class, out of pools in order of preference (empty: the pool "default")."""

    __tablename__ = "flavors"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Name, unique=True)
    description: Mapped[str] = mapped_column(Text)
    is_public: Mapped[bool] = mapped_column(Boolean)
    disabled: Mapped[bool] = mapped_column(Boolean)
    resources: Mapped[dict[str, Any]] = mapped_column(JSON)
    resource_aggregates: Mapped[dict[str, Any]] = mapped_column(JSON)
    resource_class: Mapped[str] = mapped_column(Name)
    pools: Mapped[list[str]] = mapped_column(JSON)
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    partitions: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    image_properties: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    price: Mapped[str | None] = mapped_column(String(64))
    resource_traits: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    boot_mode: Mapped[str | None] = mapped_column(String(8))
    raid: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[float] = mapped_column(Time)
    updated_at: Mapped[float | None] = mapped_column(Time)


class FlavorProject(Model):
    """A project that may use a flavor that is not public."""

    __tablename__ = "flavor_projects"
    flavor_id: Mapped[str] = mapped_column(Id, ForeignKey("flavors.id"), primary_key=True)
    project_id: Mapped[str] = mapped_column(Name, primary_key=True, index=True)


class Pool(Model):
    """A named tag expression over nodes, open to some projects or (None) to all.

    Its members are being rebuilt while rebuilt_generation is below generation: nodes up to the id rebuilt_up_to are done.
    """

    __tablename__ = "pools"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Name, unique=True)
    description: Mapped[str] = mapped_column(Text)
    all_of: Mapped[list[str]] = mapped_column(JSON)
    any_of: Mapped[list[str]] = mapped_column(JSON)
    none_of: Mapped[list[str]] = mapped_column(JSON)
    projects: Mapped[list[str] | None] = mapped_column(JSON)
    generation: Mapped[int] = mapped_column(Integer, server_default="0")
    rebuilt_generation: Mapped[int] = mapped_column(Integer, server_default="0")
    rebuilt_up_to: Mapped[str] = mapped_column(Id, server_default="")
    free_below: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[float] = mapped_column(Time)
    updated_at: Mapped[float | None] = mapped_column(Time)


class PoolCapacity(Model):
    """What a pool's nodes were doing when they were last counted, by class and failure domain; ``low``: too few were free."""

    __tablename__ = "pool_capacity"
    pool_id: Mapped[str] = mapped_column(Id, ForeignKey("pools.id", ondelete="CASCADE"), primary_key=True)
    as_of: Mapped[float] = mapped_column(Time)
    total: Mapped[int] = mapped_column(Integer)
    free: Mapped[int] = mapped_column(Integer)
    classes: Mapped[dict[str, Any]] = mapped_column(JSON)
    domains: Mapped[dict[str, Any]] = mapped_column(JSON)
    low: Mapped[bool] = mapped_column(Boolean)


class PoolCapacityHour(Model):
    """The first count of a pool's nodes in an hour; ``hour`` is that of the epoch."""

    __tablename__ = "pool_capacity_hours"
    pool_id: Mapped[str] = mapped_column(Id, ForeignKey("pools.id", ondelete="CASCADE"), primary_key=True)
    hour: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    total: Mapped[int] = mapped_column(Integer)
    free: Mapped[int] = mapped_column(Integer)
    states: Mapped[dict[str, Any]] = mapped_column(JSON)


class Node(Model):
    """A machine as Ironic's last bulk listing showed it, and what we add to it.

    ``failure_domain`` is the one that counts: an operator's (``failure_domain_set``), or what Ironic says.
    """

    __tablename__ = "nodes"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str | None] = mapped_column(Name, index=True)
    resource_class: Mapped[str | None] = mapped_column(Name)
    provision_state: Mapped[str] = mapped_column(Name)
    power_state: Mapped[str | None] = mapped_column(Name)
    target_power_state: Mapped[str | None] = mapped_column(Name)
    instance_id: Mapped[str | None] = mapped_column(Id)
    maintenance: Mapped[bool] = mapped_column(Boolean)
    retired: Mapped[bool] = mapped_column(Boolean)
    protected: Mapped[bool] = mapped_column(Boolean)
    last_error: Mapped[str | None] = mapped_column(Text)
    traits: Mapped[list[str]] = mapped_column(JSON)
    properties: Mapped[dict[str, Any]] = mapped_column(JSON)
    ports: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    owner: Mapped[str | None] = mapped_column(Name)
    lessee: Mapped[str | None] = mapped_column(Name)
    conductor_group: Mapped[str] = mapped_column(Name, server_default="")
    shard: Mapped[str | None] = mapped_column(Name)
    fault: Mapped[str | None] = mapped_column(Name)
    failure_domain: Mapped[str] = mapped_column(Name, index=True)
    failure_domain_set: Mapped[str | None] = mapped_column(Name)
    affinity_zone: Mapped[str | None] = mapped_column(Name, index=True)
    gone: Mapped[bool] = mapped_column(Boolean)
    settled: Mapped[bool] = mapped_column(Boolean)
    hold_until: Mapped[float] = mapped_column(Time)
    observed_at: Mapped[float] = mapped_column(Time)
    released_at: Mapped[float | None] = mapped_column(Time)
    claims_ended: Mapped[int] = mapped_column(Integer, server_default="0")
    created_at: Mapped[float] = mapped_column(Time)
    updated_at: Mapped[float | None] = mapped_column(Time)


class NodeTag(Model):
    """A tag of ours on a node: the source of pool membership."""

    __tablename__ = "node_tags"
    tag: Mapped[str] = mapped_column(Name, primary_key=True)
    node_id: Mapped[str] = mapped_column(Id, ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True, index=True)


class NodeFact(Model):
    """A fact of a node as a term of expressions, see domain.facts: materialised with membership, for filters."""

    __tablename__ = "node_facts"
    term: Mapped[str] = mapped_column(Name, primary_key=True)
    node_id: Mapped[str] = mapped_column(Id, ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True, index=True)


class NodeTagChange(Model):
    """A tag that somebody put on a node or took off; kept until it is purged."""

    __tablename__ = "node_tag_changes"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    node_id: Mapped[str] = mapped_column(Id, ForeignKey("nodes.id", ondelete="CASCADE"))
    tag: Mapped[str] = mapped_column(Name)
    made: Mapped[str] = mapped_column(String(8))
    user_id: Mapped[str | None] = mapped_column(Name)
    request_id: Mapped[str | None] = mapped_column(Name)
    made_at: Mapped[float] = mapped_column(Time, index=True)
    __table_args__ = (Index("node_tag_changes_by_node", "node_id", "made_at", "id"), ON_MYSQL)


class PoolMember(Model):
    """Materialised membership: recomputed with a node's tags or a pool's expression."""

    __tablename__ = "pool_members"
    pool_id: Mapped[str] = mapped_column(Id, ForeignKey("pools.id", ondelete="CASCADE"), primary_key=True)
    node_id: Mapped[str] = mapped_column(Id, ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True, index=True)


class Offer(Model):
    """A node that can be claimed now, clustered in the order of the claim."""

    __tablename__ = "offers"
    pool_id: Mapped[str] = mapped_column(Id, ForeignKey("pools.id", ondelete="CASCADE"), primary_key=True)
    resource_class: Mapped[str] = mapped_column(Name, primary_key=True)
    rank: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    rnd: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    node_id: Mapped[str] = mapped_column(Id, ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True, index=True)


class Server(Model):
    """The tenant's server. Hard-deleted when its tear-down is over; its operations stay."""

    __tablename__ = "servers"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    project_id: Mapped[str] = mapped_column(Name)
    user_id: Mapped[str] = mapped_column(Name)
    name: Mapped[str] = mapped_column(Name)
    description: Mapped[str | None] = mapped_column(Name)
    status: Mapped[str] = mapped_column(String(32))
    power_state: Mapped[str | None] = mapped_column(String(32))
    flavor_id: Mapped[str] = mapped_column(Id, ForeignKey("flavors.id"), index=True)
    image_id: Mapped[str] = mapped_column(Id)
    node_id: Mapped[str | None] = mapped_column(Id, index=True)
    availability_zone: Mapped[str | None] = mapped_column(Name)
    key_name: Mapped[str | None] = mapped_column(Name)
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    partitions: Mapped[dict[str, Any]] = mapped_column(JSON)
    setup: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    locked_by: Mapped[str | None] = mapped_column(String(8))
    adopted: Mapped[bool] = mapped_column(Boolean, server_default=sa.false())
    batch_id: Mapped[str | None] = mapped_column(Id, index=True)
    reservation_id: Mapped[str | None] = mapped_column(Id, index=True)
    launched_at: Mapped[float | None] = mapped_column(Time)
    created_at: Mapped[float] = mapped_column(Time)
    updated_at: Mapped[float | None] = mapped_column(Time)
    __table_args__ = (Index("servers_by_project", "project_id", "created_at", "id"), ON_MYSQL)


class Batch(Model):
    """Servers of one request that get nodes together or not at all; ``version`` is raised by each that claims, so that they queue."""

    __tablename__ = "batches"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    least: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    decided: Mapped[bool] = mapped_column(Boolean)
    explanation: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[float] = mapped_column(Time)


class Reservation(Model):
    """So many machines of a flavor that are held for a project until a time; ``wanted`` is what the flavor said when it was made."""

    __tablename__ = "reservations"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    project_id: Mapped[str] = mapped_column(Name, index=True)
    user_id: Mapped[str] = mapped_column(Name)
    name: Mapped[str] = mapped_column(Name)
    flavor_id: Mapped[str] = mapped_column(Id, index=True)
    resource_class: Mapped[str] = mapped_column(Name)
    availability_zone: Mapped[str | None] = mapped_column(Name)
    wanted: Mapped[dict[str, Any]] = mapped_column(JSON)
    count: Mapped[int] = mapped_column(Integer)
    until: Mapped[float] = mapped_column(Time)
    created_at: Mapped[float] = mapped_column(Time)
    ended_at: Mapped[float | None] = mapped_column(Time)
    short: Mapped[bool] = mapped_column(Boolean)
    __table_args__ = (Index("reservations_by_end", "ended_at", "until"), ON_MYSQL)


class ReservedNode(Model):
    """A node of a reservation, out of one of its flavor's pools. It is on offer to nobody; the row stays while a server uses the node.

    ``fits``: it still has what the flavor asked for; kept with the node's offers.
    """

    __tablename__ = "reserved_nodes"
    node_id: Mapped[str] = mapped_column(Id, ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True)
    reservation_id: Mapped[str] = mapped_column(Id, ForeignKey("reservations.id", ondelete="CASCADE"), index=True)
    pool_id: Mapped[str] = mapped_column(Id, index=True)
    fits: Mapped[bool] = mapped_column(Boolean)


class ServerGroup(Model):
    """Servers of a project that stand together or apart; ``version`` is raised by each member's claim, so that they queue."""

    __tablename__ = "server_groups"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Name)
    project_id: Mapped[str] = mapped_column(Name, index=True)
    user_id: Mapped[str] = mapped_column(Name)
    policy: Mapped[str] = mapped_column(String(32))
    level: Mapped[str | None] = mapped_column(Name)
    depth: Mapped[int | None] = mapped_column(Integer)
    max_per_domain: Mapped[int] = mapped_column(Integer, server_default="1")
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[float] = mapped_column(Time)


class GroupMember(Model):
    """A server of a group: it joins when it is created and leaves when it is deleted."""

    __tablename__ = "server_group_members"
    server_id: Mapped[str] = mapped_column(Id, ForeignKey("servers.id", ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[str] = mapped_column(Id, ForeignKey("server_groups.id", ondelete="CASCADE"), index=True)


class Aggregate(Model):
    """A named set of nodes with metadata, as Mogan had them: a view on tags, which its nodes carry."""

    __tablename__ = "aggregates"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Name, unique=True)
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    created_at: Mapped[float] = mapped_column(Time)
    updated_at: Mapped[float | None] = mapped_column(Time)


class Nic(Model):
    """A network connection of a server: what was asked, and the port that serves it."""

    __tablename__ = "nics"
    server_id: Mapped[str] = mapped_column(Id, ForeignKey("servers.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column("nic_index", Integer, primary_key=True, autoincrement=False)
    network_id: Mapped[str | None] = mapped_column(Id)
    requested_port_id: Mapped[str | None] = mapped_column(Id, index=True)
    port_id: Mapped[str | None] = mapped_column(Id, index=True)
    mac_address: Mapped[str | None] = mapped_column(String(32))
    fixed_ips: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    floating_ip: Mapped[str | None] = mapped_column(String(64))
    detaching: Mapped[bool] = mapped_column(Boolean, server_default=sa.false())


class Address(Model):
    """A fixed IP of a NIC once more, where servers are found by it."""

    __tablename__ = "addresses"
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    server_id: Mapped[str] = mapped_column(Id, ForeignKey("servers.id", ondelete="CASCADE"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column("nic_index", Integer, primary_key=True, autoincrement=False)


class ServerTag(Model):
    """A tag that its users put on a server."""

    __tablename__ = "server_tags"
    server_id: Mapped[str] = mapped_column(Id, ForeignKey("servers.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(80), primary_key=True, index=True)


class Claim(Model):
    """Who holds a node: live for a server, or releasing until its release operation has ended."""

    __tablename__ = "claims"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    node_id: Mapped[str] = mapped_column(Id, ForeignKey("nodes.id"))
    server_id: Mapped[str] = mapped_column(Id, index=True)
    project_id: Mapped[str] = mapped_column(Name, index=True)
    state: Mapped[str] = mapped_column(String(16))
    generation: Mapped[int] = mapped_column(Integer)
    live_server: Mapped[str | None] = mapped_column(Id, unique=True)
    held_node: Mapped[str | None] = mapped_column(Id, unique=True)
    torn_down_at: Mapped[float | None] = mapped_column(Time)
    pool_id: Mapped[str | None] = mapped_column(Id)
    created_at: Mapped[float] = mapped_column(Time)


class Operation(Model):
    """What was asked, who does it and how far it is: the outbox, the lease and the fence in one row."""

    __tablename__ = "operations"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    shape: Mapped[int] = mapped_column(Integer)
    target_id: Mapped[str] = mapped_column(Id, index=True)
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16))
    live_server: Mapped[str | None] = mapped_column(Id, unique=True)
    live_delete: Mapped[str | None] = mapped_column(Id, unique=True)
    live_release: Mapped[str | None] = mapped_column(Id, unique=True)
    blocked_by: Mapped[str | None] = mapped_column(Id, index=True)
    owner: Mapped[str | None] = mapped_column(Name)
    generation: Mapped[int] = mapped_column(Integer)
    lease_until: Mapped[float | None] = mapped_column(Time)
    wake_at: Mapped[float | None] = mapped_column(Time)
    wait_node: Mapped[str | None] = mapped_column(Id, index=True)
    wait_for: Mapped[str | None] = mapped_column(String(16))
    wait_since: Mapped[float | None] = mapped_column(Time)
    reason: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer)
    cancel_requested: Mapped[bool] = mapped_column(Boolean)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    placement: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    seq: Mapped[int] = mapped_column(Integer)
    request_id: Mapped[str | None] = mapped_column(Name)
    user_id: Mapped[str | None] = mapped_column(Name)
    project_id: Mapped[str | None] = mapped_column(Name)
    created_at: Mapped[float] = mapped_column(Time)
    updated_at: Mapped[float] = mapped_column(Time)
    ended_at: Mapped[float | None] = mapped_column(Time)
    deadline_at: Mapped[float | None] = mapped_column(Time)
    __table_args__ = (
        Index("operations_due", "state", "wake_at"),
        Index("operations_leased", "state", "lease_until"),
        Index("operations_by_project", "project_id", "created_at", "id"),
        ON_MYSQL,
    )


class Step(Model):
    """A step of an operation, derived from the flow's atom in the transaction that saves it."""

    __tablename__ = "steps"
    operation_id: Mapped[str] = mapped_column(Id, ForeignKey("operations.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[float | None] = mapped_column(Time)
    ended_at: Mapped[float | None] = mapped_column(Time)
    seq: Mapped[int] = mapped_column(Integer)


class Secret(Model):
    """User data and keys on their way from the API to the conductor: encrypted, deleted at the final state."""

    __tablename__ = "secrets"
    operation_id: Mapped[str] = mapped_column(Id, ForeignKey("operations.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    ciphertext: Mapped[str] = mapped_column(Long)


class Duty(Model):
    """What one conductor does for all: a named lease."""

    __tablename__ = "duties"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str | None] = mapped_column(Name)
    generation: Mapped[int] = mapped_column(Integer)
    lease_until: Mapped[float] = mapped_column(Time)


class Fault(Model):
    """Something that went wrong with a server or a node; open until cleared_at is set."""

    __tablename__ = "faults"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    target_kind: Mapped[str] = mapped_column(String(16))
    target_id: Mapped[str] = mapped_column(Id)
    operation_id: Mapped[str | None] = mapped_column(Id, index=True)
    code: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Time)
    cleared_at: Mapped[float | None] = mapped_column(Time)
    __table_args__ = (Index("faults_by_target", "target_id", "cleared_at"), ON_MYSQL)


class KeyPair(Model):
    """The public half of a user's key pair."""

    __tablename__ = "key_pairs"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(Name)
    name: Mapped[str] = mapped_column(Name)
    type: Mapped[str] = mapped_column(String(8))
    fingerprint: Mapped[str] = mapped_column(String(64))
    public_key: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Time)
    __table_args__ = (UniqueConstraint("user_id", "name", name="one_key_pair_per_name"), ON_MYSQL)


class IdempotencyKey(Model):
    """What a POST with an Idempotency-Key made, so that a replay makes nothing."""

    __tablename__ = "idempotency_keys"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    project_id: Mapped[str] = mapped_column(Name)
    key: Mapped[str] = mapped_column("idempotency_key", Name)
    fingerprint: Mapped[str] = mapped_column(String(64))
    resource_id: Mapped[str] = mapped_column(Id)
    created_at: Mapped[float] = mapped_column(Time)
    __table_args__ = (UniqueConstraint("project_id", "idempotency_key", name="one_answer_per_key"), ON_MYSQL)


class Quota(Model):
    """A limit that operators set for a project; negative: unlimited. What has no row has the configured default."""

    __tablename__ = "quotas"
    project_id: Mapped[str] = mapped_column(Name, primary_key=True)
    resource: Mapped[str] = mapped_column(String(64), primary_key=True)
    limit: Mapped[int] = mapped_column("hard_limit", Integer)


class QuotaLock(Model):
    """Whoever checks a limit of a project or a user raises the version first, so that such transactions queue. It holds no usage."""

    __tablename__ = "quota_locks"
    scope: Mapped[str] = mapped_column(String(300), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
