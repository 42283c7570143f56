"""Slides for the projector: what `python start.py slides [names...]` does. Each deck is one file that needs no network.

A deck follows the script of its lesson in TEACHING.md. Each row of the table is two slides: the question, alone and large; then
the explorer at the position before the move, or the picture, and at the next press of a key what there is to see. A cell of the
notebook whose slide type is "Slide" (in JupyterLab's property inspector) is one more. Explorers move without a kernel, by
the script of the pages, `site/page.js`: those controls that the row names, with all their values. The site has the same decks,
which share the files of its pages.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from html import escape
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlencode

import nbformat
import torch
from nbconvert.filters import Highlight2HTML, strip_ansi
from nbformat import NotebookNode
from site_explorers import Alive, alive, explorers, panel, unmarked
from site_pages import prose, prose_line, read_pages
from store_notebooks import NOTEBOOKS, choose, complain
from teaching import Lesson, Row, lessons

from helpers.explorers import views
from helpers.explorers.frames import Frames, Known, frames
from helpers.explorers.live import Explorer, View
from helpers.wording import capitalised

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent / "build" / "slides"
FILES = ("site/style.css", "slides/slides.css", "site/page.js")  # what a deck needs
HABIT = "Wait for guesses before you go on. Let two learners who disagree explain."
KEYS = (
    "Keys: right or Page Down goes on, left or Page Up goes back. In a slider the arrows move the slider, and Escape leaves it."
)
LOOK: dict[str, View] = {  # what a row of TEACHING.md may say to look at
    "numbers": views.step_picture,
    "parameters": views.marked_parameters,
    "rows": views.final_state_table,
    "tensors": views.marked_shapes,
}
MORE = re.compile(r"(?<=[.!?]) .*")  # after its first sentence, what stands against a misconception is for the teacher
highlight = Highlight2HTML()


@dataclass
class Deck:
    """The slides of a lesson, and the frames of their explorers: what each file of frames says."""

    stem: str  # of the notebook
    title: str
    slides: list[str] = field(default_factory=list)
    frames: dict[str, str] = field(default_factory=dict)
    begins: dict[str, dict[str, object]] = field(default_factory=dict)  # the values of each explorer's controls before any move

    def add(self, kind: str, body: str, notes: str) -> None:
        self.slides.append(
            f'<section class="{kind}" tabindex="-1">{body}<aside class="notes" hidden>{prose(notes)}</aside></section>'
        )


def main(names: list[str]) -> int:
    """Make a deck of each named notebook (all, without a name); return the exit code."""
    try:
        paths = choose(names, NOTEBOOKS)
    except (ValueError, OSError) as error:
        return complain(error)
    write(paths, BUILD)
    return 0


def write(paths: list[Path], folder: Path) -> None:
    """Make the decks of these notebooks."""
    folder.mkdir(parents=True, exist_ok=True)
    for _, deck in made_from(paths):
        target = folder / f"{deck.stem}.html"
        target.write_text(lone_page(deck), encoding="utf-8", newline="\n")
        print(f"made {target}", flush=True)


def made_from(paths: Iterable[Path]) -> Iterator[tuple[list[Alive], Deck]]:
    """Of each notebook what moves on its page, and its deck; each in a process of its own, two at a time."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        yield from pool.map(made_of, paths)


def made_of(path: Path) -> tuple[list[Alive], Deck]:
    """What moves on the page of a notebook, and its deck. The cells run once, and no state is computed twice."""
    torch.set_num_threads(1)
    notebook = nbformat.read(path, as_version=4)
    found, number = dict(explorers(notebook)), path.stem[:2]
    known: dict[str, Known] = {name: {} for name in found}
    on_page = [alive(name, explorer, f"{number}-{name}", known[name]) for name, explorer in found.items()]
    return on_page, make_deck(notebook, lessons()[number], found, known)


def lone_page(deck: Deck) -> str:
    """A deck as one HTML page with all that it needs."""
    style, slides, script = ((HERE / name).read_text(encoding="utf-8") for name in FILES)
    return deck_page(deck, f"<style>\n{style}{slides}</style>", f"<script>\n{script}{''.join(deck.frames.values())}</script>\n")


def page_of_site(deck: Deck) -> str:
    """A deck as an HTML page beside those of the site, whose styles and script it shares."""
    style = '<link rel="stylesheet" href="'
    links = f'<link rel="icon" href="../icon.svg">\n{style}../style.css">\n{style}slides.css">'
    return deck_page(deck, f'{links}\n<script src="../page.js" defer></script>', "").replace('"deck"', '"deck linked"', 1)


