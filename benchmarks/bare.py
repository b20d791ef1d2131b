# SPDX-License-Identifier: Apache-2.0
"""The baselines of the benchmark ``api``: pecan answers the bytes of a file, writes the same document as JSON, or asks for its rows."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import orjson
import pecan
import sqlalchemy as sa

BODY = Path(os.environ["BARE_BODY"]).read_bytes()
DOCUMENT = json.loads(BODY)
#: (statement, its values), as the driver is given them.
STATEMENTS = json.loads(Path(os.environ["BARE_STATEMENTS"]).read_text())
ENGINE = sa.create_engine(os.environ["BARE_DATABASE"])
MINE = threading.local()


class Root:
    """Three pages."""

    @pecan.expose(content_type="application/json")
    def index(self) -> bytes:
        return BODY

    @pecan.expose("json")
    def document(self) -> Any:
        return DOCUMENT

    @pecan.expose(content_type="application/json")
    def statements(self) -> bytes:
        """What the driver finds, as it is: no token, no policy, no view."""
        if not hasattr(MINE, "connection"):
            MINE.connection = ENGINE.raw_connection()
        found, cursor = [], MINE.connection.cursor()
        for statement, values in STATEMENTS:
            cursor.execute(statement, values)
            found.append(cursor.fetchall())
        MINE.connection.commit()
        return orjson.dumps(found)


application = pecan.Pecan(Root())
