"""Clients that leave at the worst moment: within the head, within the body, while a gate waits, while
a handler runs, while the upstream answers, within a stream, right after its end. Whatever they do, the
gateway process stays the same one, answers everybody else, and keeps a log that verifies. Under a
sanitizer build (GATEHOUSE_BIN) this is the test of lifetimes between loops, workers and the sequencer.
"""
import concurrent.futures
import contextlib
import json
import os
import random
import socket
import ssl
import struct
import time

import harness

SECONDS = 8
CLIENTS = 12


def gateway_pids(gateway):
    return {pid for pid, (_, name) in harness.process_tree(gateway.child.pid).items() if name.startswith("gatehouse")}


def script(seen):
    """Slow enough that a client can leave before the head, between pieces, and after the end."""
    time.sleep(random.uniform(0, 0.05))
    if seen.body and seen.json().get("stream"):
        return harness.stream(*(f"write to u{i}@example.com " for i in range(random.randrange(12))))
    return harness.default_script(seen)


def requests_of(gateway):
    key = gateway.acme.api_key
    token = json.loads(gateway.request("POST", "/oauth2/token", b"grant_type=client_credentials", key=key).body)["access_token"]

    def raw(method, path, body=b"", credential=key, extra=""):
        head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {credential}\r\n{extra}"
        if body:
            head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        return head.encode() + b"\r\n" + body

    def chat(**more):
        text = "Mail ada.lovelace@example.com " * random.choice((1, 1, 400))
        return json.dumps({"model": "test", "messages": [{"role": "user", "content": text}], **more}).encode()

    return [
        lambda: raw("POST", harness.CHAT, chat()),
        lambda: raw("POST", harness.CHAT, chat(stream=True)),
        lambda: raw("POST", harness.CHAT, chat(stream=True), credential=token),
        lambda: raw("POST", harness.CHAT, chat(), extra="expect: 100-continue\r\n"),
        lambda: raw("POST", harness.CHAT, b"not json"),
        lambda: raw("GET", "/v1/models"),
        lambda: raw("GET", "/v1/keys"),
        lambda: raw("GET", "/v1/audit/01890000-0000-7000-8000-000000000000"),
        lambda: raw("POST", "/v1/keys", json.dumps({"name": "gone", "capabilities": ["models.read"]}).encode()),
        lambda: raw("GET", "/v1/keys", credential="gk_live_unknown"),
        lambda: raw("GET", "/nowhere"),
        lambda: raw("GET", "/log/checkpoint"),
        lambda: raw("GET", "/metrics") * random.randrange(1, 4),
    ]


def vanish(gateway, makers, until):
    """Sends some or all of a request, reads some or nothing, and leaves with a FIN or a RST."""
    rounds = 0
    while time.monotonic() < until:
        data = random.choice(makers)()
        whole = random.random() < 0.7
        with contextlib.suppress(OSError, ssl.SSLError):
            link = gateway.connect()
            try:
                link.sendall(data if whole else data[:random.randrange(1, len(data))])
                time.sleep(random.choice((0, 0, 0.001, 0.005, 0.02, 0.06, 0.15)))
                if random.random() < 0.4:
                    link.settimeout(0.3)
                    link.recv(random.choice((1, 100, 65536)))
                if random.random() < 0.5:
                    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            finally:
                link.close()
        rounds += 1
    return rounds


def test_clients_that_vanish_at_any_moment_hurt_nobody(captured, capture):
    capture.script = script
    makers = requests_of(captured)
    before = gateway_pids(captured)
    until = time.monotonic() + SECONDS
    with concurrent.futures.ThreadPoolExecutor(CLIENTS + 1) as pool:
        vanishing = [pool.submit(vanish, captured, makers, until) for _ in range(CLIENTS)]
        while time.monotonic() < until:
            assert captured.chat("Is all well?").status == 200
        rounds = sum(future.result() for future in vanishing)
    assert rounds > CLIENTS * 5, rounds
    assert gateway_pids(captured) == before, "a process fell"

    answer = captured.chat("And afterwards?", stream=True)
    assert answer.status == 200 and answer.events()[-1] == "[DONE]", answer
    verified = captured.verify()
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_every_admitted_inference_is_completed_on_record(captured, capture):
    """Also when the client of it is gone: an admitting event never stands alone for long."""
    capture.script = script
    makers = requests_of(captured)[:3]
    vanish(captured, makers, time.monotonic() + 2)

    def alone():
        kinds = {}
        for event in captured.log_events():
            body = harness.event_body(event)
            kinds.setdefault(body.get("request_id"), set()).add(body["event"])
        return [request for request, found in kinds.items()
                if "inference.admitted" in found and "inference.completed" not in found]

    harness.wait_until(lambda: not alone(), seconds=10, what="a completing event for each admitted one", every=0.5)


