"""What hostile and careless clients send, row by row. Every refusal is a problem document with the
request id, names its gate where one refused, is on record, and nothing of it reaches the upstream."""
import base64
import dataclasses
import hashlib
import hmac
import json
import re
import subprocess

import pytest

from harness import CHAT, assert_problem, new_gateway, parse_answer, wait_until

BODY = {"model": "test", "messages": [{"role": "user", "content": "hello"}]}
RAW_BODY = json.dumps(BODY).encode()


@dataclasses.dataclass
class Row:
    """One bad request. `send` gets the gateway and returns the answer."""
    name: str
    status: int
    gate: str | None
    send: object


def post(headers=None, body=BODY, path=CHAT, method="POST", key=None):
    return lambda gateway: gateway.request(method, path, body, headers=headers, key=key and key(gateway))


def acme_key(gateway):
    return gateway.acme.api_key


def altered(key):
    return key[:30] + ("A" if key[30] != "A" else "B") + key[31:]


def segment(value):
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def payload_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def header_of(token):
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def token_for(gateway):
    answer = gateway.request("POST", "/oauth2/token", b"grant_type=client_credentials", key=gateway.acme.api_key,
                             headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 200, answer
    return answer.json()["access_token"]


def unsigned(gateway):
    token = token_for(gateway)
    return segment({"alg": "none", "typ": "at+jwt"}) + "." + token.split(".")[1] + "."


def signed_with_public_key(gateway):
    """The classic confusion: HS256 with the published RSA key as the secret."""
    token = token_for(gateway)
    modulus = next(key["n"] for key in gateway.request("GET", "/.well-known/jwks.json").json()["keys"]
                   if key["kid"] == header_of(token)["kid"])
    head = segment({**header_of(token), "alg": "HS256"}) + "." + token.split(".")[1]
    return head + "." + segment(hmac.new(modulus.encode(), head.encode(), hashlib.sha256).digest())


def signed_by_a_stranger(gateway):
    """Our claims and our kid under somebody else's RSA key."""
    token = token_for(gateway)
    head = ".".join(token.split(".")[:2])
    key = subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, check=True).stdout
    folder = gateway.folder / "stranger.pem"
    folder.write_bytes(key)
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", folder], input=head.encode(),
                               capture_output=True, check=True).stdout
    return head + "." + segment(signature)


def with_more_rights(gateway):
    token = token_for(gateway)
    claims = {**payload_of(token), "tenant_id": gateway.globex.id}
    return ".".join([token.split(".")[0], segment(claims), token.split(".")[2]])


def with_unknown_header(gateway):
    token = token_for(gateway)
    return ".".join([segment({**header_of(token), "jku": "https://127.0.0.1:1/keys"}), *token.split(".")[1:]])


IDENTITY_ROWS = [
    Row("no credential", 401, "identity", post()),
    Row("an empty bearer", 401, "identity", post({"Authorization": "Bearer "})),
    Row("another scheme", 401, "identity", post({"Authorization": "Basic dXNlcjpwYXNz"})),
    Row("a malformed key", 401, "identity", post({"Authorization": "Bearer gk_live_short"})),
    Row("a key of the right form that nobody was given", 401, "identity", post({"Authorization": "Bearer gk_live_" + "A" * 58})),
    Row("a real key with one letter changed", 401, "identity", post(key=lambda gateway: altered(gateway.acme.api_key))),
    Row("a word", 401, "identity", post({"Authorization": "Bearer hello"})),
    Row("a key in the query string", 401, "identity",
        lambda gateway: gateway.request("POST", CHAT + "?api_key=" + gateway.acme.api_key, BODY)),
    Row("a very long bearer", 401, "identity", post({"Authorization": "Bearer " + "A" * 9000})),
]

