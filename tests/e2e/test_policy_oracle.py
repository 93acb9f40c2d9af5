"""A short differential run against the official Cedar Wasm build: decisions, Cedar JSON, formatting, facts,
validation of policies, requests, entities and schemas. The long one is in docs/policy.md."""
import re
import shutil
import subprocess

import pytest

from harness import BINARY, ROOT

RUN = ROOT / "fuzz/policy/diff/run.sh"


@pytest.mark.skipif(not shutil.which("npm") or not (BINARY.parent / "build.ninja").is_file(),
                    reason="npm, or the build that the binary came from, is not here")
def test_the_official_engine_agrees():
    done = subprocess.run([RUN, BINARY.parent, "--decisions", "10000", "--policies", "300"], cwd=ROOT,
                          capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    last = done.stdout.strip().splitlines()[-1]
    assert re.search(r"10000 decisions.* 0 mismatches$", last), last
