# SPDX-License-Identifier: Apache-2.0
"""Who asks, on which request: an oslo.context with our name."""

from oslo_context import context


class RequestContext(context.RequestContext):
    """The caller of a request, or the service itself while it carries an operation out."""

    @property
    def is_operator(self) -> bool:
        """True for the role admin: sees every project."""
        # Roles are compared as oslo.policy compares them.
        return "admin" in (role.lower() for role in self.roles or [])