TOKEN_ROWS = [
    Row("a token without a signature", 401, "token", post(key=unsigned)),
    Row("a token signed with our public key as a secret", 401, "token", post(key=signed_with_public_key)),
    Row("our claims signed by a stranger", 401, "token", post(key=signed_by_a_stranger)),
    Row("a token changed to another tenant", 401, "token", post(key=with_more_rights)),
    Row("a token that names a key's address", 401, "token", post(key=with_unknown_header)),
    Row("a token cut in half", 401, "token", post(key=lambda gateway: token_for(gateway)[:200] + ".x.y")),
    Row("a token with four parts", 401, "token", post(key=lambda gateway: token_for(gateway) + ".x")),
]


def check_refused(row, gateway, capture):
    answer = row.send(gateway)
    problem = assert_problem(answer, row.status, row.gate, issuer=gateway.demo["issuer"])
    assert capture.seen == [], "something was forwarded"
    assert capture_is_silent(answer, gateway)
    recorded = wait_until(lambda: gateway.events_of(answer.request_id), what="an event of the refusal")
    assert len(recorded) == 1, recorded
    return problem, recorded[0]


def capture_is_silent(answer, gateway):
    """A refusal must not repeat what it was sent: no key, no token, no prompt."""
    text = answer.body.decode()
    return gateway.acme.api_key not in text and "hello" not in text.lower()


@pytest.mark.parametrize("row", IDENTITY_ROWS, ids=lambda row: row.name)
def test_identity_refuses(row, captured, capture):
    answer_problem, _ = check_refused(row, captured, capture)
    assert answer_problem["error"]["message"] and answer_problem["error"]["type"] and answer_problem["error"]["code"]


@pytest.mark.parametrize("row", TOKEN_ROWS, ids=lambda row: row.name)
def test_token_refuses(row, captured, capture):
    check_refused(row, captured, capture)


def test_a_401_says_how_to_authenticate(captured):
    answer = captured.request("POST", CHAT, BODY)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_two_credentials_are_refused(captured, capture):
    """Two fields, two kinds: whichever is meant, the gateway does not guess (RFC 6750 section 2)."""
    head = (f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {captured.acme.api_key}\r\n"
            f"Authorization: Bearer {captured.globex.api_key}\r\nContent-Length: {len(RAW_BODY)}\r\n\r\n")
    answer = parse_answer(captured.raw(head.encode() + RAW_BODY))
    assert_problem(answer, 400, "identity")
    both = captured.request("POST", CHAT, BODY, key=captured.acme.api_key, headers={"x-api-key": captured.globex.api_key})
    assert_problem(both, 400, "identity")
    assert capture.seen == []


def test_a_token_of_another_deployment_is_refused(captured, capture):
    with new_gateway(upstream=capture.url) as other:
        foreign = token_for(other)
    check_refused(Row("foreign", 401, "token", post(key=lambda gateway: foreign)), captured, capture)


def test_a_revoked_key_is_refused_within_two_seconds(captured, capture):
    made = captured.request("POST", "/v1/keys", {"name": "short-lived", "capabilities": ["chat.completions"]},
                            key=captured.acme.api_key)
    assert made.status == 201, made
    key, key_id = made.json()["api_key"], made.json()["id"]
    assert captured.request("POST", CHAT, BODY, key=key).status == 200
    capture.reset()
    assert captured.request("DELETE", f"/v1/keys/{key_id}", key=captured.acme.api_key).status in (200, 204)
    wait_until(lambda: captured.request("POST", CHAT, BODY, key=key).status == 401, seconds=2.0, what="the revocation")
    capture.reset()
    check_refused(Row("revoked", 401, "identity", post(key=lambda gateway: key)), captured, capture)


def test_a_token_of_a_revoked_key_is_refused_within_two_seconds(captured, capture):
    made = captured.request("POST", "/v1/keys", {"name": "short-lived", "capabilities": ["chat.completions"]},
                            key=captured.acme.api_key).json()
    token = captured.request("POST", "/oauth2/token", b"grant_type=client_credentials", key=made["api_key"],
                             headers={"Content-Type": "application/x-www-form-urlencoded"}).json()["access_token"]
    assert captured.request("POST", CHAT, BODY, key=token).status == 200
    captured.request("DELETE", f"/v1/keys/{made['id']}", key=captured.acme.api_key)
    wait_until(lambda: captured.request("POST", CHAT, BODY, key=token).status == 401, seconds=2.5, what="the revocation")


