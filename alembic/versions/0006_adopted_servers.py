# SPDX-License-Identifier: Apache-2.0
"""Servers that were adopted, and the flavor that stands in their rows.

An older release would delete an adopted server as any other, and wipe its disk: adopt when all processes are of this release.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ADOPTED = "00000000-0000-4000-8000-0000000000ad"


def upgrade() -> None:
    """One column, one row. Not a flavor that may be null: SQLite would have to make the table anew, and drop what refers to it."""
    op.add_column("servers", sa.Column("adopted", sa.Boolean(), server_default=sa.false(), nullable=False))
    kinds = {
        **dict.fromkeys(("id", "name", "description", "resource_class"), sa.String()),
        **dict.fromkeys(("is_public", "disabled"), sa.Boolean()),
        **dict.fromkeys(("resources", "resource_aggregates", "pools"), sa.JSON()),
        "created_at": sa.Double(),
    }
    texts = {"id": ADOPTED, "name": ADOPTED, "description": "adopted servers", "resource_class": ""}
    others = {"is_public": False, "disabled": True, "resources": {}, "resource_aggregates": {}, "pools": [], "created_at": 0.0}
    op.bulk_insert(sa.table("flavors", *(sa.column(name, kind) for name, kind in kinds.items())), [{**texts, **others}])
