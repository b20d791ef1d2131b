# SPDX-License-Identifier: Apache-2.0
"""Sphinx: nothing but what oslo brings."""

project = "baremetal-svc"
copyright = "the baremetal-svc authors"
extensions = ["oslo_config.sphinxconfiggen", "oslo_config.sphinxext", "oslo_policy.sphinxext", "oslo_policy.sphinxpolicygen"]
# The samples are written beside the sources; git ignores them.
config_generator_config_file = "../../etc/baremetal_svc/config-generator.conf"
sample_config_basename = "_static/baremetal_svc"
policy_generator_config_file = "../../etc/baremetal_svc/policy-generator.conf"
sample_policy_basename = "_static/baremetal_svc"
html_static_path = ["_static"]
html_theme = "alabaster"
html_theme_options = {"description": "Bare metal as a cloud service"}
exclude_patterns: list[str] = []
