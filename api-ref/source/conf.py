# SPDX-License-Identifier: Apache-2.0
"""Sphinx: the reference is written from the code."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "ext"))

project = "baremetal-svc API"
copyright = "the baremetal-svc authors"
extensions = ["openapi_reference"]
html_theme = "alabaster"
html_theme_options = {"description": "Bare metal as a cloud service"}
