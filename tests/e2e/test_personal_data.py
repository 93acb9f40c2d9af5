"""Gate 4 on real traffic: what reaches the model, what reaches the client, wherever in a request or a
stream personal data stands. The upstream is ours and keeps every byte. Tenant acme handles e-mail and
phone reversibly, globex strictly; cards, government IDs and credentials are strict for both."""
import json
import re

import pytest

from harness import CHAT, completion, chunk, stream, wait_until

EMAIL = "mireille.duclos@example.org"
CARD = "4242 4242 4242 4242"

# What the first half of the PII gate must catch, in a sentence as people write them.
SAMPLES = {
    "email": ("Please answer to {} by Friday.", EMAIL),
    "phone": ("Call me on {} after lunch.", "+49 30 901820 17"),
    "card": ("Charge it to my card {} please.", CARD),
    "card-dashes": ("Charge it to my card {} please.", "5555-5555-5555-4444"),
    "ssn": ("My social security number is {}.", "536-90-4399"),
    "iban": ("Transfer it to IBAN {} today.", "GB82 WEST 1234 5698 7654 32"),
    "nino": ("Her National Insurance number is {}.", "AB 12 34 56 C"),
    "aws-key": ("Use the access key {} for now.", "AKIA" + "IOSFODNN7" + "QWERTY2"),
    "github-token": ("Push with {} as the token.", "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"),
    "private-key": ("Here it is:\n{}\n", "-----BEGIN " + "EC PRIVATE KEY-----\n"
                    "MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49\n"
                    "AwEHoUQDQgAEPR3tU2Fta9ktY+6P9G0cWO+0kETA6SFs38GecTyudlHz6xvCdz8q\n"
                    "EKTcWGekdmdDPsHloRNtsiCa697B2O9IFA==\n-----END " + "EC PRIVATE KEY-----"),
    "jwt": ("The header was {} I think.", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0."
            "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"),
    "password": ("Log in with password: {} and look.", "Tr0ub4dor&3x!"),
}

# Where text hides in a chat request: each function puts `text` in one place.
PLACES = {
    "last message": lambda text: {"messages": [{"role": "user", "content": text}]},
    "system message": lambda text: {"messages": [{"role": "system", "content": text}, {"role": "user", "content": "go"}]},
    "developer message": lambda text: {"messages": [{"role": "developer", "content": text}, {"role": "user", "content": "go"}]},
    "earlier turn": lambda text: {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "ok"},
                                               {"role": "user", "content": "go"}]},
    "assistant turn": lambda text: {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": text},
                                                 {"role": "user", "content": "go"}]},
    "content part": lambda text: {"messages": [{"role": "user", "content": [{"type": "text", "text": "see"},
                                                                           {"type": "text", "text": text}]}]},
    "tool arguments": lambda text: {"messages": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "send", "arguments": json.dumps({"to": text})}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "ok"}]},
    "tool result": lambda text: {"messages": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": text}]},
    "tool description": lambda text: {"messages": [{"role": "user", "content": "a"}], "tools": [
        {"type": "function", "function": {"name": "f", "description": text, "parameters": {"type": "object"}}}]},
    "tool default": lambda text: {"messages": [{"role": "user", "content": "a"}], "tools": [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {
            "to": {"type": "string", "default": text}}}}}]},
    "prediction": lambda text: {"messages": [{"role": "user", "content": "a"}],
                                "prediction": {"type": "content", "content": text}},
    "metadata": lambda text: {"messages": [{"role": "user", "content": "a"}], "metadata": {"note": text}},
    "user": lambda text: {"messages": [{"role": "user", "content": "a"}], "user": text},
}


def ask(gateway, tenant, body):
    return gateway.request("POST", CHAT, {"model": "test", **body}, key=tenant.api_key)


def one_line(text):
    """Without the escapes and blanks that could hide a value from a plain search."""
    return re.sub(r"\\n|\s", "", text)


# globex's table flags phones and lets them through: see the test of flagged data.
@pytest.mark.parametrize("tenant,sample", [(tenant, sample) for tenant in ("acme", "globex") for sample in SAMPLES
                                           if (tenant, sample) != ("globex", "phone")])
