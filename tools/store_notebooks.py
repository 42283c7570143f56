"""Run the notebooks in order and store their outputs: what `python start.py notebooks [names...]` does.

Each notebook runs from its first cell in a kernel of its own. What is stored depends on the notebook alone, and not on the
clock or the machine. So a second run gives the same file, byte for byte. A notebook with a failing cell is left as it was.
"""

import logging
import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
CELL_SECONDS = 240  # as long as the tests wait for a cell (pyproject.toml, --nbval-cell-timeout)

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
KEPT_CELL_METADATA = ("tags", "slideshow")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
FRAME = re.compile(r"File |\S+\.py in ")  # how IPython heads a frame inside a library: since version 8, and before
GUESS = re.compile(r"\*\*Guess\b|^predict\(", re.M)  # in the prose, or in code; what follows answers it
ANSWERS = "after-guess"  # the tag of a cell whose outputs answer a guess
AFTER = re.compile(r"^(## |<details>)", re.M)  # no cell behind one of these answers the guess before it
EXPLORER = re.compile(r"explore\w*\([^\n]*\)\s*\Z")  # alone in its cell: its still picture is the one before any move
CELL = re.compile(r"/[^\s\x1b]*/ipykernel_\d+/\d+\.py")  # what a cell was called before version 8: it has a process's number


class NotebookFailed(Exception):
    """Names the notebook, the cell and what went wrong there."""


def main(names: list[str], folder: Path = NOTEBOOKS, seconds: int = CELL_SECONDS) -> int:
    """Run and store the named notebooks of `folder` (all, without a name); return the exit code."""
    try:
        paths = choose(names, folder)
    except ValueError as error:
        return complain(error)
    failures = 0
    for path in paths:
        began = time.monotonic()
        try:
            text = stored_text(path, seconds)
        except NotebookFailed as failure:
            failures += complain(failure)
            continue
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"stored {path.name} ({time.monotonic() - began:.1f} s)", flush=True)
    return 1 if failures else 0


def choose(names: list[str], folder: Path) -> list[Path]:
    """The notebooks to run, in order. A name may be a number (02), a file name, or a path.

    Raises ValueError if a name fits no notebook of the folder; it names those there are.
    """
    paths = sorted(folder.glob("*.ipynb"))
    wanted = [Path(name).stem for name in names]
    for stem in wanted:
        if not any(fits(path, stem) for path in paths):
            raise ValueError(
                f"no notebook {stem!r} in {folder.name}/: expected one of "
                + (", ".join(path.stem for path in paths) or "none, the folder holds no notebook")
            )
    return [path for path in paths if not wanted or any(fits(path, stem) for stem in wanted)]


def fits(path: Path, stem: str) -> bool:
    return path.stem == stem or path.stem.startswith(stem + "_")


def stored_text(path: Path, seconds: int = CELL_SECONDS) -> str:
    """The notebook in the form that is stored: run in a fresh kernel, without what changes from run to run."""
    notebook = nbformat.v4.upgrade(nbformat.read(path, as_version=4))
    notebook.metadata["kernelspec"] = KERNEL
    execute(notebook, path, seconds)
    clean(notebook)
    text: str = nbformat.writes(notebook)
    return text.rstrip("\n") + "\n"


def execute(notebook: NotebookNode, path: Path, seconds: int) -> None:
    """Run every code cell of `notebook` in place; NotebookFailed names the cell that raised, hung or crashed."""
    for cell in code_cells(notebook):  # a cell that is not run (an empty one) keeps nothing of an earlier run
        cell.outputs, cell.execution_count = [], None
    running: list[NotebookNode] = []
    client = NotebookClient(
        notebook,
        timeout=seconds,
        kernel_name=KERNEL["name"],
        resources={"metadata": {"path": path.parent}},
        coalesce_streams=True,
        record_timing=False,
        store_widget_state=False,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        on_cell_execute=lambda cell, cell_index: running.append(cell),
    )
    client.log.setLevel(logging.CRITICAL)  # what goes wrong is told below, once
    try:
        client.execute()
    except CellExecutionError as error:
        raise NotebookFailed(where(path, running) + f"{error.ename}: {COLOUR.sub('', error.evalue)}") from None
    except CellTimeoutError:
        raise NotebookFailed(where(path, running) + f"took more than {seconds} s") from None
    except DeadKernelError:
        raise NotebookFailed(where(path, running) + "the kernel died") from None


def where(path: Path, running: list[NotebookNode]) -> str:
    """Such as: 02_arguments.ipynb, code cell 3 (`rnn = nn.RNN(3)`):"""
    first_line = running[-1].source.strip().splitlines()[0] if running else "none was started"
    return f"{path.name}, code cell {len(running)} (`{first_line}`): "


def clean(notebook: NotebookNode) -> None:
    """Strip, in place, what depends on the clock, the machine or the editor."""
    language = notebook.metadata.get("language_info", {})
    language.pop("version", None)  # of Python; the course runs on several
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": language})
    for cell in notebook.cells:
        cell.metadata = {key: cell.metadata[key] for key in KEPT_CELL_METADATA if key in cell.metadata}
    for cell in code_cells(notebook):
        cell.outputs = [output for output in map(clean_output, cell.outputs) if output is not None]
    fold_answers(notebook)


def fold_answers(notebook: NotebookNode) -> None:
    """Fold the outputs that answer a guess: a click shows them, and so does a run of their cell alone.

    JupyterLab reads the one key, Colab and the classic notebook the other; the pages and the slides follow the first. The tag
    tells the course's JupyterLab what to fold again when all cells run (`tools/jupyter/labextensions`). In the place of folded
    outputs JupyterLab writes the first line of the first one. So that one is empty; nbval passes over it.
    """
    asked = False
    for cell in notebook.cells:
        tags = [tag for tag in cell.metadata.pop("tags", []) if tag != ANSWERS]
        if tags:
            cell.metadata["tags"] = tags
        if asked and cell.cell_type == "code" and cell.outputs and not (GUESS.search(cell.source) or EXPLORER.match(cell.source)):
            cell.metadata |= {"collapsed": True, "jupyter": {"outputs_hidden": True}, "tags": [*tags, ANSWERS]}
            cell.outputs.insert(0, nbformat.v4.new_output("display_data"))
        ends = [found.start() for found in AFTER.finditer(cell.source)] if cell.cell_type == "markdown" else []
        asks = [found.start() for found in GUESS.finditer(cell.source)]
        if ends or asks:
            asked = max(asks, default=-1) > max(ends, default=-1)


def clean_output(output: NotebookNode) -> NotebookNode | None:
    """The output as stored; None if nothing of it is worth storing."""
    if output.output_type == "error":
        # Frames inside libraries name folders of this machine; the learner's own cell is what the lesson shows.
        parts = [CELL.sub("Cell", part) for part in output.traceback]
        output.traceback = [part for part in parts if not FRAME.match(COLOUR.sub("", part))]
    if "data" in output:
        # A widget's view is dead without its kernel; the picture an explorer carries beside it is not.
        output.data.pop(WIDGET_VIEW, None)
        output.metadata.pop(WIDGET_VIEW, None)
        if not output.data:
            return None
    return output


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def complain(sentence: object) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
