"""Gate 5 and the auditor: every request is on record before it moves, the log proves itself, and one
changed byte anywhere is found and named."""
import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from harness import GATES, event_body, event_kind, wait_until


def kinds_of(gateway, request_id):
    return [event_kind(event) for event in gateway.events_of(request_id)]


def settled(gateway, request_id, *kinds):
    wait_until(lambda: set(kinds) <= set(kinds_of(gateway, request_id)), what=f"{kinds} of {request_id}")
    return gateway.events_of(request_id)


def test_a_request_leaves_two_events_in_order(gateway):
    answer = gateway.chat("for the record")
    assert [event_kind(event) for event in settled(gateway, answer.request_id, "inference.admitted", "inference.completed")] == \
           ["inference.admitted", "inference.completed"]


def test_the_completed_event_is_there_when_the_answer_is(gateway):
    """No waiting here: what was answered is already on record."""
    for _ in range(5):
        answer = gateway.chat("at once")
        assert "inference.completed" in kinds_of(gateway, answer.request_id)


def test_a_streamed_request_is_on_record_when_it_ends(gateway):
    answer = gateway.chat("as a stream", stream=True)
    assert answer.status == 200
    assert kinds_of(gateway, answer.request_id) == ["inference.admitted", "inference.completed"]


def test_the_admitted_event_is_on_record_before_the_upstream_hears(captured, capture):
    """The upstream itself asks the log, while the gateway waits for its answer."""
    found = []

    def script(seen):
        found.append([event for event in captured.log_events() if event_kind(event) == "inference.admitted"][-1])
        from harness import completion
        return 200, completion("done")

    capture.script = script
    answer = captured.chat("who is first?", model="test")
    assert answer.status == 200, answer
    assert event_body(found[0])["request_id"] == answer.request_id


def test_the_request_id_threads_from_client_to_database_row(gateway):
    answer = gateway.chat("thread", headers={"X-Request-Id": "client-chosen-17"})
    assert answer.request_id != "client-chosen-17"
    events = settled(gateway, answer.request_id, "inference.admitted", "inference.completed")
    assert event_body(events[0])["client_request_id"] == "client-chosen-17"
    assert gateway.sql(f"SELECT count(*) FROM gatehouse.audit_event WHERE request_id = '{answer.request_id}'") == "2"
    assert gateway.sql(f"SELECT count(*) FROM gatehouse.exchange WHERE request_id = '{answer.request_id}'") == "2"


@pytest.mark.parametrize("value", ["a" * 5000, "x\ty", "<script>", "käse", "' OR 1=1"])
def test_a_hostile_client_request_id_is_kept_out_or_kept_harmless(value, gateway):
    answer = gateway.chat("hello", headers={"X-Request-Id": value.encode()})
    assert answer.status in (200, 400, 431), answer
    assert answer.request_id != value
    json.dumps(gateway.log_events()[-1])


def test_an_event_says_who_what_and_which_gates(gateway):
    answer = gateway.chat("mail me at jean.valjean@example.org")
    body = event_body(settled(gateway, answer.request_id, "inference.admitted")[0])
    assert body["tenant_id"] == gateway.acme.id
    assert gateway.acme.key_id in json.dumps(body)
    assert "email" in json.dumps(body)
    assert gateway.acme.api_key not in json.dumps(body)


def test_the_log_verifies(gateway):
    gateway.chat("something to verify")
    done = gateway.verify()
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["ok"] is True
    assert report["size"] >= 2


def test_verify_counts_every_event(gateway):
    events = gateway.log_events()
    report = json.loads(gateway.verify().stdout)
    assert report["size"] >= len(events) > 0
    assert int(gateway.sql("SELECT size FROM gatehouse.log_head")) >= report["size"]


