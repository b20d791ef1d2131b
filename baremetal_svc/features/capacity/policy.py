# SPDX-License-Identifier: Apache-2.0
"""Who may know how many machines there are: operators all of it, anybody else what it may have itself."""

from baremetal_svc.policy import ADMIN, rule

SHOW = "baremetal_svc:capacity:show"
SHOW_POOL = "baremetal_svc:capacity:show_pool"
SHOW_HISTORY = "baremetal_svc:capacity:show_history"

_POOL = "/v1/pools/{pool_id}"
RULES = [
    rule("capacity:show", "role:admin or role:reader", "Ask how many servers could be had now", ("GET", "/v1/capacity")),
    rule("capacity:show_pool", "role:admin or role:reader", "Show what of a pool could be had", ("GET", f"{_POOL}/capacity")),
    rule(
        "capacity:show_history",
        ADMIN,
        "Show what a pool had, and when it would run out",
        ("GET", f"{_POOL}/capacity/history"),
        ("GET", f"{_POOL}/forecast"),
    ),
]
