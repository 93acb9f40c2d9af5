"""Policy packs without a server: what a pack is made of, who may sign it, that nothing altered gets through, and
that an auditor needs none of our tools: jose and openssl verify it, GNU tar makes it, the official Cedar decides by it.
"""
import base64
import hashlib
import json
import os
import random
import re
import shutil
import stat
import subprocess

import pytest

from harness import BINARY, ROOT

STARTER = ROOT / "examples/policy/starter"
TENANT = "01890a5d-ac96-774b-bcce-b302099a8057"
FROM, WITHIN, AFTER = "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", "2027-01-02T00:00:00Z"
SCHEMA = ("entity Role;\nentity User in [Role] { level: Long };\nentity Doc;\n"
          "action read, write appliesTo { principal: [User], resource: [Doc], context: { mfa: Bool } };\n")
POLICIES = ('@id("staff-read")\n@retention("P30D")\npermit (principal in Role::"staff", action == Action::"read", '
            'resource);\n\n@id("no-writes")\nforbid (principal, action == Action::"write", resource)\n'
            'unless { context.mfa };\n')


def uid(kind, name):
    return {"type": kind, "id": name}


def asked(action="read", mfa=False, **more):
    return {"principal": uid("User", "ada"), "action": uid("Action", action), "resource": uid("Doc", "d"),
            "context": {"mfa": mfa}, **more}


STAFF = [{"uid": uid("User", "ada"), "attrs": {"level": 1}, "parents": [uid("Role", "staff")]}]


def run(*words, cwd=None, status=0):
    done = subprocess.run([BINARY, "policy", *map(str, words)], cwd=cwd, capture_output=True, text=True, timeout=120,
                          check=False)
    assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def run_json(*words, cwd=None, status=0):
    return json.loads(run(*words, "--json", cwd=cwd, status=status).stdout)


def write_folder(path, policies=POLICIES, schema=SCHEMA, tests=None):
    for name in ("policies", "entities", "tests"):
        (path / name).mkdir(parents=True, exist_ok=True)
    (path / "policies/rules.cedar").write_text(policies)
    (path / "schema.cedarschema").write_text(schema)
    (path / "entities/roles.json").write_text(json.dumps([{"uid": uid("Role", "staff"), "attrs": {}, "parents": []}]))
    (path / "tests/staff.json").write_text(json.dumps(tests or {"entities": STAFF, "requests": [
        asked(description="staff reads", decision="allow", reason=["staff-read"]),
        asked("write", description="nobody writes", decision="deny", reason=["no-writes"])]}))
    return path


