"""Each check made in a notebook's kernel finds its fault, here in a notebook made up of faults."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from claims import equations
from marked import unlike
from nbformat.v4 import new_output
from stored import NOTEBOOKS, code, made_of, printed, prose, prose_cells, read

pytestmark = pytest.mark.sweep
HERE = Path(__file__).parent
SHOWS_LIVE = """\
from helpers.explorers.live import Explorer, slider
controls = {"n": slider("n", 2, 1, 9), "m": slider("m", 1, 1, 2)}
e = Explorer("fails at 5", controls, lambda n, m: n, [lambda n: f"{1 / (n - 5):.0f}"])
f = Explorer("no XML at 3", {"n": slider("n", 2, 1, 4)}, lambda n: n, [lambda n: "<b>" if n == 3 else "ok"])"""


def result(text):
    return new_output("execute_result", data={"text/plain": text}, execution_count=1)


FAULTY = made_of(
    code("ready = 1"),
    prose("## Good\n\nHere `n == 3` and `ready + n == 4`, but `ready == 2`; no claim: `ready = 2`"),
    code("# needed below\nn = 3\nn", result("3")),
    prose("## Alone"),
    code("n + ready", result("4")),
    code("between = ready"),
    code("print('new')", printed("old\n")),
    prose("## Twice"),
    code("count = globals().get('count', 0) + 1\nprint(count)", printed("1\n")),
    code("between\nn = 5"),
    code(SHOWS_LIVE),
    code("print('stripped')"),
    prose("## Marked"),
    code("print('≈3.02, ≈ two words')", printed("≈3.3, ≈ other words\n")),
    code("print('≈3.02')", printed("≈4.2\n")),
    code("print('≈3.02 words')", printed("≈3.02 numbers\n")),
)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """What pytest says of the faulty notebook: a line for each test that failed."""
    path = tmp_path_factory.mktemp("faulty") / "faulty.ipynb"
    nbformat.write(FAULTY, path)
    folders = map(str, (HERE, HERE.parent.parent / "tools", HERE.parent.parent))
    variables = os.environ | {"PYTHONPATH": os.pathsep.join(folders), "COLUMNS": "500"}
    options = [
        "-p",
        "kernel_checks",
        "-p",
        "no:cacheprovider",
        "--nbval",
        "--nbval-kernel-name=python3",
        "--nbval-cell-timeout=60",
        f"--nbval-sanitize-with={HERE.parent / 'nbval_sanitize.cfg'}",
    ]
    command = [sys.executable, "-m", "pytest", *options, "--tb=short", "-rf", str(path)]
    said = subprocess.run(command, cwd=path.parent, env=variables, capture_output=True, text=True, timeout=120).stdout
    return re.sub(r"\x1b\[[0-9;]*m", "", said)


def failed(report, ending=""):
    return re.findall(rf"^FAILED faulty.ipynb::(.*?{ending})(?: - .*)?$", report, flags=re.M)


def test_a_stale_and_a_stripped_output_are_found(report):
    assert [name for name in failed(report) if re.fullmatch(r"Cell \d+", name)] == ["Cell 4", "Cell 8", "Cell 10", "Cell 11"]


@pytest.mark.parametrize(
    "stored, new, wrong",
    [
        ("≈3.0 and ≈1e-06", "≈3.7 and ≈9e-06", ""),
        ("≈3.0", "≈3.8", "≈3.8 where ≈3 is stored: more than 0.75 apart"),
        ("≈0.97 ≈0.02", "≈0.90 ≈0.05", ""),
        ("≈0.97", "≈0.85", "≈0.85 where ≈0.97 is stored: more than 0.1 apart"),
        ("≈1e-06", "≈0.2", "≈0.2 where ≈1e-06 is stored"),
        ("≈ the cat sat\n≈2", "≈ a dog ran\n≈2", ""),
        ("≈ the cat sat\nend", "≈ a dog\nend", "2 words after ≈ where 3 are stored: a dog"),
    ],
)
def test_what_is_marked_is_compared_within_a_tolerance(stored, new, wrong):
    for make in (printed, result):
        assert "".join(unlike([make(stored)], [make(new)])).startswith(wrong) and bool(
            unlike([make(stored)], [make(new)])
        ) == bool(wrong)


def test_an_untrue_equation_is_found(report):
    assert [name for name in failed(report) if "==" in name] == ["`ready == 2`"]
    assert equations("`a == b`, `a = b`, `==`, `output[-1] == h_n[-1]`") == ["a == b", "output[-1] == h_n[-1]"]


def test_a_cell_that_counts_its_runs_and_a_name_that_comes_to_mean_two_things_are_found(report):
    assert set(failed(report, "again")) == {f"Cell {n} again" for n in (2, 4, 5, 8, 10, 11)}


def test_a_section_that_needs_another_is_found(report):
    assert set(failed(report, "alone")) == {f"Cell {n} alone" for n in (4, 6, 8, 10, 11)}
    assert "NameError: name 'between' is not defined" in report


def test_a_callback_that_raises_and_a_broken_picture_are_found(report):
    assert failed(report, "moved") == ["every explorer moved"]
    assert "fails at 5 at [5, 1]: ZeroDivisionError" in report and "no XML at 3 at [3]: ParseError" in report


def test_there_are_equations_to_try():
    assert sum(len(equations(cell.source)) for path in NOTEBOOKS for cell in prose_cells(read(path))) >= 3
