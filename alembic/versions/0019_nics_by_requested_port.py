# SPDX-License-Identifier: Apache-2.0
"""An index on the ports that servers were asked for with: a second request for one of them is refused. An older release does without."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index."""
    op.create_index("nics_by_requested_port_id", "nics", ["requested_port_id"])
