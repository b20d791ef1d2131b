# SPDX-License-Identifier: Apache-2.0
"""Reservations, their nodes, and the servers that use them. An older release knows of none: reserve once all processes are new."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ID, NAME = sa.String(36), sa.String(255)
TIME = sa.Double().with_variant(mysql.DOUBLE(asdecimal=False), "mysql", "mariadb")
OPTIONS = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
ON_MYSQL = {f"{dialect}_{name}": value for dialect in ("mysql", "mariadb") for name, value in OPTIONS.items()}


def upgrade() -> None:
    """Two tables, a column, and an index by which claims of a project are counted."""
    op.create_table(
        "reservations",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", NAME, nullable=False),
        sa.Column("user_id", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("flavor_id", ID, nullable=False),
        sa.Column("resource_class", NAME, nullable=False),
        sa.Column("availability_zone", NAME, nullable=True),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("short", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="reservations_pk"),
        **ON_MYSQL,
    )
    op.create_index("reservations_by_end", "reservations", ["ended_at", "until"])
    op.create_index("reservations_by_flavor_id", "reservations", ["flavor_id"])
    op.create_index("reservations_by_project_id", "reservations", ["project_id"])
    op.create_table(
        "reserved_nodes",
        sa.Column("node_id", ID, nullable=False),
        sa.Column("reservation_id", ID, nullable=False),
        sa.Column("pool_id", ID, nullable=False),
        sa.Column("fits", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name="reserved_nodes_node_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["reservation_id"], ["reservations.id"], name="reserved_nodes_reservation_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("node_id", name="reserved_nodes_pk"),
        **ON_MYSQL,
    )
    op.create_index("reserved_nodes_by_pool_id", "reserved_nodes", ["pool_id"])
    op.create_index("reserved_nodes_by_reservation_id", "reserved_nodes", ["reservation_id"])
    op.create_index("claims_by_project_id", "claims", ["project_id"])
    op.add_column("servers", sa.Column("reservation_id", ID, nullable=True))
    op.create_index("servers_by_reservation_id", "servers", ["reservation_id"])
