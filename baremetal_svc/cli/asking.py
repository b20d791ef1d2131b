# SPDX-License-Identifier: Apache-2.0
"""What all commands have: the API's proxy, its refusals as a sentence with hint and request id, and waiting with progress."""

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any, cast

from keystoneauth1 import exceptions as keystone_errors
from keystoneauth1.identity.base import BaseIdentityPlugin
from openstack import exceptions
from osc_lib.command import command
from osc_lib.exceptions import CommandError

from baremetal_svc.cli import progress
from baremetal_svc.sdk.errors import OperationFailed, Refusal, refusal
from baremetal_svc.sdk.proxy import Proxy
from baremetal_svc.sdk.resources import Operation

_PROJECT = re.compile(r"[0-9a-f]{32}\Z")
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


class Asking(command.Command):
    """A command that asks the API. Everything that the API refuses ends it with exit code 1 and no traceback."""

    @property
    def api(self) -> Proxy:
        """The API, as whom the shell's options say."""
        return cast(Any, self.app).client_manager.bms

    def id_of(self, kind: str, name_or_id: str) -> str:
        """The id of an image, network or port: what looks like an id is one, so that no Glance or Neutron is needed for it.

        :raises CommandError: there is none of that name, several, or no service that would know.
        """
        if _ID.match(name_or_id):
            return name_or_id
        connection = cast(Any, self.app).client_manager.sdk_connection
        find = {"image": "image.find_image", "network": "network.find_network", "port": "network.find_port"}[kind]
        service, _, method = find.partition(".")
        try:
            found = getattr(getattr(connection, service), method)(name_or_id, ignore_missing=True)
        except (exceptions.SDKException, keystone_errors.ClientException) as error:
            raise CommandError(f"The {kind} {name_or_id!r} cannot be looked up, name it by its id: {error}") from error
        if found is None:
            raise CommandError(f"There is no {kind} {name_or_id!r}.")
        return str(found.id)

    def project_id(self, name_or_id: str, *, gone: bool = False) -> str:
        """The id of a project, as Keystone has it; without a Keystone what is named is one.

        :param gone: an id is taken that Keystone does not know any more: what such a project has left is seen and taken away by it.
        :raises CommandError: there is none, or it cannot be looked up.
        """
        connection = cast(Any, self.app).client_manager.sdk_connection
        if not isinstance(connection.session.auth, BaseIdentityPlugin):
            return name_or_id
        try:
            found = connection.identity.find_project(name_or_id, ignore_missing=True)
        except exceptions.ForbiddenException as error:
            # Who may not ask Keystone names it by its id.
            if _PROJECT.match(name_or_id):
                return name_or_id
            raise CommandError(f"You may not look up the project {name_or_id!r}: name it by its id.") from error
        except (exceptions.SDKException, keystone_errors.ClientException) as error:
            raise CommandError(f"The project {name_or_id!r} cannot be looked up: {error}") from error
        if found is None and not (gone and _PROJECT.match(name_or_id)):
            raise CommandError(f"There is no project {name_or_id!r}.")
        return name_or_id if found is None else str(found.id)

    def run(self, parsed_args: argparse.Namespace) -> int:
        """:raises CommandError: what the API said."""
        try:
            return super().run(parsed_args)
        except OperationFailed as error:
            told = Refusal(str(error), error.code, error.hint, error.request_id)
            raise CommandError(_sentence(told)) from error
        except exceptions.HttpException as error:
            raise CommandError(_sentence(refusal(error))) from error
        except exceptions.SDKException as error:
            raise CommandError(str(error)) from error

    def await_all(self, operation_ids: Sequence[str], timeout: float | None) -> list[Operation]:
        """Follow operations to their ends, progress on standard error: what the command prints stays readable by programs.

        :raises OperationFailed: the first that failed, when all have ended.
        """
        ended = []
        for number, identifier in enumerate(operation_ids, 1):
            if len(operation_ids) > 1:
                print(f"Operation {number} of {len(operation_ids)}, {identifier}", file=sys.stderr)
            ended.append(progress.draw(self.api.follow_operation(identifier, timeout), sys.stderr))
        for operation in ended:
            if operation.state != "done":
                raise OperationFailed(operation)
        return ended


def add_waiting(parser: argparse.ArgumentParser, what: str) -> None:
    """--wait and --timeout."""
    parser.add_argument("--wait", action="store_true", help=f"Wait until {what}; fail when the operation fails")
    parser.add_argument("--timeout", metavar="<seconds>", type=float, help="With --wait: give up after so many seconds (default: never)")


def _sentence(told: Refusal) -> str:
    lines = [f"{told.detail} ({told.code})" if told.code else told.detail]
    lines += [f"Hint: {told.hint}"] if told.hint else []
    lines += [f"Request: {told.request_id}"] if told.request_id else []
    return "\n".join(lines)
