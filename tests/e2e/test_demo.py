"""`make demo` as a newcomer types it: it starts, sends a request itself, shows the five gates it passed
and the log's own word, and stops at Ctrl-C."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from harness import BINARY, GATES, ROOT, free_port


# The last thing it shows: the auditor's verb and its word.
DONE = re.compile(r"gatehouse log verify.*\n(?:.*\n)*?.*(?:\bok\b|The log verifies)")


@pytest.fixture(scope="module")
def demo():
    """The output of `make demo` until it is done showing."""
    folder = tempfile.mkdtemp(prefix="gatehouse-demo-")
    port = free_port()
    log = os.path.join(folder, "out")
    with open(log, "wb") as out:
        child = subprocess.Popen(["make", "--no-print-directory", "demo", f"PORT={port}", f"STATE={folder}/state",
                                  f"BUILD={BINARY.parent}"], cwd=ROOT, stdout=out, stderr=subprocess.STDOUT,
                                 stdin=subprocess.DEVNULL, start_new_session=True)
    text = ""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and child.poll() is None:
        with open(log, encoding="utf-8", errors="replace") as back:
            text = back.read()
        if DONE.search(text):
            break
        time.sleep(0.2)
    alive = child.poll() is None
    os.killpg(child.pid, signal.SIGINT)
    try:
        code = child.wait(60)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        code = child.wait()
    with open(log, encoding="utf-8", errors="replace") as back:
        text = back.read()
    shutil.rmtree(folder, ignore_errors=True)
    return text, port, alive, code


def test_it_keeps_running_and_stops_at_ctrl_c(demo):
    text, _, alive, _ = demo
    assert alive, text


def test_ctrl_c_is_as_clean_as_sigterm(demo):
    """A terminal sends it to every process at once: none but the supervisor may take it as its own."""
    text = demo[0]
    assert '"event":"supervisor.stopping"' in text
    assert '"level":"error"' not in text.split('"event":"supervisor.stopping"')[1], text[-3000:]


def test_it_shows_a_curl_line_that_can_be_typed(demo):
    text, port, _, _ = demo
    assert re.search(rf"^\s*curl .*127\.0\.0\.1:{port}/v1/chat/completions", text, re.M), text


def test_it_says_where_the_keys_are_and_logs_none(demo):
    text = demo[0]
    assert "demo.json" in text
    assert not re.search(r"gk_live_[A-Za-z0-9_-]{20}", text), "a key in the output stays in scrollback and CI logs"


def test_it_shows_the_five_gates_in_order(demo):
    text = demo[0]
    places = [re.search(rf"^\W*\d?\W*{gate}\b", text, re.M | re.I) for gate in GATES]
    assert all(places), text
    assert [place.start() for place in places] == sorted(place.start() for place in places)


def test_the_model_says_what_it_is_and_the_log_verifies(demo):
    text = demo[0]
    assert "local demo model" in text
    assert DONE.search(text), text