def test_personal_data_in_a_prompt_never_reaches_the_model(sample, tenant, captured, capture):
    sentence, value = SAMPLES[sample]
    answer = ask(captured, getattr(captured, tenant), PLACES["last message"](sentence.format(value)))
    assert answer.status == 200, answer
    assert len(capture.seen) == 1
    assert one_line(value) not in one_line(capture.seen[0].text())
    sent = capture.seen[0].json()["messages"][0]["content"]
    before, after = sentence.split("{}")
    assert sent.startswith(before.strip().split(" ")[0]), "the rest of the text stays"
    assert after.strip()[-5:] in sent


@pytest.mark.parametrize("place", PLACES)
def test_no_place_of_a_request_is_left_unread(place, captured, capture):
    answer = ask(captured, captured.globex, PLACES[place](f"write to {EMAIL} and charge {CARD}"))
    assert answer.status == 200, answer
    seen = capture.seen[0].text()
    assert EMAIL not in seen and CARD not in seen


def test_escapes_do_not_hide_anything(captured, capture):
    body = json.dumps({"model": "test", "messages": [{"role": "user", "content": "to @@"}]})
    body = body.replace("@@", "".join(f"\\u{ord(letter):04x}" for letter in EMAIL))
    answer = captured.request("POST", CHAT, body.encode(), key=captured.globex.api_key,
                              headers={"Content-Type": "application/json"})
    assert answer.status == 200, answer
    assert EMAIL not in json.dumps(capture.seen[0].json())


def test_what_is_not_personal_data_passes_byte_for_byte(captured, capture):
    body = ('{ "model":"test" , "temperature": 0.70, "messages": [ {"role":"user","content":"plain \\u00e9 words, '
            'order 12345, a/b\\/c"} ], "x_unknown" : {"b":1,"a":[1.0,2e3]} , "seed":9007199254740993 }').encode()
    answer = captured.request("POST", CHAT, body, key=captured.acme.api_key, headers={"Content-Type": "application/json"})
    assert answer.status == 200, answer
    assert capture.seen[0].body == body


def test_a_reversible_value_comes_back_to_who_may_see_it(captured, capture):
    capture.script = lambda seen: (200, completion("You asked: " + seen.json()["messages"][0]["content"]))
    answer = ask(captured, captured.acme, PLACES["last message"](f"write to {EMAIL} now"))
    assert EMAIL not in capture.seen[0].text()
    assert answer.json()["choices"][0]["message"]["content"] == f"You asked: write to {EMAIL} now"


def test_a_reversible_value_comes_back_in_a_stream_cut_anywhere(captured, capture):
    ask(captured, captured.acme, PLACES["last message"](f"write to {EMAIL} now"))
    token = re.search(r"write to (.*) now", capture.seen[0].json()["messages"][0]["content"]).group(1)
    for cut in range(1, len(token)):
        capture.script = lambda seen, cut=cut: stream("Mail ", token[:cut], token[cut:], " goes out.")
        answer = ask(captured, captured.acme, {**PLACES["last message"](f"write to {EMAIL} now"), "stream": True})
        assert answer.stream_text() == f"Mail {EMAIL} goes out.", f"cut at {cut}"


def test_the_same_value_gets_the_same_token_within_a_tenant_and_another_one_outside(captured, capture):
    def token_of(tenant):
        capture.reset()
        ask(captured, tenant, PLACES["last message"](f"write to {EMAIL} now"))
        return re.search(r"write to (.*) now", capture.seen[0].json()["messages"][0]["content"]).group(1)

    assert token_of(captured.acme) == token_of(captured.acme)
    assert token_of(captured.acme) != token_of(captured.globex)


def test_a_strict_value_does_not_come_back(captured, capture):
    capture.script = lambda seen: (200, completion(seen.json()["messages"][0]["content"]))
    answer = ask(captured, captured.globex, PLACES["last message"](f"write to {EMAIL} now"))
    assert EMAIL not in answer.body.decode()


def test_a_token_made_up_by_a_caller_or_model_reveals_nothing(captured, capture):
    ask(captured, captured.acme, PLACES["last message"](f"write to {EMAIL} now"))
    token = re.search(r"write to (.*) now", capture.seen[0].json()["messages"][0]["content"]).group(1)
    capture.script = lambda seen: (200, completion(f"Here: {token}"))
    answer = ask(captured, captured.globex, PLACES["last message"]("show me"))
    assert EMAIL not in answer.body.decode()


def test_personal_data_that_the_model_says_is_redacted(captured, capture):
    capture.script = lambda seen: (200, completion(f"Ask {EMAIL}, card {CARD}, thanks."))
    answer = ask(captured, captured.globex, PLACES["last message"]("who?"))
    text = answer.json()["choices"][0]["message"]["content"]
    assert EMAIL not in text and CARD not in text
    assert text.startswith("Ask ") and text.endswith(", thanks.")


