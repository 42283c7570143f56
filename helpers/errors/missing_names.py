"""A NameError in a notebook of the course: which cell above makes the missing name, or that an answer in letters needs quotes.

It is said above the error from `import helpers` on: whoever begins in the middle of a notebook has not asked for more yet.
"""

import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NEEDED = "# needed below"  # how a cell begins that a later section builds on
# The shell that is watched, the cell that it runs, and the error about which something was said last.
_watched = SimpleNamespace(shell=None, cell="", explained=None)


def where_made(name: str, cell: str, folder: Path = NOTEBOOKS) -> str:
    """What to run, so that the name exists in this cell of a notebook of the course; empty where nothing makes it.

    >>> where_made("nn", "a cell of no notebook")
    ''

    Parameters
    ----------
    cell   : the text of the cell, as it is in the notebook
    folder : of the notebooks
    """
    for path in sorted(folder.glob("*.ipynb")):
        code = ["".join(part["source"]) for part in _cells(path) if part["cell_type"] == "code"]
        if cell in code:
            makers = [(text, line) for text in code[: code.index(cell)] if (line := _making_line(name, text))]
            for text, line in [maker for maker in makers if maker[0].startswith(NEEDED)] or makers[-1:]:
                if text == code[0]:
                    return f"{name} is made in the first code cell of this notebook. Run that cell, and then this one again."
                marked = f", marked {NEEDED!r}" if text.startswith(NEEDED) else ""
                others = "Run the first code cell, then that cell, and then this one again."
                return f"{name} is made in a cell above{marked}, by the line: {line}\n{others}"
    return ""


def without_quotes(name: str, cell: str) -> str:
    """What to write, where an answer in letters to an exercise is written without quotes; else empty.

    >>> without_quotes("b", 'answer = b  # I think\\ncheck("03.2", answer)'), without_quotes("b", 'check("03.2", b)')
    ('An answer in letters needs quotes: answer = "b"', 'An answer in letters needs quotes: check("03.2", "b")')
    >>> without_quotes("rows", 'answer = rows\\ncheck("00.2", answer)')  # which asks for a number
    ''
    """
    try:
        lines = ast.parse(cell).body
    except SyntaxError:  # a line of IPython's own
        return ""
    calls = [node.value for node in lines if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    for called in [call for call in calls if _asks_for_letters(call)]:
        number, answer = called.args
        if _is_named(answer, name):
            return f'An answer in letters needs quotes: check("{ast.literal_eval(number)}", "{name}")'
        for line in lines:
            if isinstance(line, ast.Assign) and _is_named(line.value, name):
                return f'An answer in letters needs quotes: {ast.unparse(line.targets[0])} = "{name}"'
    return ""


def _asks_for_letters(call: ast.Call) -> bool:
    """Whether a call checks an exercise whose answer is a letter or a word: so are its typical wrong answers."""
    from ..exercises.checking import EXERCISES  # which loads all exercises, and is loaded already where one is checked

    if not (isinstance(call.func, ast.Name) and call.func.id == "check" and len(call.args) == 2):
        return False
    number = call.args[0].value if isinstance(call.args[0], ast.Constant) else None
    wrong = EXERCISES[number].wrong if isinstance(number, str) and number in EXERCISES else ()
    return bool(wrong) and all(isinstance(answer, str) for answer in wrong)


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _cells(path: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return cells


def _making_line(name: str, code: str) -> str:
    """The line of a cell that imports, defines or assigns the name; empty if there is none."""
    try:
        tree = ast.parse(code)
    except SyntaxError:  # a line of IPython's own
        return ""
    for node in ast.walk(tree):
        made = {
            *([node.id] if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else []),
            *([node.name] if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else []),
            *([alias.asname or alias.name for alias in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []),
        }
        if name in made and isinstance(node, (ast.expr, ast.stmt)):
            return code.split("\n")[node.lineno - 1].strip()
    return ""


def watch() -> None:
    """From now on say above a NameError which cell makes the name, in a notebook; the traceback is folded below."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and shell is not _watched.shell:
        _watched.shell = shell
        shell.events.register("pre_run_cell", _remember)
        shell._showtraceback = _saying_first(shell._showtraceback)  # IPython shows each traceback through this method


def _remember(info: Any) -> None:
    _watched.cell = info.raw_cell


def _saying_first(plain: Callable[..., None]) -> Callable[..., None]:
    """What shows a traceback in the place of `plain`."""

    def show_traceback(kind: type[BaseException], error: BaseException, lines: list[str]) -> None:
        said = "" if error is _watched.explained else _what_is_said(error)  # %tb asks again, and wants all of it
        if not said:
            return plain(kind, error, lines)
        print(said)
        _watched.explained = error
        plain(kind, error, lines[-1:])  # the error alone: its lines are in the cell above
        from .ipython_hook import show_folded

        show_folded(error)

    return show_traceback


def _what_is_said(error: BaseException) -> str:
    """What is known about a missing name. A mistake of ours must never hide the traceback from a learner."""
    name = getattr(error, "name", None)
    if not isinstance(error, NameError) or not name:
        return ""
    try:
        return where_made(name, _watched.cell) or without_quotes(name, _watched.cell)
    except Exception:
        return ""
