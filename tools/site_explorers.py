"""The explorers of the pages: from a notebook's cells to frames that a page shows without a kernel.

Of each notebook with explorers only those cells run on which an explorer depends: the imports, and of the cells that begin
with `# needed below` those whose names are used.
"""

import ast
import contextlib
import io
import re
import sys
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from helpers.errors.missing_names import NEEDED  # noqa: E402
from helpers.explorers.frames import Frames, Known, Moving, frames, moving_controls  # noqa: E402
from helpers.explorers.live import Explorer, View, checkbox, slider  # noqa: E402
from helpers.explorers.snippets import call_code  # noqa: E402
from helpers.explorers.views import CallState, network_picture  # noqa: E402
from helpers.wording import listed  # noqa: E402

CALL = re.compile(r"explore(?:_(\w+))?\(", re.MULTILINE)


@dataclass(frozen=True)
class Alive:
    """An explorer on its way to a page."""

    name: str  # in the address, such as "constructor"
    file: str  # of its frames, such as "02-constructor"
    html: str  # its controls, and where its views will be shown
    frames: str  # what the file says


def explorer_name(source: str) -> str | None:
    """What an explorer is called in an address; None if the cell is not a call that returns one.

    >>> explorer_name("explore_constructor()  # of the course"), explorer_name("explore(lstm, x)"), explorer_name("rnn(x)")
    ('constructor', 'steps', None)
    """
    found = CALL.match(source)
    return (found[1] or "steps") if found else None


def cells_needed(cells: Iterable[str], call: str) -> list[str]:
    """Of the cells before `call`, those that import something, and the marked ones that it needs.

    >>> cells_needed(["import torch", "# needed below\\nx = torch.ones(3)", "# needed below\\ny = 2", "x = 0"], "explore(rnn, x)")
    ['import torch', '# needed below\\nx = torch.ones(3)']
    """
    wanted, kept = _names(call)[0], []
    for source in reversed([*cells]):
        reads, sets = _names(source)
        imports = re.search(r"^(import|from) ", source, re.MULTILINE)
        if imports or source.startswith(NEEDED) and sets & wanted:
            wanted |= reads
            kept.append(source)
    return kept[::-1]


def unmarked(source: str) -> str:
    """A cell without the comment that says that others need it.

    >>> unmarked("# needed below\\nx = 2")
    'x = 2'
    """
    return source.removeprefix(f"{NEEDED}\n")


def _names(source: str) -> tuple[set[str], set[str]]:
    """The names that a cell reads, and those that it sets."""
    reads: set[str] = set()
    sets: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            (reads if isinstance(node.ctx, ast.Load) else sets).add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            sets.add(node.name)
    return reads, sets


def explorers(notebook: NotebookNode) -> Iterator[tuple[str, Explorer]]:
    """The explorers of a notebook that move on a page, and the name of each. Their cells are run, and print nothing."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    ran: list[str] = []
    space: dict[str, object] = {"__name__": "__main__"}
    for number, source in enumerate(sources):
        name = explorer_name(source)
        if name is None:
            continue
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            for cell in cells_needed(sources[:number], source):
                if cell not in ran:
                    exec(compile(cell, f"a cell of the notebook: {cell[:40]}", "exec"), space)
                    ran.append(cell)
            explorer = eval(compile(source.strip(), "the explorer", "eval"), space)
        if moving_controls(explorer):
            yield name, explorer


def alive(name: str, explorer: Explorer, file: str, known: Known | None = None) -> Alive:
    """An explorer's frames, and the HTML of its controls and of the place where its views are shown."""
    made = frames(explorer, known)
    return Alive(name, file, panel(name, explorer, made), f'frame("{file}", "{made.packed()}");\n')


def explorer_of_index() -> Alive:
    """The picture at the top of the index: a network, and how it grows."""
    controls = {
        "L": slider("time steps", 4, 1, 6),
        "num_layers": slider("layers", 2, 1, 3),
        "bidirectional": checkbox("both directions"),
    }

    def compute(L: int, num_layers: int, bidirectional: bool) -> CallState:
        code = call_code(input_size=3, hidden_size=4, L=L, N=1, num_layers=num_layers, bidirectional=bidirectional)
        return CallState.from_code(code)

    shown: list[View] = [network_picture]
    explorer = Explorer("a network that grows", controls, compute, shown, played="L")
    made = alive("network", explorer, "index-network")
    return replace(made, html=f'{made.html}<div class="still">{network_picture(explorer.state)._repr_html_()}</div>')


# ---- the HTML of an explorer on a page ----------------------------------------------------------------------------


def panel(name: str, explorer: Explorer, made: Frames, shown: Container[View] | None = None) -> str:
    """The controls, which the script shows, and an empty pane for each view; those that are not in `shown` are hidden."""
    controls = "".join(_control(control, played=control.name == explorer.played) for control in made.moving)
    panes = [
        f'<div class="pane{" full" * hasattr(view, "full_width")}"{" hidden" * (shown is not None and view not in shown)}></div>'
        for view in explorer.views
    ]
    unfolded = len(panes) - explorer.folded
    folded = f"<details><summary>code and shapes</summary>{''.join(panes[unfolded:])}</details>" if explorer.folded else ""
    left_out = _only_in_the_notebook(explorer, made)
    more = f'<p class="more">{left_out}</p>' if left_out else ""
    return (
        f'<form class="controls" hidden aria-label="{escape(explorer.name)}">{controls}'
        f'<a class="state" href="#explorer={name}">link to this state</a></form>'
        f'<div class="panes" hidden>{"".join(panes[:unfolded])}{folded}{more}</div>'
    )


def _only_in_the_notebook(explorer: Explorer, made: Frames) -> str:
    """What a page leaves out: controls that stay at their first value, and texts that nobody has prepared."""
    moving = {control.name: control.kind for control in made.moving}
    names = [escape(control.description) for name, control in explorer.controls.items() if name not in moving]
    words = f"The notebook has more controls: {listed(names)}." if names else ""
    typed = [name for name in moving if not hasattr(explorer.controls[name], "options") and moving[name] == "menu"]
    return f"{words} Here you choose a text. In the notebook you type your own.".strip() if typed else words


def _control(control: Moving, played: bool) -> str:
    name, label, first = escape(control.name), escape(control.label), control.first
    if control.kind == "checkbox":
        return f'<label class="check"><input type="checkbox" name="{name}"{" checked" * first}> {label}</label>'
    if control.kind == "menu":
        texts = [text or "(nothing)" for text in control.texts]
        options = "".join(f"<option{' selected' * (i == first)}>{escape(text)}</option>" for i, text in enumerate(texts))
        return f'<label class="menu">{label} <select name="{name}">{options}</select></label>'
    last, text = len(control.values) - 1, escape(control.texts[first])
    slider = f'<input type="range" name="{name}" min="0" max="{last}" value="{first}" aria-valuetext="{text}">'
    play = f'<button type="button" class="play" data-plays="{name}">play</button>' if played else ""
    return f'<label class="slider">{label} <output>{text}</output>{slider}</label>{play}'