def test_a_key_without_the_capability_is_refused(captured, capture):
    made = captured.request("POST", "/v1/keys", {"name": "embeddings only", "capabilities": ["embeddings"]},
                            key=captured.acme.api_key)
    assert made.status == 201, made
    row = Row("no capability", 403, "token", post(key=lambda gateway: made.json()["api_key"]))
    check_refused(row, captured, capture)


def test_a_key_cannot_make_a_key_with_more_rights_than_its_own(captured):
    small = captured.request("POST", "/v1/keys", {"name": "manager", "capabilities": ["keys.manage"]},
                             key=captured.acme.api_key).json()
    answer = captured.request("POST", "/v1/keys", {"name": "more", "capabilities": ["chat.completions"]}, key=small["api_key"])
    assert_problem(answer, 403)


BODY_ROWS = [
    Row("not JSON", 400, "pii", post(body=b"{", headers={"Content-Type": "application/json"}, key=acme_key)),
    Row("an empty body", 400, "pii", post(body=b"", headers={"Content-Type": "application/json"}, key=acme_key)),
    Row("two values", 400, "pii", post(body=RAW_BODY + b"{}", headers={"Content-Type": "application/json"}, key=acme_key)),
    Row("a duplicate member", 400, "pii",
        post(body=b'{"model":"test","messages":[],"messages":[{"role":"user","content":"hi"}]}',
             headers={"Content-Type": "application/json"}, key=acme_key)),
    Row("nesting of a thousand", 400, "pii",
        post(body=b'{"model":"test","messages":' + b"[" * 1000 + b"]" * 1000 + b"}",
             headers={"Content-Type": "application/json"}, key=acme_key)),
    Row("not UTF-8", 400, "pii", post(body=b'{"model":"test","messages":[{"role":"user","content":"\xff\xfe"}]}',
                                      headers={"Content-Type": "application/json"}, key=acme_key)),
    Row("a lone surrogate", 400, "pii", post(body=b'{"model":"test","messages":[{"role":"user","content":"\\ud800"}]}',
                                             headers={"Content-Type": "application/json"}, key=acme_key)),
    Row("an array in place of an object", 400, "pii", post(body=b"[]", headers={"Content-Type": "application/json"}, key=acme_key)),
    Row("a compressed body", 415, None, post(body=b"\x1f\x8b\x08", headers={"Content-Type": "application/json",
                                                                              "Content-Encoding": "gzip"}, key=acme_key)),
    Row("another media type", 415, None, post(body=RAW_BODY, headers={"Content-Type": "text/plain"}, key=acme_key)),
]


@pytest.mark.parametrize("row", BODY_ROWS, ids=lambda row: row.name)
def test_a_bad_body_is_refused(row, captured, capture):
    answer = row.send(captured)
    assert_problem(answer, row.status)
    assert capture.seen == []
    assert wait_until(lambda: captured.events_of(answer.request_id), what="an event of the refusal")


ROUTE_ROWS = [
    Row("an unknown route", 404, None, post(path="/v1/nothing", key=acme_key)),
    Row("a route of OpenAI that is not understood", 404, None, post(path="/v1/assistants", key=acme_key)),
    Row("a route spelled with dots", 400, None, post(path="/v1/../v1/chat/completions/x", key=acme_key)),
    Row("another method", 405, None, post(method="PUT", key=acme_key)),
    Row("a method of another protocol", 405, None, post(method="PATCH", key=acme_key)),
]


@pytest.mark.parametrize("row", ROUTE_ROWS, ids=lambda row: row.name)
def test_what_is_not_in_the_table_of_routes_is_refused(row, captured, capture):
    answer = row.send(captured)
    assert_problem(answer, row.status)
    if row.status == 405:
        assert "POST" in answer.headers["allow"]
    assert capture.seen == []


