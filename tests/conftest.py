# SPDX-License-Identifier: Apache-2.0
"""Assertions in the fixtures explain themselves as those of tests do."""

import pytest

pytest.register_assert_rewrite("tests.fixtures.properties")
