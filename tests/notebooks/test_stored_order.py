"""The stored notebooks are fresh: run once, in order, with all their outputs, and with no error but the planned ones."""

import ast
import json
import re

import pytest
from stored import EACH, NOTEBOOKS, code, code_cells, first_line, is_planned, made_of, printed, prose, raised, read

# What each notebook raises on purpose, in order. A cell that raises has the tag `raises-exception`; nbval compares the words.
PLANNED = {
    "02": ["RuntimeError", "ValueError"],
    "03": ["ValueError", "RuntimeError"],
    "04": ["RuntimeError"],
    "07": ["RuntimeError", "RuntimeError", "RuntimeError"],
    "10": ["RuntimeError", "TypeError"],
    "11": ["RuntimeError", "ValueError"],
}
KNOWN_TAGS = {"raises-exception", "after-guess"}
# `nbval-ignore-output` would hide a stale output. Where it can't be helped, name the notebook here, and why.
IGNORED_OUTPUTS = {}
SILENT = {"manual_seed", "set_printoptions", "flatten_parameters", "backward", "explain_errors", "simplefilter", "append"}


def not_run_in_order(notebook):
    """Cells without a count, or with one that is not their place."""
    cells = code_cells(notebook)
    return [
        f"{first_line(cell)} has the count {cell.execution_count}, not {place}"
        for place, cell in enumerate(cells, 1)
        if cell.execution_count != place
    ]


def without_output(notebook):
    """Cells whose code gives an output, and that have none: nbval does not miss what was stripped."""
    return [first_line(cell) for cell in code_cells(notebook) if not cell.outputs and gives_output(cell.source)]


def gives_output(source):
    """Whether it prints or shows, outside of functions it only defines; or ends in a value, as in `x` or `2 + 3`."""
    tree = ast.parse(source)
    waiting, called = list(tree.body), set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            called.add(name_of(node))
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    last = tree.body[-1] if tree.body else None
    ends_in_value = isinstance(last, ast.Expr) and not (isinstance(last.value, ast.Call) and name_of(last.value) in SILENT)
    return ends_in_value or bool(called & {"print", "show", "display"})


def name_of(call):
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def errors(notebook):
    """The types of the stored errors, and what is wrong with the cells they stand in."""
    types, wrong = [], []
    for cell in code_cells(notebook):
        here = [output.ename for output in cell.outputs if output.output_type == "error"]
        here += re.findall(
            r"^(\w+Error): ", "\n".join(o.get("data", {}).get("text/plain", "") for o in cell.outputs), re.MULTILINE
        )
        if len(here) != (is_planned(cell) or "expect_error()" in cell.source):
            wrong.append(f"{first_line(cell)} is stored with {here or 'no error'}")
        types += here
    return types, wrong


def unknown_tags(notebook):
    tags = {tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])}
    return tags - KNOWN_TAGS


def warnings(notebook):
    return [output.text for cell in code_cells(notebook) for output in cell.outputs if output.get("name") == "stderr"]


def machine_names(notebook):
    """Paths of the machine on which the notebook was stored."""
    return re.findall(r"/(?:home|root|tmp|work|Users)/|site-packages|[A-Z]:\\\\", json.dumps(notebook.cells))


# ---- the course -------------------------------------------------------------------------------------------------------


def test_the_course_is_there():
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{number:02}" for number in range(14)]


@EACH
def test_every_cell_was_run_once_and_in_order(path):
    assert not_run_in_order(read(path)) == []


@EACH
def test_no_output_is_missing(path):
    assert without_output(read(path)) == []


@EACH
def test_only_planned_errors_are_stored(path):
    types, wrong = errors(read(path))
    assert wrong == [] and types == PLANNED.get(path.stem[:2], [])


@EACH
def test_no_tag_hides_anything(path):
    assert unknown_tags(read(path)) <= ({"nbval-ignore-output"} if path.stem in IGNORED_OUTPUTS else set())


@EACH
def test_no_warning_is_stored(path):
    assert warnings(read(path)) == []


@EACH
def test_nothing_stored_names_a_machine(path):
    assert machine_names(read(path)) == []


# ---- each check finds its fault -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("counts, wrong", [((1, 2), 0), ((1, 3), 1), ((2, 1), 2), ((1, None), 1), ((1, 1), 1)])
def test_a_wrong_count_is_found(counts, wrong):
    assert len(not_run_in_order(made_of(*(code("1", count=count) for count in counts)))) == wrong


@pytest.mark.parametrize(
    "source",
    ["x", "print(1)", "for i in range(3):\n    print(i)", "show(x)", "a = 1\na + 1", "f(x)", "with a:\n    b = 1\nprint(b)"],
)
def test_a_stripped_output_is_found(source):
    assert without_output(made_of(code(source))) == [f"`{source.splitlines()[0]}`"]
    assert without_output(made_of(code(source, printed("1")))) == []


@pytest.mark.parametrize(
    "source", ["x = 1", "def f():\n    print(1)", "import torch", "loss.backward()", "", "f = lambda: print(1)"]
)
def test_a_cell_that_gives_nothing_may_have_nothing(source):
    assert without_output(made_of(code(source))) == []


def test_an_error_that_nobody_planned_is_found():
    assert errors(made_of(code("x", raised("NameError")))) == (["NameError"], ["`x` is stored with ['NameError']"])
    tagged = code("x", printed("no error"), tags=["raises-exception"])
    assert errors(made_of(tagged)) == ([], ["`x` is stored with no error"])
    assert errors(made_of(code("x", raised("ValueError"), tags=["raises-exception"]))) == (["ValueError"], [])


def test_a_tag_a_warning_and_a_path_are_found():
    faulty = made_of(prose("text"), code("x", printed("careful!", "stderr"), printed("/home/me/x.py"), tags=["nbval-skip"]))
    assert unknown_tags(faulty) == {"nbval-skip"} and warnings(faulty) == ["careful!"] and machine_names(faulty) == ["/home/"]
