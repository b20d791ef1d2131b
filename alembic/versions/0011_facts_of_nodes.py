# SPDX-License-Identifier: Apache-2.0
"""Facts of Ironic on nodes, and as terms for filters. An older release leaves them; "db online-data-migrations" writes them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NAME = sa.String(255)
OPTIONS = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
ON_MYSQL = {f"{dialect}_{name}": value for dialect in ("mysql", "mariadb") for name, value in OPTIONS.items()}


def upgrade() -> None:
    """Five columns, one table; pools are rebuilt once, since expressions may name facts."""
    for name in ("owner", "lessee", "shard", "fault"):
        op.add_column("nodes", sa.Column(name, NAME, nullable=True))
    op.add_column("nodes", sa.Column("conductor_group", NAME, server_default="", nullable=False))
    op.create_table(
        "node_facts",
        sa.Column("term", NAME, nullable=False),
        sa.Column("node_id", sa.String(36), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name="node_facts_node_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("term", "node_id", name="node_facts_pk"),
        **ON_MYSQL,
    )
    op.create_index("node_facts_by_node_id", "node_facts", ["node_id"])
    pools = sa.table("pools", sa.column("generation", sa.Integer()))
    nodes = sa.table("nodes", sa.column("id"))
    op.execute(sa.update(pools).values(generation=pools.c.generation + 1).where(sa.exists(sa.select(nodes.c.id))))
