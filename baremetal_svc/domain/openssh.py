# SPDX-License-Identifier: Apache-2.0
"""Public keys of OpenSSH."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from baremetal_svc.domain.errors import Invalid

_SEND_LINE = "Send the one line of a file like id_ed25519.pub."


def read(text: str) -> str:
    """The public key as one line. :raises Invalid: it is none, or of a kind that is not known."""
    line = text.strip()
    try:
        serialization.load_ssh_public_key(line.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Invalid("public_key is not a public key of OpenSSH.", hint=_SEND_LINE) from error
    if len(line.splitlines()) != 1:
        raise Invalid("public_key has more than one line.", hint=_SEND_LINE)
    return line