def deck_page(deck: Deck, head: str, end: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(deck.title)} · slides</title>\n{head}\n</head>\n"
        f'<body><main class="deck">\n{chr(10).join(deck.slides)}\n</main>\n'
        '<nav class="turner" aria-label="slides"><button type="button" name="notes">notes</button><output></output>'
        '<button type="button" name="back" aria-label="back">◀</button>'
        '<button type="button" name="on" aria-label="on">▶</button></nav>\n'
        f"{end}</body>\n</html>\n"
    )


def make_deck(
    notebook: NotebookNode, lesson: Lesson, found: Mapping[str, Explorer], known: Mapping[str, Known] | None = None
) -> Deck:
    """The slides in the order of the lesson, and the frames of the notebook's explorers, which are `found` by their names in an
    address. `known` are states that were computed before."""
    (page,) = (page for page in read_pages() if page.number == lesson.number)
    deck, done = Deck(page.stem, re.sub(r"\W*`", "", page.title)), 1
    deck.add(
        "opening",
        f"<p>Unrolled {lesson.number}</p><h1>{prose_line(page.title)}</h1><p>{prose_line(capitalised(page.question))}</p>",
        f"{lesson.needs}\n\n{HABIT}\n\n{KEYS}",
    )
    for row in lesson.rows:
        at = place(notebook, row)
        for cell in extra_cells(notebook, done, at):
            deck.add("cell", fitted(cell_html(cell)), "Read it with the class, line by line.")
        done = max(done, at)
        add_row(
            deck,
            row,
            notebook.cells[: at + 1],
            found.get(name := row.name.removeprefix("explore_")),
            (known or {}).get(name),
        )
    for cell in extra_cells(notebook, done, len(notebook.cells)):
        deck.add("cell", fitted(cell_html(cell)), "Read it with the class, line by line.")
    for said, against in lesson.misconceptions:
        right = later(f"Wrong. {capitalised(MORE.sub('', against))}")
        deck.add(
            "myth",
            f"<h2>Right or wrong?</h2><blockquote>{prose_line(said)}</blockquote>{right}",
            f"A common misconception: “{said}”. Against it: {against}",
        )
    after = f"Next: {escape(page.after.title)}" if page.after else ""
    deck.add(
        "closing",
        f"<h2>You can now</h2><p>{prose_line(lesson.objectives)}</p><p>{after}</p>",
        "Homework: the exercises “On your own” of this notebook.",
    )
    return deck


def add_row(deck: Deck, row: Row, cells: Sequence[NotebookNode], explorer: Explorer | None, known: Known | None) -> None:
    """Two slides: the question; what is moved or shown, by the last of `cells`, and what there is to see in it."""
    question = prose_line(row.question.strip('"'))
    notes = f"Then: {row.action}.\n\nWhat there is to see: {row.answer}"
    deck.add("ask", f"<h2>{question}</h2>", f"Ask: {row.question}\n\n{HABIT}\n\n{notes}")
    if explorer:
        shown = panel_at(explorer, row, deck, known)
    elif row.name == "predict":
        shown = fitted(code_html(asked_code(cells)))
    else:
        shown = fitted(outputs_html(cells[-1]))
    deck.add("look", f"<h2>{question}</h2>{shown}{later(row.answer)}", notes)


def panel_at(explorer: Explorer, row: Row, deck: Deck, known: Known | None) -> str:
    """The explorer where it stands before the row's move; afterwards the move is done, as a teacher does it."""
    begins = deck.begins.setdefault(row.name, {name: control.value for name, control in explorer.controls.items()})
    for name, value in row.prepared().items():
        explorer.controls[name].value = value
    on_pages, file = explorer.page or {}, f"{deck.stem[:2]}-{len(deck.slides)}"
    moving = [name for name in row.controls if name not in row.prepared()]
    needed: dict[str, set[object]] = {name: {explorer.controls[name].value} for name in moving}
    for name, *values in row.moves():
        needed.get(name, set()).update({*values} - {None})
    # The values of the page, so that the link leads to the same state; all values, where the row needs another one.
    offered = {name: on_pages.get(name) for name in moving}
    explorer.page = {name: values if values and needed[name] <= {*values} else None for name, values in offered.items()}
    made = frames(explorer, known)
    explorer.page = on_pages or None
    deck.frames[file] = f'frame("{file}", "{made.packed()}");\n'
    name = row.name.removeprefix("explore_")
    state = {name: control.value for name, control in explorer.controls.items() if name not in moving}
    shown = [*state.items(), *((control.name, value) for control in made.moving for value in control.values)]
    address = f"../{deck.stem}.html#{escape(urlencode({'explorer': name} | state))}"
    hidden = "" if all(_is_on_page(explorer, begins, *what) for what in shown) else " hidden"
    link = f'<a class="state"{hidden} target="_blank" href="{address}">the page, in this state</a>'
    html = re.sub(r'<a class="state".*?</a>', lambda _: link, panel(name, explorer, made, with_room(explorer, row, made)))
    controls, panes, rest = html.partition('<div class="panes"')
    for name, _, value in row.moves():
        explorer.controls[name].value = value
    return f'<div class="explorer" data-explorer="{file}" data-frames="{file}">{controls}{fitted(panes + rest)}</div>'


