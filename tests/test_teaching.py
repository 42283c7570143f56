"""TEACHING.md stays true: each notebook has its section, and what it tells a teacher to move or show exists.

That its links lead somewhere is asked with those of all other pages: tests/notebooks/test_stored_prose.py.
"""

import json
import math
import re
from itertools import islice
from pathlib import Path

import make_slides
import nbformat
import numpy as np
import pytest
import reading_time
import teaching
import torch
from torch import nn

import helpers

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
TEXT = (ROOT / "TEACHING.md").read_text(encoding="utf-8")
LESSONS = teaching.lessons()


class Undecided(nn.Module):
    """Stands in for a trained classifier where only the controls are looked at."""

    def forward(self, batch):
        return torch.zeros(int(batch.batch_sizes[0]))


class Repeating(nn.Module):
    """Stands in for a trained language model."""

    def forward(self, ids, h):
        return torch.zeros(*ids.shape, 4), h


# Explorers of a call need one with more than one of everything, or they would rightly hide a slider.
ARGUMENTS = {
    "explore_steps": lambda: (nn.RNN(3, 4, num_layers=2, bidirectional=True), torch.ones(5, 2, 3)),
    "explore_writing": lambda: (Repeating(), ["man", "his", "him", "¶"]),
    "explore_reviews": lambda: (Undecided(), helpers.load_glove().token_to_index),
}


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def source(path, kind):
    return "\n".join("".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == kind)


