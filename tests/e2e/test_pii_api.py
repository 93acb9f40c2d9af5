"""What a tenant asks of the scanner over HTTP: /v1/pii/scan, the limits of /v1/pii/reveal, /v1/pii/thresholds.
Tenant acme handles e-mail reversibly, globex strictly."""
import concurrent.futures
import json
import re
import time

import pytest

from harness import CHAT, assert_problem, event_body, wait_until

EMAIL = "mireille.duclos@example.org"
CARD = "4242 4242 4242 4242"
SCAN = "/v1/pii/scan"


def scan(gateway, body, tenant=None, key=None):
    tenant = tenant or gateway.acme
    return gateway.request("POST", SCAN, body, key=key or tenant.api_key)


def events_about(gateway, answer, count=2):
    return wait_until(lambda: (lambda found: found if len(found) >= count else None)(gateway.events_of(answer.request_id)),
                      what="the events of a request")


def new_key(gateway, capabilities, tenant=None):
    made = gateway.request("POST", "/v1/keys", {"name": "of a test", "capabilities": capabilities},
                           key=(tenant or gateway.acme).api_key)
    assert made.status == 201, made
    return made.json()["api_key"]


def token_of(gateway, capture, value=EMAIL):
    """The reversible token that acme's e-mail address becomes, kept in the vault."""
    capture.reset()
    assert gateway.chat(f"write to {value} now").status == 200
    return re.search(r"write to (.*) now", capture.seen[0].json()["messages"][0]["content"]).group(1)


# --- /v1/pii/scan

def test_a_text_is_scanned_and_not_given_back(captured):
    text = f"Grüße an {EMAIL}, Karte {CARD}"
    answer = scan(captured, {"text": text})
    assert answer.status == 200, answer
    found = answer.json()["findings"]
    assert [item["class"] for item in found if item["class"] in ("email", "payment_card")] == ["email", "payment_card"]
    raw = text.encode()
    email = next(item for item in found if item["class"] == "email")
    assert raw[email["start"]:email["end"]].decode() == EMAIL, "offsets are bytes"
    assert email["mode"] == "reversible" and 50 <= email["confidence"] <= 100 and "path" not in email
    assert EMAIL not in answer.body.decode() and CARD not in answer.body.decode()
    assert "text" not in answer.json()


def test_texts_say_which_one_a_finding_is_in(captured):
    answer = scan(captured, {"texts": ["nothing here", f"mail {EMAIL}", f"card {CARD}"]})
    assert [(item["path"], item["class"]) for item in answer.json()["findings"]] == [("/1", "email"), ("/2", "payment_card")]


def test_a_document_says_where_a_finding_stands(captured):
    document = {"id": EMAIL, "a/b": [{"x~y": f"to {EMAIL}"}], "inner": json.dumps({"to": [EMAIL]}), "n": 4242424242424242,
                "role": EMAIL}
    answer = scan(captured, {"json": document})
    assert answer.status == 200, answer
    places = {item["path"]: item["class"] for item in answer.json()["findings"]}
    assert places == {"/id": "email", "/a~1b/0/x~0y": "email", "/inner#/to/0": "email", "/n": "payment_card", "/role": "email"}


@pytest.mark.parametrize("body", [{"text": f"to {EMAIL}"}, {"texts": [f"to {EMAIL}", "b"]}, {"json": {"to": [f"to {EMAIL}"]}}])
def test_what_is_asked_for_rewritten_comes_back_as_the_table_says(body, captured):
    (member, given), = body.items()
    for tenant, form in ((captured.acme, r"\[EMAIL:[0-9a-z]{20}\]"), (captured.globex, r"\[EMAIL_[0-9a-z]{8}\]")):
        answer = scan(captured, {**body, "rewrite": True}, tenant)
        assert answer.status == 200, answer
        token = re.search(form, answer.body.decode())
        assert token, answer
        assert json.dumps(answer.json()[member]) == json.dumps(given).replace(EMAIL, token.group(0))


