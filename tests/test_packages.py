"""requirements.txt, environment.yml and pyproject.toml agree, and CONTRIBUTING.md says why each package is needed."""

import importlib.metadata
import re
import runpy
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import helpers

ROOT = Path(__file__).resolve().parent.parent


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


PROJECT = tomllib.loads(read("pyproject.toml"))["project"]
CONDA = yaml.safe_load(read("environment.yml"))["dependencies"]
CONDA_NAMES = {"pytorch": "torch"}
WANTED = [line for line in read("requirements.txt").splitlines() if not line.startswith("#")]
PINS = dict(line.split("==") for line in WANTED if line != "-e .")
BOUNDS = {bound.name: bound for bound in map(Requirement, PROJECT["dependencies"] + PROJECT["optional-dependencies"]["course"])}


@pytest.mark.parametrize("name", sorted(PINS))
def test_what_is_installed_is_what_is_pinned(name):
    # torch's own version adds +cpu or +cu130, which is not public.
    assert Version(importlib.metadata.version(name)).public == PINS[name]


def test_the_pins_are_of_the_bounded_packages_and_within_their_bounds():
    assert "-e ." in WANTED and set(BOUNDS) == set(PINS) - {"jsonschema"}  # pinned for speed alone: requirements.txt says why
    assert [str(bound) for name, bound in BOUNDS.items() if not bound.specifier.contains(PINS[name])] == []


def test_a_hosted_notebook_keeps_its_own_packages():
    """Lower bounds only. ipywidgets has an upper one too, because each major version has controls of its own."""
    for bound in BOUNDS.values():
        operators = {part.operator for part in bound.specifier}
        assert operators == ({"<", ">="} if bound.name == "ipywidgets" else {">="}), str(bound)


def test_the_conda_environment_pins_the_same():
    *pins, pip = CONDA
    versions = dict(pin.split("=") for pin in pins if pin != "pip")
    assert Requirement("python" + PROJECT["requires-python"]).specifier.contains(versions.pop("python"))
    assert {CONDA_NAMES.get(name, name): version for name, version in versions.items()}.items() <= PINS.items()
    assert pip == {"pip": ["-r requirements.txt"]}


def test_each_package_has_its_reason_in_contributing():
    reasons = read("CONTRIBUTING.md").partition("\n## Packages")[2].partition("\n## ")[0]
    assert [name for name in BOUNDS if not re.search(rf"(?<![\w-]){name}(?![\w-])", reasons)] == []


def test_all_files_name_the_same_version_and_the_same_oldest_python():
    assert helpers.__version__ == PROJECT["version"]
    assert re.findall(r"^## ([\d.]+)", read("CHANGELOG.md"), re.MULTILINE)[0] == PROJECT["version"]
    oldest = "{}.{}".format(*runpy.run_path(str(ROOT / "start.py"))["OLDEST"])
    assert PROJECT["requires-python"] == f">={oldest}"
    workflow = yaml.safe_load(read(".github/workflows/ci.yml"))
    assert oldest in workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
