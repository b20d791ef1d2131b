# SPDX-License-Identifier: Apache-2.0
"""Projects that may use a flavor that is not public.

An older release knows nothing of them: to it such a flavor is for operators only, as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OPTIONS = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
ON_MYSQL = {f"{dialect}_{name}": value for dialect in ("mysql", "mariadb") for name, value in OPTIONS.items()}


def upgrade() -> None:
    """One table."""
    op.create_table(
        "flavor_projects",
        sa.Column("flavor_id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(["flavor_id"], ["flavors.id"], name="flavor_projects_flavor_id_fk"),
        sa.PrimaryKeyConstraint("flavor_id", "project_id", name="flavor_projects_pk"),
        **ON_MYSQL,
    )
    op.create_index("flavor_projects_by_project_id", "flavor_projects", ["project_id"])