def test_a_token_made_by_a_scan_can_be_revealed(captured):
    answer = scan(captured, {"text": "to claudine.marot@example.org", "rewrite": True})
    token = answer.json()["text"].removeprefix("to ")
    shown = captured.request("POST", "/v1/pii/reveal", {"token": token, "reason": "a test"}, key=captured.acme.api_key)
    assert shown.status == 200, shown
    assert shown.json()["value"] == "claudine.marot@example.org"


def test_a_scan_that_rewrites_nothing_leaves_nothing_in_the_vault(captured):
    before = captured.sql("SELECT count(*) FROM gatehouse.pii_vault")
    assert scan(captured, {"text": "to never.seen.before@example.org"}).status == 200
    assert captured.sql("SELECT count(*) FROM gatehouse.pii_vault") == before


def test_the_threshold_and_the_channel_are_the_callers(captured):
    text = {"text": f"to {EMAIL}"}
    assert scan(captured, {**text, "threshold": 0}).json()["findings"]
    sure = scan(captured, {"text": "my number is 030 901820", "threshold": 100})
    assert sure.json()["findings"] == []
    assert scan(captured, {**text, "channel": "prompt"}).json()["findings"][0]["mode"] == "reversible"


def test_a_scan_is_on_record_with_counts_and_without_values(captured):
    answer = scan(captured, {"text": f"{EMAIL} and {CARD}", "rewrite": True})
    events = events_about(captured, answer)
    text = json.dumps(events)
    assert EMAIL not in text and CARD not in text and "4242" not in text
    done = next(event_body(event) for event in events if event_body(event)["event"] == "request.completed")
    assert done["action"] == "pii.scan"
    assert done["details"]["findings"] == 2 and done["details"]["pii"]["email"]["count"] == 1
    assert captured.sql(f"SELECT count(*) FROM gatehouse.exchange WHERE request_id = '{answer.request_id}'") == "0", \
        "what is scanned is not kept"


def test_a_scan_needs_its_capability(captured):
    assert_problem(scan(captured, {"text": "x"}, key=new_key(captured, ["models.read"])), 403, "token")
    assert scan(captured, {"text": "x"}, key=new_key(captured, ["pii.scan"])).status == 200
    assert_problem(captured.request("POST", SCAN, {"text": "x"}), 401, "identity")


@pytest.mark.parametrize("body,word", [
    ({}, "one of text"), ({"text": "a", "texts": []}, "one of text"), ({"text": 1}, "text must be"),
    ({"texts": "a"}, "texts must be"), ({"texts": [1]}, "texts must be"), ({"texts": ["a"] * 1001}, "1000"),
    ({"text": "a", "channel": "mail"}, "channel must be"), ({"text": "a", "threshold": 101}, "threshold must be"),
    ({"text": "a", "threshold": "50"}, "threshold must be"), ({"text": "a", "rewrite": 1}, "rewrite must be"),
    ({"text": "a", "txt": "b"}, "may hold"), (b'{"text": "a', "not valid JSON"), (b'{"text":"a","text":"b"}', "twice"),
    (b'{"text": "\xff"}', "not valid JSON"), (b'{"json": ' + b"[" * 100 + b"]" * 100 + b"}", "deeper"),
    (b'{"text": "\\ud800"}', "not valid JSON"), (b'{"text" 1}', "not valid JSON"), (b"{", "not valid JSON"),
    ({"json": ["a@example.org"] * 10001}, "more than 10000"),
])
def test_what_cannot_be_scanned_is_refused_with_a_word(body, word, captured):
    answer = captured.request("POST", SCAN, body, key=captured.acme.api_key, headers={"Content-Type": "application/json"})
    assert word in assert_problem(answer, 400)["detail"]


