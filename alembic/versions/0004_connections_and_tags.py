# SPDX-License-Identifier: Apache-2.0
"""What is known of NICs beside their ports, addresses that servers are found by, and tags of servers.

An older release writes NICs without them: its servers are not found by address until one of this release records them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.String(36)
OPTIONS = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
ON_MYSQL = {f"{dialect}_{name}": value for dialect in ("mysql", "mariadb") for name, value in OPTIONS.items()}


def upgrade() -> None:
    """Two columns, two tables."""
    op.add_column("nics", sa.Column("floating_ip", sa.String(64), nullable=True))
    op.add_column("nics", sa.Column("detaching", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "addresses",
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("server_id", ID, nullable=False),
        sa.Column("nic_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["server_id"], ["servers.id"], name="addresses_server_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("address", "server_id", "nic_index", name="addresses_pk"),
        **ON_MYSQL,
    )
    op.create_index("addresses_by_server_id", "addresses", ["server_id"])
    op.create_table(
        "server_tags",
        sa.Column("server_id", ID, nullable=False),
        sa.Column("tag", sa.String(80), nullable=False),
        sa.ForeignKeyConstraint(["server_id"], ["servers.id"], name="server_tags_server_id_fk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("server_id", "tag", name="server_tags_pk"),
        **ON_MYSQL,
    )
    op.create_index("server_tags_by_tag", "server_tags", ["tag"])
