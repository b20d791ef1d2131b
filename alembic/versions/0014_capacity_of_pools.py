# SPDX-License-Identifier: Apache-2.0
"""The last count of each pool, its counts hour by hour, and when too few nodes are free. An older release counts nothing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.String(36)
TIME = sa.Double().with_variant(mysql.DOUBLE(asdecimal=False), "mysql", "mariadb")
OPTIONS = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
ON_MYSQL = {f"{dialect}_{name}": value for dialect in ("mysql", "mariadb") for name, value in OPTIONS.items()}


def upgrade() -> None:
    """Two tables, one column."""
    op.create_table(
        "pool_capacity",
        sa.Column("pool_id", ID, nullable=False),
        sa.Column("as_of", TIME, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("free", sa.Integer(), nullable=False),
        sa.Column("classes", sa.JSON(), nullable=False),
        sa.Column("domains", sa.JSON(), nullable=False),
        sa.Column("low", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["pool_id"], ["pools.id"], name="pool_capacity_pool_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("pool_id", name="pool_capacity_pk"),
        **ON_MYSQL,
    )
    op.create_table(
        "pool_capacity_hours",
        sa.Column("pool_id", ID, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("free", sa.Integer(), nullable=False),
        sa.Column("states", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["pool_id"], ["pools.id"], name="pool_capacity_hours_pool_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("pool_id", "hour", name="pool_capacity_hours_pk"),
        **ON_MYSQL,
    )
    op.add_column("pools", sa.Column("free_below", sa.String(16), nullable=True))
