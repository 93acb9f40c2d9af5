"""`gatehouse pii scan` and `pii eval`: what people and pipelines see of the scanner."""
import json
import os
import pty
import resource
import subprocess

import pytest

from harness import BINARY

CARD = "4111 1111 1111 1111"
MAIL = "ada@example.com"


def scan(*words, cwd=None, text=None, limit_mib=None):
    def bound():
        resource.setrlimit(resource.RLIMIT_AS, (limit_mib << 20, limit_mib << 20))
    return subprocess.run([BINARY, "pii", "scan", *map(str, words)], cwd=cwd, input=text, capture_output=True,
                          timeout=120, check=False, preexec_fn=bound if limit_mib else None)


def findings(*words, **options):
    done = scan("--json", *words, **options)
    assert done.returncode in (0, 1), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "note.txt").write_text(f"first line\nmail \u00e9 {MAIL} and {CARD}\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "people.csv").write_text("name,ssn,phone\nAda,536904399,4155550132\n")
    (tmp_path / "body.json").write_text('{ "to": ["\\u0061da@example.com \\ud83d\\ude00 +1 415 555 0132"], "card": 4111111111111111 }')
    (tmp_path / "events.log").write_text('{"a":"x","b":{"c":"%s"}}\n{"n":1}\nno json, but bob@example.org\n' % MAIL)
    (tmp_path / "program").write_bytes(b"\x7fELF\0\0" + MAIL.encode())
    (tmp_path / "clean.md").write_text("It was the best of times.\n")
    (tmp_path / "link.txt").symlink_to(tmp_path / "note.txt")
    (tmp_path / "loop").symlink_to(tmp_path)
    return tmp_path


def test_a_finding_tells_where_it_is_and_not_what_it_is(folder):
    found = findings("note.txt", cwd=folder)
    mail, card = found
    raw = (folder / "note.txt").read_bytes()
    assert (mail["file"], mail["line"], mail["column"], mail["class"]) == ("note.txt", 2, 8, "email")
    assert raw[mail["start"]:mail["end"]] == MAIL.encode()
    assert raw[card["start"]:card["end"]] == CARD.encode() and card["class"] == "payment_card"
    assert 50 <= mail["confidence"] <= 100
    text = scan("note.txt", cwd=folder).stdout.decode()
    for output in (text, json.dumps(found)):
        assert "ada" not in output and "example" not in output and "1111" not in output
    assert "note.txt:2:8: email (email)" in text


def test_values_are_shown_when_asked_for(folder):
    assert [each["value"] for each in findings("--show", "note.txt", cwd=folder)] == [MAIL, CARD]
    assert MAIL in scan("--show", "note.txt", cwd=folder).stdout.decode()


def test_leaves_of_json_are_found_by_pointer_and_raw_offset(folder):
    raw = (folder / "body.json").read_bytes()
    mail, phone, card = findings("body.json", cwd=folder)
    assert (mail["path"], phone["path"], card["path"]) == ("/to/0", "/to/0", "/card")
    assert raw[mail["start"]:mail["end"]] == b"\\u0061da@example.com"
    assert raw[phone["start"]:phone["end"]] == b"+1 415 555 0132"
    assert raw[card["start"]:card["end"]] == b"4111111111111111"


def test_json_lines_are_known_by_their_content(folder):
    first, last = findings("events.log", cwd=folder)
    assert (first["path"], first["line"]) == ("/b/c", 1)
    assert (last["line"], last["column"], last.get("path")) == (3, 14, None)


def test_columns_of_a_table_are_known_by_its_header(folder):
    found = findings("--classes", "gov_id,phone", "sub/people.csv", cwd=folder)
    assert [(each["class"], each["line"]) for each in found] == [("gov_id", 2), ("phone", 2)]


def test_a_folder_is_walked_in_order_without_links_and_binaries(folder):
    found = findings(".", cwd=folder)
    files = list(dict.fromkeys(each["file"] for each in found))
    assert files == ["./body.json", "./events.log", "./note.txt", "./sub/people.csv"]
    summary = json.loads(scan("--json", "--summary", ".", cwd=folder).stdout)
    assert (summary["files"], summary["files_with_findings"], summary["binary"], summary["skipped"]) == (5, 4, 1, 2)
    assert summary["classes"]["email"] == {"found": 4, "files": 3} and summary["found"] == len(found)


def test_what_is_left_out_is_left_out(folder):
    found = findings("--exclude", "sub,*.log", "--classes", "email,gov_id", ".", cwd=folder)
    assert {each["file"] for each in found} == {"./body.json", "./note.txt"}
    assert {each["class"] for each in found} == {"email"}


def test_the_threshold_decides_what_counts(folder):
    done = scan("--json", "--threshold", "100", "note.txt", cwd=folder)
    assert (done.returncode, done.stdout) == (0, b"")


def test_the_exit_status_tells_clean_found_and_unreadable_apart(folder):
    assert scan("clean.md", cwd=folder).returncode == 0
    assert scan("note.txt", cwd=folder).returncode == 1
    done = scan("absent", "note.txt", cwd=folder)
    assert done.returncode == 2 and b"cannot read absent: No such file" in done.stderr
    assert b"note.txt:2:8" in done.stdout, "the others are still read"


def test_standard_input_is_a_file_too(folder):
    for words in ((), ("-",)):
        assert findings(*words, text=f"write to {MAIL}".encode())[0]["file"] == "stdin"


@pytest.mark.parametrize("words,said", [
    (("--classes", "emial"), b"there is no class emial; there are name email"),
    (("--threshold", "101"), b"--threshold must be a number from 0 to 100"),
    (("--nope",), b"unknown option --nope"),
])
def test_wrong_use_is_told_in_one_line(words, said):
    done = scan(*words, text=b"")
    assert done.returncode == 2 and said in done.stderr and done.stderr.count(b"\n") == 1


def test_a_long_table_is_read_in_windows_and_misses_nothing(tmp_path):
    """Three windows: each row once, none lost at a seam, and every row still knows its header."""
    rows = 260_000
    path = tmp_path / "long.csv"
    with open(path, "w", encoding="ascii") as out:
        out.write("note,phone\n")
        for i in range(rows):
            out.write(f"this is row number {i:07},{4150000000 + i * 7}\n")
    done = scan("--json", "--classes", "phone", path, limit_mib=400)
    assert done.returncode == 1, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["line"] for each in found] == list(range(2, rows + 2))
    raw = path.read_bytes()
    for each in found[::997]:
        assert raw[each["start"]:each["end"]].decode() == str(4150000000 + (each["line"] - 2) * 7)


