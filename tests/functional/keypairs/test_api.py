# SPDX-License-Identifier: Apache-2.0
"""Key pairs over REST: private keys are shown once, and everybody has their own."""

import base64
import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from baremetal_svc.db import models
from baremetal_svc.features.keypairs import rules
from tests.fixtures import properties
from tests.fixtures.service import ADMIN, FOREIGN, READER, Service

FORMATS = (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
PUBLIC = ed25519.Ed25519PrivateKey.from_private_bytes(b"k" * 32).public_key().public_bytes(*FORMATS).decode()
CERTIFICATE = rules.generate("x509", "alice").public
KEYS = {"user_id", "name", "type", "fingerprint", "public_key", "created_at", "updated_at", "links"}


def _make(service: Service, body: dict[str, Any], **more: Any) -> Any:
    return service.call("POST", "/v1/keypairs", body, **more)


def test_a_generated_private_key_is_shown_once_and_stored_nowhere(service: Service) -> None:
    reply = _make(service, {"name": "my key"}, version=None)
    assert (reply.status, reply.headers["cache-control"]) == (201, "no-store")
    assert reply.headers["location"] == "http://localhost/v1/keypairs/my%20key"
    private = serialization.load_pem_private_key(reply.json["private_key"].encode(), None)
    assert reply.json["private_key"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert reply.json["public_key"].startswith(private.public_key().public_bytes(*FORMATS).decode())
    shown = service.call("GET", "/v1/keypairs/my key").json
    assert set(shown) == KEYS
    assert shown == {name: value for name, value in reply.json.items() if name != "private_key"}
    assert service.call("GET", "/v1/keypairs").json == {"keypairs": [shown]}
    assert reply.json["private_key"] not in str([service.rows(model) for model in (models.KeyPair, models.Secret, models.IdempotencyKey)])


@pytest.mark.parametrize("user", ["alice", "u" * 150, "é" * 200, ""])
def test_a_generated_certificate_logs_its_user_in_and_nothing_else(user: str) -> None:
    made = rules.generate("x509", user)
    key, certificate, others = pkcs12.load_key_and_certificates(base64.b64decode(made.private), None)
    assert certificate is not None and key is not None and others == []
    assert made.public.encode() == certificate.public_bytes(serialization.Encoding.PEM)
    assert certificate.public_key() == key.public_key()
    certificate.verify_directly_issued_by(certificate)
    (principal,) = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert isinstance(principal, x509.OtherName)
    assert principal.value.endswith(f"{user or 'user'}@localhost".encode())
    # A reader of DER that is not ours agrees with the length.
    assert asn1.decode_der(str, principal.value) == f"{user or 'user'}@localhost"
    assert list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_certificate_over_the_api(service: Service) -> None:
    made = _make(service, {"name": "new", "type": "x509"}, version=None)
    assert (made.status, made.json["type"], made.headers["cache-control"]) == (201, "x509", "no-store")
    _, certificate, _ = pkcs12.load_key_and_certificates(base64.b64decode(made.json["private_key"]), None)
    assert certificate is not None
    assert made.json["fingerprint"] == certificate.fingerprint(hashes.SHA1()).hex(":")
    assert _make(service, {"name": "mine", "type": "x509", "public_key": f"my own:\n{CERTIFICATE}"}).json["public_key"] == CERTIFICATE
    body = service.prepared()
    body["server"]["key_name"] = "mine"
    assert service.call("POST", "/v1/servers", body, version="1.1").status == 201
    service.work()
    (node,) = [node for node in service.world.nodes.values() if node.instance_id]
    told = node.instance_info["configdrive"]["meta_data"]
    assert (told["keys"], told["public_keys"]) == ([{"name": "mine", "type": "x509", "data": CERTIFICATE}], {})


def test_import(service: Service) -> None:
    reply = _make(service, {"name": "mine", "public_key": f"{PUBLIC} me@home\n", "type": "ssh"})
    assert reply.status == 201
    assert set(reply.json) == KEYS
    assert reply.json["public_key"] == f"{PUBLIC} me@home"
    assert reply.json["fingerprint"].replace(":", "") == hashlib.md5(base64.b64decode(PUBLIC.split()[1])).hexdigest()


def test_a_replay_answers_an_imported_pair_but_never_a_private_key(service: Service) -> None:
    key = {"Idempotency-Key": "k1"}
    first = _make(service, {"name": "mine", "public_key": PUBLIC}, headers=key)
    assert _make(service, {"name": "mine", "public_key": PUBLIC}, headers=key).json == first.json
    assert _make(service, {"name": "new"}, headers={"Idempotency-Key": "k2"}).status == 201
    again = _make(service, {"name": "new"}, headers={"Idempotency-Key": "k2"})
    assert again.status == 409
    assert "private_key" not in again.json
    assert "shown then" in again.json["errors"][0]["hint"]
    assert _make(service, {"name": "mine", "public_key": PUBLIC}, headers=key, token="dave:red:member,reader").status == 201


def test_names_are_unique_for_each_user(service: Service) -> None:
    assert _make(service, {"name": "mine", "public_key": PUBLIC}).status == 201
    assert _make(service, {"name": "mine", "public_key": PUBLIC}).status == 409
    assert _make(service, {"name": "mine", "public_key": PUBLIC}, token=FOREIGN).status == 201
    assert _make(service, {"name": "other", "public_key": PUBLIC}, token=READER).status == 403


def test_pages_go_by_name(service: Service) -> None:
    for name in ("b", "a", "c"):
        assert _make(service, {"name": name, "public_key": PUBLIC}).status == 201
    page = service.call("GET", "/v1/keypairs?limit=2").json
    assert [pair["name"] for pair in page["keypairs"]] == ["a", "b"]
    following = page["keypairs_links"][0]["href"].removeprefix("http://localhost")
    assert [pair["name"] for pair in service.call("GET", following).json["keypairs"]] == ["c"]


def test_those_of_others_are_for_operators(service: Service) -> None:
    assert _make(service, {"name": "mine", "public_key": PUBLIC}).status == 201
    assert service.call("GET", "/v1/keypairs/mine", token=FOREIGN).status == 404
    assert service.call("GET", "/v1/keypairs/mine?user_id=alice", token=FOREIGN).status == 403
    assert service.call("GET", "/v1/keypairs?user_id=alice", token=FOREIGN).status == 403
    assert service.call("DELETE", "/v1/keypairs/mine?user_id=alice", token=FOREIGN).status == 403
    assert _make(service, {"name": "x", "user_id": "alice"}, token=FOREIGN).status == 403
    assert len(service.call("GET", "/v1/keypairs?user_id=alice", token=ADMIN).json["keypairs"]) == 1
    assert service.call("GET", "/v1/keypairs?user_id=alice").status == 200
    assert service.call("DELETE", "/v1/keypairs/mine?user_id=alice", token=ADMIN).status == 204
    assert service.call("DELETE", "/v1/keypairs/mine").status == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": " "}, {"name": "a/b"}, {"name": "é"}, {"name": "x" * 256}, {"name": "a\n"}, {"name": "a", "more": 1},
     {"name": "a", "type": "pgp"}, {"name": "a", "type": "x509", "public_key": PUBLIC}, {"name": "a", "public_key": CERTIFICATE},
     {"name": "a", "type": "x509", "public_key": CERTIFICATE * 2}, {"name": "a", "type": "x509", "public_key": CERTIFICATE[:200]},
     {"name": "a", "type": "x509", "public_key": "\ud83d"},
     {"name": "a", "public_key": ""}, {"name": "a", "public_key": "ssh-rsa AAAA"},
     {"name": "a", "public_key": "ssh-ed25519 !!!!"}, {"name": "a", "public_key": f"{PUBLIC}\n{PUBLIC}"},
     {"name": "a", "public_key": "-----BEGIN RSA PRIVATE KEY-----"}, {"name": "a", "public_key": "ssh-dss AAAAB3NzaC1kc3MAAAA="},
     {"name": "a", "public_key": "ssh-rsa \ud83d\ude00"}],
)  # fmt: skip
def test_bad_pairs(service: Service, body: dict[str, Any]) -> None:
    assert _make(service, body).status == 400
    assert service.call("GET", "/v1/keypairs").json == {"keypairs": []}


