# SPDX-License-Identifier: Apache-2.0
"""What of a request goes to the conductor encrypted: how it is written, checked, and named among an operation's secrets."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from baremetal_svc.api.validation import Schema, closed
from baremetal_svc.db.secrets import Vault
from baremetal_svc.domain import openssh
from baremetal_svc.domain.errors import Invalid

_BASE64 = {"type": "string", "maxLength": 262144}
_PATH = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[^\x00-\x1f]+$"}
PROPERTIES: Mapping[str, Schema] = {
    # Base64 of at most 65,535 characters; decoded in the use case, since JSON Schema does not check it.
    "user_data": {"type": "string", "minLength": 1, "maxLength": 65535},
    "adminPass": {"type": "string", "minLength": 1, "maxLength": 255},
    "personality": {"type": "array", "maxItems": 32, "items": closed({"path": _PATH, "contents": _BASE64}, ["path", "contents"])},
}
PUBLIC_KEY: Schema = {
    "type": "string",
    "maxLength": 16384,
    "pattern": r"^(ssh|ecdsa|sk)-[a-z0-9@.\-]+ [A-Za-z0-9+/=]+( [^\n\r]*)?$",
    "description": "the one line of a file like id_ed25519.pub",
}
#: The property of a request by the name of the secret.
WORDS = {"public_key": "public_key", "admin_pass": "adminPass", "user_data": "user_data", "personality": "personality"}


def check(asked: Mapping[str, Any]) -> None:
    """:raises Invalid: something is not encoded as it should be, or a file is named twice."""
    try:
        base64.b64decode(asked.get("user_data", ""), validate=True).decode()
    except ValueError as error:  # not base64, not ASCII, or not UTF-8
        raise Invalid("user_data is not base64 of UTF-8 text.", hint="What is compressed or binary cannot be passed on.") from error
    if "public_key" in asked:
        openssh.read(asked["public_key"])
    for file in asked.get("personality", ()):
        try:
            base64.b64decode(file["contents"], validate=True)
        except ValueError as error:
            raise Invalid(f"The contents of {file['path']} in personality are not base64.") from error
    paths = [file["path"] for file in asked.get("personality", ())]
    if len(set(paths)) < len(paths):
        raise Invalid("personality names a path twice.", hint="Name each file once.")


def of(asked: Mapping[str, Any]) -> dict[str, str]:
    """The secrets of a request that was checked, as text, by name."""
    plain = {"public_key": asked.get("public_key"), "admin_pass": asked.get("adminPass")}
    plain["user_data"] = base64.b64decode(asked.get("user_data", "")).decode()
    if asked.get("personality"):
        plain["personality"] = json.dumps(asked["personality"])
    return {name: value for name, value in plain.items() if value}


def put(conn: Connection, vault: Vault, operation_id: str, found: Mapping[str, str]) -> None:
    """Store the secrets of an operation."""
    for name, value in found.items():
        vault.put(conn, operation_id, name, value)
