"""What the pages and the decks are made of: the notebooks on the README's map, and their prose as HTML.

Formulas become MathML, which browsers draw by themselves.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import site_answers
from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from site_explorers import Alive, explorer_name
from store_notebooks import code_cells

ROOT = Path(__file__).resolve().parent.parent
ROW = re.compile(r"^\| \[(\d\d) [^]]*\]\(notebooks/(\S+)\.ipynb\) \| (.+?) \| (\d+) \|$", re.MULTILINE)  # of the README's map


@dataclass
class Page:
    """A notebook on its way to a page."""

    number: str
    stem: str
    question: str
    minutes: str
    last: str = ""
    before: "Page | None" = None
    after: "Page | None" = None
    thumbnail: str = ""
    questions: int = 0
    alive: Sequence[Alive] = ()
    notebook: NotebookNode = field(default_factory=NotebookNode, repr=False)

    @property
    def title(self) -> str:
        first: str = self.notebook.cells[0].source.splitlines()[0].removeprefix("# ")
        return first

    @property
    def href(self) -> str:
        return f"{self.stem}.html"

    def alive_in(self, cell: NotebookNode) -> Alive | None:
        """The explorer that a cell shows, if it moves on the page."""
        return next((one for one in self.alive if one.name == explorer_name(cell.source)), None)

    @property
    def file(self) -> str:
        return f"{self.stem}.ipynb"

    def links(self, folder: Path) -> list[tuple[str, str]]:
        """What belongs to this lesson, as (name, address) from its page; the slides, if they were made."""
        slides = f"slides/{self.stem}.html"
        teaching = f"teaching.html#{self.number}"
        notebook, solutions = ("Notebook", self.file), ("Solutions", f"solutions/{self.stem}.py")
        return [notebook, solutions, *([("Slides", slides)] if (folder / slides).is_file() else []), ("For teachers", teaching)]


class Renderer(IPythonRenderer):
    """Formulas as MathML. What may be too wide for a phone scrolls by itself, also by keyboard."""

    def heading(self, text: str, level: int, **attributes: object) -> str:
        return f'<h{level} id="{site_answers.heading_id(text)}">{text}</h{level}>\n'

    def block_math(self, body: str) -> str:
        return f'<span class="scrolls" tabindex="0">{convert(body, display="block")}</span>'

    def inline_math(self, body: str) -> str:
        return f'<span class="scrolls" tabindex="0">{convert(body)}</span>' if len(body) > 40 else convert(body)


def prose(markdown: str) -> str:
    """HTML of a cell of prose.

    >>> prose("Here $x$ is [next](01_theory.ipynb).")[:50]
    '<p>Here <math xmlns="http://www.w3.org/1998/Math/M'
    """
    html: str = MarkdownWithMath(renderer=Renderer(escape=False, exclude_anchor_links=True)).render(markdown).strip()
    return html.replace("<table>", '<div class="scrolls" tabindex="0"><table>').replace("</table>", "</table></div>")


def prose_line(markdown: str) -> str:
    return re.sub(r"</?(p|a)\b[^>]*>", "", prose(markdown))


def read_pages() -> list[Page]:
    """The notebooks on the README's map, in its order, each knowing its neighbours."""
    found = ROW.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    pages = [Page(number, stem, question, minutes, last=found[-1][0]) for number, stem, question, minutes in found]
    for page in pages:
        page.notebook = nbformat.read(ROOT / "notebooks" / page.file, as_version=4)
        for cell in code_cells(page.notebook):  # without the empty output that stands before what is folded
            cell.outputs = [output for output in cell.outputs if output.get("data", True)]
    for page, after in zip(pages, pages[1:]):
        page.after, after.before = after, page
    return pages