def test_a_long_text_without_lines_misses_nothing_at_the_seams(tmp_path):
    path = tmp_path / "one-line.txt"
    count = 150_000
    path.write_text("".join(f"see user{i:06}@example.com for that or " for i in range(count)))
    found = findings("--show", path)
    assert [each["value"] for each in found] == [f"user{i:06}@example.com" for i in range(count)]


def test_progress_is_for_terminals_only(folder):
    assert scan(".", cwd=folder).stderr == b""
    leader, follower = pty.openpty()
    subprocess.run([BINARY, "pii", "scan", "."], cwd=folder, stdout=subprocess.DEVNULL, stderr=follower, check=False)
    os.close(follower)
    assert b"\r" in os.read(leader, 4096)
    os.close(leader)


# ---- eval ----

ROWS = [
    {"text": f"mail {MAIL} now", "spans": [{"start": 5, "end": 20, "class": "email"}], "ignore": []},
    {"text": f"mail {MAIL} now", "spans": [{"start": 5, "end": 12, "class": "email"}], "ignore": []},
    {"text": f"mail {MAIL} now", "spans": [], "ignore": []},
    {"text": f"mail {MAIL} now", "spans": [], "ignore": [{"start": 0, "end": 9}]},
    {"text": "mail nobody", "spans": [{"start": 5, "end": 11, "class": "email"}], "ignore": []},
]


def evaluate(*words):
    return subprocess.run([BINARY, "pii", "eval", *map(str, words)], capture_output=True, text=True, timeout=60, check=False)


def test_eval_counts_precision_and_recall_strictly_and_by_overlap(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)) + "\n")
    done = evaluate("--json", path)
    assert done.returncode == 0, done.stderr
    email = json.loads(done.stdout)["files"][str(path)]["classes"]["email"]
    assert (email["gold"], email["predicted"]) == (3, 3)  # the one over an ignored stretch counts neither way
    assert email["strict"] == pytest.approx({"precision": 1 / 3, "recall": 1 / 3, "f1": 1 / 3}, abs=1e-3)
    assert email["overlap"] == pytest.approx({"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3}, abs=1e-3)
    assert "email" in evaluate(path).stdout


def test_eval_names_the_row_that_it_cannot_read(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(ROWS[0]) + "\n{broken\n")
    done = evaluate(path)
    assert done.returncode == 2 and "row 2" in done.stderr
    assert evaluate().returncode == 2
