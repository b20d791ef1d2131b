# SPDX-License-Identifier: Apache-2.0
"""The version of the package, as pbr built it."""

from importlib.metadata import version

__version__ = version("baremetal-svc")
