"""TEACHING.md stays true: each notebook has its section, and what it tells a teacher to move or show exists.

That its links lead somewhere is asked with those of all other pages: tests/notebooks/test_stored_prose.py.
"""

import json
import re
from pathlib import Path

import pytest
import torch
from torch import nn

import helpers

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
TEXT = (ROOT / "TEACHING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\d\d) .*?\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S))
ROW = re.compile(r"^\| (?!ask first|---)(.+?) \| (.+?) \| (.+?) \|$", re.M)


class Undecided(nn.Module):
    """Stands in for a trained classifier where only the controls are looked at."""

    def forward(self, batch):
        return torch.zeros(int(batch.batch_sizes[0]))


# Explorers of a call need one with more than one of everything, or they would rightly hide a slider.
ARGUMENTS = {
    "explore_steps": lambda: (nn.RNN(3, 4, num_layers=2, bidirectional=True), torch.ones(5, 2, 3)),
    "explore_reviews": lambda: (Undecided(), helpers.load_glove()),
}


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def source(path, kind):
    return "\n".join("".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == kind)


def test_every_notebook_has_its_section_and_no_other_has():
    assert list(SECTIONS) == [path.name[:2] for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_section_opens_its_notebook_and_says_how_long(path):
    section = SECTIONS[path.name[:2]]
    assert f"[Notebook](notebooks/{path.name})" in section
    minutes = re.search(r"\*\*(\d+) minutes\*\*", section)[1]
    assert f"**{minutes} minutes.**" in source(path, "markdown")
    row = re.search(rf"\]\(notebooks/{path.name}\) \|.*\| (\d+) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    assert row and row[1] == minutes  # one length, in all three places


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_to_be_moved_or_shown_stands_in_the_notebook(path):
    rows, code = ROW.findall(SECTIONS[path.name[:2]]), source(path, "code")
    assert rows
    for question, action, _ in rows:
        name, *controls = re.findall(r"`(.+?)`", action)
        assert f"{name}(" in code, f"{path.name} has no {name}: {question}"
        assert callable(getattr(helpers, name))
        assert controls or not name.startswith("explore_"), f"which control? {question}"
        if controls:
            explorer = getattr(helpers, name)(*ARGUMENTS.get(name, tuple)())
            assert set(controls) <= set(explorer.controls), question


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_section_has_objectives_and_wrong_answers(path):
    section = SECTIONS[path.name[:2]]
    assert "**They can then**" in section and "**Said wrongly:**" in section and "needs" in section
