# SPDX-License-Identifier: Apache-2.0
"""The baselines of the benchmark ``api``: pecan answers the bytes of a file, or has the same document to write as JSON."""

import json
import os
from pathlib import Path
from typing import Any

import pecan

BODY = Path(os.environ["BARE_BODY"]).read_bytes()
DOCUMENT = json.loads(BODY)


class Root:
    """Two pages."""

    @pecan.expose(content_type="application/json")
    def index(self) -> bytes:
        return BODY

    @pecan.expose("json")
    def document(self) -> Any:
        return DOCUMENT


application = pecan.Pecan(Root())
