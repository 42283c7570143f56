"""The code has one format, no lint, no type error and no undeclared import: the checks of .pre-commit-config.yaml."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]


# To read the types of all packages takes mypy half a minute in a fresh clone.
SLOW = {"types": [pytest.mark.sweep]}


@pytest.mark.parametrize("hook", [pytest.param(hook, id=hook["id"], marks=SLOW.get(hook["id"], [])) for hook in HOOKS])
def test_a_tool_finds_nothing(hook):
    found = subprocess.run([sys.executable, "-m", *hook["args"]], cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


# What an editor and mypy know about the names that `helpers` looks up late.
STUB = """
import helpers
from helpers import Trace, draw_unrolled, trace
reveal_type(trace)
reveal_type(helpers.no_such_name)
"""


@pytest.mark.sweep
def test_mypy_knows_every_public_name(tmp_path):
    (tmp_path / "learner.py").write_text(STUB)
    mypy = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", tmp_path / "learner.py"]
    told = subprocess.run(mypy, cwd=ROOT, capture_output=True, text=True).stdout
    assert "-> helpers.rnn.traces.Trace" in told
    assert 'has no attribute "no_such_name"' in told and "Found 1 error" in told