def test_a_scan_takes_a_megabyte_and_no_more(captured):
    text = "plain words and more of them. " * 34000
    assert len(text) < 1048000
    assert scan(captured, {"text": text}).status == 200
    assert_problem(scan(captured, {"text": text * 2}), 413, "pii")


def test_no_body_and_no_object_are_refused(captured):
    for body in (b"", b"[]", b'"text"'):
        answer = captured.request("POST", SCAN, body, key=captured.acme.api_key, headers={"Content-Type": "application/json"})
        assert_problem(answer, 400, "pii")
    answer = captured.request("GET", SCAN, key=captured.acme.api_key)
    assert_problem(answer, 405)


# --- limits of /v1/pii/reveal

def reveal(gateway, token, key):
    return gateway.request("POST", "/v1/pii/reveal", {"token": token, "reason": "a test of limits"}, key=key)


def drain(gateway, token, key, most):
    """Asks until the limit answers; how many were allowed, and the refusal."""
    for allowed in range(most):
        answer = reveal(gateway, token, key)
        if answer.status == 429:
            return allowed, answer
        assert answer.status == 200, answer
    raise AssertionError(f"{most} were revealed")


def test_a_key_reveals_sixty_a_minute_and_not_on_behalf_of_others(captured, capture):
    token = token_of(captured, capture)
    one, other = new_key(captured, ["pii.reveal"]), new_key(captured, ["pii.reveal"])
    allowed, refusal = drain(captured, token, one, 120)
    assert 60 <= allowed < 120
    problem = assert_problem(refusal, 429)
    assert problem["type"].endswith("/too-many-requests") and "key" in problem["detail"]
    assert int(refusal.headers["retry-after"]) >= 1
    assert EMAIL not in refusal.body.decode()
    done = [event_body(event) for event in events_about(captured, refusal)][-1]
    assert (done["outcome"], done["reason"], done["status"]) == ("refused", "reveal-limit-key", 429)
    assert reveal(captured, token, other).status == 200, "another key of the tenant is not held up"
    assert "gatehouse_pii_reveals_limited_total" in captured.request("GET", "/metrics").body.decode()


def test_asking_in_vain_counts_as_well(captured):
    key = new_key(captured, ["pii.reveal"])
    for _ in range(120):
        answer = reveal(captured, "[EMAIL:00000000000000000000]", key)
        if answer.status == 429:
            return
        assert answer.status == 404
    raise AssertionError("guessing tokens is not limited")


def test_a_tenant_has_a_limit_over_all_its_keys(captured, capture):
    token = token_of(captured, capture)
    key = new_key(captured, ["pii.reveal"])
    assert reveal(captured, token, key).status == 200
    captured.sql("UPDATE gatehouse.pii_reveal_budget SET left_over = 0, at = now() + interval '1 hour' WHERE key_id = '' "
                 f"AND tenant_id = '{captured.acme.id}'")
    try:
        assert "tenant" in assert_problem(reveal(captured, token, key), 429)["detail"]
        foreign = new_key(captured, ["pii.reveal"], captured.globex)
        assert reveal(captured, token, foreign).status == 404, "another tenant is not held up"
    finally:
        captured.sql("UPDATE gatehouse.pii_reveal_budget SET left_over = 600, at = now() WHERE key_id = ''")


def test_a_spent_bucket_survives_a_restart(fresh_gateway, capture):
    capture.reset()
    gateway = fresh_gateway(upstream=capture.url)
    token = token_of(gateway, capture)
    key = new_key(gateway, ["pii.reveal"])
    assert reveal(gateway, token, key).status == 200
    gateway.sql("UPDATE gatehouse.pii_reveal_budget SET left_over = 0, at = now() + interval '1 hour' WHERE key_id <> ''")
    gateway.stop()
    gateway.start()
    assert reveal(gateway, token, key).status == 429


# --- /v1/pii/thresholds

THRESHOLDS = "/v1/pii/thresholds"
SURE, UNSURE = "call 020 7946 0958", "line 020 7946 0958 there"


