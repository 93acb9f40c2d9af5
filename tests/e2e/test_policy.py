"""Gate 3's second half seen from outside: the live pack decides, is named in every event, and only a pack
that verifies takes its place."""
import base64
import hashlib
import io
import json
import tarfile

import pytest

from harness import CHAT, assert_problem, wait_until


def packs(gateway, key=None):
    answer = gateway.request("GET", "/v1/policies", key=key or gateway.acme.api_key)
    assert answer.status == 200, answer.body
    return answer.json()["data"]


def pack_bytes(gateway, revision=1, key=None):
    answer = gateway.request("GET", f"/v1/policies/{revision}", key=key or gateway.acme.api_key)
    assert answer.status == 200, answer.body
    return base64.b64decode(answer.json()["pack"])


def activate(gateway, pack, key=None, **members):
    return gateway.request("POST", "/v1/policies", {"pack": base64.b64encode(pack).decode(), **members},
                           key=key or gateway.acme.api_key)


def key_of_role(gateway, role, *capabilities):
    answer = gateway.request("POST", "/v1/keys", {"name": role, "role": role, "capabilities": list(capabilities)},
                             key=gateway.acme.api_key)
    assert answer.status == 201, answer.body
    return answer.json()["api_key"]


def bodies(gateway, answer):
    return [event["body"] for event in
            wait_until(lambda: gateway.events_of(answer.request_id), what="the request's events")]


def test_a_tenant_begins_with_the_starter_pack_live(gateway):
    found = packs(gateway)
    assert [(pack["revision"], pack["live"], pack["epoch"]) for pack in found] == [(1, True, 1)]
    raw = pack_bytes(gateway)
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        manifest = tar.extractfile("manifest.json").read()
        assert "policies/access.cedar" in tar.getnames()
    assert hashlib.sha256(manifest).hexdigest() == found[0]["digest"]
    assert json.loads(manifest)["tenant"] == gateway.acme.id


def test_every_event_names_the_live_pack_and_what_decided(gateway):
    digest = packs(gateway)[0]["digest"]
    answer = gateway.chat("hello", key=gateway.acme.api_key)
    assert answer.status == 200
    events = bodies(gateway, answer)
    assert len(events) == 2 and len(events[0]["pii_model"]) == 16
    for body in events:
        assert body["policy"] == digest
        assert body["decision"] == {"action": "chat.completions", "outcome": "allow", "role": "admin",
                                    "policies": ["admins-may-all-that-they-carry"]}


def test_what_no_policy_permits_is_denied_and_on_record(gateway):
    key = key_of_role(gateway, "intern", "chat.completions", "models.read")
    answer = gateway.chat("hello", key=key)
    assert_problem(answer, 403)
    problem = answer.json()
    assert problem["type"].endswith("/problems/policy-denied") and problem["gate"] == "tenancy"
    [body] = bodies(gateway, answer)
    assert (body["reason"], body["gate"]) == ("deny-default", "tenancy")
    assert body["decision"]["outcome"] == "deny-default" and body["decision"]["policies"] == []
    assert body["policy"] == packs(gateway)[0]["digest"]


def test_a_role_reaches_what_its_rules_permit_and_no_more(gateway):
    auditor = key_of_role(gateway, "auditor", "audit.read", "chat.completions", "keys.manage")
    answer = gateway.chat("hello", key=gateway.acme.api_key)
    read = gateway.request("GET", f"/v1/audit/{answer.request_id}", key=auditor)
    assert read.status == 200
    assert_problem(gateway.chat("hello", key=auditor), 403)
    assert_problem(gateway.request("GET", "/v1/keys", key=auditor), 403)


def test_a_policy_makes_the_tenants_table_stricter(gateway):
    """The starter pack holds applications to strict government ids and keeps what they send 180 days."""
    key = key_of_role(gateway, "application", "chat.completions")
    answer = gateway.chat("my social security number is 219-09-9998", key=key)
    assert answer.status == 200
    admitted = bodies(gateway, answer)[0]
    assert admitted["pii"]["gov_id"]["mode"] == "strict"
    assert admitted["decision"]["retention_days"] == 180


def test_a_token_is_asked_as_its_key_is(gateway):
    key = key_of_role(gateway, "intern", "chat.completions")
    answer = gateway.request("POST", "/oauth2/token", b"grant_type=client_credentials", key=key,
                             headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 200, answer.body
    assert_problem(gateway.chat("hello", key=answer.json()["access_token"]), 403)


@pytest.mark.parametrize("body", [{}, {"pack": 7}, {"pack": "not base64!"}, {"pack": ""}, {"pack": "AAAA", "more": 1},
                                  {"pack": "AAAA", "effective_at": "tomorrow"}])
def test_an_order_that_makes_no_sense_is_refused(gateway, body):
    assert_problem(gateway.request("POST", "/v1/policies", body, key=gateway.acme.api_key), 400)


def test_a_pack_that_does_not_verify_is_refused_audited_and_changes_nothing(gateway):
    good, before = pack_bytes(gateway), packs(gateway)
    altered = bytearray(good)
    altered[good.index(b'"change":"The') + 10] ^= 1
    cases = {"policy-pack-rolled-back": (good, 409), "policy-pack-bad-signature": (bytes(altered), 400),
             "policy-pack-not-canonical": (good + b"\0" * 512, 400), "policy-pack-too-large": (b"\0" * (5 << 20), 413)}
    for reason, (pack, status) in cases.items():
        answer = activate(gateway, pack)
        assert_problem(answer, status)
        if reason != "policy-pack-too-large":  # not even read that far
            assert bodies(gateway, answer)[-1]["reason"] == reason
    assert_problem(activate(gateway, pack_bytes(gateway, key=gateway.globex.api_key)), 400)
    assert packs(gateway) == before
    assert gateway.chat("still there", key=gateway.acme.api_key).status == 200


def test_activation_needs_its_capability_and_a_role_that_may(gateway):
    good = pack_bytes(gateway)
    without = key_of_role(gateway, "admin", "policy.read")
    assert_problem(activate(gateway, good, key=without), 403)
    developer = key_of_role(gateway, "developer", "policy.activate")
    assert_problem(activate(gateway, good, key=developer), 403)


def test_the_database_holds_the_chain_even_against_the_application_role(gateway):
    for statement in ("DELETE FROM gatehouse.policy_pack", "UPDATE gatehouse.policy_pack SET revision = 7",
                      "DELETE FROM gatehouse.policy_trust"):
        with pytest.raises(Exception, match="permission denied"):
            gateway.sql(statement, role="gatehouse_app")
