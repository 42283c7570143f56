"""The notebook runner on small notebooks: clean, repeatable, clear about failures, and accepted by strict nbval."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from store_notebooks import clean, code_cells, main

ROOT = Path(__file__).resolve().parent.parent
ANSI_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

EXPLORER = """\
import ipywidgets as widgets
class Explorer:
    def _repr_mimebundle_(self, **options):
        self.box = widgets.VBox([widgets.IntSlider()])
        view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        return {"text/plain": "an explorer", "text/html": "<img alt='a neuron' src='data:image/svg+xml,ONE'>",
                "application/vnd.jupyter.widget-view+json": view}
Explorer()"""
PNG = 'from IPython.display import HTML\nHTML(\'<img alt="a plot" src="data:image/png;base64,AAAA">\')'
STREAMS = """\
import sys, time
for i in range(3):
    print(i, flush=True); print("warned", file=sys.stderr, flush=True); time.sleep(0.05)"""
RAISES = "import json\njson.loads('{')"


@pytest.fixture
def write(tmp_path):
    """Writes a notebook of code cells (source, or source and metadata) and returns its path."""

    def write(name, *cells):
        pairs = [(cell, {}) if isinstance(cell, str) else cell for cell in cells]
        notebook = new_notebook(
            cells=[new_markdown_cell("# Title", metadata={"slideshow": {"slide_type": "slide"}})]
            + [new_code_cell(source, metadata=metadata) for source, metadata in pairs]
        )
        path = tmp_path / name
        nbformat.write(notebook, path)
        return path

    return write


def code(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def failing_under_nbval(folder):
    """The cells of the folder's notebooks that strict nbval, asked as pyproject.toml asks it, does not accept."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "--nbval-current-env",
        "--nbval-cell-timeout=60",
        "-c",
        "pytest.ini",
        "--nbval-sanitize-with",
        str(ROOT / "tests" / "nbval_sanitize.cfg"),
        "-rfp",
        "--tb=no",
    ]
    report = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120).stdout
    assert re.search(r"^PASSED ", report, re.MULTILINE), report
    return re.findall(r"^FAILED (\S+::Cell \d+)", report, re.MULTILINE)


@pytest.mark.sweep
def test_a_stored_notebook_is_clean_repeatable_and_accepted_by_nbval(write, capsys):
    raises = (RAISES, {"tags": ["raises-exception"], "collapsed": True, "execution": {"iopub.status.busy": "now"}})
    path = write("01_all.ipynb", "x = 'café'\nx", EXPLORER, PNG, STREAMS, raises, "")
    ids = [cell.id for cell in nbformat.read(path, as_version=4).cells]
    assert main([], path.parent) == 0
    assert capsys.readouterr().out.startswith("stored 01_all.ipynb")
    stored = path.read_bytes()
    assert stored.endswith(b"\n}\n") and "café".encode() in stored and b'\n "cells"' in stored and b"\r" not in stored

    notebook = nbformat.read(path, as_version=4)
    assert [cell.id for cell in notebook.cells] == ids
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3" and "version" not in notebook.metadata.language_info
    assert notebook.cells[0].metadata == {"slideshow": {"slide_type": "slide"}}
    value, explorer, png, streams, error, empty = code(path)
    assert [cell.execution_count for cell in code(path)] == [1, 2, 3, 4, 5, None]
    assert value.outputs[0].data == {"text/plain": "'café'"}
    assert set(explorer.outputs[0].data) == {"text/html", "text/plain"}
    assert [(out.name, out.text) for out in streams.outputs] == [("stdout", "0\n1\n2\n"), ("stderr", "warned\n" * 3)]
    assert error.metadata == {"tags": ["raises-exception"]}
    told = ANSI_COLOUR.sub("", "".join(error.outputs[0].traceback))
    assert error.outputs[0].ename == "JSONDecodeError" and "Cell" in told and "json.loads" in told
    assert str(Path(sys.base_prefix)).encode() not in stored and b"decoder.py" not in stored

    assert main(["01"], path.parent) == 0
    assert path.read_bytes() == stored

    def change(name, cell, old, new):
        html = notebook.cells[1 + cell].outputs[0].data["text/html"]
        notebook.cells[1 + cell].outputs[0].data["text/html"] = html.replace(old, new)
        assert html.count(old) == 1
        nbformat.write(notebook, path.parent / name)

    change("png.ipynb", 2, "AAAA", "BBBB+/==")
    change("svg.ipynb", 1, "ONE", "TWO")
    assert failing_under_nbval(path.parent) == ["svg.ipynb::Cell 1"]