def test_an_event_is_proved_and_the_proof_checks_with_sha256_alone(gateway):
    answer = gateway.chat("prove me")
    events = settled(gateway, answer.request_id, "inference.completed")
    for event in events:
        done = gateway.run("log", "prove", "--state", gateway.state, event_body(event)["event_id"], "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        proof = json.loads(done.stdout)
        salt = bytes.fromhex(proof["salt"])
        commitment = hashlib.sha256(salt + proof["body"].encode()).digest()
        leaf = hashlib.sha256(b"\0" + b"\1" + commitment).digest()
        lines = proof["proof"].split("\n")
        assert lines[0] == "c2sp.org/tlog-proof@v1"
        index = int(next(line for line in lines if line.startswith("index ")).split()[1])
        hashes = [base64.b64decode(line) for line in lines[lines.index(f"index {index}") + 1:lines.index("")]]
        note = lines[lines.index("") + 1:]
        size, root = int(note[1]), base64.b64decode(note[2])
        assert note[0] == gateway.demo["log_origin"]
        assert climb(leaf, index, size, hashes) == root


def climb(leaf, index, size, hashes):
    """RFC 9162 section 2.1.3.2, written down once more on purpose."""
    node, last, at = leaf, size - 1, index
    for sibling in hashes:
        assert last > 0
        if at % 2 or at == last:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        at, last = at >> 1, last >> 1
    assert last == 0
    return node


def test_proving_what_is_not_there_fails(gateway):
    done = gateway.run("log", "prove", "--state", gateway.state, "0192f000-0000-7000-8000-000000000000")
    assert done.returncode == 1
    assert gateway.run("log", "prove", "--state", gateway.state, "nonsense").returncode == 2


def test_the_tiles_are_served_and_match_the_checkpoint(gateway):
    gateway.chat("one more")
    answer = wait_until(lambda: (got := gateway.request("GET", "/log/checkpoint")).status == 200 and got, what="a checkpoint")
    origin, size, root, *_ = answer.body.decode().split("\n")
    assert origin == gateway.demo["log_origin"]
    assert int(size) > 0 and len(base64.b64decode(root)) == 32
    partial = int(size) % 256
    path = "/log/tile/0/000" + (f".p/{partial}" if int(size) < 256 else "")
    tile = gateway.request("GET", path)
    assert tile.status == 200 and len(tile.body) == 32 * (256 if int(size) >= 256 else partial)
    assert gateway.request("GET", "/log/tile/0/x").status in (400, 404)


def test_the_log_verifies_over_http_as_an_outsider_would(gateway):
    done = gateway.run("log", "verify", "--tiles", gateway.demo["base_url"] + "/log", "--ca", gateway.demo["ca_file"], "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["ok"] is True


@pytest.fixture
def damaged(fresh_gateway):
    gateway = fresh_gateway()
    for number in range(8):
        assert gateway.chat(f"request {number}").status == 200
    assert gateway.verify().returncode == 0
    return gateway


def assert_names(gateway, entry):
    """Exit 1, and the entry named both for people and for programs."""
    done = gateway.verify()
    assert done.returncode == 1, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["ok"] is False
    assert report["entry"] == entry, report
    told = gateway.run("log", "verify", "--state", gateway.state)
    assert told.returncode == 1
    assert re.search(rf"\b{entry}\b", told.stdout + told.stderr), told.stdout + told.stderr


ONE_BIT = "set_byte({column}, {at}, get_byte({column}, {at}) # 1)"


@pytest.mark.parametrize("table,column", [("log_entry", "commitment"), ("audit_event", "box")])
@pytest.mark.parametrize("at", [0, 31])
def test_a_byte_changed_by_the_databases_administrator_is_found(table, column, at, damaged):
    entry = 5
    changed = damaged.sql(f"UPDATE gatehouse.{table} SET {column} = {ONE_BIT.format(column=column, at=at)} "
                          f"WHERE seq = {entry} RETURNING seq")
    assert changed == str(entry)
    assert_names(damaged, entry)


def test_a_deleted_event_is_found(damaged):
    assert damaged.sql("DELETE FROM gatehouse.audit_event WHERE seq = 4 RETURNING seq") == "4"
    assert_names(damaged, 4)


def test_a_deleted_entry_is_found(damaged):
    assert damaged.sql("DELETE FROM gatehouse.log_entry WHERE seq = 3 RETURNING seq") == "3"
    assert_names(damaged, 3)


def test_two_swapped_entries_are_found(damaged):
    damaged.sql("""UPDATE gatehouse.log_entry a SET commitment = b.commitment FROM gatehouse.log_entry b
                   WHERE (a.seq, b.seq) IN ((2, 6), (6, 2))""")
    assert_names(damaged, 2)


def test_a_shortened_log_is_found(damaged):
    damaged.sql("DELETE FROM gatehouse.log_entry WHERE seq = (SELECT max(seq) FROM gatehouse.log_entry)")
    done = damaged.verify()
    assert done.returncode == 1, done.stdout + done.stderr


def test_a_byte_flipped_in_the_heap_file_is_found(damaged):
    """Below PostgreSQL: one bit of one commitment in the table's file, with the page checksum set aside."""
    commitment = bytes.fromhex(damaged.sql("SELECT encode(commitment, 'hex') FROM gatehouse.log_entry WHERE seq = 5"))
    damaged.sql("CHECKPOINT")
    relative = damaged.sql("SELECT pg_relation_filepath('gatehouse.log_entry')")
    assert damaged.stop() == 0
    path = damaged.state / "pg" / relative
    data = path.read_bytes()
    assert data.count(commitment) == 1
    place = data.index(commitment) + 7
    owner = path.stat()
    path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1:])
    assert (path.stat().st_uid, path.stat().st_gid) == (owner.st_uid, owner.st_gid)
    # As the directory's owner, who may not walk the folder around it: tests make that one private.
    os.chmod(damaged.folder, 0o711)
    owned = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    tool = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/pg_checksums"))[-1]
    done = subprocess.run([tool, "--disable", "-D", damaged.state / "pg"], capture_output=True, text=True, check=False,
                          cwd="/", **owned)
    assert done.returncode == 0, done.stdout + done.stderr
    damaged.start()
    assert_names(damaged, 5)


