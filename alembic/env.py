# SPDX-License-Identifier: Apache-2.0
"""Run by baremetal_svc.db.migration, which gives the connection and the transaction. Reads no file and no configuration."""

from alembic import context

from baremetal_svc.db.migration import VERSION_TABLE
from baremetal_svc.db.models import Model

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Model.metadata,
    version_table=VERSION_TABLE,
    # Of TaskFlow's tables TaskFlow takes care.
    include_name=lambda name, kind, parents: kind != "table" or name in Model.metadata.tables,
)
with context.begin_transaction():
    context.run_migrations()
