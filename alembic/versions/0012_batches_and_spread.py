# SPDX-License-Identifier: Apache-2.0
"""Batches, spread of groups by level, where a node was claimed from. An older release claims each server of a batch by itself."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.String(36)
TIME = sa.Double().with_variant(mysql.DOUBLE(asdecimal=False), "mysql", "mariadb")
OPTIONS = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
ON_MYSQL = {f"{dialect}_{name}": value for dialect in ("mysql", "mariadb") for name, value in OPTIONS.items()}


def upgrade() -> None:
    """One table, six columns, three indexes."""
    op.create_table(
        "batches",
        sa.Column("id", ID, nullable=False),
        sa.Column("least", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("decided", sa.Boolean(), nullable=False),
        sa.Column("explanation", sa.JSON(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="batches_pk"),
        **ON_MYSQL,
    )
    op.add_column("claims", sa.Column("pool_id", ID, nullable=True))
    op.add_column("operations", sa.Column("placement", sa.JSON(), nullable=True))
    op.add_column("server_groups", sa.Column("level", sa.String(255), nullable=True))
    op.add_column("server_groups", sa.Column("depth", sa.Integer(), nullable=True))
    op.add_column("server_groups", sa.Column("max_per_domain", sa.Integer(), server_default="1", nullable=False))
    op.add_column("servers", sa.Column("batch_id", ID, nullable=True))
    op.create_index("servers_by_batch_id", "servers", ["batch_id"])
    op.create_index("nodes_by_failure_domain", "nodes", ["failure_domain"])
    op.create_index("nodes_by_affinity_zone", "nodes", ["affinity_zone"])
