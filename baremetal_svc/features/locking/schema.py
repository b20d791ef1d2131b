# SPDX-License-Identifier: Apache-2.0
"""The body of a change of the lock."""

from baremetal_svc.api.validation import closed

SET = {1: closed({"target": {"type": "boolean"}}, ["target"])}
