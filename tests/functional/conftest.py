# SPDX-License-Identifier: Apache-2.0
"""One fresh service per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.service import Service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path)
    yield made
    made.close()
