"""`gatehouse up` as a process: ready, stopped, started again on the same directory, fallen and risen."""
import json
import os
import pathlib
import re
import signal
import stat
import subprocess
import threading
import time

import pytest

from harness import BINARY, assert_problem, completion, event_body, event_kind, free_port, is_private, new_gateway, wait_until


def test_demo_json_is_private_and_complete(gateway):
    path = gateway.state / "demo.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert gateway.demo["base_url"] == f"https://127.0.0.1:{gateway.port}"
    assert pathlib.Path(gateway.demo["ca_file"]).is_file()
    assert len(gateway.tenants) == 2
    assert len({tenant.id for tenant in gateway.tenants}) == len({tenant.api_key for tenant in gateway.tenants}) == 2


def test_nothing_runs_as_root(gateway):
    roles = gateway.processes()
    assert {"gateway", "keeper", "postmaster"} <= set(roles.values())
    for pid, role in roles.items():
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        assert not re.search(r"^[UG]id:.*\b0\b", status, re.M), (pid, role)


def test_the_gateway_cannot_gain_privileges_and_is_confined(gateway):
    workers = [pid for pid, role in gateway.processes().items() if role == "gateway"]
    assert workers
    for pid in workers:
        status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
        assert status["NoNewPrivs"] == "1"
        assert int(status["CapEff"], 16) == 0


def test_private_keys_are_not_open_in_the_gateway(gateway):
    for pid, role in gateway.processes().items():
        if role != "gateway":
            continue
        for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(link) if link.is_symlink() else ""
            assert "/keys/" not in target, target


def test_the_database_listens_on_no_network(gateway):
    listening = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:] + pathlib.Path("/proc/net/tcp6").read_text().splitlines()[1:]
    inodes = {line.split()[9] for line in listening if line.split()[3] == "0A"}
    for pid, role in gateway.processes().items():
        if role in ("postmaster", "backend", "keeper"):
            for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                try:
                    target = os.readlink(link)
                except OSError:
                    continue
                assert target.removeprefix("socket:[").removesuffix("]") not in inodes, role


def test_the_state_directory_opens_to_nobody_else(gateway):
    assert is_private(gateway.state)


