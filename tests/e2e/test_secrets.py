"""Canaries: a key, a token, a prompt and personal data are sent by every way in, also by ways that fail;
then every log, argument list, environment and audit body is searched for them."""
import pathlib
import uuid

import pytest

from harness import CHAT, completion, wait_until
from test_refusals import token_for

WORD = "quokka" + uuid.uuid4().hex[:12]
EMAIL = f"canary.{uuid.uuid4().hex[:10]}@example.org"
CARD = "4000 0566 5566 5556"
FORMS = [WORD, EMAIL, CARD, CARD.replace(" ", "")]


@pytest.fixture(scope="module")
def used(captured_session, capture):
    """Sends the canaries through every route that takes text; returns the gateway and what must not show."""
    gateway = captured_session
    capture.reset()
    text = f"{WORD} {EMAIL} {CARD}"
    token = token_for(gateway)
    secrets = [gateway.acme.api_key, gateway.globex.api_key, token, token.split(".")[2]]
    capture.script = lambda seen: (200, completion(text))
    gateway.chat(text, model="test")
    gateway.chat(text, model="test", key=token)
    gateway.chat(text, model="test", stream=True)
    gateway.chat(text, model=WORD)
    gateway.request("POST", "/v1/embeddings", {"model": "test", "input": text}, key=gateway.globex.api_key)
    gateway.request("POST", CHAT + "?q=" + WORD, text.encode(), key=gateway.acme.api_key)
    gateway.request("POST", "/v1/" + WORD, {"x": text}, key=gateway.acme.api_key)
    gateway.request("POST", CHAT, {"messages": text}, key=gateway.acme.api_key)
    gateway.request("POST", CHAT, {"messages": text}, key=gateway.acme.api_key[:-1] + "0")
    gateway.request("POST", CHAT, text.encode(), key=gateway.acme.api_key, headers={"X-Note": WORD, "User-Agent": WORD})
    for status in (400, 401, 429, 500):
        capture.script = lambda seen, status=status: (status, {"error": {"message": text, "type": "x", "code": None}})
        gateway.chat(text, model="test")
    capture.script = lambda seen: (200, text.encode())
    gateway.chat(text, model="test")
    capture.reset()
    database = (gateway.state / "database.secrets").read_text().split()
    return gateway, secrets, database


def test_no_log_holds_a_key_a_token_or_a_prompt(used):
    gateway, secrets, database = used
    logs = gateway.logs()
    assert logs, "there are no logs: the test would prove nothing"
    for word in [*FORMS, *secrets, *database]:
        assert word.encode() not in logs, f"found {word[:12]}…"


def test_no_argument_list_or_environment_holds_a_secret(used):
    gateway, secrets, database = used
    for pid in gateway.processes():
        for name in ("cmdline", "environ"):
            try:
                text = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
            except (PermissionError, FileNotFoundError):
                continue
            for word in [*FORMS, *secrets, *database]:
                assert word.encode() not in text, f"{name} of {pid}"


def test_no_audit_body_holds_a_secret_or_a_prompt(used):
    gateway, secrets, _ = used
    text = gateway.run("log", "tail", "--state", gateway.state, "--json", check=True).stdout
    assert text.count("\n") > 10
    for word in [EMAIL, CARD, CARD.replace(" ", ""), *secrets]:
        assert word not in text
    wait_until(lambda: True)


def test_no_metric_holds_anything_a_caller_chose(used):
    gateway, secrets, _ = used
    text = gateway.request("GET", "/metrics").body.decode()
    for word in [*FORMS, *secrets]:
        assert word not in text


def test_no_file_of_the_state_directory_holds_a_plain_prompt(used):
    """The whole directory, PostgreSQL's tables and write-ahead log with it; demo.json alone has keys."""
    gateway, secrets, _ = used
    gateway.sql("CHECKPOINT")
    for path in gateway.state.rglob("*"):
        if not path.is_file() or path.name == "demo.json":
            continue
        data = path.read_bytes()
        for word in [EMAIL, CARD, *secrets]:
            assert word.encode() not in data, f"{path.relative_to(gateway.state)} holds {word[:10]}…"
        assert WORD.encode() not in data, f"{path.relative_to(gateway.state)} holds the prompt"
