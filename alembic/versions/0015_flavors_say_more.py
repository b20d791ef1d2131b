# SPDX-License-Identifier: Apache-2.0
"""Usual partitions, allowed images and the price of flavors. An older release neither reads nor writes them."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three columns."""
    op.add_column("flavors", sa.Column("partitions", sa.JSON(), nullable=True))
    op.add_column("flavors", sa.Column("image_properties", sa.JSON(), nullable=True))
    op.add_column("flavors", sa.Column("price", sa.String(64), nullable=True))
