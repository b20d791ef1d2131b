# SPDX-License-Identifier: Apache-2.0
"""Sphinx: nothing but what it brings itself."""

project = "baremetal-svc API"
copyright = "the baremetal-svc authors"
html_theme = "alabaster"