def test_a_stop_with_vanished_clients_in_flight_is_clean(fresh_gateway, capture):
    """Workers and the sequencer still hold requests when the loops end."""
    capture.reset()
    capture.script = script
    gateway = fresh_gateway(upstream=capture.url)
    makers = requests_of(gateway)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        until = time.monotonic() + 2
        futures = [pool.submit(vanish, gateway, makers, until) for _ in range(CLIENTS)]
        time.sleep(1)
        gateway.stop()
        for future in futures:
            future.result()
    gateway.start()
    verified = gateway.verify()
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_key_revoked_while_its_body_is_on_the_way_is_refused(captured, capture):
    """A slow sender is not a way to outlive a revocation."""
    made = captured.request("POST", "/v1/keys", {"name": "slow", "capabilities": ["chat.completions"]}, key=captured.acme.api_key).json()
    body = json.dumps({"model": "test", "messages": [{"role": "user", "content": "hello"}]}).encode()
    head = (f"POST {harness.CHAT} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {made['api_key']}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n").encode()
    with captured.connect() as link:
        link.sendall(head + body[:10])
        time.sleep(0.2)
        revoked = captured.request("DELETE", f"/v1/keys/{made['id']}", key=captured.acme.api_key)
        assert revoked.status == 200, revoked
        time.sleep(2.1)
        link.sendall(body[10:])
        raw = b""
        while chunk := link.recv(65536):
            raw += chunk
    harness.assert_problem(harness.parse_answer(raw), 401, gate="identity")
    assert capture.seen == []


def test_a_slow_body_of_a_good_credential_is_served(captured):
    key = captured.acme.api_key
    token = captured.request("POST", "/oauth2/token", b"grant_type=client_credentials", key=key).json()["access_token"]
    body = json.dumps({"model": "test", "messages": [{"role": "user", "content": "hello"}]}).encode()
    for credential in (key, token):
        head = (f"POST {harness.CHAT} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {credential}\r\n"
                f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n").encode()
        with captured.connect() as link:
            link.sendall(head + body[:10])
            time.sleep(0.3)
            link.sendall(body[10:])
            raw = b""
            while chunk := link.recv(65536):
                raw += chunk
        assert harness.parse_answer(raw).status == 200, raw


def test_a_token_ends_when_its_key_expires(captured):
    made = captured.request("POST", "/v1/keys", {"name": "short", "capabilities": ["models.read"], "expires_in": 60},
                            key=captured.acme.api_key).json()
    token = captured.request("POST", "/oauth2/token", b"grant_type=client_credentials", key=made["api_key"]).json()["access_token"]
    assert captured.request("GET", "/v1/models", key=token).status == 200
    captured.sql(f"UPDATE gatehouse.api_key SET expires_at = now() - interval '1 second' WHERE key_id = '{made['id']}'")
    time.sleep(2.1)
    harness.assert_problem(captured.request("GET", "/v1/models", key=token), 401, gate="token")


def test_personal_data_in_a_forwarded_path_stays_here(captured, capture):
    answer = captured.request("GET", "/v1/models/ada.lovelace@example.com", key=captured.acme.api_key)
    harness.assert_problem(answer, 400, gate="pii")
    assert capture.seen == []
    assert captured.request("GET", "/v1/models/gpt-4o-2024-08-06", key=captured.acme.api_key).status == 200


def test_a_stream_that_breaks_ends_at_once(captured, capture):
    """Not when the upstream, which may go on for minutes, has finished."""
    def endless(seen):
        return [harness.chunk({"content": "one "}), b"data: {not json\n\n", *([b": waiting\n\n"] * 1500)]
    capture.script = endless
    begun = time.monotonic()
    answer = captured.chat("go", stream=True)
    assert time.monotonic() - begun < 8
    assert "[DONE]" not in answer.events()
    assert json.loads(answer.events()[-1])["error"], answer


def test_the_model_holds_no_way_to_the_keeper(gateway):
    roles = gateway.processes()
    model = next(pid for pid, role in roles.items() if role == "model")
    keeper = next(pid for pid, role in roles.items() if role == "keeper")

    supervisor = gateway.child.pid
    assert sockets(model).isdisjoint(sockets(supervisor))
    assert sockets(keeper).isdisjoint(sockets(supervisor)), "its fall would not be noticed"


def sockets(pid):
    targets = [os.readlink(entry.path) for entry in os.scandir(f"/proc/{pid}/fd")]
    return {target for target in targets if target.startswith("socket:")}
