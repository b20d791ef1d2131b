# SPDX-License-Identifier: Apache-2.0
"""What went wrong, in the API's own words: refusals of requests, and operations that did not come to a good end."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from openstack import exceptions

if TYPE_CHECKING:
    from baremetal_svc.sdk.resources import Operation


class OperationFailed(exceptions.SDKException):
    """An operation ended failed or cancelled; ``code`` is stable, ``hint`` may be None."""

    def __init__(self, operation: "Operation") -> None:
        error = operation.error or {}
        self.operation = operation
        self.code: str | None = error.get("code")
        self.detail: str = error.get("message") or "no reason is given"
        self.hint: str | None = error.get("hint")
        self.request_id: str | None = operation.request_id
        super().__init__(f"Operation {operation.id} ({operation.kind}) {operation.state}: {self.detail}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first entry of the error document of an answer."""

    detail: str
    code: str | None = None
    hint: str | None = None
    request_id: str | None = None


def refusal(error: exceptions.HttpException) -> Refusal:
    """What the API said; what openstacksdk says where the answer is not the API's (a proxy's, for instance)."""
    try:
        entry = error.response.json()["errors"][0] if error.response is not None else None
    except (ValueError, LookupError, TypeError):
        entry = None
    if not isinstance(entry, dict) or not entry.get("detail"):
        return Refusal(str(error), request_id=error.request_id)
    return Refusal(str(entry["detail"]), entry.get("code"), entry.get("hint"), entry.get("request_id") or error.request_id)