def confidence(gateway, text, of="phone"):
    found = scan(gateway, {"text": text, "threshold": 0}).json()["findings"]
    return next(item["confidence"] for item in found if item["class"] == of)


def set_thresholds(gateway, tenant=None, **thresholds):
    """Sets them and waits until they hold; the last answer."""
    for of, threshold in thresholds.items():
        answer = gateway.request("PUT", THRESHOLDS, {"class": of, "threshold": threshold}, key=(tenant or gateway.acme).api_key)
        assert answer.status == 200, answer
    time.sleep(2.1)
    return answer


def forwarded(gateway, capture, text, key):
    before = len(capture.seen)
    answer = gateway.chat(text, key=key)
    assert answer.status == 200, answer
    return capture.seen[before].text(), answer


def test_below_the_threshold_a_finding_is_left_alone(captured, capture):
    low, high = confidence(captured, UNSURE), confidence(captured, SURE)
    assert 50 <= low < high, "the texts tell nothing"
    answer = set_thresholds(captured, phone=high)
    assert answer.json() == {"class": "phone", "former": 50, "threshold": high}
    done = event_body(events_about(captured, answer)[-1])
    assert (done["action"], done["details"]) == ("pii.threshold", answer.json())
    shown = captured.request("GET", THRESHOLDS, key=captured.acme.api_key).json()
    assert shown["phone"] == high and shown["email"] == 50 and len(shown) == 11

    assert "020 7946 0958" in forwarded(captured, capture, UNSURE, captured.acme.api_key)[0]
    assert "020 7946 0958" not in forwarded(captured, capture, SURE, captured.acme.api_key)[0]
    assert scan(captured, {"text": UNSURE}).json()["findings"] == []
    assert scan(captured, {"text": UNSURE, "threshold": low}).json()["findings"], "the caller's threshold goes before"
    assert scan(captured, {"text": f"to {EMAIL}", "threshold": 100}).json()["findings"] == []

    assert scan(captured, {"text": UNSURE}, key=captured.globex.api_key).json()["findings"], "another tenant's is its own"
    assert captured.request("GET", THRESHOLDS, key=captured.globex.api_key).json()["phone"] == 50
    assert set_thresholds(captured, phone=low).json()["former"] == high
    assert "020 7946 0958" not in forwarded(captured, capture, UNSURE, captured.acme.api_key)[0], "from the threshold on it counts"
    set_thresholds(captured, phone=50)


def test_no_threshold_hollows_out_what_a_policy_asks(captured, capture):
    """The starter pack asks for identifiers to be replaced for good."""
    set_thresholds(captured, gov_id=100)
    try:
        text, answer = forwarded(captured, capture, "my ssn is 219-09-9998", captured.acme.api_key)
        assert "219-09-9998" not in text
        assert event_body(events_about(captured, answer)[0])["pii"]["gov_id"]["mode"] == "strict"
    finally:
        set_thresholds(captured, gov_id=50)


def test_patterns_of_ones_own_meet_the_threshold_of_their_class(captured, capture):
    for name, definition in {"faint": {"words": ["Osprey"], "confidence": 40}, "firm": {"words": ["Kestrel"], "confidence": 60},
                             "names": {"words": ["custom", "threshold"], "confidence": 99}}.items():
        made = captured.request("PUT", f"/v1/pii/patterns/{name}", definition, key=captured.globex.api_key)
        assert made.status == 200, made
    try:
        for threshold, left in ((50, {"Osprey"}), (61, {"Osprey", "Kestrel"}), (40, set())):
            set_thresholds(captured, captured.globex, custom=threshold)
            text = forwarded(captured, capture, "Osprey or Kestrel", captured.globex.api_key)[0]
            assert {word for word in ("Osprey", "Kestrel") if word in text} == left, threshold
    finally:
        for name in ("faint", "firm", "names"):
            captured.request("DELETE", f"/v1/pii/patterns/{name}", key=captured.globex.api_key)
        set_thresholds(captured, captured.globex, custom=50)


