"""Which cell of a notebook makes a name that is missing: said in a real IPython, and for every name that sections share."""

import ast
import shutil

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from lab import NOTEBOOKS

from helpers.errors import missing_names
from helpers.errors.missing_names import NEEDED, where_made

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))


def loads(code):
    return {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_a_marked_cell_makes_is_found_from_every_cell_below_that_reads_it(path, tmp_path):
    shutil.copy(path, tmp_path)
    code = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    marked = [cell for cell in code if cell.startswith(NEEDED)]
    said = [where_made(name, cell, tmp_path) for cell in code[1:] for name in loads(cell)]
    assert any("in the first code cell" in text for text in said)
    assert all(any(NEEDED in text and line in text for text in said for line in cell.split("\n")) for cell in marked)


@pytest.fixture
def watched():
    """A real IPython in which names are watched, and what a cell prints and displays there."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(colors="nocolor")
    missing_names.watch()

    def ran(cell):
        with capture_output() as shown:
            result = shell.run_cell(cell)
        folded = [output.data["text/html"] for output in shown.outputs]
        return shown.stdout, folded, result

    yield ran
    InteractiveShell.clear_instance()


def test_first_stands_which_cell_to_run_and_the_traceback_is_folded(watched):
    cells = [cell.source for cell in nbformat.read(PATHS[3], 4).cells if cell.cell_type == "code"]
    cell = next(cell for cell in cells[1:] if "torch" in loads(cell))
    for source, expected in [(cell, True), ("rnn", False)]:  # the second is of no notebook
        said, folded, result = watched(source)
        assert ("is made in the first code cell" in said.splitlines()[0]) == ("Traceback" not in said) == bool(folded) == expected
        assert "NameError: name" in said.splitlines()[-1] and isinstance(result.error_in_exec, NameError)
        assert all(html.startswith("<details") for html in folded)
        assert "Traceback" in watched("%tb")[0]  # shows all of it


QUOTES = "An answer in letters needs quotes: "


@pytest.mark.parametrize(
    "cell, said",
    [
        ('answer = b\ncheck("02.4", answer)', 'answer = "b"'),
        ('answer = b  # the output\n\ncheck("02.4", answer)', 'answer = "b"'),
        ('reason=c\ncheck("10.1", reason)', 'reason = "c"'),
        ('check("13.2", forget)', 'check("13.2", "forget")'),
    ],
)
def test_an_answer_without_quotes_is_told_first(watched, cell, said):
    watched("from helpers import check")
    text, folded, _ = watched(cell)
    assert text.splitlines()[0] == QUOTES + said and len(text.splitlines()) == 2 and len(folded) == 1


@pytest.mark.parametrize("cell", ['answer = rows\ncheck("00.2", answer)', 'check("03.3", raed)', "answer = b\nprint(answer)"])
def test_another_missing_name_has_the_whole_traceback(watched, cell):
    watched("from helpers import check")
    text, folded, _ = watched(cell)
    assert "Traceback" in text and QUOTES not in text and not folded


def test_watched_twice_it_is_said_once(watched):
    missing_names.watch()
    watched("from helpers import check")
    assert watched('answer = b\ncheck("02.4", answer)')[0].count(QUOTES) == 1


def test_explained_errors_and_missing_names_keep_their_places(watched):
    watched("from helpers import check, explain_errors\nfrom torch import nn, zeros\nexplain_errors()")
    assert watched('answer = b\ncheck("02.4", answer)')[0].splitlines()[0] == QUOTES + 'answer = "b"'
    assert len(watched("nn.RNN(3, 4)(zeros(5, 2, 7))")[1]) == 2  # what it means, and the folded traceback
    watched("explain_errors(False)")
    assert watched('answer = b\ncheck("02.4", answer)')[0].splitlines()[0] == QUOTES + 'answer = "b"'
