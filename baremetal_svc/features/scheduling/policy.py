# SPDX-License-Identifier: Apache-2.0
"""Who may ask where servers would be: whoever may create them."""

from baremetal_svc.policy import PROJECT_MEMBER, rule

DRY_RUN = "baremetal_svc:scheduling:dry_run"

RULES = [rule("scheduling:dry_run", PROJECT_MEMBER, "Ask which machines a create would find", ("POST", "/v1/scheduling/dry-run"))]
