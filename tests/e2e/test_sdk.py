"""The official `openai` client works through the gateway with only base URL and key changed, and gets its
own typed errors; curl works as the README shows it."""
import json
import math
import subprocess

import pytest

from harness import CHAT, REQUEST_ID, wait_until


@pytest.fixture(scope="module")
def completed(node_modules, gateway):
    """One run of every call, looked at from several sides."""
    import os
    import pathlib
    environment = {"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": gateway.demo["ca_file"],
                   "GATEHOUSE_BASE_URL": gateway.demo["base_url"] + "/v1", "GATEHOUSE_API_KEY": gateway.acme.api_key}
    done = subprocess.run(["node", pathlib.Path(__file__).parent / "sdk" / "complete.mjs"], env=environment,
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_chat_completion_comes_back_whole(completed):
    plain = completed["plain"]
    assert "local demo model" in plain["text"]
    assert "Say hello to the auditors." in plain["text"]
    assert plain["finish"] == "stop"
    assert plain["usage"]["total_tokens"] == plain["usage"]["prompt_tokens"] + plain["usage"]["completion_tokens"] > 0


def test_the_client_sees_our_request_id(completed, gateway):
    assert REQUEST_ID.match(completed["plain"]["requestId"])
    assert completed["plain"]["requestId"] == completed["plain"]["headerRequestId"]
    assert wait_until(lambda: gateway.events_of(completed["plain"]["requestId"]), what="an event of the request")


def test_a_streamed_completion_says_the_same_as_the_plain_one(completed):
    assert completed["streamed"]["text"] == completed["plain"]["text"]
    assert completed["streamed"]["chunks"] > 3
    assert completed["streamed"]["finish"] == "stop"


def test_a_stream_reports_usage_when_asked(completed):
    assert completed["streamed"]["usage"] == completed["plain"]["usage"]


def test_embeddings_in_the_clients_default_base64_are_unit_vectors(completed):
    first, second, third = completed["embeddings"]
    assert first == third != second
    assert math.isclose(math.hypot(*first), 1, abs_tol=1e-3)
    assert all(math.isclose(a, b, abs_tol=1e-6) for a, b in zip(first, completed["floats"], strict=True))


def test_models_are_listed_and_retrieved(completed):
    assert "gatehouse-demo" in completed["models"]
    assert completed["retrieved"] == "gatehouse-demo"


def test_a_tool_call_passes_through(completed):
    assert completed["toolFinish"] == "tool_calls"
    assert completed["tool"]["function"]["name"] == "get_weather"
    json.loads(completed["tool"]["function"]["arguments"])


@pytest.mark.parametrize("call", ["chat", "stream", "embeddings"])
def test_an_unknown_key_raises_authentication_error(call, run_sdk, gateway):
    key = gateway.acme.api_key
    # Same form, another secret; the checksum over the key no longer fits or the hash does not.
    wrong = key[:20] + ("A" if key[20] != "A" else "B") + key[21:]
    error = run_sdk(gateway, "errors.mjs", wrong, call)
    assert error["raised"] == "AuthenticationError"
    assert error["status"] == 401
    assert error["isApiError"]
    assert error["code"] and error["type"]
    assert REQUEST_ID.match(error["requestID"])
    assert wrong not in json.dumps(error)


def test_an_unknown_model_raises_not_found(run_sdk, gateway):
    error = run_sdk(gateway, "errors.mjs", gateway.acme.api_key, "model")
    assert (error["raised"], error["status"]) == ("NotFoundError", 404)
    assert REQUEST_ID.match(error["requestID"])


def test_a_body_without_messages_raises_bad_request(run_sdk, gateway):
    error = run_sdk(gateway, "errors.mjs", gateway.acme.api_key, "empty")
    assert (error["raised"], error["status"]) == ("BadRequestError", 400)
    assert REQUEST_ID.match(error["requestID"])


def test_curl_as_the_readme_shows_it(gateway, tmp_path):
    body = {"model": "gatehouse-demo", "messages": [{"role": "user", "content": "hello"}]}
    config = tmp_path / "curl.conf"
    config.write_text(f'header = "Authorization: Bearer {gateway.acme.api_key}"\n')
    done = subprocess.run(["curl", "-sS", "--fail-with-body", "--cacert", gateway.demo["ca_file"], "-K", config,
                           "-H", "Content-Type: application/json", "-d", json.dumps(body),
                           gateway.demo["base_url"] + CHAT], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "local demo model" in json.loads(done.stdout)["choices"][0]["message"]["content"]