def test_changes_of_a_threshold_each_tell_what_the_one_before_left(captured):
    def change(threshold):
        return captured.request("PUT", THRESHOLDS, {"class": "minor", "threshold": threshold}, key=captured.globex.api_key).json()

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(change, range(60, 72)))
    assert [answer["threshold"] for answer in answers] == list(range(60, 72))
    last = change(50)["former"]
    assert sorted([answer["former"] for answer in answers] + [last]) == [50, *range(60, 72)]


@pytest.mark.parametrize("body", [
    {}, {"class": "email"}, {"threshold": 60}, {"class": "email", "threshold": -1}, {"class": "email", "threshold": 101},
    {"class": "email", "threshold": 60.5}, {"class": "email", "threshold": "60"}, {"class": "email", "threshold": True},
    {"class": "email", "threshold": None}, {"class": "email", "threshold": [60]}, {"class": "email", "threshold": 10 ** 30},
    {"class": "email", "threshold": 2 ** 32 + 60}, {"class": "Email", "threshold": 60}, {"class": "", "threshold": 60},
    {"class": 1, "threshold": 60}, {"class": "email\u0000", "threshold": 60}, {"class": "mail", "threshold": 60},
    {"class": "email", "threshold": 60, "channel": "prompt"}, b'{"class":"email","threshold":60,"threshold":61}',
    b'{"class":"email","threshold":6e1}', b'{"class":"email","threshold":', b'{"class":"\xff","threshold":60}', b"", b"[]", b"60",
    b'{"class":"email","threshold":' + b"[" * 100 + b"]" * 100 + b"}",
])
def test_a_threshold_that_is_none_is_refused_and_changes_nothing(body, captured):
    answer = captured.request("PUT", THRESHOLDS, body, key=captured.acme.api_key, headers={"Content-Type": "application/json"})
    assert_problem(answer, 400)
    assert captured.sql("SELECT count(*) FROM gatehouse.pii_threshold WHERE class = 'email'") == "0"


def test_thresholds_are_for_the_security_admin(captured):
    change = {"class": "name", "threshold": 60}
    weak, admin = new_key(captured, ["pii.scan", "chat.completions"]), new_key(captured, ["pii.admin"])
    for method, body in (("GET", None), ("PUT", change)):
        assert_problem(captured.request(method, THRESHOLDS, body, key=weak), 403, "token")
        assert_problem(captured.request(method, THRESHOLDS, body), 401, "identity")
        assert captured.request(method, THRESHOLDS, body, key=admin).status == 200
    assert_problem(captured.request("POST", THRESHOLDS, change, key=admin), 405)
    assert captured.request("PUT", THRESHOLDS, {**change, "threshold": 50}, key=admin).json()["former"] == 60


def test_the_command_line_keeps_thresholds(captured):
    def run(*words):
        return captured.run("pii", "threshold", *words, "--state", captured.state)

    changed = run("set", "health", "70", "--tenant", "globex")
    assert (changed.returncode, changed.stdout) == (0, "health: 70, was 50; in use within 2 seconds\n")
    assert json.loads(run("set", "health", "50", "--tenant", "globex", "--json").stdout) == {
        "class": "health", "former": 70, "threshold": 50}
    listed = run("list")
    assert listed.returncode == 0 and ["payment_card", "50"] in [line.split() for line in listed.stdout.splitlines()]
    assert json.loads(run("list", "--json").stdout)["custom"] == 50
    for words in ((), ("set",), ("set", "health"), ("set", "health", "101"), ("set", "health", "-1"), ("set", "health", "7x"),
                  ("set", "health", ""), ("set", "nothing", "70"), ("set", "health", "70", "more"), ("get",), ("list", "health")):
        done = run(*words)
        assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1 and done.stdout == "", done
