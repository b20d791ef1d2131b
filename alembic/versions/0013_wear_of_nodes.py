# SPDX-License-Identifier: Apache-2.0
"""When a node was released last and how often, for weighers. An older release leaves both as they are."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TIME = sa.Double().with_variant(mysql.DOUBLE(asdecimal=False), "mysql", "mariadb")


def upgrade() -> None:
    """Two columns."""
    op.add_column("nodes", sa.Column("released_at", TIME, nullable=True))
    op.add_column("nodes", sa.Column("claims_ended", sa.Integer(), server_default="0", nullable=False))
