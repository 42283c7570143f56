"""Frames: every state of an explorer as a notebook shows it, and the marks of what has changed."""

import base64
import gzip
import json
import re
from math import prod
from random import Random

import nbformat
import pytest
import site_explorers
from lab import NOTEBOOKS
from test_explorers import EXPLORERS

from helpers import explore_layers, explore_packing, explore_quiz, explore_speed, explore_unrolling, predict
from helpers.explorers.frames import MOST_STATES, frames, in_units, moving_controls
from helpers.explorers.live import Explorer, checkbox, dropdown, slider, textbox
from helpers.explorers.marks import keyed_line, mark_changes, place_of_changes, without_keys


def small(page=None, **options):
    controls = {"n": slider("n", 3, 1, 9), "negative": checkbox("negative"), "unit": dropdown("unit", ["m", "s"])}
    return Explorer("numbers", controls, lambda n, negative, unit: f"{-n if negative else n} {unit}", [str], page=page, **options)


def test_every_control_moves_unless_the_page_names_some():
    made = frames(small())
    assert [(control.name, control.kind, control.first) for control in made.moving] == [
        ("n", "slider", 2),
        ("negative", "checkbox", 0),
        ("unit", "menu", 0),
    ]
    assert len(made.states) == 9 * 2 * 2 and made.html(4, 1, 1) == ["-5 s"]
    fewer = frames(small(page={"n": (3, 5)}))
    assert fewer.moving[0].texts == ["3", "5"] and [fewer.html(0), fewer.html(1)] == [["3 m"], ["5 m"]]


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(ValueError, match=f"given 2001 states of 'many', expected at most {MOST_STATES}"):
        frames(Explorer("many", {"n": slider("n", 0, 0, 2000)}, lambda n: n, [str]))
    with pytest.raises(ValueError, match="expected its first value 3 among them"):
        frames(small(page={"n": (1, 2)}))
    with pytest.raises(ValueError, match="expected its first value 'I' among them"):  # a text box needs prepared texts
        frames(Explorer("text", {"text": textbox("text", "I")}, lambda text: text, [str]))


def test_a_view_is_cut_into_units_only_where_nothing_stands_between_them():
    row, rect = "<tr><th>x</th><td></td></tr>", "<rect x='1'/>"
    cuts = {
        f"<div><table>{row}{row}</table></div>": 2,
        f"<div><svg>{rect}<g>{rect}</g></svg></div><div>More on the right.</div>": 2,
        "<p>One<br>two</p>": 1,
        "": 1,
    }
    for html, count in cuts.items():
        head, *units, tail = in_units(html)
        assert "".join(piece for unit in (head, *units, tail) for piece in unit) == html and len(units) == count, html


def test_a_state_that_is_known_is_not_computed_again():
    computed, known = [], {}
    explorer = Explorer("squares", {"n": slider("n", 3, 1, 9)}, lambda n: computed.append(n), [str])
    computed.clear()
    assert frames(explorer, known) == frames(explorer, known) and computed == [*range(1, 10)]


def test_nothing_moves_where_only_a_learner_can_answer_or_only_a_computer_can_measure():
    for explorer in (predict("2 + 3?", 5), explore_quiz(seed=0), explore_speed()):
        assert moving_controls(explorer) == ()


@pytest.mark.parametrize("name", EXPLORERS)
def test_the_page_of_an_explorer_is_not_too_large(name):
    moving = moving_controls(EXPLORERS[name]())
    assert moving and 1 < prod(len(control.values) for control in moving) <= MOST_STATES


@pytest.mark.parametrize("make", [explore_layers, explore_packing, explore_unrolling, EXPLORERS["an LSTM"]])
def test_a_frame_is_what_the_notebook_shows(make):
    made, explorer, random = frames(make()), make(), Random(0)
    for _ in range(30):
        at = [random.randrange(len(control.values)) for control in made.moving]
        for control, i in zip(made.moving, at):
            explorer.controls[control.name].value = control.values[i]
        explorer._update()  # the same again, so nothing is marked
        now = [control.values.index(explorer.controls[control.name].value) for control in made.moving]
        assert made.html(*at) == made.html(*now) == explorer.html  # also where a slider went back to its end


