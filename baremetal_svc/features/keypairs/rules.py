# SPDX-License-Identifier: Apache-2.0
"""Making and reading keys. Forms as Mogan's contract has them, section 1.5: RSA of 2,048 bits, fingerprints with colons.

``ssh``: a line of OpenSSH, its private key in PEM (PKCS#1). ``x509``: a certificate that logs in to Windows (WinRM), its key in PKCS#12.
"""

import base64
import datetime
import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from baremetal_svc.domain import openssh
from baremetal_svc.domain.errors import Invalid

BITS = 2048
SSH, X509 = "ssh", "x509"
#: As Nova has them: nobody renews the key of a machine that is there.
_YEARS = 10
#: Microsoft's name for the user that a certificate logs in.
_PRINCIPAL = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_SEND_CERTIFICATE = "Send one certificate in PEM, or name the type ssh for a key of OpenSSH."


@dataclass(frozen=True, slots=True)
class Made:
    """A new pair: ``public`` as one line of OpenSSH and ``private`` as PEM, or a certificate in PEM and base64 of PKCS#12."""

    public: str
    private: str


def generate(kind: str, user_id: str) -> Made:
    """A new RSA pair of a type; the user is whom a certificate names."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    if kind == X509:
        certificate = _certificate(key, user_id or "user")
        both = pkcs12.serialize_key_and_certificates(None, key, certificate, None, serialization.NoEncryption())
        return Made(_pem(certificate), base64.b64encode(both).decode())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return Made(f"{public.decode()} Generated-by-baremetal-svc", private.decode())


def read(kind: str, text: str) -> str:
    """The public key as one line, or the certificate alone in PEM.

    :raises Invalid: it is no public key of OpenSSH, or one of a kind that is not known; it is not one certificate.
    """
    if kind == X509:
        return _pem(_read_certificate(text))
    return openssh.read(text)


def fingerprint(kind: str, public: str) -> str:
    """MD5 of a key's bytes, SHA-1 of a certificate, with colons: a name for it, no protection."""
    if kind == X509:
        return _read_certificate(public).fingerprint(hashes.SHA1()).hex(":")  # noqa: S303
    return hashlib.md5(base64.b64decode(public.split()[1]), usedforsecurity=False).digest().hex(":")


def _read_certificate(text: str) -> x509.Certificate:
    try:
        (certificate,) = x509.load_pem_x509_certificates(text.encode())
        certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Invalid("public_key is not one certificate in PEM.", hint=_SEND_CERTIFICATE) from error
    return certificate


def _certificate(key: rsa.RSAPrivateKey, user_id: str) -> x509.Certificate:
    """Signed by itself, for nothing but logging in as the user."""
    # A common name has 64 bytes; the name that logs in has all of them.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, user_id.encode()[:64].decode(errors="ignore"))])
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=begin,
        not_valid_after=begin + datetime.timedelta(days=365 * _YEARS),
    )
    principal = x509.OtherName(_PRINCIPAL, _utf8_string(f"{user_id}@localhost"))
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    return builder.add_extension(x509.SubjectAlternativeName([principal]), critical=False).sign(key, hashes.SHA256())


def _utf8_string(text: str) -> bytes:
    """DER of it: a tag, the length, which has a length of its own from 128 on, and the bytes."""
    body = text.encode()
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return b"\x0c" + (size if len(body) < 128 else bytes([0x80 | len(size)]) + size) + body


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
