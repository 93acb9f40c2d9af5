"""A tenant's own patterns: tried when they are saved, in use two seconds later, nobody else's."""
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


@pytest.mark.parametrize("body", [{}, {"class": "email", "channel": "prompt"}, {"class": "x", "channel": "prompt", "mode": "flag"},
                                  {"class": "email", "channel": "prompt", "mode": "loose"}])
def test_a_mode_that_is_none_is_refused(gateway, body):
    assert_problem(gateway.request("PUT", "/v1/pii/modes", body, key=gateway.acme.api_key), 400)
