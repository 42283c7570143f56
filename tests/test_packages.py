"""requirements.txt, environment.yml and pyproject.toml name the same packages, each in its own way."""

import importlib.metadata
import re
import runpy
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
COURSE = {"jupyterlab", "torch", "numpy", "matplotlib", "ipywidgets", "nbval", "pytorch-nlp", "tqdm"}
# The reasons are in CONTRIBUTING.md.
TESTING = {"pytest", "pytest-xdist", "hypothesis", "playwright", "axe-playwright-python", "latex2mathml", "ruff", "setuptools"}
CONDA_NAMES = {"pytorch": "torch"}


def requirement_lines():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def exact_pins(lines, sign):
    """Names and versions; every line is `name<sign>version` and nothing else."""
    found = {}
    for line in lines:
        match = re.fullmatch(r"([a-z][a-z0-9-]*)" + sign + r"([0-9]+(?:\.[0-9]+)+)", line)
        assert match, f"expected name{sign}version, got {line!r}"
        found[match[1]] = match[2]
    return found


PINS = exact_pins([line for line in requirement_lines() if line != "-e ."], "==")
BOUNDS = {bound.name: bound for bound in map(Requirement, PROJECT["dependencies"] + PROJECT["optional-dependencies"]["course"])}


def test_requirements_hold_the_course_and_itself():
    assert requirement_lines().count("-e .") == 1
    assert set(PINS) == COURSE | TESTING
    assert PINS["torch"] == "2.13.0"


@pytest.mark.parametrize("name", sorted(PINS))
def test_what_is_installed_is_what_is_pinned(name):
    installed = Version(importlib.metadata.version(name))
    assert installed.public == PINS[name]  # torch's own version says +cpu or +cu130 behind it


def test_the_conda_environment_pins_the_same():
    *plain, last = CONDA["dependencies"]
    assert plain.pop() == "pip" and CONDA["channels"] == ["conda-forge"]
    conda = exact_pins(plain, "=")
    del conda["python"]
    conda = {CONDA_NAMES.get(name, name): version for name, version in conda.items()}
    pip = exact_pins([line for line in last["pip"] if line != "-e ."], "==")
    assert "-e ." in last["pip"] and "pytorch-nlp" in pip and "torch" in conda
    assert not set(conda) & set(pip)
    assert conda | pip == PINS


def test_the_conda_environment_names_one_exact_python():
    python = [line for line in CONDA["dependencies"] if str(line).startswith("python")]
    assert len(python) == 1
    version = re.fullmatch(r"python=(3\.\d+)", python[0])
    assert version and Requirement("python" + PROJECT["requires-python"]).specifier.contains(version[1])


def test_the_project_gives_lower_bounds_only():
    for bound in BOUNDS.values():
        operators = sorted(part.operator for part in bound.specifier)
        assert operators == (["<", ">="] if bound.name == "ipywidgets" else [">="]), str(bound)
    assert str(BOUNDS["ipywidgets"].specifier) == "<9,>=7.7.1"
    assert str(BOUNDS["torch"].specifier) == ">=2.9" and str(BOUNDS["numpy"].specifier) == ">=2.0"


def test_every_pin_is_within_its_bound():
    assert set(BOUNDS) == set(PINS)
    for name, bound in BOUNDS.items():
        assert bound.specifier.contains(PINS[name]), f"{bound} against {PINS[name]}"


def test_start_asks_for_the_same_python():
    oldest = runpy.run_path(str(ROOT / "start.py"))["OLDEST"]
    assert PROJECT["requires-python"] == ">={}.{}".format(*oldest)
    assert f'"{oldest[0]}.{oldest[1]}"' in (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
