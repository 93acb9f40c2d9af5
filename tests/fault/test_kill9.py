"""kill -9 of every process at a random moment under load. What the tests hold: whatever a client was
told (status 200, whole body) is in the log, admitted and completed; the log verifies after every fall;
and the gateway is back by itself. 10 rounds, or 200 with GATEHOUSE_LONG=1; GATEHOUSE_SEED repeats a run.
"""
import http.client
import json
import os
import random
import signal
import threading
import time

import pytest

import harness

LONG = os.environ.get("GATEHOUSE_LONG") == "1"
ROUNDS = 200 if LONG else 10
CLIENTS = 8
# "everything" is a power cut short of the disk: the supervisor goes, and all its children with it.
ROLES = ("gateway", "keeper", "postmaster", "backend", "model", "everything")
# The supervisor gives up on what falls more than 5 times a minute, and each role comes up once in 6 rounds.
ROUND_SECONDS = 2.5


class Client(threading.Thread):
    """Asks without a pause on a kept-alive connection, every third time for a stream. `told` has the ids
    of the answers that arrived whole: those are promises."""

    def __init__(self, gateway, number):
        super().__init__(daemon=True)
        self.gateway, self.number = gateway, number
        self.stopping = threading.Event()
        self.told, self.broken, self.refused = [], 0, {}
        self.connection = None

    def run(self):
        count = 0
        while not self.stopping.is_set():
            count += 1
            try:
                self.ask(count)
            except (OSError, http.client.HTTPException, ValueError):
                self.broken += 1
                self.drop()
                time.sleep(0.05)
        self.drop()

    def ask(self, count):
        if self.connection is None:
            self.connection = http.client.HTTPSConnection("127.0.0.1", self.gateway.port, context=self.gateway.tls, timeout=20)
        tenant = self.gateway.tenants[count % 2]
        streamed = count % 3 == 0
        body = {"model": "gatehouse-demo", "stream": streamed,
                "messages": [{"role": "user", "content": f"client {self.number}, request {count}: mail a{count}@example.org"}]}
        self.connection.request("POST", harness.CHAT, json.dumps(body), {"Authorization": f"Bearer {tenant.api_key}",
                                                                         "Content-Type": "application/json"})
        response = self.connection.getresponse()
        said = response.read()
        if response.status != 200:
            self.refused[response.status] = self.refused.get(response.status, 0) + 1
            time.sleep(0.02)
        elif not streamed:
            json.loads(said)
            self.told.append(response.headers["x-request-id"])
        elif said.rstrip().endswith(b"data: [DONE]"):
            self.told.append(response.headers["x-request-id"])
        if response.headers.get("connection") == "close":
            self.drop()

    def drop(self):
        if self.connection:
            self.connection.close()
            self.connection = None


def serves(gateway):
    try:
        return gateway.chat("are you there?").status == 200
    except OSError:
        return False


def strike(gateway, role, chance):
    """Kills one process of the role with SIGKILL; False when there is none right now."""
    if role == "everything":
        gateway.kill()
        gateway.start()
        return True
    victims = [pid for pid, name in gateway.processes().items() if name == role]
    if not victims:
        return False
    try:
        os.kill(chance.choice(victims), signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def verified(gateway):
    """`log verify`, once PostgreSQL is back: until then the verb says that it cannot look (exit 2)."""
    return harness.wait_until(lambda: (done := gateway.verify()).returncode != 2 and done, seconds=60, what="a look at the log")


def missing_promises(gateway, told):
    """{request id: kinds that the log has} for every promise that the log does not keep whole."""
    kinds = {}
    for event in gateway.log_events():
        body = harness.event_body(event)
        kinds.setdefault(body.get("request_id"), set()).add(harness.event_kind(event))
    need = {"inference.admitted", "inference.completed"}
    return {request_id: sorted(kinds.get(request_id, ())) for request_id in told if not need <= kinds.get(request_id, set())}


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_processes_are_killed():
    seed = int(os.environ.get("GATEHOUSE_SEED", random.SystemRandom().randrange(1 << 32)))
    chance = random.Random(seed)
    print(f"GATEHOUSE_SEED={seed}")
    fallen = {role: 0 for role in ROLES}
    with harness.new_gateway() as gateway:
        clients = [Client(gateway, number) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            for number in range(ROUNDS):
                role = ROLES[number % len(ROLES)]
                began = time.monotonic()
                time.sleep(chance.uniform(0.3, 1.2))
                harness.wait_until(lambda role=role: strike(gateway, role, chance), seconds=20, what=f"a {role} to kill")
                fallen[role] += 1
                harness.wait_until(lambda: serves(gateway), seconds=90, what=f"service after {role} fell (round {number})", every=0.1)
                if LONG is False or number % 10 == 9:
                    done = verified(gateway)
                    assert done.returncode == 0, f"seed {seed}, round {number}, {role}: {done.stdout}{done.stderr}"
                time.sleep(max(0, ROUND_SECONDS - (time.monotonic() - began)))
        finally:
            for client in clients:
                client.stopping.set()
            for client in clients:
                client.join(30)
        told = [request_id for client in clients for request_id in client.told]
        broken = sum(client.broken for client in clients)
        print(f"{len(told)} promises, {broken} broken connections, {fallen}")
        assert len(told) > 20 * ROUNDS, "too little load to prove anything"
        assert len(set(told)) == len(told), "a request id was given twice"
        assert missing_promises(gateway, told) == {}, f"seed {seed}"
        done = verified(gateway)
        assert done.returncode == 0, f"seed {seed}: {done.stdout}{done.stderr}"
        assert gateway.stop() == 0


def test_the_check_itself_notices_a_lost_event():
    """The control: one acknowledged event taken away must be missed, or the test above proves nothing."""
    with harness.new_gateway() as gateway:
        answer = gateway.chat("to be lost")
        assert answer.status == 200
        assert missing_promises(gateway, [answer.request_id]) == {}
        gone = "0192f000-0000-7000-8000-000000000000"
        assert missing_promises(gateway, [answer.request_id, gone]) == {gone: []}
