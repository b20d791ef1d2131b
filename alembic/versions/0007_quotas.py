# SPDX-License-Identifier: Apache-2.0
"""Quotas: an older release knows nothing of them, creates past them, and needs nothing of them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NAME = sa.String(255)
OPTIONS = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
ON_MYSQL = {f"{dialect}_{name}": value for dialect in ("mysql", "mariadb") for name, value in OPTIONS.items()}


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "quotas",
        sa.Column("project_id", NAME, nullable=False),
        sa.Column("resource", sa.String(64), nullable=False),
        sa.Column("hard_limit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "resource", name="quotas_pk"),
        **ON_MYSQL,
    )
    op.create_table(
        "quota_locks",
        sa.Column("scope", sa.String(300), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="quota_locks_pk"),
        **ON_MYSQL,
    )
