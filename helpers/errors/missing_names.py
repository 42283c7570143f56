"""A NameError in a notebook of the course: which cell above makes the missing name.

It is said beneath the traceback from `import helpers` on: whoever begins in the middle of a notebook has not asked for more yet.
"""

import ast
import json
import sys
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NEEDED = "# needed below"  # how a cell begins that a later section builds on


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
    """What to write, where an answer in letters is written without quotes; else empty.

    >>> without_quotes("b", 'answer = b\\ncheck("03.2", answer)')
    'An answer in letters needs quotes: answer = "b"'
    """
    return f'An answer in letters needs quotes: answer = "{name}"' if f"answer = {name}" in cell.splitlines() else ""


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
    """From now on say beneath the traceback of a NameError which cell makes the name, in a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        shell.events.register("post_run_cell", _after_cell)


def _after_cell(result: Any) -> None:
    error = result.error_in_exec
    if not isinstance(error, NameError) or not error.name:
        return
    if said := where_made(error.name, result.info.raw_cell) or without_quotes(error.name, result.info.raw_cell):
        print(said)
