# SPDX-License-Identifier: Apache-2.0
"""The first tables, and the pool of every node.

Names of constraints are written out: a later migration must be able to say them, whatever the models' convention is by then.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.String(36)
NAME = sa.String(255)
TIME = sa.Double().with_variant(mysql.DOUBLE(asdecimal=False), "mysql", "mariadb")
LONG = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
OPTIONS = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
ON_MYSQL = {f"{dialect}_{name}": value for dialect in ("mysql", "mariadb") for name, value in OPTIONS.items()}
DEFAULT_POOL = "00000000-0000-4000-8000-000000000000"


def upgrade() -> None:
    """Parents before children."""
    create_catalogue()
    create_nodes()
    create_servers()
    create_operations()
    create_the_rest()
    insert_default_pool()


def create_catalogue() -> None:
    """What is asked for, and out of what."""
    op.create_table(
        "flavors",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("resources", sa.JSON(), nullable=False),
        sa.Column("resource_aggregates", sa.JSON(), nullable=False),
        sa.Column("resource_class", NAME, nullable=False),
        sa.Column("pools", sa.JSON(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME),
        sa.PrimaryKeyConstraint("id", name="flavors_pk"),
        sa.UniqueConstraint("name", name="flavors_one_name"),
        **ON_MYSQL,
    )
    op.create_table(
        "pools",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("all_of", sa.JSON(), nullable=False),
        sa.Column("any_of", sa.JSON(), nullable=False),
        sa.Column("none_of", sa.JSON(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pools_pk"),
        sa.UniqueConstraint("name", name="pools_one_name"),
        **ON_MYSQL,
    )


def create_nodes() -> None:
    """The machines, their tags, and what follows from those."""
    op.create_table(
        "nodes",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", NAME),
        sa.Column("resource_class", NAME),
        sa.Column("provision_state", NAME, nullable=False),
        sa.Column("power_state", NAME),
        sa.Column("target_power_state", NAME),
        sa.Column("instance_id", ID),
        sa.Column("maintenance", sa.Boolean(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("protected", sa.Boolean(), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("traits", sa.JSON(), nullable=False),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column("ports", sa.JSON(), nullable=False),
        sa.Column("failure_domain", NAME, nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("hold_until", TIME, nullable=False),
        sa.Column("observed_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME),
        sa.PrimaryKeyConstraint("id", name="nodes_pk"),
        **ON_MYSQL,
    )
    op.create_index("nodes_by_name", "nodes", ["name"])
    op.create_table(
        "node_tags",
        sa.Column("tag", NAME, nullable=False),
        sa.Column("node_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("tag", "node_id", name="node_tags_pk"),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name="node_tags_node_id_fk", ondelete="CASCADE"),
        **ON_MYSQL,
    )
    op.create_index("node_tags_by_node_id", "node_tags", ["node_id"])
    op.create_table(
        "pool_members",
        sa.Column("pool_id", ID, nullable=False),
        sa.Column("node_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("pool_id", "node_id", name="pool_members_pk"),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name="pool_members_node_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["pool_id"], ["pools.id"], name="pool_members_pool_id_fk", ondelete="CASCADE"),
        **ON_MYSQL,
    )
    op.create_index("pool_members_by_node_id", "pool_members", ["node_id"])
    op.create_table(
        "offers",
        sa.Column("pool_id", ID, nullable=False),
        sa.Column("resource_class", NAME, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("rnd", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("node_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("pool_id", "resource_class", "rank", "rnd", "node_id", name="offers_pk"),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name="offers_node_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["pool_id"], ["pools.id"], name="offers_pool_id_fk", ondelete="CASCADE"),
        **ON_MYSQL,
    )
    op.create_index("offers_by_node_id", "offers", ["node_id"])


def create_servers() -> None:
    """What tenants have, and who holds a machine."""
    op.create_table(
        "servers",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", NAME, nullable=False),
        sa.Column("user_id", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("description", NAME),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("power_state", sa.String(32)),
        sa.Column("flavor_id", ID, nullable=False),
        sa.Column("image_id", ID, nullable=False),
        sa.Column("node_id", ID),
        sa.Column("availability_zone", NAME),
        sa.Column("key_name", NAME),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("partitions", sa.JSON(), nullable=False),
        sa.Column("locked_by", sa.String(8)),
        sa.Column("launched_at", TIME),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME),
        sa.PrimaryKeyConstraint("id", name="servers_pk"),
        sa.ForeignKeyConstraint(["flavor_id"], ["flavors.id"], name="servers_flavor_id_fk"),
        **ON_MYSQL,
    )
    op.create_index("servers_by_flavor_id", "servers", ["flavor_id"])
    op.create_index("servers_by_node_id", "servers", ["node_id"])
    op.create_index("servers_by_project", "servers", ["project_id", "created_at", "id"])
    op.create_table(
        "nics",
        sa.Column("server_id", ID, nullable=False),
        sa.Column("nic_index", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("network_id", ID),
        sa.Column("requested_port_id", ID),
        sa.Column("port_id", ID),
        sa.Column("mac_address", sa.String(32)),
        sa.Column("fixed_ips", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("server_id", "nic_index", name="nics_pk"),
        sa.ForeignKeyConstraint(["server_id"], ["servers.id"], name="nics_server_id_fk", ondelete="CASCADE"),
        **ON_MYSQL,
    )
    op.create_index("nics_by_port_id", "nics", ["port_id"])
    op.create_table(
        "claims",
        sa.Column("id", ID, nullable=False),
        sa.Column("node_id", ID, nullable=False),
        sa.Column("server_id", ID, nullable=False),
        sa.Column("project_id", NAME, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("live_server", ID),
        sa.Column("held_node", ID),
        sa.Column("torn_down_at", TIME),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="claims_pk"),
        sa.UniqueConstraint("held_node", name="claims_one_held_node"),
        sa.UniqueConstraint("live_server", name="claims_one_live_server"),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name="claims_node_id_fk"),
        **ON_MYSQL,
    )
    op.create_index("claims_by_server_id", "claims", ["server_id"])


def create_operations() -> None:
    """What was asked, how far it is, and its secrets."""
    op.create_table(
        "operations",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("shape", sa.Integer(), nullable=False),
        sa.Column("target_id", ID, nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("live_server", ID),
        sa.Column("live_delete", ID),
        sa.Column("live_release", ID),
        sa.Column("blocked_by", ID),
        sa.Column("owner", NAME),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("lease_until", TIME),
        sa.Column("wake_at", TIME),
        sa.Column("wait_node", ID),
        sa.Column("wait_for", sa.String(16)),
        sa.Column("wait_since", TIME),
        sa.Column("reason", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("error", sa.JSON()),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("request_id", NAME),
        sa.Column("user_id", NAME),
        sa.Column("project_id", NAME),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("deadline_at", TIME),
        sa.PrimaryKeyConstraint("id", name="operations_pk"),
        sa.UniqueConstraint("live_delete", name="operations_one_live_delete"),
        sa.UniqueConstraint("live_release", name="operations_one_live_release"),
        sa.UniqueConstraint("live_server", name="operations_one_live_server"),
        **ON_MYSQL,
    )
    op.create_index("operations_by_blocked_by", "operations", ["blocked_by"])
    op.create_index("operations_by_project", "operations", ["project_id", "created_at", "id"])
    op.create_index("operations_by_target_id", "operations", ["target_id"])
    op.create_index("operations_by_wait_node", "operations", ["wait_node"])
    op.create_index("operations_due", "operations", ["state", "wake_at"])
    op.create_index("operations_leased", "operations", ["state", "lease_until"])
    op.create_table(
        "steps",
        sa.Column("operation_id", ID, nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("operation_id", "name", name="steps_pk"),
        sa.ForeignKeyConstraint(["operation_id"], ["operations.id"], name="steps_operation_id_fk", ondelete="CASCADE"),
        **ON_MYSQL,
    )
    op.create_table(
        "secrets",
        sa.Column("operation_id", ID, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("ciphertext", LONG, nullable=False),
        sa.PrimaryKeyConstraint("operation_id", "name", name="secrets_pk"),
        sa.ForeignKeyConstraint(["operation_id"], ["operations.id"], name="secrets_operation_id_fk", ondelete="CASCADE"),
        **ON_MYSQL,
    )


def create_the_rest() -> None:
    """Duties, faults, idempotency keys."""
    op.create_table(
        "duties",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("owner", NAME),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("lease_until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="duties_pk"),
        **ON_MYSQL,
    )
    op.create_table(
        "faults",
        sa.Column("id", ID, nullable=False),
        sa.Column("target_kind", sa.String(16), nullable=False),
        sa.Column("target_id", ID, nullable=False),
        sa.Column("operation_id", ID),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("cleared_at", TIME),
        sa.PrimaryKeyConstraint("id", name="faults_pk"),
        **ON_MYSQL,
    )
    op.create_index("faults_by_operation_id", "faults", ["operation_id"])
    op.create_index("faults_by_target", "faults", ["target_id", "cleared_at"])
    op.create_table(
        "idempotency_keys",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", NAME, nullable=False),
        sa.Column("idempotency_key", NAME, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("resource_id", ID, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="idempotency_keys_pk"),
        sa.UniqueConstraint("project_id", "idempotency_key", name="one_answer_per_key"),
        **ON_MYSQL,
    )


def insert_default_pool() -> None:
    """The pool "default": no expression, every node; for flavors that name none."""
    pools = sa.table(
        "pools",
        *[sa.column(name, sa.String()) for name in ("id", "name", "description")],
        *[sa.column(name, sa.JSON()) for name in ("all_of", "any_of", "none_of")],
        sa.column("created_at", TIME),
    )
    values = {"id": DEFAULT_POOL, "name": "default", "description": "Every node.", "all_of": [], "any_of": [], "none_of": []}
    op.execute(pools.insert().values(created_at=_epoch(), **values))


def _epoch() -> sa.ColumnElement[float]:
    """The database's clock, written out: a migration must not change when the code does."""
    return {
        "sqlite": sa.literal_column("((julianday('now') - 2440587.5) * 86400.0)"),
        "postgresql": sa.literal_column("EXTRACT(EPOCH FROM clock_timestamp())"),
    }.get(op.get_bind().dialect.name, sa.literal_column("(UNIX_TIMESTAMP(SYSDATE(6)) + 0e0)"))
