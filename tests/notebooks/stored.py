"""The notebooks as the checks of this folder read them; and small notebooks made up to try a check on."""

import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import nbformat
import publish
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.errors.missing_names import NEEDED

ROOT = Path(__file__).resolve().parent.parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    """A notebook without what `start.py publish` puts into it, which tests/test_publish.py looks at."""
    return nbformat.reads(publish.stamp_notebook(path.read_text(encoding="utf-8"), None, path.name), as_version=4)


def code_cells(notebook):
    return only("code", notebook.cells)


def prose_cells(notebook):
    return only("markdown", notebook.cells)


def only(cell_type, cells):
    return [cell for cell in cells if cell.cell_type == cell_type]


def is_planned(cell):
    """Whether the cell raises on purpose."""
    return "raises-exception" in cell.metadata.get("tags", [])


def first_line(cell):
    return f"`{(cell.source.strip().splitlines() or ['an empty cell'])[0]}`"


def sections(notebook):
    """The notebook cut at its headings, such as [("", [cells before the first]), ("Why tanh?", [its cells]), ...].

    A cell that ends one section and begins the next, as some texts do, belongs to the one it begins.
    """
    found = [("", [])]
    for cell in notebook.cells:
        headings = re.findall(r"^## (.+)", cell.source, flags=re.M) if cell.cell_type == "markdown" else []
        if headings:
            found.append((headings[-1].strip(), []))
        found[-1][1].append(cell)
    return found


def needed(notebook):
    """The code cells before the first section, and those marked as needed below."""
    before = only("code", sections(notebook)[0][1])
    return before + [cell for cell in code_cells(notebook) if cell.source.startswith(NEEDED) and cell not in before]


def parts(notebook):
    """Each section's cells with its text; what stands above a heading in its cell belongs to the section before."""
    texts = [""]
    for cell in prose_cells(notebook):
        above, heading, below = re.match(r"(.*?)(?:^(## )(.*))?\Z", cell.source, flags=re.M | re.S).groups("")
        texts[-1] += above
        texts += [below] if heading else []
    return list(zip((cells for _, cells in sections(notebook)), texts, strict=True))


def pages(cell):
    """The HTML among a code cell's outputs."""
    return [output.data["text/html"] for output in cell.get("outputs", []) if "text/html" in output.get("data", {})]


def words(cell):
    """All that is written in a cell: its source, and the text of its outputs, a picture's alternative text too."""
    found = [cell.source]
    for output in cell.get("outputs", []):
        found += [output.get("text", ""), output.get("evalue", ""), output.get("data", {}).get("text/plain", "")]
    for page in pages(cell):
        drawn = unquote("".join(re.findall(r'src="data:image/svg[^"]*"', page)))
        found += re.findall(r'alt="([^"]*)"', page) + [re.sub(r"<[^>]*>", " ", page), re.sub(r"<[^>]*>", " ", drawn)]
    return unescape("\n".join(found))


# ---- made-up notebooks ------------------------------------------------------------------------------------------------


def prose(source):
    return new_markdown_cell(source)


def code(source, *outputs, tags=(), count=1):
    metadata = {"tags": list(tags)} if tags else {}
    return new_code_cell(source, outputs=list(outputs), metadata=metadata, execution_count=count)


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def raised(ename, evalue=""):
    return new_output("error", ename=ename, evalue=evalue, traceback=[])


def page(html):
    return new_output("display_data", data={"text/html": html, "text/plain": ""})


def made_of(*cells):
    return new_notebook(cells=list(cells))
