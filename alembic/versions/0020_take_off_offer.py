# SPDX-License-Identifier: Apache-2.0
"""A function with which PostgreSQL picks a node and takes it off offer in one statement. An older release does without."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A volatile function: each statement in it sees what is committed by then, the statement that calls it what was when it began."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("""
            CREATE FUNCTION take_off_offer(node varchar) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
            BEGIN
                DELETE FROM offers WHERE node_id = node AND NOT EXISTS (SELECT 1 FROM claims WHERE held_node = node);
                RETURN FOUND;
            END
            $$
        """)
