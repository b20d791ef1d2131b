# SPDX-License-Identifier: Apache-2.0
"""Traits, boot mode and RAID of flavors, and what of that a server was made with. An older release neither reads nor writes them."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four columns."""
    op.add_column("flavors", sa.Column("resource_traits", sa.JSON(), nullable=True))
    op.add_column("flavors", sa.Column("boot_mode", sa.String(8), nullable=True))
    op.add_column("flavors", sa.Column("raid", sa.JSON(), nullable=True))
    op.add_column("servers", sa.Column("setup", sa.JSON(), nullable=True))
