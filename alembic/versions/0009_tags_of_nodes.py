# SPDX-License-Identifier: Apache-2.0
"""Who changed which tag of a node, and when. An older release neither writes nor reads it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.String(36)
NAME = sa.String(255)
TIME = sa.Double().with_variant(mysql.DOUBLE(asdecimal=False), "mysql", "mariadb")
OPTIONS = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
ON_MYSQL = {f"{dialect}_{name}": value for dialect in ("mysql", "mariadb") for name, value in OPTIONS.items()}


def upgrade() -> None:
    """One table."""
    op.create_table(
        "node_tag_changes",
        sa.Column("id", ID, nullable=False),
        sa.Column("node_id", ID, nullable=False),
        sa.Column("tag", NAME, nullable=False),
        sa.Column("made", sa.String(8), nullable=False),
        sa.Column("user_id", NAME, nullable=True),
        sa.Column("request_id", NAME, nullable=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name="node_tag_changes_node_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="node_tag_changes_pk"),
        **ON_MYSQL,
    )
    op.create_index("node_tag_changes_by_made_at", "node_tag_changes", ["made_at"])
    op.create_index("node_tag_changes_by_node", "node_tag_changes", ["node_id", "made_at", "id"])
