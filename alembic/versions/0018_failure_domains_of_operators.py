# SPDX-License-Identifier: Apache-2.0
"""The failure domain that an operator sets. An older release does not know it: its inventory writes what Ironic says beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column."""
    op.add_column("nodes", sa.Column("failure_domain_set", sa.String(255), nullable=True))
