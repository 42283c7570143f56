"""What nbval does not see: the notebooks' form and links, and that a cell run again gives the same result."""

import json
import re
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_the_course_is_there():
    numbers = [path.stem[:2] for path in NOTEBOOKS]
    assert numbers == [f"{number:02}" for number in range(12)]


@EACH
def test_a_cell_run_again_gives_the_same(path):
    """At once (nothing piles up), and when all is run, from the last cell to the first (no name means two things)."""
    notebook, first = read(path), {}
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": path.parent}}, record_timing=False)
    cells = [(index, cell) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    with client.setup_kernel():
        for index, cell in cells:
            first[index] = outputs_of(client.execute_cell(cell, index))
            assert outputs_of(client.execute_cell(cell, index)) == first[index], f"run twice: {cell.source}"
        for index, cell in reversed(cells):
            assert outputs_of(client.execute_cell(cell, index)) == first[index], f"run again: {cell.source}"


def outputs_of(cell):
    printed, shown = {"stdout": "", "stderr": ""}, []
    for output in cell.outputs:
        if output.output_type == "stream":
            printed[output.name] += output.text  # it comes in pieces, cut now here, now there
        elif output.output_type == "error":
            shown.append((output.ename, output.evalue))
        else:
            shown.append({kind: data for kind, data in output.data.items() if "widget-view" not in kind})
    return printed, shown


@EACH
def test_every_cell_was_run_in_order_and_kept_its_output(path):
    cells = code_cells(read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells[1:]:  # the first one imports; every other cell ends in something to look at
        defines_only = re.search(r"^\)|^\w+ = [^\n]*$", cell.source.splitlines()[-1]) and not cell.outputs
        assert cell.outputs or defines_only, cell.source


@EACH
def test_only_planned_errors_and_no_warnings_are_stored(path):
    for cell in code_cells(read(path)):
        tags = cell.metadata.get("tags", [])
        assert tags in ([], ["raises-exception"]), cell.source
        kinds = [output.output_type for output in cell.outputs]
        assert kinds.count("error") == len(tags), cell.source
        assert not any(output.get("name") == "stderr" for output in cell.outputs), cell.source


@EACH
def test_cells_keep_the_form(path):
    notebook, in_a_row = read(path), 0
    cells = [cell for cell in notebook.cells if "-own-" not in cell.id]  # the exercises: tests/test_exercises.py
    assert 15 <= len(cells) <= 45
    for cell in notebook.cells:
        in_a_row = in_a_row + 1 if cell.cell_type == "code" else 0
        assert in_a_row <= 3, f"{in_a_row} code cells without a sentence between: {cell.source}"
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 15, cell.source
            assert max(map(len, cell.source.splitlines())) <= 100, cell.source
        else:
            prose = "\n".join(line for line in cell.source.splitlines() if not line.startswith("|"))
            assert len(re.findall(r"\w+", re.sub(r"\$.*?\$|\([^()]*\.ipynb\)", "", prose))) <= 80, cell.source
    assert path.stat().st_size < 1_000_000


@EACH
def test_the_skeleton_is_there(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    assert text.startswith("# ")
    for part in ("**You will**", "**You will learn**", "**You need**", "minutes.**", "## What we have seen"):
        assert part in text
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, flags=re.M)]
    assert levels[0] == 1 and set(levels[1:]) == {2}


@EACH
def test_every_picture_says_what_it_shows(path):
    pages = [output.data["text/html"] for cell in code_cells(read(path)) for output in cell.outputs
             if "text/html" in output.get("data", {})]
    images = [tag for page in pages for tag in re.findall(r"<img [^>]*>", page)]
    assert images
    for image in images:
        alt = unescape(re.search(r'alt="([^"]*)"', image).group(1))
        assert len(alt) > 30 and re.search(r"\d", alt), alt


def links():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *NOTEBOOKS]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        if page.suffix == ".ipynb":
            text = "\n".join(cell.source for cell in read(page).cells if cell.cell_type == "markdown")
        for target in re.findall(r"\]\(([^)]+)\)", text):
            yield page, target


@pytest.mark.parametrize("page, target", [pytest.param(*link, id=f"{link[0].name}-{link[1]}") for link in links()])
def test_links_lead_somewhere(page, target):
    assert (page.parent / target).exists()


def test_every_notebook_is_on_both_maps():
    for page in (ROOT / "README.md", NOTEBOOKS[0]):
        text = page.read_text(encoding="utf-8")
        for path in NOTEBOOKS[1:]:
            assert path.name in text, f"{path.name} is not on the map of {page.name}"


@EACH
def test_nothing_stored_names_a_machine(path):
    text = json.dumps(json.loads(path.read_text(encoding="utf-8"))["cells"])
    assert not re.search(r"/(home|root|tmp|work|Users)/|site-packages|[A-Z]:\\\\", text)
