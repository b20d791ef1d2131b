# SPDX-License-Identifier: Apache-2.0
"""Who may do what with reservations."""

from baremetal_svc.policy import PROJECT_MEMBER, PROJECT_READER, rule

CREATE = "baremetal_svc:reservations:create"
LIST = "baremetal_svc:reservations:list"
SHOW = "baremetal_svc:reservations:show"
UPDATE = "baremetal_svc:reservations:update"
DELETE = "baremetal_svc:reservations:delete"

_ALL = "/v1/reservations"
_ONE = f"{_ALL}/{{reservation_id}}"
RULES = [
    rule("reservations:create", PROJECT_MEMBER, "Reserve machines", ("POST", _ALL)),
    rule("reservations:list", PROJECT_READER, "List reservations", ("GET", _ALL)),
    rule("reservations:show", PROJECT_READER, "Show a reservation", ("GET", _ONE)),
    rule("reservations:update", PROJECT_MEMBER, "Rename a reservation, or change its end", ("PATCH", _ONE)),
    rule("reservations:delete", PROJECT_MEMBER, "End a reservation now", ("DELETE", _ONE)),
]