def test_a_failing_cell_is_named_and_nothing_is_stored(write, capsys):
    path = write("02_bad.ipynb", "x = 1", "\n# divide\nx / 0", "x")
    good = write("03_good.ipynb", "1 + 1")
    before = path.read_bytes()
    assert main([], path.parent) == 1
    told = capsys.readouterr()
    assert told.err == "02_bad.ipynb, code cell 2 (`# divide`): ZeroDivisionError: division by zero\n"
    assert path.read_bytes() == before
    assert "stored 03_good.ipynb" in told.out and code(good)[0].execution_count == 1


@pytest.mark.sweep
def test_a_dying_kernel_is_named(write, capsys):
    path = write("04_dies.ipynb", "x = 1", "import os\nos._exit(1)")
    assert main([], path.parent) == 1
    assert "04_dies.ipynb, code cell 2 (`import os`): the kernel died" in capsys.readouterr().err


@pytest.mark.sweep
def test_an_endless_cell_is_named(write, capsys):
    path = write("05_hangs.ipynb", "import time\nwhile True: time.sleep(0.1)")
    assert main([], path.parent, seconds=1) == 1
    assert "05_hangs.ipynb, code cell 1 (`import time`): took more than 1 s" in capsys.readouterr().err


def test_only_the_named_notebooks_run_and_an_unknown_name_is_an_error(write, capsys):
    first, second = write("00_one.ipynb", "1"), write("01_two.ipynb", "2")
    assert main(["notebooks/01_two.ipynb"], first.parent) == 0
    assert code(first)[0].execution_count is None and code(second)[0].execution_count == 1
    assert main(["7"], first.parent) == 1
    told = capsys.readouterr().err
    assert "'7'" in told and "00_one, 01_two" in told


def test_a_notebook_runs_in_its_own_folder_with_this_python(write):
    path = write("06_where.ipynb", "import os, sys\nprint(os.getcwd())\nprint(sys.executable)")
    assert main([], path.parent) == 0
    assert code(path)[0].outputs[0].text.splitlines() == [str(path.parent.resolve()), sys.executable]


@pytest.mark.parametrize(
    "before, after, folded",
    [
        ("predict('Is it 4?', 2 + 2)", "2 + 2", True),
        ("x = 1", "2 + 2", False),
        ("predict('Is it 4?', 2 + 2)", "explore_steps(rnn)", False),
        ("predict('Is it 4?', 2 + 2)", "predict('Is it 5?', 5)", False),
    ],
)
def test_what_answers_a_guess_is_folded_until_it_is_told(before, after, folded):
    shown = nbformat.v4.new_output("stream", text="4")
    cells = [nbformat.v4.new_code_cell(source, outputs=[shown]) for source in (before, after, "2 + 2")]
    cells.insert(2, nbformat.v4.new_markdown_cell("<details><summary>After your guess</summary>\n\n4\n\n</details>"))
    notebook = nbformat.v4.new_notebook(cells=cells)
    for _ in range(2):  # again: nothing more
        clean(notebook)
        assert [bool(cell.metadata) for cell in notebook.cells] == [False, folded, False, False]
        assert notebook.cells[1].metadata.get("tags") == (["after-guess"] if folded else None)
        assert [len(cell.outputs) for cell in code_cells(notebook)] == [1, 1 + folded, 1]
