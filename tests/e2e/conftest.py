"""Fixtures: one gateway before the demo model, one before an upstream that keeps what it is sent, and
the official clients. Both gateways live for the whole session; a test that stops or damages one makes
its own (`fresh_gateway`)."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
pytest.register_assert_rewrite("harness")
import harness  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent



def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes over ten seconds")


@pytest.fixture(scope="session")
def gateway():
    """`gatehouse up` as a newcomer starts it: the local demo model behind it."""
    with harness.new_gateway() as running:
        yield running


@pytest.fixture(scope="session")
def capture():
    upstream = harness.Upstream()
    yield upstream
    upstream.close()


@pytest.fixture(scope="session")
def captured_session(capture):
    with harness.new_gateway(upstream=capture.url) as running:
        yield running


@pytest.fixture
def captured(captured_session, capture):
    """A gateway before the capturing upstream, which is empty and unscripted for each test."""
    capture.reset()
    yield captured_session
    capture.reset()


@pytest.fixture
def fresh_gateway():
    """For tests that stop, restart or damage what they run on. Call it: fresh_gateway(upstream=…)."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(harness.new_gateway(**options))


@pytest.fixture(scope="session")
def node_modules():
    """The official clients, at the versions of the lockfile."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("node and npm are not here")
    wanted = (HERE / "package-lock.json").read_bytes()
    stamp = HERE / "node_modules" / ".gatehouse-lock"
    if not stamp.is_file() or stamp.read_bytes() != wanted:
        done = subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=HERE, capture_output=True, text=True,
                              timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        stamp.write_bytes(wanted)
    return HERE / "node_modules"


@pytest.fixture
def run_sdk(node_modules):
    """Runs tests/e2e/sdk/NAME with the gateway's URL, CA and a key; returns the JSON it printed."""
    def run(gateway, name, key, *words, check=True):
        environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp"),
                       "NODE_EXTRA_CA_CERTS": gateway.demo["ca_file"],
                       "GATEHOUSE_BASE_URL": gateway.demo["base_url"] + "/v1", "GATEHOUSE_API_KEY": key}
        done = subprocess.run(["node", HERE / "sdk" / name, *words], env=environment, capture_output=True,
                              text=True, timeout=120, check=False)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)
    return run
