# SPDX-License-Identifier: Apache-2.0
"""The body of a power change."""

from baremetal_svc.api.validation import closed

SET = {1: closed({"target": {"enum": ["on", "off", "reboot", "soft_off", "soft_reboot"]}}, ["target"])}
