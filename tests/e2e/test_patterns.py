"""A tenant's own patterns: tried when they are saved, in use two seconds later, nobody else's."""
import json
import time

import pytest

from harness import assert_problem

PATTERN = {"regex": "EMP-[0-9]{6}", "match": ["badge EMP-123456"], "no_match": ["EMP-12"],
           "modes": {"prompt": "strict"}}


def put(gateway, name, definition, tenant=None):
    return gateway.request("PUT", f"/v1/pii/patterns/{name}", definition, key=(tenant or gateway.acme).api_key)


def forwarded(captured, capture, text, tenant):
    before = len(capture.seen)
    answer = captured.chat(text, key=tenant.api_key)
    assert answer.status == 200, answer.body
    return capture.seen[before].text()


def test_a_pattern_is_in_use_after_the_bound_and_for_its_tenant_only(captured, capture):
    saved = put(captured, "employee_no", PATTERN)
    assert saved.status == 200, saved.body
    assert saved.json()["bytes_per_second"] > 20_000_000
    listed = captured.request("GET", "/v1/pii/patterns", key=captured.acme.api_key).json()["data"]
    assert [row["name"] for row in listed] == ["employee_no"]
    assert captured.request("GET", "/v1/pii/patterns", key=captured.globex.api_key).json()["data"] == []
    time.sleep(2.1)
    text = forwarded(captured, capture, "my badge is EMP-482915, thanks", captured.acme)
    assert "EMP-482915" not in text and "[CUSTOM_" in text
    assert "EMP-482915" in forwarded(captured, capture, "my badge is EMP-482915, thanks", captured.globex)
    gone = captured.request("DELETE", "/v1/pii/patterns/employee_no", key=captured.acme.api_key)
    assert gone.status == 200
    time.sleep(2.1)
    assert "EMP-482915" in forwarded(captured, capture, "my badge is EMP-482915, thanks", captured.acme)


def test_what_a_tenant_allows_is_never_reported(captured, capture):
    assert put(captured, "our_own", {"allow": ["press@acme.example.com"]}).status == 200
    time.sleep(2.1)
    text = forwarded(captured, capture, "write to press@acme.example.com or to jean.valjean@example.org", captured.acme)
    assert "press@acme.example.com" in text and "jean.valjean@example.org" not in text
    captured.request("DELETE", "/v1/pii/patterns/our_own", key=captured.acme.api_key)


@pytest.mark.parametrize("definition, says", [
    ({"regex": "(a|b", "match": ["a"]}, "parenthes"), ({"regex": "a*", "match": ["a"]}, "empty text"), ({"regex": "[a-z]+@x", "match": ["a@x"]}, "bound its repeats"),
    ({"regex": "EMP-[0-9]{6}", "match": ["nothing here"]}, "nothing is found"),
    ({"regex": "[0-9a-z ]", "match": ["a"]}, "nearly everywhere"), ({"words": []}, ""), ({"nothing": 1}, ""), ({"words": ["ab", 7]}, "string"),
    ({"regex": "(([a-z]{1,20} ){1,10}){1,10}x", "match": ["aa x"]}, ""),
])
def test_a_pattern_that_cannot_serve_is_refused_and_says_why(gateway, definition, says):
    answer = put(gateway, "bad", definition)
    assert_problem(answer, 400)
    assert says in answer.json()["detail"]
    assert gateway.request("GET", "/v1/pii/patterns", key=gateway.acme.api_key).json()["data"] == []


@pytest.mark.parametrize("name", ["email", "Upper", "9lives", "a" * 33, "a-b"])
def test_a_name_that_cannot_be_one_is_refused(gateway, name):
    assert_problem(put(gateway, name, PATTERN), 400)


