"""Signatures against vectors that were worked out apart from this code."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from sync.destinations.spec import Endpoint, Signed
from sync.errors import ConfigError
from sync.http.redact import Redactor
from sync.http.signing import signed

MESSAGE, SECONDS = "msg_01J9Z8Q6ZC0000000000000001", 1_755_683_880
BODY = (
    b'{"type":"segment.entered","timestamp":"2026-08-20T09:58:00Z",'
    b'"data":{"identity":"u_1029","segment":"pql","tier":"A"}}'
)
A = SecretStr("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
B = SecretStr("whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=")
OF_A = "v1,8hcMD7HE8ST8GS42N3LS80djhPAw1TTdJvY5CULBD/U="
OF_B = "v1,KiU6rbfZd/d2QiUlWbyk2iJjL4NXd4UMzEXxcutFSvk="


@pytest.mark.parametrize(("secret", "signature"), [(A, OF_A), (B, OF_B)])
def test_a_signature_is_that_of_standard_webhooks(secret: SecretStr, signature: str) -> None:
    found = signed(Signed(secret), MESSAGE, SECONDS, BODY)
    assert found == {"webhook-timestamp": str(SECONDS), "webhook-signature": signature}


def test_while_secrets_change_both_sign_the_newer_one_first() -> None:
    found = signed(Signed(A, previous=B), MESSAGE, SECONDS, BODY)
    assert found["webhook-signature"] == f"{OF_A} {OF_B}"


def test_a_secret_that_is_no_base64_is_a_problem_that_does_not_show_it() -> None:
    with pytest.raises(ConfigError) as caught:
        signed(Signed(SecretStr("whsec_no canary!")), MESSAGE, SECONDS, BODY)
    assert "canary" not in str(caught.value)


def test_both_secrets_are_scrubbed_from_what_a_receiver_says() -> None:
    redactor = Redactor.of({"hook": Endpoint("https://x", Signed(A, previous=B))})
    for secret in (A, B):
        assert secret.get_secret_value() not in redactor.scrub(f"{secret.get_secret_value()}?")
