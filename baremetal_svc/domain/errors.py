# SPDX-License-Identifier: Apache-2.0
"""The one tree of errors: each has a stable code and tells the user what to do next. No HTTP numbers here."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class ServiceError(Exception):
    """Root of what this service reports to its users.

    :cvar code: stable, machine-readable, never renamed.
    :cvar title: one phrase, the same for every occurrence.
    """

    code = "internal"
    title = "The service failed"
    hint = "Try again; if it goes on, give the request id to the operator."

    def __init__(self, detail: str, *, hint: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint or type(self).hint


class Invalid(ServiceError):
    """What was asked cannot be understood or is not allowed by the contract."""

    code = "invalid"
    title = "The request is not valid"
    hint = "Correct the request as the detail says; nothing was changed."


class Malformed(Invalid):
    """The body is not JSON at all."""

    code = "malformed"
    title = "The request body is not JSON"
    hint = "Send a JSON object with Content-Type: application/json."


class NotAuthenticated(ServiceError):
    """No or no valid credentials."""

    code = "not_authenticated"
    title = "Authentication is required"
    hint = "Send a valid token in X-Auth-Token."


class Forbidden(ServiceError):
    """The caller may see the target but not do this to it."""

    code = "forbidden"
    title = "Not allowed"
    hint = "Ask an operator for a role that allows this."


class OverQuota(Forbidden):
    """A limit of the project, or of the user, does not leave room."""

    code = "over_quota"
    title = "Over quota"
    hint = "Delete what is not needed, or ask an operator for more; GET /v1/limits (1.3) shows limits and usage."


class NotFound(ServiceError):
    """There is no such thing, or none that the caller may know of."""

    code = "not_found"
    title = "Not found"
    hint = "Check the id; ids of other projects are not shown."


class MethodNotAllowed(ServiceError):
    """The path exists, the method does not."""

    code = "method_not_allowed"
    title = "Method not allowed"
    hint = "See the Allow header for the methods of this path."

    def __init__(self, detail: str, allowed: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.allowed = tuple(allowed)


class UnsupportedMediaType(ServiceError):
    """A body of a type that is not read."""

    code = "unsupported_media_type"
    title = "Unsupported media type"
    hint = "Send Content-Type: application/json."


class UnsupportedVersion(ServiceError):
    """A microversion outside of what this service speaks."""

    code = "unsupported_version"
    title = "Unsupported microversion"
    hint = "GET / lists the supported versions."


class Conflict(ServiceError):
    """The state of things does not allow it now."""

    code = "conflict"
    title = "Conflict"
    hint = "Wait for what is going on to end, then try again."


class OperationInProgress(Conflict):
    """Another operation of the same server is live."""

    code = "operation_in_progress"
    title = "Another operation is in progress"


class TooFewFree(Conflict):
    """Too few machines are free for what was to be promised now."""

    code = "too_few_free"
    title = "Too few machines are free"


class IdempotencyMismatch(Conflict):
    """The same Idempotency-Key came with another request, or its result is gone."""

    code = "idempotency_key_reused"
    title = "The Idempotency-Key was used before"
    hint = "Use a new key for a new request."


class PreconditionFailed(ServiceError):
    """What is to be edited is not what the caller has read (If-Match)."""

    code = "precondition_failed"
    title = "It was changed meanwhile"
    hint = "Read it again, and send the change with its new ETag in If-Match."


class TooLarge(ServiceError):
    """The request body is larger than the service reads."""

    code = "too_large"
    title = "The request is too large"
    hint = "Send a smaller body."


class RateLimited(ServiceError):
    """Requests come faster than they may; ``seconds`` until the next one may."""

    code = "rate_limited"
    title = "Too many requests"
    hint = "Send it again after the time in Retry-After; nothing was done."

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds


class Unavailable(ServiceError):
    """A service that is needed does not answer now; trying again later may help."""

    code = "unavailable"
    title = "A service that is needed is away"
    hint = "Try again after the time in Retry-After."


class NoValidNode(ServiceError):
    """No node that could be claimed fits."""

    code = "no_valid_node"
    title = "No node fits"
    hint = "Ask for what would fit, by placement of the operation (microversion 1.5) or POST /v1/scheduling/dry-run (1.6), or try later."


class DeployFailed(ServiceError):
    """Ironic reported that a node could not be deployed."""

    code = "deploy_failed"
    title = "The node could not be deployed"
    hint = "The server was tried elsewhere where possible; retry it (microversion 1.4) or delete it."


class OutsideRefused(ServiceError):
    """A service gave a definite answer that what was asked cannot be done."""

    code = "refused"
    title = "A service refused"
    hint = "Give the request id to an operator, who sees what was refused and why."


class NodeHeldByAnother(OutsideRefused):
    """Ironic's instance_uuid of the node is not ours: whatever is on it is another's."""

    code = "node_held_by_another"
    title = "The node is held by another system"


class Cancelled(ServiceError):
    """The operation was asked to stop."""

    code = "cancelled"
    title = "Cancelled"
    hint = "Ask again if it is still wanted; a server that it leaves in error is retried (microversion 1.4) or deleted."


class DeadlineExceeded(ServiceError):
    """The operation did not end in its time."""

    code = "deadline_exceeded"
    title = "The operation took too long"
    hint = "Its last step says where it stood; try again or give the request id to the operator."


class LogbookUnreadable(ServiceError):
    """What was saved of an operation's progress cannot be read."""

    code = "logbook_unreadable"
    title = "The progress of the operation could not be read"
    hint = "What it held was let go; try again, and give the request id to the operator."


def existing(found: T | None, what: str, identifier: str) -> T:
    """What was looked for.

    :raises NotFound: it is None.
    """
    if found is None:
        raise NotFound(f"There is no {what} {identifier}.")
    return found