def head(gateway, *lines, target=CHAT, version="HTTP/1.1", method="POST"):
    return "\r\n".join([f"{method} {target} {version}", "Host: localhost", f"Authorization: Bearer {gateway.acme.api_key}",
                        "Content-Type: application/json", *lines, "", ""]).encode()


LENGTH = f"Content-Length: {len(RAW_BODY)}"
SMUGGLED = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"

# (name, status, bytes): each would be read in two ways by two servers, or by none as meant.
WIRE_ROWS = [
    ("length and chunks", 400, lambda g: head(g, LENGTH, "Transfer-Encoding: chunked") + b"0\r\n\r\n" + SMUGGLED),
    ("two different lengths", 400, lambda g: head(g, "Content-Length: 5", "Content-Length: 6") + b"hello!" + SMUGGLED),
    ("two equal lengths", 400, lambda g: head(g, LENGTH, LENGTH) + RAW_BODY),
    ("a list of lengths", 400, lambda g: head(g, "Content-Length: 5, 5") + b"hello"),
    ("a signed length", 400, lambda g: head(g, "Content-Length: +5") + b"hello"),
    ("a hexadecimal length", 400, lambda g: head(g, "Content-Length: 0x5") + b"hello"),
    ("a negative length", 400, lambda g: head(g, "Content-Length: -1") + b"hello"),
    ("a blank before the colon", 400, lambda g: head(g, f"Content-Length : {len(RAW_BODY)}") + RAW_BODY),
    ("an unknown coding", 501, lambda g: head(g, "Transfer-Encoding: xchunked") + b"0\r\n\r\n"),
    ("identity coding", 501, lambda g: head(g, "Transfer-Encoding: identity") + RAW_BODY),
    ("chunked twice", 501, lambda g: head(g, "Transfer-Encoding: chunked, chunked") + b"0\r\n\r\n"),
    ("chunked on HTTP/1.0", 400, lambda g: head(g, "Transfer-Encoding: chunked", version="HTTP/1.0") + b"0\r\n\r\n"),
    ("a folded field", 400, lambda g: head(g, "X-A: b\r\n c", LENGTH) + RAW_BODY),
    ("a bare line feed", 400, lambda g: head(g, LENGTH).replace(b"\r\n", b"\n") + RAW_BODY),
    ("a bare carriage return", 400, lambda g: head(g, "X-A: b\rc", LENGTH) + RAW_BODY),
    ("a zero byte in a value", 400, lambda g: head(g, "X-A: b\0c", LENGTH) + RAW_BODY),
    ("a control byte in a name", 400, lambda g: head(g, "X\x01A: b", LENGTH) + RAW_BODY),
    ("a second host", 400, lambda g: head(g, "Host: other", LENGTH) + RAW_BODY),
    ("no host", 400, lambda g: head(g, LENGTH).replace(b"Host: localhost\r\n", b"") + RAW_BODY),
    ("an unknown method", 501, lambda g: head(g, LENGTH, method="BREW") + RAW_BODY),
    ("another version", 505, lambda g: head(g, LENGTH, version="HTTP/3.0") + RAW_BODY),
    ("no version", 400, lambda g: b"GET /\r\n\r\n"),
    ("a chunk size that is no number", 400, lambda g: head(g, "Transfer-Encoding: chunked") + b"xyz\r\nhello\r\n0\r\n\r\n"),
    ("a chunk size with a prefix", 400, lambda g: head(g, "Transfer-Encoding: chunked") + b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("a chunk extension", 400, lambda g: head(g, "Transfer-Encoding: chunked") + b"5;a=b\r\nhello\r\n0\r\n\r\n"),
    ("a chunk that is too long for its size", 400, lambda g: head(g, "Transfer-Encoding: chunked") + b"3\r\nhello\r\n0\r\n\r\n"),
    ("a chunk size that overflows", 400, lambda g: head(g, "Transfer-Encoding: chunked") + b"FFFFFFFFFFFFFFFFF\r\nhello"),
    ("a body over the limit", 413, lambda g: head(g, "Content-Length: 99999999999")),
    ("a long target", 414, lambda g: head(g, LENGTH, target="/v1/" + "a" * 20000) + RAW_BODY),
    ("many fields", 431, lambda g: head(g, *(f"X-{i}: a" for i in range(200)), LENGTH) + RAW_BODY),
    ("a large field", 431, lambda g: head(g, "X-A: " + "a" * 20000, LENGTH) + RAW_BODY),
]


@pytest.mark.parametrize("name,status,message", WIRE_ROWS, ids=[row[0] for row in WIRE_ROWS])
def test_the_wire_refuses(name, status, message, captured, capture):
    raw = captured.raw(message(captured))
    answer = parse_answer(raw)
    assert answer, f"{name}: no answer: {raw[:200]!r}"
    assert_problem(answer, status)
    assert len(re.findall(rb"HTTP/1\.1 \d\d\d ", raw)) == 1, "a second request was read out of the first"
    assert answer.headers["connection"] == "close"
    assert capture.seen == []
    assert wait_until(lambda: captured.events_of(answer.request_id), what="an event of the refusal")


def test_a_chunked_request_over_the_body_limit_is_cut_off(captured, capture):
    piece = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    raw = captured.raw([head(captured, "Transfer-Encoding: chunked"), *[piece] * 200])
    answer = parse_answer(raw)
    assert answer is not None and answer.status == 413
    assert capture.seen == []


def test_a_refused_request_is_not_read_before_its_credential(captured, capture):
    """401 arrives at the end of the head: the announced body is never sent."""
    message = (f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
               "Content-Type: application/json\r\n\r\n").encode()
    answer = parse_answer(captured.raw(message))
    assert_problem(answer, 401, "identity")


def test_a_plain_http_request_to_the_tls_port_gets_no_page(captured):
    import socket
    with socket.create_connection(("127.0.0.1", captured.port), 5) as link:
        link.settimeout(10)
        link.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        try:
            while part := link.recv(4096):
                received += part
        except (ConnectionError, TimeoutError):
            pass
    assert b"200" not in received


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_tls_is_refused(version, captured):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{captured.port}", version, "-cipher",
                           "ALL:@SECLEVEL=0"], input=b"", capture_output=True, timeout=30, check=False)
    assert b"Cipher is (NONE)" in done.stdout or b"Cipher    : 0000" in done.stdout


