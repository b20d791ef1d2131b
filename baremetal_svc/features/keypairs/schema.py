# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of key pairs. Source: Mogan's contract, section 1.5."""

from baremetal_svc.api.validation import LIMIT, closed

_CHARACTERS = "letters, digits, spaces, _ and -, not all spaces"
NAME = {"type": "string", "pattern": "^(?=.*[^ ])[A-Za-z0-9_\\- ]+$", "minLength": 1, "maxLength": 255, "description": _CHARACTERS}
_USER = {"type": "string", "minLength": 1, "maxLength": 255}
_PUBLIC_KEY = {"type": "string", "minLength": 1, "maxLength": 16384}

CREATE = {1: closed({"name": NAME, "type": {"enum": ["ssh", "x509"]}, "user_id": _USER, "public_key": _PUBLIC_KEY}, ["name"])}
LIST = {1: closed({"user_id": _USER}), 2: closed({"user_id": _USER, "limit": LIMIT, "marker": NAME})}
ONE = {1: closed({"user_id": _USER})}
