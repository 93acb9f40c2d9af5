"""The commands of the README and of docs/ are run as they stand. A ```sh block counts when the line before it is
`<!-- test -->`; $GATEHOUSE_STATE, $KEY and the like come from a running gateway."""
import os
import re
import subprocess

import pytest

from harness import BINARY, ROOT

BLOCK = re.compile(r"<!-- test -->\n```sh\n(.*?)```", re.S)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [block for page in PAGES for block in BLOCK.findall(page.read_text(encoding="utf-8"))]


def test_the_readme_has_commands_to_run():
    assert BLOCKS, "README.md has no block marked <!-- test -->"


@pytest.mark.parametrize("script", BLOCKS, ids=lambda script: script.strip().split("\n")[0][:60])
def test_the_readmes_command_works(script, gateway, tmp_path):
    environment = {**os.environ, "PATH": f"{BINARY.parent}:{os.environ['PATH']}", "STATE": str(gateway.state),
                   "PORT": str(gateway.port), "KEY": gateway.acme.api_key, "BASE_URL": gateway.demo["base_url"],
                   "CA_FILE": gateway.demo["ca_file"]}
    script = script.replace("https://127.0.0.1:8443", gateway.demo["base_url"])
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, env=environment, capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 0, f"$ {script}\n{done.stdout}{done.stderr}"