@pytest.mark.parametrize("value", [EMAIL, CARD])
def test_a_value_cut_by_the_stream_at_any_place_is_redacted(value, captured, capture):
    for cut in range(1, len(value)):
        capture.script = lambda seen, cut=cut: stream("Ask ", value[:cut], value[cut:], " about it, please.")
        answer = ask(captured, captured.globex, {**PLACES["last message"]("who?"), "stream": True})
        text = answer.stream_text()
        assert value not in text, f"cut at {cut}"
        assert text.startswith("Ask ") and text.endswith(" about it, please."), f"cut at {cut}: {text!r}"
        assert answer.events()[-1] == "[DONE]"


def test_a_value_streamed_letter_by_letter_is_redacted(captured, capture):
    capture.script = lambda seen: stream("Ask ", *EMAIL, " or pay with ", *CARD, ".")
    answer = ask(captured, captured.globex, {**PLACES["last message"]("who?"), "stream": True})
    text = answer.stream_text()
    assert EMAIL not in text and CARD not in text
    assert " or pay with " in text


def test_an_event_cut_by_the_network_is_still_read(captured, capture):
    whole = b"".join(stream(f"Ask {EMAIL} please."))
    capture.script = lambda seen: [whole[i:i + 7] for i in range(0, len(whole), 7)]
    answer = ask(captured, captured.globex, {**PLACES["last message"]("who?"), "stream": True})
    assert EMAIL not in answer.stream_text()
    assert answer.events()[-1] == "[DONE]"


def test_tool_arguments_in_a_stream_are_redacted(captured, capture):
    arguments = json.dumps({"to": EMAIL, "subject": "hi"})
    pieces = [arguments[i:i + 5] for i in range(0, len(arguments), 5)]

    def call(text, first=False):
        part = {"index": 0, "function": {"arguments": text}}
        if first:
            part |= {"id": "c1", "type": "function", "function": {"name": "send", "arguments": text}}
        return chunk({"tool_calls": [part]})

    capture.script = lambda seen: [call("", first=True), *(call(piece) for piece in pieces), chunk({}, "tool_calls"),
                                   b"data: [DONE]\n\n"]
    answer = ask(captured, captured.globex, {**PLACES["last message"]("send it"), "stream": True})
    said = "".join(part["function"]["arguments"] for event in answer.events() if event != "[DONE]"
                   for choice in json.loads(event)["choices"] for part in choice["delta"].get("tool_calls", []))
    assert EMAIL not in said
    assert json.loads(said)["subject"] == "hi", "the arguments are still JSON"


def test_flagged_data_passes_and_is_on_record(captured, capture):
    phone = SAMPLES["phone"][1]
    answer = ask(captured, captured.globex, PLACES["last message"](f"call me on {phone} after lunch"))
    assert phone in capture.seen[0].text()
    found = wait_until(lambda: captured.events_of(answer.request_id), what="events")
    assert "phone" in json.dumps(found)
    assert phone not in json.dumps(found)


def test_the_record_names_classes_and_never_values(captured, capture):
    capture.script = lambda seen: (200, completion(f"Ask {EMAIL}."))
    answer = ask(captured, captured.acme, PLACES["last message"](f"mail {EMAIL}, card {CARD}"))
    text = json.dumps(wait_until(lambda: captured.events_of(answer.request_id), what="events"))
    assert "email" in text and "payment_card" in text
    assert EMAIL not in text and CARD not in text and CARD.replace(" ", "") not in text


def test_embeddings_input_is_scanned_too(captured, capture):
    answer = captured.request("POST", "/v1/embeddings", {"model": "test", "input": ["fine", f"mail {EMAIL}"]},
                              key=captured.globex.api_key)
    assert answer.status == 200, answer
    assert EMAIL not in capture.seen[0].text()


def test_a_compressed_answer_cannot_smuggle_anything_past_the_gate(captured, capture):
    answer = ask(captured, captured.globex, PLACES["last message"]("hello"))
    assert answer.status == 200
    assert capture.seen[0].headers.get("accept-encoding", "identity") in ("identity", "")


def test_our_credentials_stay_with_us(captured, capture):
    ask(captured, captured.acme, PLACES["last message"]("hello"))
    seen = capture.seen[0]
    assert captured.acme.api_key not in json.dumps(seen.headers) + seen.text()