class Desk:
    """Three people, their keys and the document that trusts them."""

    def __init__(self, folder):
        self.folder = folder
        for person, kind in (("ada", "rs256"), ("bob", "es256"), ("cyd", "eddsa"), ("eve", "es256")):
            run("key", "-o", folder / f"{person}.key", "--type", kind)
        self.trust = folder / "trust.json"
        self.write_trust(self.trust)

    def write_trust(self, path, *more, signers=("author:ada", "approver:bob", "approver:cyd")):
        words = [f"{signer}:{self.folder / signer.split(':')[1]}.pub.pem" for signer in signers]
        run("trust", *words, "--tenant", TENANT, "-o", path, *more)
        return path

    def key(self, person):
        return self.folder / f"{person}.key"

    def build(self, folder, name, *more):
        pack = self.folder / name
        words = () if "--after" in more else ("--tenant", TENANT)
        run("build", folder, "-o", pack, "--change", "CHG-7", "--from", FROM, *words, *more)
        return pack

    def sign(self, pack, *people):
        for person in people:
            run("sign", pack, "--key", self.key(person), "--now", WITHIN)
        return pack

    def verdict(self, pack, *more, trust=None):
        words = ("verify", pack, "--trust", trust or self.trust, "--now", WITHIN, *more, "--json")
        done = subprocess.run([BINARY, "policy", *map(str, words)], capture_output=True, text=True, timeout=60,
                              check=False)
        answer = json.loads(done.stdout)
        assert done.returncode == (0 if answer["ok"] else 1), done
        return "good" if answer["ok"] else answer["reason"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return Desk(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def small(desk):
    folder = write_folder(desk.folder / "small")
    return desk.sign(desk.build(folder, "small-1.tar"), "ada", "bob", "cyd")


def unpack(pack, folder):
    folder.mkdir()
    subprocess.run(["tar", "-xf", pack, "-C", folder], check=True)
    return folder


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --- an auditor's own tools


def test_debians_jose_verifies_a_pack(desk, small, tmp_path):
    if not shutil.which("jose"):
        pytest.skip("jose is not here")
    inside = unpack(small, tmp_path / "inside")

    def jose(person):
        return subprocess.run(["jose", "jws", "ver", "-i", inside / "manifest.jws", "-I", inside / "manifest.json",
                               "-k", desk.folder / f"{person}.jwk"], capture_output=True, check=False).returncode
    assert jose("ada") == 0, "RS256"
    assert jose("bob") == 0, "ES256"
    assert jose("eve") != 0, "who did not sign"
    manifest = (inside / "manifest.json").read_bytes()
    (inside / "manifest.json").write_bytes(manifest.replace(b"CHG-7", b"CHG-8"))
    assert jose("ada") != 0
    assert jose("bob") != 0


def test_openssl_verifies_a_pack(desk, small, tmp_path):
    inside = unpack(small, tmp_path / "inside")
    manifest = (inside / "manifest.json").read_bytes()
    found = {}
    for signature in json.loads((inside / "manifest.jws").read_bytes())["signatures"]:
        header = json.loads(unbase64(signature["protected"]))
        found[header["alg"]] = header["kid"]
        for text, good in ((manifest, True), (manifest + b" ", False)):
            payload = base64.urlsafe_b64encode(text).rstrip(b"=")
            (tmp_path / "input").write_bytes(signature["protected"].encode() + b"." + payload)
            (tmp_path / "signature").write_bytes(unbase64(signature["signature"]))
            words = {"RS256": ["dgst", "-sha256", "-verify", desk.folder / "ada.pub.pem", "-signature",
                               tmp_path / "signature", tmp_path / "input"],
                     "EdDSA": ["pkeyutl", "-verify", "-pubin", "-inkey", desk.folder / "cyd.pub.pem", "-rawin", "-in",
                               tmp_path / "input", "-sigfile", tmp_path / "signature"]}.get(header["alg"])
            if words:
                done = subprocess.run(["openssl", *words], capture_output=True, check=False)
                assert (done.returncode == 0) is good, (header, done)
    assert sorted(found) == ["ES256", "EdDSA", "RS256"]
    assert len(set(found.values())) == 3


def test_the_manifest_lists_every_file_and_its_digest_is_the_packs(desk, small, tmp_path):
    inside = unpack(small, tmp_path / "inside")
    manifest = (inside / "manifest.json").read_bytes()
    listed = json.loads(manifest)
    files = {str(path.relative_to(inside)): path.read_bytes() for path in inside.rglob("*") if path.is_file()}
    assert {file["path"]: (file["sha256"], file["size"]) for file in listed["files"]} == {
        name: (hashlib.sha256(data).hexdigest(), len(data)) for name, data in files.items()
        if not name.startswith("manifest.")}
    assert manifest == json.dumps(listed, sort_keys=True, separators=(",", ":")).encode()
    answer = run_json("verify", small, "--trust", desk.trust, "--now", WITHIN)
    assert answer["digest"] == hashlib.sha256(manifest).hexdigest()
    assert [(by["person"], by["role"]) for by in answer["signed_by"]] == [
        ("ada", "author"), ("bob", "approver"), ("cyd", "approver")]


def test_gnu_tar_makes_the_same_archive_of_the_same_files(small, tmp_path):
    inside = unpack(small, tmp_path / "inside")
    names = sorted(str(path.relative_to(inside)) for path in inside.rglob("*") if path.is_file())
    subprocess.run(["tar", "--format=ustar", "--mode=0644", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0",
                    "-b1", "-cf", tmp_path / "again.tar", *names], cwd=inside, check=True)
    assert (tmp_path / "again.tar").read_bytes() == small.read_bytes()


@pytest.mark.parametrize("which", ["starter", "small"])
def test_the_official_cedar_decides_a_packs_tests_as_we_do(which, desk, small, node_modules, tmp_path):
    pack = small if which == "small" else desk.sign(desk.build(STARTER, "starter.tar"), "ada", "bob")
    inside = unpack(pack, tmp_path / "inside")
    done = subprocess.run(["node", ROOT / "tests/e2e/sdk/cedar_decide.mjs", inside], capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout)
    ours = run_json("test", pack)
    assert ours["failed"] == 0
    assert len(theirs) == ours["passed"] >= 2
    for answer in theirs:
        assert answer["decision"] == answer["expected"], answer
        request = json.loads((inside / "tests" / answer["file"]).read_text())["requests"][answer["request"]]
        assert answer["reason"] == sorted(request["reason"]), answer


# --- what is refused


def test_a_signature_too_many_can_be_lost_and_nothing_else(desk, small, tmp_path):
    digest = run_json("verify", small, "--trust", desk.trust, "--now", WITHIN)["digest"]
    raw = bytearray(small.read_bytes())
    start, lost = raw.index(b"manifest.jws") + 512, 0
    for place in range(start, start + raw[start:].index(b"\0"), 9):
        raw[place] ^= 2
        (tmp_path / "altered.tar").write_bytes(raw)
        raw[place] ^= 2
        if desk.verdict(tmp_path / "altered.tar") == "good":
            answer = run_json("verify", tmp_path / "altered.tar", "--trust", desk.trust, "--now", WITHIN)
            assert answer["digest"] == digest
            assert len(answer["signed_by"]) == 2
            lost += 1
    assert lost > 0


def test_no_altered_byte_gets_through(desk, tmp_path):
    """Every byte is altered in tests/unit/policy/test_pack.c; here some, through the binary. Signed by exactly as many
    as must: of one signature more than needed, an altered name makes a stranger, who neither counts nor harms."""
    two = desk.sign(desk.build(desk.folder / "small", "two.tar"), "ada", "bob")
    raw = bytearray(two.read_bytes())
    altered = tmp_path / "altered.tar"
    seen = set()
    for place in random.Random(7).sample(range(len(raw)), 250):
        raw[place] ^= 1 << place % 8
        altered.write_bytes(raw)
        seen.add(desk.verdict(altered))
        raw[place] ^= 1 << place % 8
    assert "good" not in seen
    assert {"not-canonical", "altered-file"} <= seen
    altered.write_bytes(raw)
    assert desk.verdict(altered) == "good"
    altered.write_bytes(raw[:-512])
    assert desk.verdict(altered) == "not-canonical"
    altered.write_bytes(raw + bytes(512))
    assert desk.verdict(altered) == "not-canonical"


def test_who_signed_decides(desk, small, tmp_path):
    def signed(*people, trust=None):
        pack = tmp_path / ("-".join(people or ("nobody",)) + ".tar")
        shutil.copy(desk.folder / "unsigned.tar", pack)
        return desk.verdict(desk.sign(pack, *people), trust=trust)
    desk.build(desk.folder / "small", "unsigned.tar")
    assert signed() == "unsigned"
    assert signed("ada") == "not-enough-approvals"
    assert signed("bob", "cyd") == "unsigned"
    assert signed("ada", "eve") == "not-enough-approvals"
    assert signed("ada", "cyd") == "good"
    assert signed("eve", "ada", "bob") == "good"
    both = desk.write_trust(tmp_path / "both.json", signers=("author:ada", "approver:bob"))
    document = json.loads(both.read_text())
    next(signer for signer in document["signers"] if signer["role"] == "approver")["person"] = "ada"
    document["signers"].append({**json.loads(desk.trust.read_text())["signers"][2]})
    both.write_text(json.dumps(document, sort_keys=True, separators=(",", ":")))
    assert signed("ada", "bob", trust=both) == "author-approved-own"
    three = desk.write_trust(tmp_path / "three.json", "--threshold", "3")
    assert signed("ada", "bob", trust=three) == "not-enough-approvals"
    assert signed("ada", "bob", "cyd", trust=three) == "good"


def test_when_and_after_what_decides(desk, small, tmp_path):
    second = desk.sign(desk.build(desk.folder / "small", "second.tar", "--after", small), "ada", "bob")
    assert desk.verdict(second, "--after", small) == "good"
    assert desk.verdict(small, "--after", second) == "rolled-back"
    assert desk.verdict(second, "--after", second) == "rolled-back"
    other = desk.sign(desk.build(desk.folder / "small", "other.tar", "--days", "30"), "ada", "bob")
    assert desk.verdict(second, "--after", other) == "broken-chain"
    back = desk.sign(desk.build(desk.folder / "small", "back.tar", "--after", second, "--rollback-of", "1"), "ada", "bob")
    assert desk.verdict(back, "--after", second) == "good"
    late = run_json("verify", small, "--trust", desk.trust, "--now", AFTER, status=1)
    assert late["reason"] == "expired"
    early = run_json("verify", small, "--trust", desk.trust, "--now", "2025-12-31T23:59:59Z")
    assert early["effective"] is False
    foreign = json.loads(desk.trust.read_text())
    foreign["tenant"] = TENANT[:-1] + "8"
    (tmp_path / "foreign.json").write_text(json.dumps(foreign, sort_keys=True, separators=(",", ":")))
    assert desk.verdict(small, trust=tmp_path / "foreign.json") == "wrong-tenant"


def test_a_new_epoch_is_signed_as_the_one_before_asks(desk, tmp_path):
    document = desk.write_trust(tmp_path / "two.json", "--epoch", "2", signers=("author:eve", "approver:bob"))
    signatures = tmp_path / "two.jws"
    words = ("verify", document, "--trust", desk.trust, "--signatures", signatures)
    run("sign", document, "--key", desk.key("ada"), "-o", signatures)
    assert run_json(*words, status=1)["reason"] == "not-enough-approvals"
    run("sign", document, "--key", desk.key("cyd"), "-o", signatures)
    assert run_json(*words)["epoch"] == 2
    desk.write_trust(document, "--epoch", "3", signers=("author:eve", "approver:bob"))
    assert run_json(*words, status=1)["reason"] == "bad-signature"
    signatures.unlink()
    for person in ("ada", "cyd"):
        run("sign", document, "--key", desk.key(person), "-o", signatures)
    assert run_json(*words, status=1)["reason"] == "bad-trust"


# --- making packs


def test_the_same_folder_gives_the_same_bytes(desk, small, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(desk.folder / "small", copy)
    os.utime(copy / "policies/rules.cedar", (1, 1))
    (copy / "policies/rules.cedar").chmod(0o600)
    (copy / "notes.txt").write_text("not a part of it")
    again = desk.build(copy, "again.tar")
    first = desk.build(desk.folder / "small", "first.tar")
    assert again.read_bytes() == first.read_bytes()


def test_what_does_not_compile_or_pass_is_neither_built_nor_signed(desk, tmp_path):
    broken = write_folder(tmp_path / "broken", policies=POLICIES.replace("context.mfa", "context.mfaa"))
    words = ("-o", tmp_path / "x.tar", "--tenant", TENANT, "--change", "x")
    assert "policy-invalid" in run("build", broken, *words, status=1).stderr
    failing = write_folder(tmp_path / "failing", policies=POLICIES.replace('"staff"', '"chief"'))
    assert "test-failed" in run("build", failing, *words, status=1).stderr
    assert not (tmp_path / "x.tar").exists()
    pack = desk.build(desk.folder / "small", "tampered.tar")
    pack.write_bytes(pack.read_bytes().replace(b"context.mfa", b"context.mfb"))
    before = pack.read_bytes()
    assert "altered-file" in run("sign", pack, "--key", desk.key("ada"), status=1).stderr
    assert pack.read_bytes() == before


def test_a_key_is_private_and_signs_once(desk, tmp_path):
    key = tmp_path / "k.key"
    made = run_json("key", "-o", key, "--type", "es256")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert json.loads((tmp_path / "k.jwk").read_text())["kid"] == made["kid"]
    text = key.read_text()
    assert "k.key" in run("key", "-o", key, status=2).stderr
    assert key.read_text() == text
    pack = desk.build(desk.folder / "small", "once.tar")
    run("sign", pack, "--key", key)
    assert "has signed already" in run("sign", pack, "--key", key, status=2).stderr
    key.chmod(0o640)
    assert "chmod 600" in run("sign", pack, "--key", key, status=2).stderr
    assert run_json("key", "-o", tmp_path / "r.key")["alg"] == "RS256"
    bits = subprocess.run(["openssl", "rsa", "-pubin", "-in", tmp_path / "r.pub.pem", "-noout", "-text"],
                          capture_output=True, text=True, check=True).stdout
    assert "3072 bit" in bits


# --- understanding packs


def test_check_shows_a_fault_as_a_compiler_does(tmp_path):
    folder = write_folder(tmp_path / "rules", policies=POLICIES + '\n@id("typo")\npermit (principal, action, resource)\n'
                          'when { principal.levle > 3 };\n')
    error = run("check", folder, status=1).stderr
    shown = re.search(r"rules/policies/rules\.cedar:11:8: error: (.*)\n +11 \| (.*)\n +\| ( *)(\^+)\n", error)
    assert shown, error
    assert shown[2][len(shown[3]):].startswith("principal.levle"), "the caret stands under the fault"
    assert len(shown[4]) == len("principal.levle")
    faults = run_json("check", folder, status=1)["faults"]
    assert [(fault["line"], fault["column"]) for fault in faults] == [(11, 8)]
    loose = folder / "policies/rules.cedar"
    assert run_json("check", loose)["validated"] is False
    assert run_json("check", loose, "--schema", folder / "schema.cedarschema", status=1)["faults"][0]["line"] == 11
    assert run_json("check", write_folder(tmp_path / "fine")) == {"faults": [], "ok": True, "policies": 2,
                                                                 "validated": True, "warnings": []}


def test_check_warns_of_a_policy_that_never_applies(tmp_path):
    folder = write_folder(tmp_path / "rules", policies=POLICIES + '\n@id("never")\npermit (principal, action, resource)\n'
                          'when { principal == resource && false };\n')
    shown = run("check", folder)
    assert re.search(r"rules/policies/rules\.cedar:9:1: warning: this policy never applies", shown.stderr), shown.stderr
    assert "no fault; see the warnings" in shown.stdout
    answer = run_json("check", folder)
    assert answer["ok"] and len(answer["warnings"]) == 1 and answer["faults"] == []


def test_test_tries_every_request(tmp_path):
    folder = write_folder(tmp_path / "rules", tests={"entities": STAFF, "requests": [
        asked(description="wrong", decision="deny"), asked("write", True, decision="deny"), asked(decision="allow")]})
    answer = run_json("test", folder, status=1)
    assert [trial["passed"] for trial in answer["requests"]] == [False, True, True]
    assert "expected deny, got allow by staff-read" in run("test", folder, status=1).stderr


def test_explain_names_what_decided_where_and_what_it_demands(desk, small, tmp_path):
    request = tmp_path / "request.json"
    request.write_text(json.dumps(asked(entities=STAFF)))
    answer = run_json("explain", small, "--request", request)
    assert answer["outcome"] == "allow"
    assert [(by["id"], by["line"], by["file"]) for by in answer["policies"]] == [
        ("staff-read", 1, f"{small}:policies/rules.cedar")]
    assert answer["obligations"] == {"retention": "P30D"}
    words = ("--principal", 'User::"ada"', "--resource", 'Doc::"d"', "--context", '{"mfa":false}')
    denied = run_json("explain", desk.folder / "small", *words, "--action", 'Action::"write"')
    assert (denied["outcome"], denied["policies"][0]["id"]) == ("deny-forbid", "no-writes")
    nobody = run_json("explain", desk.folder / "small", *words, "--action", 'Action::"read"')
    assert nobody["outcome"] == "deny-default"
    assert [(near["id"], near["missed"]) for near in nobody["near"]] == [
        ("staff-read", "the principal is not in its scope")]
    member = run_json("explain", desk.folder / "small", *words, "--action", 'Action::"read"', "--in", 'Role::"staff"')
    assert member["outcome"] == "allow"
    unknown = run("explain", desk.folder / "small", *words, "--action", 'Action::"fly"').stdout
    assert "does not know this request" in unknown


def test_diff_says_in_words_what_weakens_and_replays_what_was_asked(desk, small, tmp_path):
    looser = write_folder(tmp_path / "looser", policies=POLICIES.replace("P30D", "P90D").replace(
        'forbid (principal, action == Action::"write", resource)\nunless { context.mfa };',
        'permit (principal in Role::"staff", action == Action::"write", resource)\nwhen { context.mfa };'),
        tests={"entities": STAFF, "requests": [asked(decision="allow")]})
    words = run("diff", small, looser).stdout
    assert "policy staff-read changed\n  @retention: P30D -> P90D, laxer\n" in words
    assert "    - forbid (\n" in words and "    + permit (\n" in words
    requests = tmp_path / "requests.jsonl"
    requests.write_text("".join(json.dumps(asked(action, mfa, entities=STAFF)) + "\n" for action, mfa in
                                (("read", False), ("write", False), ("write", True), ("write", True))))
    answer = run_json("diff", small, looser, "--replay", requests)["replay"]
    assert (answer["requests"], answer["deny_to_allow"], answer["allow_to_deny"]) == (4, 2, 0)
    assert answer["laxer_obligations"] == 1
    assert [(flip["line"], flip["from"], flip["to"], flip["after"]) for flip in answer["flips"]] == [
        (3, "deny-default", "allow", ["no-writes"]), (4, "deny-default", "allow", ["no-writes"])]
    assert "ada" not in json.dumps(answer)
    run("diff", small, looser, "--replay", requests, "--no-flips", status=1)
    run("diff", small, desk.folder / "small", "--replay", requests, "--no-flips")
    assert run("diff", small, desk.folder / "small").stdout == "Nothing differs.\n"
    built = desk.build(looser, "looser.tar", "--after", small, "--replay", requests)
    inside = unpack(built, tmp_path / "inside")
    assert json.loads((inside / "shadow.json").read_text()) == answer
    assert json.loads((inside / "diff.json").read_text()) == run_json("diff", small, looser)["diff"]
    listed = [file["path"] for file in json.loads((inside / "manifest.json").read_text())["files"]]
    assert "diff.json" in listed and "shadow.json" in listed


# --- the command line


@pytest.mark.parametrize("words", [
    ("check",), ("check", "absent"), ("check", "a.cedar", "b"), ("check", "absent.cedar"), ("check", "--what"),
    ("test",), ("test", "absent"), ("explain",), ("explain", STARTER), ("explain", STARTER, "--principal", "ada"),
    ("explain", STARTER, "--request", "absent"), ("diff", STARTER), ("diff", STARTER, "absent"),
    ("diff", STARTER, STARTER, "--no-flips"), ("diff", STARTER, STARTER, "--replay", "absent"),
    ("key",), ("key", "-o", "/nowhere/k.key"), ("key", "-o", "k", "--type", "dsa"),
    ("trust",), ("trust", "author:ada", "--tenant", TENANT, "-o", "t"), ("trust", "x:y:z", "--tenant", "t", "-o", "t"),
    ("build", STARTER), ("build", STARTER, "-o", "p.tar"), ("build", STARTER, "-o", "p.tar", "--tenant", "acme"),
    ("build", STARTER, "-o", "p.tar", "--tenant", TENANT, "--change", "x", "--from", "today"),
    ("build", STARTER, "-o", "p.tar", "--tenant", TENANT, "--change", "x", "--days", "0"),
    ("build", STARTER, "-o", "p.tar", "--tenant", TENANT, "--change", "x", "--rollback-of", "1"),
    ("sign",), ("sign", STARTER), ("sign", "absent", "--key", "absent"), ("verify",), ("verify", "x"),
    ("verify", "absent", "--trust", "absent"),
], ids=lambda words: " ".join(map(str, words)).replace(str(STARTER), "STARTER"))
def test_a_wrong_command_gets_one_line_and_changes_nothing(words, tmp_path):
    done = run(*words, cwd=tmp_path, status=2)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("gatehouse: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["check", "test", "explain", "diff", "key", "trust", "build", "sign", "verify"])
def test_every_verb_explains_itself(verb):
    text = run(verb, "--help").stdout
    assert text.startswith(f"usage: gatehouse policy {verb}")
    assert all(len(line) <= 100 for line in text.splitlines()), text