def test_every_notebook_has_its_section_and_no_other_has():
    assert list(LESSONS) == [path.name[:2] for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_section_opens_its_notebook_and_says_how_long(path):
    section = LESSONS[path.name[:2]].text
    assert f"[Notebook](notebooks/{path.name})" in section
    minutes = re.search(r"\*\*(\d+) minutes\*\*", section)[1]
    assert f"**{minutes} minutes.**" in source(path, "markdown")
    maps = {"README.md": (ROOT / "README.md").read_text(encoding="utf-8"), "00": source(NOTEBOOKS[0], "markdown")}
    rows = [re.findall(rf"^\| \S*{path.name[:2]} .*\| (\d+) \|$", text, re.M) for text in maps.values()]
    assert rows == [[minutes], [minutes]]  # one length, in all four places
    measured = reading_time.minutes(nbformat.read(path, as_version=4).cells)
    assert abs(int(minutes) - measured) < 5, f"{path.name} takes {measured:.0f} minutes"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_to_be_moved_or_shown_stands_in_the_notebook(path):
    rows, notebook = LESSONS[path.name[:2]].rows, nbformat.read(path, as_version=4)
    assert rows
    for row in rows:
        name, controls, question = row.name, row.controls, row.question
        assert make_slides.place(notebook, row)  # which raises an error if there is no such cell
        assert callable(getattr(helpers, name))
        assert controls or not name.startswith("explore_"), f"which control? {question}"
        if controls:
            explorer = getattr(helpers, name)(*ARGUMENTS.get(name, tuple)())
            assert set(controls) <= set(explorer.controls), question


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_section_has_objectives_and_wrong_answers(path):
    section = LESSONS[path.name[:2]].text
    assert "**They can then**" in section and "common misconception:**" in section and "needs" in section


def played(number):
    """The script of a section, played from its first row to its last on the same explorers, as a teacher does; each state."""
    explorers = {}
    for row in LESSONS[number].rows:
        name, question = row.name, row.question
        if name.startswith("explore_") and name != "explore_speed":  # that one measures
            if name not in explorers:
                explorers[name] = getattr(helpers, name)(*ARGUMENTS.get(name, tuple)())
            explorer = explorers[name]
            for control, before, after in row.moves():
                assert before in (None, explorer.controls[control].value), question
                explorer.controls[control].value = after
                assert explorer.controls[control].value == pytest.approx(after), f"{control} does not reach {after}: {question}"
            yield explorer


@pytest.mark.parametrize("number", list(LESSONS))
def test_each_control_reaches_the_value_it_is_moved_to(number):
    assert list(played(number)) or "explore_" not in LESSONS[number].text.replace("explore_speed", "")


def test_the_neuron_of_01_does_what_the_script_says_when_it_is_played_in_order():
    answers = [explorer.state.trace.hidden[0, 0, :, 0, 0].tolist() for explorer in islice(played("01"), 4)]
    gone, stays, explodes, swings = answers
    assert gone[0] > 0.5 and not any(gone[1:])
    assert all(0.5 < h < 1 for h in stays)
    assert explodes[-1] > 10 and explodes == sorted(explodes)
    assert all(before * after < 0 for before, after in zip(swings, swings[1:]))


def test_the_dropout_of_02_has_one_layer_when_the_script_comes_to_it():
    found = []
    for last in played("02"):
        factors = last.state.trace.dropout_factors
        found.append(factors is not None and bool((factors == 0).any()))
    assert found == [False] * 5 + [True, False, False]  # two layers in training mode, in evaluation mode, one layer
    assert last.controls["dropout"].value == pytest.approx(0.5) and last.controls["num_layers"].value == 1


def test_the_gradient_of_09_vanishes_and_explodes_as_the_script_says():
    lengths = []
    for explorer in played("09"):
        first, *_, last = map(float, helpers.gradient_norms(explorer.state.trace))
        lengths.append(first / last)
    half, twice_as_long, relu = lengths
    assert math.log(twice_as_long) / math.log(half) == pytest.approx(2, rel=0.1)  # twice as many powers of ten
    assert 1e6 < relu < 1e8
    explorer.controls["nonlinearity"].value = "tanh"
    first, *_, last = map(float, helpers.gradient_norms(explorer.state.trace))
    assert 5 < first / last < 20  # tenfold


def test_the_contributions_of_09_are_those_that_the_script_tells():
    first_to_last, wholes = [], []
    for explorer in played("09"):
        contributions = helpers.gradient_contributions(explorer.state.trace).astype(float)
        first_to_last.append(np.linalg.norm(contributions[1]) / np.linalg.norm(contributions[-1]))
        wholes.append(float(np.linalg.norm(contributions.sum(0))))
    half, twice_as_long, _ = first_to_last
    assert math.log(twice_as_long) / math.log(half) == pytest.approx(2, rel=0.15)  # twice as many powers of ten
    assert half < 1e-6 and 1e8 < wholes[-1] < 1e9  # hundreds of millions
    explorer.controls["nonlinearity"].value = "tanh"
    contributions = helpers.gradient_contributions(explorer.state.trace)
    assert 80 < np.linalg.norm(contributions.sum(0)) < 120  # about a hundred


def test_each_plan_fills_90_minutes():
    assert [sum(row.minutes for row in plan) for plan in teaching.plans()] == [90] * 4


@pytest.mark.parametrize("row", [row for plan in teaching.plans() for row in plan if row.number], ids=lambda row: row.number)
def test_a_part_of_a_plan_names_sections_and_leaves_enough_time_for_them(row):
    (path,) = [path for path in NOTEBOOKS if path.name.startswith(row.number)]
    assert f"(notebooks/{path.name})" in row.what
    sections = reading_time.sections(nbformat.read(path, as_version=4).cells)
    named = row.sections([*sections])  # which raises an error if there is no such section
    measured = sum(reading_time.minutes(sections[name]) for name in named)
    assert named and measured <= row.minutes, f"alone these sections take {measured:.0f} minutes: {row.what}"


def test_each_notebook_has_its_place_in_the_plans_and_each_exercise_exists():
    told = TEXT.partition("## Two plans")[2].partition("\n## ")[0]
    assert [path.name for path in NOTEBOOKS if f"](notebooks/{path.name})" not in told] == []
    written = "\n".join(source(path, "code") for path in NOTEBOOKS)
    named = re.findall(r"\b\d\d\.\d\b", told)
    assert named and [number for number in named if f'check("{number}",' not in written] == []
