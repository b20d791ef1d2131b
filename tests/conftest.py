# SPDX-License-Identifier: Apache-2.0
"""Assertions in the fixtures explain themselves as those of tests do."""

import pytest
from hypothesis import settings

import baremetal_svc.cmd  # noqa: F401 - chooses oslo.service's backend, before a library that a test imports falls back to another

pytest.register_assert_rewrite("tests.fixtures.properties", "tests.fixtures.invariants")

# Machines that run tests are shared: a slow example is no finding.
settings.register_profile("shared", deadline=None, derandomize=True)
settings.load_profile("shared")
