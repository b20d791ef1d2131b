# SPDX-License-Identifier: Apache-2.0
"""Controllers and views of faults."""

from collections.abc import Sequence
from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import Page
from baremetal_svc.db.rows import Row
from baremetal_svc.features.faults import policy, schema, service


class Fault(views.View):
    """A fault; open while ``cleared_at`` is null."""

    uuid = wtypes.text
    target_kind = wtypes.text
    target_uuid = wtypes.text
    operation_uuid = wtypes.text
    code = wtypes.text
    message = wtypes.text
    created_at = wtypes.text
    cleared_at = wtypes.text


def index(call: Call) -> Answer:
    """GET /v1/faults."""
    return _answer(call, service.page(call, views.limit(call)))


def of_server(call: Call, server_id: str) -> Answer:
    """GET /v1/servers/{server_id}/faults."""
    return _answer(call, service.of_server(call, server_id, views.limit(call)))


def clear(call: Call, fault_id: str) -> Answer:
    """PUT /v1/faults/{fault_id}/cleared: again is a no-op. A node without open faults may be offered again."""
    service.clear(call, fault_id)
    return Answer(204)


def _answer(call: Call, rows: Sequence[Row]) -> Answer:
    return Answer(200, views.page(call, "faults", [_view(call, row) for row in rows], rows[-1]["id"] if rows else None))


def _view(call: Call, row: Row) -> dict[str, Any]:
    return {
        "uuid": row["id"],
        "target_uuid": row["target_id"],
        "operation_uuid": row["operation_id"],
        **{name: row[name] for name in ("target_kind", "code")},
        "message": views.told(call, row["message"]),
        **{name: views.moment(row[name]) for name in ("created_at", "cleared_at")},
    }


_PAGE = Page("faults", Fault)
ROUTES = [
    Route("GET", "/v1/faults", index, policy.LIST, query=schema.LIST, since=3, answers={200: _PAGE}, refuses=(404,)),
    Route("PUT", "/v1/faults/{fault_id}/cleared", clear, policy.CLEAR, since=4, answers={204: None}),
    Route(
        "GET",
        "/v1/servers/{server_id}/faults",
        of_server,
        policy.LIST_OF_SERVER,
        query=schema.OF_SERVER,
        since=3,
        answers={200: _PAGE},
    ),
]
