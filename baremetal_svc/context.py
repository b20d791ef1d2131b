# SPDX-License-Identifier: Apache-2.0
"""Who asks, on which request, for which operation: an oslo.context, which the log lines of a thread carry."""

from typing import Any

from oslo_context import context


class RequestContext(context.RequestContext):
    """The caller of a request, or the service itself while it carries an operation out.

    :ivar operation_id: the operation that this thread carries out, None in a request.
    """

    def __init__(self, *args: Any, operation_id: str | None = None, **kwargs: Any) -> None:
        self.operation_id = operation_id
        super().__init__(*args, **kwargs)

    def to_dict(self) -> dict[str, Any]:
        """What log lines carry, too."""
        return {**super().to_dict(), "operation_id": self.operation_id}

    @property
    def is_operator(self) -> bool:
        """True for the role admin: sees every project."""
        # Roles are compared as oslo.policy compares them.
        return "admin" in (role.lower() for role in self.roles or [])
