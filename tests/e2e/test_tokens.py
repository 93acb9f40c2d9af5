"""Access tokens: issued for an API key, taken as a bearer, published keys that others can verify with,
and the `token check` verb that says the same offline."""
import json
import subprocess
import time

import pytest

from harness import CHAT, assert_problem
from test_refusals import header_of, payload_of, segment, token_for

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_an_api_key_buys_a_token_of_fifteen_minutes(gateway):
    answer = gateway.request("POST", "/oauth2/token", b"grant_type=client_credentials", key=gateway.acme.api_key, headers=FORM)
    assert answer.status == 200, answer
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert "no-store" in answer.headers["cache-control"]
    claims, head = payload_of(body["access_token"]), header_of(body["access_token"])
    assert set(head) == {"alg", "typ", "kid"}
    assert (head["alg"], head["typ"]) == ("RS256", "at+jwt")
    assert (claims["iss"], claims["aud"]) == (gateway.demo["issuer"], gateway.demo["audience"])
    assert claims["tenant_id"] == gateway.acme.id
    assert claims["exp"] - claims["iat"] == 900
    assert abs(claims["iat"] - time.time()) < 60
    assert claims["jti"] and "chat.completions" in claims["caps"]


def test_a_token_works_as_a_bearer(gateway):
    answer = gateway.chat("hello", key=token_for(gateway))
    assert answer.status == 200, answer


def test_a_token_can_be_asked_for_with_fewer_rights(gateway):
    answer = gateway.request("POST", "/oauth2/token", b"grant_type=client_credentials&scope=models.read",
                             key=gateway.acme.api_key, headers=FORM)
    assert answer.status == 200, answer
    token = answer.json()["access_token"]
    assert payload_of(token)["caps"] == ["models.read"]
    assert gateway.request("GET", "/v1/models", key=token).status == 200
    assert_problem(gateway.chat("hello", key=token), 403, "token")


@pytest.mark.parametrize("form", [b"", b"grant_type=password", b"grant_type=client_credentials&grant_type=client_credentials",
                                  b"grant_type=client_credentials&scope=not.a.right"])
def test_a_bad_token_request_is_refused(form, gateway):
    answer = gateway.request("POST", "/oauth2/token", form, key=gateway.acme.api_key, headers=FORM)
    assert 400 <= answer.status < 500, answer
    assert_problem(answer, answer.status)


def test_a_token_does_not_buy_a_token(gateway):
    answer = gateway.request("POST", "/oauth2/token", b"grant_type=client_credentials", key=token_for(gateway), headers=FORM)
    assert answer.status in (400, 401, 403), answer


def test_the_published_keys_verify_the_token_with_other_software(gateway, tmp_path):
    token = token_for(gateway)
    published = gateway.request("GET", "/.well-known/jwks.json")
    assert published.status == 200
    keys = published.json()["keys"]
    assert header_of(token)["kid"] in [key["kid"] for key in keys]
    assert all("d" not in key and key["kty"] == "RSA" for key in keys), "a private member is published"
    (tmp_path / "jwks.json").write_bytes(published.body)
    (tmp_path / "token").write_text(token)
    done = subprocess.run(["jose", "jws", "ver", "-i", tmp_path / "token", "-k", tmp_path / "jwks.json", "-O", "-"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == payload_of(token)


def test_the_key_id_is_the_thumbprint(gateway, tmp_path):
    for key in gateway.request("GET", "/.well-known/jwks.json").json()["keys"]:
        (tmp_path / "jwk").write_text(json.dumps(key))
        done = subprocess.run(["jose", "jwk", "thp", "-i", tmp_path / "jwk", "-a", "S256"], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == key["kid"]


def check(gateway, tmp_path, lines, now=None, issuer=None, audience=None):
    jwks = tmp_path / "jwks.json"
    jwks.write_bytes(gateway.request("GET", "/.well-known/jwks.json").body)
    done = gateway.run("token", "check", "--jwks", jwks, "--issuer", issuer or gateway.demo["issuer"],
                       "--audience", audience or gateway.demo["audience"], "--now", int(now or time.time()),
                       input="".join(line + "\n" for line in lines))
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_token_check_says_the_same_as_the_gateway(gateway, tmp_path):
    token = token_for(gateway)
    forged = ".".join([token.split(".")[0], segment({**payload_of(token), "sub": "else"}), token.split(".")[2]])
    good, bad, empty = check(gateway, tmp_path, [token, forged, ""])
    assert good["ok"] is True and good["claims"]["tenant_id"] == gateway.acme.id
    assert bad["ok"] is False and bad["reason"]
    assert empty["ok"] is False and empty["reason"]


def test_token_check_holds_time_issuer_and_audience(gateway, tmp_path):
    token = token_for(gateway)
    issued = payload_of(token)["iat"]
    assert check(gateway, tmp_path, [token], now=issued + 899)[0]["ok"] is True
    assert check(gateway, tmp_path, [token], now=issued + 1000)[0]["ok"] is False
    assert check(gateway, tmp_path, [token], now=issued - 1000)[0]["ok"] is False
    assert check(gateway, tmp_path, [token], issuer="https://other.example")[0]["ok"] is False
    assert check(gateway, tmp_path, [token], audience="https://other.example")[0]["ok"] is False


def test_keys_are_listed_without_their_secrets_and_shown_once(gateway):
    made = gateway.request("POST", "/v1/keys", {"name": "listed", "capabilities": ["models.read"]}, key=gateway.acme.api_key)
    assert made.status == 201, made
    listed = gateway.request("GET", "/v1/keys", key=gateway.acme.api_key)
    assert listed.status == 200
    assert made.json()["id"] in listed.body.decode()
    assert made.json()["api_key"] not in listed.body.decode()
    assert gateway.request("GET", "/v1/models", key=made.json()["api_key"]).status == 200
    stored = gateway.sql("SELECT encode(secret_sha256, 'hex') FROM gatehouse.api_key WHERE key_id = '" + made.json()["id"] + "'")
    import hashlib
    assert stored == hashlib.sha256(made.json()["api_key"].encode()).hexdigest()


def test_chat_is_the_same_route_for_key_and_token(gateway):
    by_key = gateway.request("POST", CHAT, {"model": "gatehouse-demo", "messages": [{"role": "user", "content": "same"}]},
                             key=gateway.acme.api_key).json()
    by_token = gateway.chat("same", key=token_for(gateway)).json()
    assert by_key["choices"] == by_token["choices"]
