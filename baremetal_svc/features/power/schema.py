# SPDX-License-Identifier: Apache-2.0
"""The body of a power change."""

from baremetal_svc.api.validation import closed
from baremetal_svc.features.power.rules import TARGETS

SET = {1: closed({"target": {"enum": list(TARGETS)}}, ["target"])}
