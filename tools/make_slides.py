"""Slides of the notebooks: what `python start.py slides [names...]` does. Each deck is one file that needs no network.

Which cell is a slide follows from one rule, so that nobody who edits a notebook has to think of it: a heading `##` begins a slide
to the right; what follows it goes down, one cell a slide; a picture stands alone, apart from the code that made it. Imports
are left out. A cell whose slide type was set by hand (in JupyterLab's property inspector) stays whole, as it was set.

The decks are made from the stored outputs; nothing is run. reveal.js and MathJax come from npm, the first time only.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from nbformat import NotebookNode
from store_notebooks import NOTEBOOKS, choose, complain

HERE = Path(__file__).resolve().parent / "slides"
BUILD = HERE.parent.parent / "build" / "slides"
LONE_CALL = re.compile(r"(show|predict|explore\w*)\((?!.*\n\w)", re.S)  # code that says nothing beyond what it shows
Slide = tuple[str, NotebookNode]  # a slide type and its cell
STILL = re.compile(r"(<p [^>]*>Explorer: .*?</p>).*?(<img .*?>)", re.S)  # an explorer's sentence and its first picture


def main(names: list[str]) -> int:
    """Make a deck of each named notebook (all, without a name); return the exit code."""
    try:
        paths = choose(names, NOTEBOOKS)
        parts = assets(BUILD)
    except (ValueError, OSError) as error:
        return complain(error)
    for path in paths:
        page = build(nbformat.read(path, as_version=4), path.stem, parts)
        target = BUILD / f"{path.stem}.slides.html"
        target.write_text(page, encoding="utf-8", newline="\n")
        print(f"made {target.relative_to(BUILD.parent.parent)}", flush=True)
    return 0


def assets(folder: Path) -> dict[str, str]:
    """The texts of reveal.js and MathJax; npm brings them into `folder` unless they are there.

    Raises OSError, with what to do, if there is no npm or no network.
    """
    modules = folder / "node_modules"
    if not (modules / "mathjax").is_dir():
        npm = shutil.which("npm")
        if npm is None:
            raise OSError("Slides need reveal.js, which npm brings: install Node.js (it has npm), then start again.")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", folder)
        if subprocess.run([npm, "install", "--no-audit", "--no-fund", "--silent"], cwd=folder).returncode:
            raise OSError("npm could not bring reveal.js: connect to the internet and start again.")
    files = {
        "reveal_css": modules / "reveal.js" / "dist" / "reveal.css",
        "reveal_js": modules / "reveal.js" / "dist" / "reveal.js",
        "mathjax": modules / "mathjax" / "es5" / "tex-svg.js",
        "css": HERE / "slides.css",
    }
    return {name: file.read_text(encoding="utf-8") for name, file in files.items()}


def build(notebook: NotebookNode, title: str, parts: dict[str, str]) -> str:
    """The deck as one HTML page."""
    if not any(cell.cell_type == "markdown" and "$" in cell.source for cell in notebook.cells):
        parts = parts | {"mathjax": ""}
    exporter = SlidesExporter(extra_template_basedirs=[str(HERE.parent)], template_name=HERE.name)
    page: str = exporter.from_notebook_node(deck(notebook), resources={"deck": parts | {"title": title}})[0]
    return page


def deck(notebook: NotebookNode) -> NotebookNode:
    """The notebook cut into slides: a new one, with a slide type in each cell."""
    cells: list[Slide] = []
    for cell in notebook.cells:
        chosen = cell.metadata.get("slideshow", {}).get("slide_type")
        cells += [(chosen, cell)] if chosen and chosen != "-" else cut(cell)
    if cells and cells[0][0] != "skip":
        cells[0] = ("slide", cells[0][1])
    slides: NotebookNode = nbformat.v4.new_notebook(metadata=notebook.metadata)
    for kind, cell in cells:
        cell = nbformat.from_dict(cell)
        cell.metadata = cell.metadata | {"slideshow": {"slide_type": kind}}
        slides.cells.append(cell)
    return slides


def cut(cell: NotebookNode) -> list[Slide]:
    """[(slide type, cell)]: one idea each."""
    if cell.cell_type == "markdown":
        parts = re.split(r"^(?=#{1,2} )", cell.source, flags=re.M)
        return [
            ("slide" if part.startswith("#") else "subslide", nbformat.v4.new_markdown_cell(part.strip()))
            for part in parts
            if part.strip()
        ]
    if cell.cell_type != "code" or re.search(r"^(import|from) ", cell.source, re.M) and not cell.outputs:
        return [("skip", cell)]
    pictures = [output for output in cell.outputs if "text/html" in output.get("data", {})]
    texts = [brief(output) for output in cell.outputs if output not in pictures and output.get("data", True)]
    slides = [] if pictures and LONE_CALL.match(cell.source) else [(cell.source, texts)]
    slides += [("", [still(picture)]) for picture in pictures]
    return [("subslide", code_cell(*slide, cell.metadata.get("jupyter", {}))) for slide in slides]


def code_cell(source: str, outputs: list[NotebookNode], folded: dict[str, bool]) -> NotebookNode:
    metadata = {"transient": {"remove_source": not source}, "jupyter": folded}
    made: NotebookNode = nbformat.v4.new_code_cell(source, outputs=outputs, metadata=metadata)
    return made


def brief(output: NotebookNode) -> NotebookNode:
    """Of an error, its last line: that is the one to read."""
    if output.output_type != "error":
        return output
    last: NotebookNode = nbformat.v4.new_output("stream", name="stdout", text=f"{output.ename}: {output.evalue}\n")
    return last


def still(output: NotebookNode) -> NotebookNode:
    """Of an explorer, its first picture: the sliders move in the notebook."""
    found = STILL.match(output.data["text/html"])
    if not found:
        return output
    picture: NotebookNode = nbformat.v4.new_output("display_data", data={"text/html": "".join(found.groups())})
    return picture


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