def test_a_state_knows_the_ends_of_its_sliders():
    made = frames(explore_layers())
    ends = dict(zip([(n, d) for n in range(3) for d in range(2) for _ in range(30)], made.ends))
    assert {at: end["k"] for at, end in ends.items()} == {(n, d): (n + 1) * (d + 1) - 1 for n in range(3) for d in range(2)}


def test_what_is_packed_is_all_of_it():
    made = frames(small())
    told = json.loads(gzip.decompress(base64.b64decode(made.packed())))
    assert told["controls"] == [["n", [*"123456789"]], ["negative", ["False", "True"]], ["unit", ["m", "s"]]]
    views = [told["renderings"][view] for (view,) in told["states"]]
    shown = ["".join(told["pieces"][i] for unit in view for i in told["units"][unit]) for view in views]
    assert shown == [f"{sign}{n} {unit}" for n in range(1, 10) for sign in ("", "-") for unit in "ms"]


# ---- what has changed ---------------------------------------------------------------------------------------------


def rows(kind, **cells):
    return "".join(f'<tr data-key="{kind} {name}"><td>{cell}</td></tr>' for name, cell in cells.items())


def test_a_part_is_marked_where_its_text_is_new():
    before, now = [rows("tensor", x=1, h=2)], [rows("tensor", x=1, h=3, y=4)]
    (html,) = mark_changes(now, before)
    assert html == rows("tensor", x=1) + rows("tensor", h=3, y=4).replace("><td", ' class="unrolled-changed"><td')
    assert mark_changes(now, now) == now and mark_changes(now, []) == now and mark_changes(now, ["<p>none</p>"]) == now


def test_the_sentence_names_tensors_and_counts_parameters_and_what_is_gone():
    def said(before, now):
        return mark_changes([place_of_changes("At first."), now], ["", before])[0]

    parameters = rows("parameter", weight=1, bias_1=1, bias_2=1, total=3)
    fewer = rows("parameter", weight=1, total=1)
    assert "No shape has changed. 2 parameters are gone.<" in said(parameters, fewer)
    assert "No shape has changed. 2 parameters are new.<" in said(fewer, parameters)
    assert "No shape has changed.<" in said(rows("line", a=1, b=2), rows("line", a=1))
    assert "Changed shapes: h_n, 1 parameter.<" in said(
        parameters + rows("tensor", h_n=1),
        fewer[:0] + rows("parameter", weight=2, bias_1=1, bias_2=1, total=4) + rows("tensor", h_n=2),
    )
    assert "At first." in said(parameters, parameters)


def test_a_line_above_does_not_mark_the_lines_below_it():
    code, longer = "x = 1\ny = f(x) == 2", "seed(0)\nx = 1\ny = f(x) == 2"
    before, now = ("".join(map(keyed_line, text.split("\n"))) for text in (code, longer))
    (html,) = mark_changes([now], [before])
    assert html.count("unrolled-changed") == 1 and html.startswith('<span data-key="line seed(0)" class="unrolled-changed">')


def test_what_is_stored_has_no_keys():
    html = keyed_line('x = "<b>"') + rows("tensor", x=1) + place_of_changes("Move & see.")
    assert without_keys(html) == "x = &quot;&lt;b&gt;&quot;<tr><td>1</td></tr>Move &amp; see."
    assert "data-key" not in EXPLORERS["constructor"]()._repr_mimebundle_()["text/html"]


# ---- from a notebook ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_each_explorer_of_a_page_has_a_name_of_its_own(path):
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    called = [name for name in map(site_explorers.explorer_name, cells) if name]
    last = [cell.splitlines()[-1] for cell in cells]
    assert len(called) == len({*called}) == sum(bool(re.match(r"explore\w*\((?!seed)", line)) for line in last)  # not the quiz


def test_only_the_cells_that_an_explorer_needs_are_run():
    cells = ["import torch", "# needed below\na = 1", "# needed below\nb = a", "c = b", "# needed below\nprint(b)"]
    assert site_explorers.cells_needed(cells, "explore(b)") == cells[:3]
    assert site_explorers.cells_needed(cells, "explore(c)") == cells[:1]
