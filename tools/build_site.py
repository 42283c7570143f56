"""Write the course as plain pages, to be read without a kernel: what `python start.py site [folder]` does.

Into build/site, or the folder named: one page for each notebook, an index, the pictures, the frames of the explorers, a
style sheet, one script, the solutions. No page asks another place for anything: formulas become MathML, which browsers draw
by themselves, and the states of an explorer are computed here.
"""

import base64
import hashlib
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from itertools import chain
from pathlib import Path
from urllib.parse import unquote_to_bytes

import nbformat
import publish
import site_answers
from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from site_explorers import Alive, all_explorers, explorer_name
from store_notebooks import code_cells

from helpers.wording import capitalised

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path(__file__).resolve().parent
BUILD = ROOT / "build" / "site"

ROW = re.compile(r"^\| \[(\d\d) [^]]*\]\(notebooks/(\S+)\.ipynb\) \| (.+?) \| (\d+) \|$", re.MULTILINE)  # of the README's map
DATA = re.compile(r'src="data:image/(svg\+xml|png)(;base64)?,([^"]*)"')
LINK = re.compile(r'(<a href="\w+)\.ipynb"(?! download)')  # not the one to download
CONTENTS = "<!-- contents -->"
SCROLLS = '<div style="overflow-x:auto">'  # what the helpers put around whatever may be wide


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
    """Formulas as MathML. What may be too wide for a telephone scrolls by itself, also by keyboard."""

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


def exporter() -> HTMLExporter:
    made = HTMLExporter(template_name="site", extra_template_basedirs=[str(TEMPLATES)])
    made.register_filter("prose", prose)
    made.register_filter("prose_line", prose_line)
    made.register_filter("capitalised", capitalised)
    made.register_filter("escape_html", escape)
    return made


def keep_pictures(html: str, folder: Path) -> str:
    """Put each picture into a file, which is named by its content, and refer to that file instead."""

    def keep(found: re.Match[str]) -> str:
        kind, is_base64, text = found.groups()
        data = base64.b64decode(text) if is_base64 else unquote_to_bytes(unescape(text))
        name = f"{hashlib.sha256(data).hexdigest()[:16]}.{kind.partition('+')[0]}"
        (folder / "pictures" / name).write_bytes(data)
        return f'src="pictures/{name}"'

    return DATA.sub(keep, html)


def write_quiz(pages: list[Page], made: HTMLExporter, folder: Path) -> None:
    topics = site_answers.quiz_topics({page.number: page.href for page in pages})
    quiz = made.environment.get_template("quiz.html.j2").render(
        title="The shape quiz", questions=site_answers.quiz_questions(), topics=topics
    )
    (folder / "quiz.html").write_text(quiz, encoding="utf-8")


def write_teaching(pages: list[Page], made: HTMLExporter, folder: Path) -> None:
    """TEACHING.md as a page. A link to a file that the site does not have becomes plain text."""
    text = prose((ROOT / "TEACHING.md").read_text(encoding="utf-8"))
    for page in pages:
        text = text.replace(f'href="notebooks/{page.file}"', f'href="{page.href}"')
        text = re.sub(rf'<h2 id="{page.number}-[^"]*">', f'<h2 id="{page.number}">', text)
    text = re.sub(r'<a href="(?!https:|#)([^"#]*)[^"]*">(.*?)</a>', lambda a: a[0] if (folder / a[1]).is_file() else a[2], text)
    teaching = made.environment.get_template("text.html.j2").render(
        title="Teaching with Unrolled", contents=contents(text, [], made), text=text
    )
    (folder / "teaching.html").write_text(teaching, encoding="utf-8")


def contents(html: str, links: list[tuple[str, str]], made: HTMLExporter) -> str:
    """The list of what a page contains."""
    headings = re.findall(r'<h2 id="(.*?)">(.*?)</h2>', html)
    listed: str = made.environment.get_template("contents.html.j2").render(headings=headings, links=links)
    return listed


def write_page(page: Page, made: HTMLExporter, folder: Path) -> None:
    asking = site_answers.ask_on_page(page.notebook, page.file, made)
    html, _ = made.from_notebook_node(asking, resources={"page": page})
    html = html.replace(CONTENTS, contents(html, page.links(folder), made), 1)
    page.questions = html.count("data-asked=")
    html = keep_pictures(html, folder)
    html = LINK.sub(r'\1.html"', html.replace(SCROLLS, '<div style="overflow-x:auto" tabindex="0">'))
    html = html.replace('href="../solutions/', 'href="solutions/')
    page.thumbnail = next(iter(re.findall(r'src="(pictures/[^"]+)"', html)), "icon.svg")
    (folder / page.href).write_text(html, encoding="utf-8")
    shutil.copy(ROOT / "notebooks" / page.file, folder)


def build(folder: Path, alive: Mapping[str, Sequence[Alive]] | None = None) -> Path:
    """Write the whole site into `folder`, which is emptied first; return its index.

    alive : the explorers that move, by the stem of their notebook, or "index"; None computes the frames of all of them
    """
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("pictures", "frames"):
        (folder / name).mkdir(parents=True)
    for name in ("style.css", "explorers.js", "answers.js", "icon.svg"):
        shutil.copy(TEMPLATES / "site" / name, folder)
    shutil.copytree(ROOT / "solutions", folder / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    made, pages = exporter(), read_pages()
    if alive is None:
        alive = all_explorers([ROOT / "notebooks" / page.file for page in pages])
    for one in chain(*alive.values()):
        (folder / "frames" / f"{one.file}.js").write_text(one.frames, encoding="utf-8")
    for page in pages:
        page.alive = alive.get(page.stem, ())
        write_page(page, made, folder)
    write_quiz(pages, made, folder)
    write_teaching(pages, made, folder)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    heading, lead = publish.BADGES.sub("", readme).split("\n\n")[:2]
    title = heading.removeprefix("# ")
    start = made.environment.get_template("start.html.j2").render(
        title=title, lead=lead, pages=pages, alive=alive.get("index", ())
    )
    (folder / "index.html").write_text(keep_pictures(start, folder), encoding="utf-8")
    return folder / "index.html"


def main(arguments: list[str]) -> int:
    if len(arguments) > 1 or arguments[:1] and arguments[0].startswith("-"):
        print(f"site takes one folder to write to: given {' '.join(arguments)!r}.", file=sys.stderr)
        return 1
    folder = Path(arguments[0]).resolve() if arguments else BUILD
    if folder.exists() and any(folder.iterdir()) and not (folder / "style.css").is_file():
        print(f"{folder} holds something else: name a new or an empty folder.", file=sys.stderr)
        return 1
    print(f"written: {build(folder)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
