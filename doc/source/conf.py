# SPDX-License-Identifier: Apache-2.0
"""Sphinx: nothing but what oslo brings."""

project = "baremetal-svc"
copyright = "the baremetal-svc authors"
extensions = ["oslo_config.sphinxext", "oslo_policy.sphinxext"]
html_theme = "alabaster"
html_theme_options = {"description": "Bare metal as a cloud service"}
exclude_patterns: list[str] = []
