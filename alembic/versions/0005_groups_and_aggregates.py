# SPDX-License-Identifier: Apache-2.0
"""Server groups, and aggregates as a view on tags. An older release knows nothing of them and needs nothing of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.String(36)
NAME = sa.String(255)
TIME = sa.Double().with_variant(mysql.DOUBLE(asdecimal=False), "mysql", "mariadb")
OPTIONS = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
ON_MYSQL = {f"{dialect}_{name}": value for dialect in ("mysql", "mariadb") for name, value in OPTIONS.items()}


def upgrade() -> None:
    """One column, three tables."""
    op.add_column("nodes", sa.Column("affinity_zone", NAME, nullable=True))
    op.create_table(
        "server_groups",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("project_id", NAME, nullable=False),
        sa.Column("user_id", NAME, nullable=False),
        sa.Column("policy", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="server_groups_pk"),
        **ON_MYSQL,
    )
    op.create_index("server_groups_by_project_id", "server_groups", ["project_id"])
    op.create_table(
        "server_group_members",
        sa.Column("server_id", ID, nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["server_id"], ["servers.id"], name="server_group_members_server_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["group_id"], ["server_groups.id"], name="server_group_members_group_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("server_id", name="server_group_members_pk"),
        **ON_MYSQL,
    )
    op.create_index("server_group_members_by_group_id", "server_group_members", ["group_id"])
    op.create_table(
        "aggregates",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="aggregates_pk"),
        sa.UniqueConstraint("name", name="aggregates_one_name"),
        **ON_MYSQL,
    )
