"""The fault tests drive the same harness as the end-to-end tests."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
pytest.register_assert_rewrite("harness")
