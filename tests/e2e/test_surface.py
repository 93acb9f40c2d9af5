"""What surrounds the five gates: health, metrics, response headers, the published documents."""
import re

from harness import CHAT, GATES, REQUEST_ID, assert_problem

METRIC = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*")*\})? '
                    r'(-?(?:\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|Inf)|NaN|\+Inf)$')


def test_healthz_and_readyz(gateway):
    for path in ("/healthz", "/readyz"):
        answer = gateway.request("GET", path)
        assert answer.status == 200, answer
        assert "no-store" in answer.headers.get("cache-control", "no-store")


def test_metrics_are_prometheus_text(gateway):
    gateway.chat("count me")
    answer = gateway.request("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    typed, seen = {}, set()
    for line in answer.body.decode().splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert kind in ("counter", "gauge", "histogram", "summary")
            assert name not in typed, f"{name} is declared twice"
            typed[name] = kind
        elif line and not line.startswith("#"):
            match = METRIC.match(line)
            assert match, line
            base = re.sub(r"_(sum|count|bucket)$", "", match.group(1))
            assert match.group(1) in typed or base in typed, f"{line}: no TYPE"
            assert line.rsplit(" ", 1)[0] not in seen, f"{line}: twice"
            seen.add(line.rsplit(" ", 1)[0])
    for gate in GATES:
        assert f'gatehouse_gate_seconds_count{{gate="{gate}"}}' in seen
        assert f'gatehouse_gate_seconds_sum{{gate="{gate}"}}' in seen


def test_metrics_count_and_name_nobody(gateway):
    def passed():
        text = gateway.request("GET", "/metrics").body.decode()
        return float(re.search(r'^gatehouse_gate_seconds_count\{gate="audit"\} (\S+)', text, re.M).group(1)), text

    before, _ = passed()
    for _ in range(3):
        assert gateway.chat("count me").status == 200
    after, text = passed()
    assert after - before >= 3
    for tenant in gateway.tenants:
        assert tenant.api_key not in text and tenant.id not in text


def test_every_response_carries_request_id_and_traceparent(gateway):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answers = [gateway.chat("hello", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}),
               gateway.request("GET", "/healthz"), gateway.request("GET", "/nothing"), gateway.request("POST", CHAT, {})]
    for answer in answers:
        assert REQUEST_ID.match(answer.request_id), answer
        assert re.match(r"^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$", answer.headers["traceparent"]), answer
    assert len({answer.request_id for answer in answers}) == len(answers)
    assert answers[0].headers["traceparent"].split("-")[1] == trace


def test_a_malformed_traceparent_is_replaced(gateway):
    for bad in ("00-zz-xx-01", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "x" * 500):
        answer = gateway.chat("hello", headers={"traceparent": bad})
        assert answer.status == 200
        assert answer.headers["traceparent"] != bad


def test_a_stream_is_sent_as_server_sent_events(gateway):
    answer = gateway.chat("stream please", stream=True)
    assert answer.status == 200
    assert answer.headers["content-type"].split(";")[0] == "text/event-stream"
    assert "no-cache" in answer.headers["cache-control"]
    assert answer.events()[-1] == "[DONE]"
    assert "local demo model" in answer.stream_text()


def test_the_issuer_is_discoverable(gateway):
    answer = gateway.request("GET", "/.well-known/oauth-authorization-server")
    assert answer.status == 200
    body = answer.json()
    assert body["issuer"] == gateway.demo["issuer"]
    assert body["token_endpoint"].endswith("/oauth2/token")
    assert body["jwks_uri"].endswith("/.well-known/jwks.json")


def test_head_and_options_are_answered_or_refused_cleanly(gateway):
    assert gateway.request("HEAD", "/healthz").status in (200, 405)
    answer = gateway.request("OPTIONS", CHAT)
    assert answer.status in (204, 405, 401)
    assert "access-control-allow-origin" not in answer.headers


def test_public_documents_do_not_need_a_key_and_others_do(gateway):
    assert gateway.request("GET", "/.well-known/jwks.json").status == 200
    assert_problem(gateway.request("GET", "/v1/models"), 401, "identity")
    assert_problem(gateway.request("GET", "/v1/keys"), 401, "identity")


def test_two_requests_in_one_packet_are_answered_in_order(gateway):
    one = f"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    two = f"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    raw = gateway.raw((one + two).encode())
    assert raw.count(b"HTTP/1.1 ") == 2
    assert raw.index(b"HTTP/1.1 200") < raw.index(b"HTTP/1.1 404")


def test_a_kept_connection_serves_many_requests_of_two_tenants(gateway):
    """Nothing of one request may stay on the connection for the next."""
    import http.client
    import json
    connection = http.client.HTTPSConnection("127.0.0.1", gateway.port, context=gateway.tls, timeout=30)
    ids = set()
    for number in range(20):
        tenant = gateway.tenants[number % 2]
        key = tenant.api_key if number % 5 else "gk_live_wrong"
        connection.request("POST", CHAT, json.dumps({"model": "gatehouse-demo", "messages": [{"role": "user", "content": f"n{number}"}]}),
                           {"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
        response = connection.getresponse()
        body = response.read()
        assert response.status == (200 if number % 5 else 401), body
        ids.add(response.headers["x-request-id"])
        if response.headers.get("connection") == "close":
            connection.close()
    assert len(ids) == 20