def test_after_every_refusal_the_gateway_still_serves(captured, capture):
    assert captured.request("POST", CHAT, BODY, key=captured.acme.api_key).status == 200
    assert len(capture.seen) == 1


def test_every_problem_type_has_a_page(captured):
    answer = captured.request("POST", CHAT, BODY)
    page = captured.request("GET", answer.json()["type"].removeprefix(captured.demo["issuer"]))
    assert page.status == 200
    assert answer.json()["title"] in page.body.decode()


def test_an_upstream_that_is_away_is_a_502_and_on_record(fresh_gateway):
    gateway = fresh_gateway(upstream="http://127.0.0.1:9/v1")
    answer = gateway.chat("hello")
    assert_problem(answer, 502)
    assert wait_until(lambda: gateway.events_of(answer.request_id), what="events")


def test_the_database_away_means_503_and_nothing_forwarded(fresh_gateway, capture):
    """Fail closed: with PostgreSQL stopped in its tracks no request is admitted."""
    import os
    import signal
    capture.reset()
    gateway = fresh_gateway(upstream=capture.url)
    assert gateway.chat("before").status == 200
    capture.reset()
    postgres = [pid for pid, role in gateway.processes().items() if role in ("postmaster", "backend")]
    for pid in postgres:
        os.kill(pid, signal.SIGSTOP)
    try:
        answer = gateway.chat("while it is away")
        assert_problem(answer, 503)
        assert capture.seen == []
    finally:
        for pid in postgres:
            os.kill(pid, signal.SIGCONT)
    wait_until(lambda: gateway.chat("after").status == 200, seconds=30, what="service")
