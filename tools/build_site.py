"""Write the course as plain pages, to be read without a kernel: what `python start.py site [folder]` does.

Into build/site, or the folder named: one page and one deck for each notebook, an index, the pictures, the frames of the
explorers, style sheets, scripts, the solutions. No page asks another place for anything: formulas become MathML, which browsers
draw by themselves, and the states of an explorer are computed here.
"""

import base64
import hashlib
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from html import escape, unescape
from itertools import chain
from pathlib import Path
from urllib.parse import unquote_to_bytes

import make_slides
import publish
import site_answers
from make_slides import Deck
from nbconvert import HTMLExporter
from site_explorers import Alive, explorer_of_index
from site_pages import Page, prose, prose_line, read_pages

from helpers import __version__
from helpers.wording import capitalised

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path(__file__).resolve().parent
BUILD = ROOT / "build" / "site"

DATA = re.compile(r'src="data:image/(svg\+xml|png)(;base64)?,([^"]*)"')
LINK = re.compile(r'(<a href="\w+)\.ipynb"(?! download)')  # not the one to download
BADGE = re.compile(r"\[!\[(.*?)\]\(\)\]\((.*?)\)")  # of `publish.badges`: its words, no picture, its address
CONTENTS = "<!-- contents -->"
STILL = [  # what a stored explorer says to somebody with a kernel, and what a page says, which shows it without a script
    (r"Run this notebook to (move its sliders|type your own( beginning)?)\.", "With JavaScript it moves on this page."),
    (r"Run this notebook to measure on your own computer\.", "The notebook measures on your own computer."),
]
SCROLLS = '<div style="overflow-x:auto">'  # what the helpers put around whatever may be wide


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
    for said, instead in STILL:
        html = re.sub(said, instead, html)
    html = keep_pictures(html, folder)
    html = LINK.sub(r'\1.html"', html.replace(SCROLLS, '<div style="overflow-x:auto" tabindex="0">'))
    html = html.replace('href="../solutions/', 'href="solutions/')
    page.thumbnail = next(iter(re.findall(r'src="(pictures/[^"]+)"', html)), "icon.svg")
    (folder / page.href).write_text(html, encoding="utf-8")
    shutil.copy(ROOT / "notebooks" / page.file, folder)


def write_deck(deck: Deck, folder: Path) -> None:
    html = keep_pictures(make_slides.page_of_site(deck), folder).replace('src="pictures/', 'src="../pictures/')
    (folder / "slides" / f"{deck.stem}.html").write_text(html, encoding="utf-8")
    for file, frames in deck.frames.items():
        (folder / "slides" / "frames" / f"{file}.js").write_text(frames, encoding="utf-8")


def open_links() -> list[tuple[str, str]]:
    """Where the first notebook opens without an installation, as (words, address); none while no address is published."""
    address = publish.known_address((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    release = publish.Release(address, __version__) if address else None
    return BADGE.findall(publish.badges(release, read_pages()[0].file, lambda name: ""))


def build(folder: Path, alive: Mapping[str, Sequence[Alive]] | None = None, decks: Sequence[Deck] = ()) -> Path:
    """Write the whole site into `folder`, which is emptied first; return its index.

    alive : the explorers that move, by the stem of their notebook, or "index"; None makes all of them, and all decks
    """
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("pictures", "frames", "slides/frames"):
        (folder / name).mkdir(parents=True)
    for name in ("style.css", "page.js", "answers.js", "icon.svg"):
        shutil.copy(TEMPLATES / "site" / name, folder)
    shutil.copy(TEMPLATES / "slides" / "slides.css", folder / "slides")
    shutil.copytree(ROOT / "solutions", folder / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    made, pages = exporter(), read_pages()
    if alive is None:
        # The later notebooks train, which takes longest, so they begin.
        found = [*make_slides.made_from([ROOT / "notebooks" / page.file for page in reversed(pages)])]
        decks = [deck for _, deck in found]
        alive = {deck.stem: on_page for on_page, deck in found} | {"index": [explorer_of_index()]}
    for one in chain(*alive.values()):
        (folder / "frames" / f"{one.file}.js").write_text(one.frames, encoding="utf-8")
    for deck in decks:
        write_deck(deck, folder)
    for page in pages:
        page.alive = alive.get(page.stem, ())
        write_page(page, made, folder)
    write_quiz(pages, made, folder)
    write_teaching(pages, made, folder)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    heading, lead = publish.BADGES.sub("", readme).split("\n\n")[:2]
    title = heading.removeprefix("# ")
    start = made.environment.get_template("start.html.j2").render(
        title=title, lead=lead, pages=pages, alive=alive.get("index", ()), links=open_links()
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