def test_a_mode_is_changed_within_the_bound_and_on_record(captured, capture):
    change = {"class": "email", "channel": "prompt", "mode": "flag"}
    answer = captured.request("PUT", "/v1/pii/modes", change, key=captured.globex.api_key)
    assert answer.status == 200, answer.body
    assert answer.json()["former"] == "strict"
    details = [event["body"].get("details") for event in captured.events_of(answer.request_id)][-1]
    assert details == {**change, "former": "strict"}
    time.sleep(2.1)
    assert captured.request("GET", "/v1/pii/modes", key=captured.globex.api_key).json()["email"]["prompt"] == "flag"
    assert "jean.valjean@example.org" in forwarded(captured, capture, "mail jean.valjean@example.org", captured.globex)
    captured.request("PUT", "/v1/pii/modes", {**change, "mode": "strict"}, key=captured.globex.api_key)
    time.sleep(2.1)
    assert "jean.valjean@example.org" not in forwarded(captured, capture, "mail jean.valjean@example.org", captured.globex)


def test_a_change_of_a_mode_is_taken_as_it_was_sent_and_tells_what_held_before(captured):
    change = {"class": "email", "channel": "log"}
    assert put(captured, "names", {"words": ["email", "strict"]}, captured.globex).status == 200
    time.sleep(2.1)
    try:
        for mode, former in (("flag", "strict"), ("off", "flag"), ("strict", "off")):
            answer = captured.request("PUT", "/v1/pii/modes", {**change, "mode": mode}, key=captured.globex.api_key)
            assert answer.status == 200, "a tenant's own patterns cannot rewrite it"
            assert answer.json()["former"] == former, "also within the bound"
    finally:
        captured.request("DELETE", "/v1/pii/patterns/names", key=captured.globex.api_key)
        time.sleep(2.1)


@pytest.mark.parametrize("body", [{}, {"class": "email", "channel": "prompt"}, {"class": "x", "channel": "prompt", "mode": "flag"},
                                  {"class": "email", "channel": "prompt", "mode": "loose"}])
def test_a_mode_that_is_none_is_refused(gateway, body):
    assert_problem(gateway.request("PUT", "/v1/pii/modes", body, key=gateway.acme.api_key), 400)


def test_the_command_line_keeps_patterns_and_modes(gateway, tmp_path):
    definition = tmp_path / "badge.json"
    definition.write_text(json.dumps(PATTERN))
    put_ = gateway.run("pii", "pattern", "put", "badge", definition, "--state", gateway.state, check=True)
    assert "in use within 2 seconds" in put_.stdout
    assert gateway.run("pii", "pattern", "list", "--state", gateway.state, check=True).stdout.split() == ["badge", "regex"]
    assert gateway.run("pii", "pattern", "remove", "badge", "--state", gateway.state, check=True).returncode == 0
    changed = gateway.run("pii", "mode", "set", "health", "log", "strict", "--state", gateway.state, check=True)
    assert "health on log: strict, was flag" in changed.stdout
    assert "health" in gateway.run("pii", "mode", "list", "--state", gateway.state, check=True).stdout
    for words in (("pattern",), ("pattern", "put", "Bad-Name", definition), ("mode", "set", "health", "log", "loose"), ("mode", "get")):
        done = gateway.run("pii", *words, "--state", gateway.state)
        assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1, done


def test_files_are_scanned_with_ones_own_patterns(gateway, tmp_path):
    patterns, text = tmp_path / "patterns.json", tmp_path / "text.txt"
    patterns.write_text(json.dumps({"badge": PATTERN, "ours": {"allow": ["press@acme.example.com"]}}))
    text.write_text("badge EMP-123456, mail press@acme.example.com\n")
    done = gateway.run("pii", "scan", "--json", "--patterns", patterns, text)
    assert done.returncode == 1
    assert [(row["class"], row["kind"]) for row in map(json.loads, done.stdout.splitlines())] == [("custom", "badge")]
    patterns.write_text(json.dumps({"badge": {"regex": "x*", "match": ["x"]}}))
    done = gateway.run("pii", "scan", "--patterns", patterns, text)
    assert done.returncode == 2 and "empty text" in done.stderr
