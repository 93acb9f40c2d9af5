"""The tools that judge the rest are judged here: a checker that cannot fail checks nothing."""
import importlib.machinery
import importlib.util
import subprocess

import pytest

from harness import ROOT


def load(name):
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(ROOT / "tools" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


@pytest.fixture
def rooms(tmp_path):
    """A small source tree with one header in each of some rooms."""
    for header in ("base/slice.h", "crypto/hash.h", "net/server.h", "db/db.h", "pii/scan.h", "audit/event.h",
                   "audit/merkle.h", "gates/gate.h"):
        (tmp_path / "src" / header).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / header).write_text("")
    return tmp_path / "src"


@pytest.mark.parametrize("room,header,allowed", [
    ("crypto", "base/slice.h", True), ("crypto", "crypto/hash.h", True), ("gates", "pii/scan.h", True),
    ("main", "gates/gate.h", True), ("pii", "audit/event.h", True),
    ("base", "crypto/hash.h", False), ("net", "db/db.h", False), ("pii", "audit/merkle.h", False),
    ("pii", "gates/gate.h", False), ("db", "audit/event.h", False), ("gates", "slice.h", False),
    ("gates", "../base/slice.h", False), ("gates", "pii/absent.h", False), ("gates", "attic/x.h", False),
])
def test_check_floors_knows_up_from_down(room, header, allowed, rooms):
    file = rooms / "main.c" if room == "main" else rooms / room / "file.c"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f'/* why */\n#include <stdio.h>\n#include "{header}"\n')
    done = subprocess.run([ROOT / "tools/check-floors", rooms], capture_output=True, text=True, check=False)
    assert done.returncode == (0 if allowed else 1), done.stdout
    assert allowed or f"{file.relative_to(rooms.parent)}:3:" in done.stdout


def test_check_floors_refuses_a_room_without_a_floor(rooms):
    (rooms / "attic").mkdir()
    (rooms / "attic/a.c").write_text("")
    assert subprocess.run([ROOT / "tools/check-floors", rooms], capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("name,line,bad", [
    ("a.c", "int x;", False), ("a.c", "\t" * 12 + "int x = 1;", True), ("a.md", "<<<<<<< HEAD", False),
    ("a.c", "<<<<<<< HEAD", True), ("a.c", "x \t", True), ("a.py", "x = 1\r", True),
    ("a.py", 'p = "/ho' + 'me/somebody/x"', True), ("a.md", "https://example.org/home/x", False),
    ("x/package-lock.json", '"reso' + 'lved": "x"', True), ("src/k.h", "-----BEGIN " + "PRIVATE KEY-----", True),
])
def test_check_text_sees_what_must_not_be_there(name, line, bad):
    assert bool(list(load("check-text").line_faults(name, line))) is bad


@pytest.mark.parametrize("text,code,counts", [
    ("1..2\nok 1 - a\nok 2 - b\n", 0, (2, 0, 0)),
    ("1..2\nok 1 - a\nnot ok 2 - b\n", 1, (1, 1, 0)),
    ("1..2\nok 1 - a\nok 2 - b # SKIP no data\n", 0, (1, 0, 1)),
    ("1..2\nok 1 - a\nnot ok 2 # SKIP no data\n", 0, (1, 0, 1)),
    ("1..3\nok 1 - a\n==1==ERROR: AddressSanitizer\n", 1, (1, 1, 0)),
    ("1..1\nok 1 - a\n1..2\nok 1 - b\nok 2 - c\n", 0, (3, 0, 0)),
    ("1..1\nok 1 - a\n", 1, (1, 1, 0)),
    ("", 0, (0, 1, 0)),
    ("1..0\n", 0, (0, 1, 0)),
])
def test_counts_do_not_take_silence_for_success(text, code, counts):
    count = load("test-all").count_tap(text, code, "x")
    assert (count.passed, count.failed, count.skipped) == counts


def test_eval_pii_reads_code_without_what_people_wrote_around_it():
    tool = load("eval-pii")
    assert "Ada" not in tool.strip_c('int x; /* Ada\n * Lovelace */ // Ada\n')
    assert '"/* Ada */"' in tool.strip_c('char *s = "/* Ada */"; /* x */')
    code = tool.strip_python('"""By Ada."""\n# Ada\ndef f():\n    "Ada says"\n    return "kept"  # Ada\n')
    assert "Ada" not in code and "kept" in code


def test_eval_pii_scores_as_the_scanner_reports():
    score = load("eval-pii").Score()
    score.gold, score.found, score.exact, score.touched_gold, score.touched_found = 10, 8, 4, 6, 5
    strict, overlap = score.figures("strict"), score.figures("overlap")
    assert (strict["P"], strict["R"]) == (.5, .4) and strict["F1"] == pytest.approx(4 / 9)
    assert (overlap["P"], overlap["R"]) == (.625, .6)


def test_eval_pii_rewrites_only_what_stands_between_its_marks(tmp_path):
    tool = load("eval-pii")
    page = tmp_path / "page.md"
    page.write_text(f"above\n{tool.BEGIN}\nold\n{tool.END}\nbelow\n")
    tool.write_doc(page, "new")
    tool.write_doc(page, "newer")
    assert page.read_text() == f"above\n{tool.BEGIN}\nnewer\n{tool.END}\nbelow\n"