def _is_on_page(explorer: Explorer, begins: Mapping[str, object], name: str, value: object) -> bool:
    """Whether a control has this value on its page, where those that do not move keep the value of the beginning."""
    if explorer.page and name not in explorer.page:
        return value == begins[name]
    values = explorer.page[name] if explorer.page else None
    return values is None or value in values


def with_room(explorer: Explorer, row: Row, made: Frames) -> list[View]:
    """The views that a slide has room for, if the back row is to read them: sentences, and what the row looks at.

    That is the first picture, unless the row says to look at something else. Code is never shown.
    """
    texts = {view: "".join(map(made.view, {state[i] for state in made.states})) for i, view in enumerate(explorer.views)}
    said = [view for view, html in texts.items() if not re.search(r'<svg|<table|data-key="line', html)]
    pictures = [view for view, html in texts.items() if "<svg" in html]
    return [*said, LOOK[row.look] if row.look else pictures[0]]


def later(text: str) -> str:
    """What appears at the next press of a key."""
    return f'<p class="later">{prose_line(capitalised(text))}</p>'


def fitted(html: str) -> str:
    """What is made as large as its place allows."""
    return f'<div class="fit"><div>{html}</div></div>'


# ---- cells ------------------------------------------------------------------------------------------------------------


def place(notebook: NotebookNode, row: Row) -> int:
    """The number of the cell that a row is about: the first that calls what it names; one that asks, only for `predict`.

    "under" a heading and "after the guess", whose answer is folded, narrow the choice, and "the second" or "the last" makes it.

    Raises
    ------
    ValueError : the notebook has none.
    """
    begun, found = not row.section, []
    for number, cell in enumerate(notebook.cells):
        begun = begun or cell.cell_type == "markdown" and f"## {row.section}\n" in f"{cell.source}\n"
        asks = "predict(" in cell.source and row.name != "predict"
        is_open = "after the guess" in row.action and not cell.metadata.get("jupyter", {}).get("outputs_hidden")
        if begun and cell.cell_type == "code" and f"{row.name}(" in cell.source and not asks and not is_open:
            found.append(number)
    if not found:
        raise ValueError(f"{row.question}: no cell calls {row.name}{f' under {row.section!r}' * bool(row.section)}")
    return found[-1 if "the last" in row.action else "the second" in row.action]


def extra_cells(notebook: NotebookNode, start: int, stop: int) -> Iterator[NotebookNode]:
    """Those cells that are slides by themselves."""
    for cell in notebook.cells[start:stop]:
        if cell.metadata.get("slideshow", {}).get("slide_type") == "slide":
            yield cell


def cell_html(cell: NotebookNode) -> str:
    return prose(cell.source) if cell.cell_type == "markdown" else code_html(cell.source) + outputs_html(cell)


def code_html(source: str) -> str:
    return f'<div class="code">{highlight(unmarked(source))}</div>'


def asked_code(cells: Sequence[NotebookNode]) -> str:
    """The code that a question is about, without the question; with the cell before, if both are no longer than one."""
    before, asking = cells[-2:]
    code = re.split(r"^predict\(", asking.source, flags=re.M)[0].strip()
    both = f"{unmarked(before.source)}\n{code}".strip()
    return both if before.cell_type == "code" and both.count("\n") < 15 else code


def outputs_html(cell: NotebookNode) -> str:
    """What a cell gave; if it drew, its first picture alone, which leaves no room for more."""
    shown = [html for html in map(output_html, cell.outputs) if html]
    pictures = [html for html in shown if "<img" in html]
    return "".join(f"<div>{html}</div>" for html in pictures[:1] or shown)


def output_html(output: NotebookNode) -> str:
    if output.output_type == "error":
        return f"<pre>{escape(f'{output.ename}: {output.evalue}')}</pre>"
    data = output.get("data", {})
    if "text/html" in data:
        html: str = data["text/html"]
        return html
    text = output.get("text", data.get("text/plain", ""))
    return f"<pre>{escape(strip_ansi(text))}</pre>" if text else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
