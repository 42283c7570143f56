"""A notebook may be run as people do: a cell twice, from a section in the middle on, backwards, with every slider moved."""

import pytest
from rerun import equations, rerun
from stored import NOTEBOOKS, code, made_of, printed, prose, prose_cells, read

SHOWS_LIVE = """\
from helpers.explorers.live import Explorer, slider
controls = {"n": slider("n", 2, 1, 9), "m": slider("m", 1, 1, 2)}
e = Explorer("fails at 5", controls, lambda n, m: n, [lambda new, old: f"{1 / (new - 5):.0f}"])
f = Explorer("no XML at 3", {"n": slider("n", 2, 1, 4)}, lambda n: n, [lambda new, old: "<b>" if new == 3 else "ok"])"""


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def found(request):
    return rerun(read(request.param))


def test_each_section_runs_after_the_cells_needed_below(found):
    assert found.get("alone", []) == []


def test_what_is_stored_is_what_the_code_gives(found):
    """nbval compares too, but does not miss an output that was stripped."""
    assert found.get("stale", []) == []


def test_a_cell_run_twice_gives_the_same(found):
    assert found.get("twice", []) == []


def test_all_cells_again_from_last_to_first_give_the_same(found):
    assert found.get("again", []) == []


def test_each_equation_in_the_prose_is_true(found):
    assert found.get("untrue", []) == []


def test_every_explorer_can_be_moved_anywhere(found):
    assert found["moved"] == []


def test_there_are_equations_to_try():
    claims = [claim for path in NOTEBOOKS for cell in prose_cells(read(path)) for claim in equations(cell.source)]
    assert len(claims) >= 3


# ---- each check finds its fault -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def faults():
    return rerun(
        made_of(
            code("ready = 1"),
            prose("## Good\n\nHere `n == 3` and `ready + n == 4`, but `ready == 2`; no claim: `ready = 2`"),
            code("# needed below\nn = 3\nn", result("3")),
            prose("## Alone"),
            code("n + ready", result("4")),
            code("late + 1"),
            code("print('new')", printed("old\n")),
            code("print('stripped')"),
            prose("## Twice"),
            code("count = globals().get('count', 0) + 1\nprint(count)", printed("1\n")),
            code("late = n = 5"),
            code(SHOWS_LIVE),
        )
    )


def result(text):
    from nbformat.v4 import new_output

    return new_output("execute_result", data={"text/plain": text})


def test_a_section_that_needs_another_is_found(faults):
    assert [told.split()[0] for told in faults["alone"]] == ["`late"] and "NameError" in faults["alone"][0]


def test_a_stale_and_a_stripped_output_are_found(faults):
    assert faults["stale"] == ["`print('new')`", "`print('stripped')`"]


def test_a_cell_that_counts_its_runs_is_found(faults):
    assert faults["twice"] == ["`count = globals().get('count', 0) + 1`"]


def test_a_name_that_comes_to_mean_two_things_is_found(faults):
    assert "`n + ready`" in faults["again"]


def test_an_untrue_equation_is_found(faults):
    assert faults["untrue"] == ["ready == 2"]
    assert equations("`a == b`, `a = b`, `==`, `output[-1] == h_n[-1]`") == ["a == b", "output[-1] == h_n[-1]"]


def test_a_callback_that_raises_and_a_broken_picture_are_found(faults):
    assert any("fails at 5 at [5, 1]: ZeroDivisionError" in told for told in faults["moved"])
    assert any("no XML at 3 at [3]: ParseError" in told for told in faults["moved"])
