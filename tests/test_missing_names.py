"""Which cell of a notebook makes a name that is missing: said in a real IPython, and for every name that sections share."""

import ast
import shutil

import nbformat
import pytest
from lab import NOTEBOOKS

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


def test_beneath_the_traceback_stands_which_cell_to_run(capsys):
    from IPython.core.interactiveshell import InteractiveShell

    from helpers.errors import missing_names

    cells = [cell.source for cell in nbformat.read(PATHS[3], 4).cells if cell.cell_type == "code"]
    cell = next(cell for cell in cells[1:] if "torch" in loads(cell))
    shell = InteractiveShell.instance()
    try:
        missing_names.watch()
        for source, expected in [(cell, True), ("rnn", False)]:  # the second is of no notebook
            shell.run_cell(source)
            assert ("is made in the first code cell" in capsys.readouterr().out) == expected
        shell.run_cell("answer = b\nprint(answer)")
        assert 'An answer in letters needs quotes: answer = "b"' in capsys.readouterr().out
    finally:
        shell.events.unregister("post_run_cell", missing_names._after_cell)
        InteractiveShell.clear_instance()
