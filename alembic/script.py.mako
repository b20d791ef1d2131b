# SPDX-License-Identifier: Apache-2.0
"""${message}.

What an older release still reads or writes must go on working: two releases run at once during an upgrade.
"""

import sqlalchemy as sa
${imports if imports else ""}
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
