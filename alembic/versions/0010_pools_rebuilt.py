# SPDX-License-Identifier: Apache-2.0
"""Projects that may draw on a pool, and how far its members follow its expression. An older release opens pools to all projects."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four columns."""
    op.add_column("pools", sa.Column("projects", sa.JSON(), nullable=True))
    op.add_column("pools", sa.Column("generation", sa.Integer(), server_default="0", nullable=False))
    op.add_column("pools", sa.Column("rebuilt_generation", sa.Integer(), server_default="0", nullable=False))
    op.add_column("pools", sa.Column("rebuilt_up_to", sa.String(36), server_default="", nullable=False))