def test_a_second_start_on_a_used_directory_is_refused(gateway):
    done = subprocess.run([BINARY, "up", "--state", gateway.state, "--port", str(free_port())], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert done.stderr.strip() or done.stdout.strip()
    assert gateway.chat("unharmed").status == 200


@pytest.mark.parametrize("words", [["up", "--port"], ["up", "--port", "x"], ["up", "--nonsense"], ["nonsense"], []])
def test_wrong_use_is_exit_2_with_a_word(words, tmp_path):
    done = subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.strip()


def test_a_taken_port_is_a_clear_word(tmp_path):
    import socket
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run([BINARY, "up", "--state", tmp_path / "state", "--port", str(taken.getsockname()[1])],
                              capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode not in (0, -signal.SIGKILL)
    assert "in use" in (done.stdout + done.stderr)


def test_sigterm_stops_cleanly_and_a_restart_continues_the_same_log(fresh_gateway):
    gateway = fresh_gateway()
    keys = [tenant.api_key for tenant in gateway.tenants]
    first = gateway.chat("before the stop")
    before = json.loads(gateway.verify().stdout)
    pids = list(gateway.processes())
    assert gateway.stop() == 0
    # PostgreSQL's log collector outlives its postmaster by the last line that it writes.
    wait_until(lambda: not [pid for pid in pids if pathlib.Path(f"/proc/{pid}").exists()], 2, "the end of every process")
    gateway.start()
    assert [tenant.api_key for tenant in gateway.tenants] == keys, "the keys are shown once and stay"
    second = gateway.chat("after the start")
    assert second.status == 200
    report = gateway.verify()
    assert report.returncode == 0, report.stdout
    after = json.loads(report.stdout)
    assert after["size"] > before["size"]
    for answer in (first, second):
        assert {"inference.admitted", "inference.completed"} <= {event_kind(event) for event in gateway.events_of(answer.request_id)}


def test_an_old_token_is_still_good_after_a_restart(fresh_gateway):
    from test_refusals import token_for
    gateway = fresh_gateway()
    token = token_for(gateway)
    gateway.stop()
    gateway.start()
    assert gateway.chat("still me", key=token).status == 200


def test_a_graceful_stop_drops_no_accepted_request(fresh_gateway, capture):
    capture.reset()
    capture.script = lambda seen: (200, completion("late but whole"))
    capture.pause_seconds = 2.0
    gateway = fresh_gateway(upstream=capture.url)
    answers = []

    def ask():
        try:
            answers.append(gateway.chat("slow", model="test"))
        except OSError as error:
            answers.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(capture.seen) == 8, what="eight requests at the upstream")
    assert gateway.stop() == 0
    for thread in threads:
        thread.join(30)
    capture.reset()
    assert [getattr(answer, "status", answer) for answer in answers] == [200] * 8
    gateway.start()
    for answer in answers:
        assert "inference.completed" in {event_kind(event) for event in gateway.events_of(answer.request_id)}


@pytest.mark.parametrize("role", ["gateway", "keeper", "model", "postmaster"])
def test_a_killed_process_is_restarted_and_the_fall_is_on_record(role, fresh_gateway):
    gateway = fresh_gateway()
    assert gateway.chat("before").status == 200
    victim = next(pid for pid, name in gateway.processes().items() if name == role)
    os.kill(victim, signal.SIGKILL)

    def serves():
        try:
            return gateway.chat("after").status == 200
        except OSError:
            return False

    wait_until(serves, seconds=60, what=f"service after the {role} fell", every=0.2)
    assert victim not in gateway.processes()
    told = wait_until(lambda: [event for event in gateway.log_events() if event_kind(event) == "process.fell"], seconds=20, what="an event")
    assert role in json.dumps([event_body(event) for event in told]) or role == "postmaster"
    assert gateway.verify().returncode == 0


def test_a_crash_loop_ends_with_a_clear_word(fresh_gateway):
    gateway = fresh_gateway()
    deadline = time.monotonic() + 90
    while gateway.child.poll() is None and time.monotonic() < deadline:
        for pid, role in gateway.processes().items():
            if role == "keeper":
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        time.sleep(0.2)
    assert gateway.child.poll() not in (None, 0)
    assert "keeper" in gateway.output()
    gateway.child = None


def test_a_vanished_client_cancels_the_upstream_call(captured, capture):
    started = threading.Event()

    def script(seen):
        started.set()
        return 200, completion("nobody listens")

    capture.script = script
    capture.pause_seconds = 3.0
    link = captured.connect()
    body = json.dumps({"model": "test", "messages": [{"role": "user", "content": "bye"}]}).encode()
    link.sendall((f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {captured.acme.api_key}\r\n"
                  f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body)
    assert started.wait(10)
    link.close()
    gone = time.monotonic()
    wait_until(lambda: [event for event in captured.log_events() if event_kind(event) == "inference.completed"
                        and event_body(event)["outcome"] == "client-gone"], what="the lost client on record")
    assert time.monotonic() - gone < 2.5, "it waited for the upstream instead of cancelling"


def test_the_gateway_that_lost_its_state_key_refuses_to_start(fresh_gateway):
    """A state directory whose KEK is gone must say so, not make a new one over sealed rows."""
    gateway = fresh_gateway()
    assert gateway.chat("sealed").status == 200
    gateway.stop()
    keks = [path for path in (gateway.state / "keys").iterdir() if "kek" in path.name]
    assert keks
    for path in keks:
        path.rename(gateway.folder / path.name)
    with pytest.raises(AssertionError, match="ended with"):
        gateway.start()
    assert "kek" in gateway.output().lower() or "key" in gateway.output().lower()
    gateway.child = None


def test_problem_on_a_not_yet_known_tenant_uses_the_deployments_own(gateway):
    answer = gateway.request("POST", "/v1/chat/completions", {"model": "x", "messages": []})
    assert_problem(answer, 401, "identity")
    row = wait_until(lambda: gateway.sql(f"SELECT tenant_id FROM gatehouse.audit_event WHERE request_id = '{answer.request_id}'"), what="a row")
    assert row == gateway.sql("SELECT tenant_id FROM gatehouse.tenant WHERE name = 'deployment'")


def test_up_with_defaults_of_a_fresh_directory_is_ready_within_a_minute(tmp_path):
    started = time.monotonic()
    with new_gateway() as running:
        assert time.monotonic() - started < 60
        assert running.chat("quick").status == 200