def test_a_replaced_checkpoint_is_found(damaged):
    damaged.sql("UPDATE gatehouse.log_checkpoint SET note = overlay(note placing 'A' from length(note) - 20 for 1) "
                "WHERE size = (SELECT max(size) FROM gatehouse.log_checkpoint)")
    assert damaged.verify().returncode == 1


def test_verify_of_a_directory_that_is_no_state_is_wrong_use(gateway, tmp_path):
    assert gateway.run("log", "verify", "--state", tmp_path / "nothing").returncode == 2
    assert gateway.run("log", "verify", "--nonsense").returncode == 2


def test_tail_shows_the_gates_a_request_passed(gateway):
    answer = gateway.chat("five gates")
    text = json.dumps(settled(gateway, answer.request_id, "inference.admitted"))
    assert [gate for gate in GATES if gate in text], text


def test_the_log_verifies_with_the_tools_of_others(gateway, tmp_path):
    """Go's own sumdb/tlog over our tiles: see tests/e2e/audit for the full set."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not here")
    vkey = wait_until(lambda: (got := gateway.request("GET", "/log/vkey")).status == 200 and got, what="the log's key").body.decode().strip()
    name, key_hash, key = vkey.split("+", 2)
    raw = base64.b64decode(key)
    assert name == gateway.demo["log_origin"] and raw[0] == 1 and len(raw) == 33
    assert hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex() == key_hash
    note = gateway.request("GET", "/log/checkpoint").body.decode()
    text, _, signatures = note.rpartition("\n\n")
    signature = base64.b64decode(next(line for line in signatures.split("\n") if name in line).split(" ")[2])
    der = bytes.fromhex("302a300506032b6570032100") + raw[1:]
    (tmp_path / "key.der").write_bytes(der)
    (tmp_path / "text").write_text(text + "\n")
    (tmp_path / "signature").write_bytes(signature[4:])
    done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", tmp_path / "key.der", "-rawin",
                           "-in", tmp_path / "text", "-sigfile", tmp_path / "signature"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
