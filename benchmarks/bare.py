# SPDX-License-Identifier: Apache-2.0
"""The baseline of the benchmark ``api``: a pecan application with one handler that answers the bytes of a file."""

import os
from pathlib import Path

import pecan

BODY = Path(os.environ["BARE_BODY"]).read_bytes()


class Root:
    """One page."""

    @pecan.expose(content_type="application/json")
    def index(self) -> bytes:
        return BODY


application = pecan.Pecan(Root())