def test_a_server_gets_the_key_that_it_names_though_the_pair_is_deleted_meanwhile(service: Service) -> None:
    assert _make(service, {"name": "mine", "public_key": PUBLIC}).status == 201
    body = service.prepared()
    body["server"]["key_name"] = "mine"
    server = service.call("POST", "/v1/servers", body, version="1.1").json
    assert server["key_name"] == "mine"
    assert service.call("DELETE", "/v1/keypairs/mine").status == 204
    service.work()
    assert service.call("GET", f"/v1/servers/{server['uuid']}").json["status"] == "active"
    (node,) = [node for node in service.world.nodes.values() if node.instance_id == server["uuid"]]
    assert node.instance_info["configdrive"]["meta_data"]["public_keys"] == {"mine": PUBLIC}


def test_a_server_with_an_unknown_key_or_two(service: Service) -> None:
    body = service.prepared()
    assert _make(service, {"name": "mine", "public_key": PUBLIC}, token=FOREIGN).status == 201
    for change, status in (({"key_name": "mine"}, 404), ({"key_name": "mine", "public_key": PUBLIC}, 400), ({"key_name": 1}, 400)):
        assert service.call("POST", "/v1/servers", {"server": {**body["server"], **change}}).status == status
    assert service.rows(models.Server) == []
    assert properties.create(service)["key_name"] is None
