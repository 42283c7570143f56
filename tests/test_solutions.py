"""The model solutions run, as the learner's own cells do, and every one passes."""

import re
import runpy
from pathlib import Path

import pytest

from helpers.exercises.checking import EXERCISES

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "solutions").glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_model_solution_passes(path, capsys):
    runpy.run_path(str(path))
    said = capsys.readouterr().out.splitlines()
    wanted = [number for number in EXERCISES if number[:2] == path.name[:2]]
    assert [line.partition(":")[0] for line in said] == [f"{number} ✓ Right" for number in wanted], said


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_solution_says_why(path):
    reasons = re.findall(r"^# (\d\d\.\d) (.+\.)$", path.read_text(encoding="utf-8"), flags=re.M)
    assert [number for number, _ in reasons] == [number for number in EXERCISES if number[:2] == path.name[:2]]
    assert all(len(reason.split()) >= 5 for _, reason in reasons)


def test_there_is_one_file_for_each_notebook():
    assert [path.stem for path in FILES] == sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
