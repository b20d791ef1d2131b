# SPDX-License-Identifier: Apache-2.0
"""Making and reading SSH keys. Forms as Mogan's contract has them, section 1.5: RSA of 2,048 bits in PEM (PKCS#1), MD5 fingerprints."""

import base64
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from baremetal_svc.domain.errors import Invalid

BITS = 2048


@dataclass(frozen=True, slots=True)
class Made:
    """A new pair: ``public`` as one line of OpenSSH, ``private`` as PEM."""

    public: str
    private: str


def generate() -> Made:
    """A new RSA pair."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return Made(f"{public.decode()} Generated-by-baremetal-svc", private.decode())


def read(text: str) -> str:
    """The public key as one line.

    :raises Invalid: it is no public key of OpenSSH, or one of a kind that is not known.
    """
    line = text.strip()
    try:
        serialization.load_ssh_public_key(line.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Invalid("public_key is not a public key of OpenSSH.", hint="Send the one line of a file like id_ed25519.pub.") from error
    if len(line.splitlines()) != 1:
        raise Invalid("public_key has more than one line.", hint="Send the one line of a file like id_ed25519.pub.")
    return line


def fingerprint(public: str) -> str:
    """MD5 of the key's bytes, with colons: a name for it, no protection."""
    digest = hashlib.md5(base64.b64decode(public.split()[1]), usedforsecurity=False).hexdigest()
    return ":".join(digest[index : index + 2] for index in range(0, len(digest), 2))
