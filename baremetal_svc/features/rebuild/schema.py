# SPDX-License-Identifier: Apache-2.0
"""The body of a rebuild. Source: Mogan's contract, sections 1.3 and 2.2 (its client always sends ``preserve_ephemeral``, null too)."""

from baremetal_svc.api.validation import UUID, closed

SET = {
    1: closed(
        {"target": {"enum": ["rebuild"]}, "image_uuid": UUID, "preserve_ephemeral": {"type": ["boolean", "null"]}},
        ["target"],
    )
}
