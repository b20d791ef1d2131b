# SPDX-License-Identifier: Apache-2.0
"""What operators tell tenants of a flavor's machines. An older release neither writes nor shows it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column."""
    op.add_column("flavors", sa.Column("facts", sa.JSON(), nullable=True))
