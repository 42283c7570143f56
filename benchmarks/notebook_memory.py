"""How much memory each notebook's kernel holds, once the notebook has run: what one learner needs of a machine.

    .venv/bin/python benchmarks/notebook_memory.py            # a table, after about two minutes
    .venv/bin/python benchmarks/notebook_memory.py --json     # one object: MB by notebook

A kernel of its own for each notebook, asked at the end: `after` is what the process holds then, `peak` the most it held.
"""

import json
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
ASK = """\
import json, resource, sys, psutil
unit = 1 if sys.platform == "darwin" else 1024  # macOS tells bytes, Linux kilobytes
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
print(json.dumps({"after": psutil.Process().memory_info().rss / 1e6, "peak": peak / 1e6}))"""


def memory_of(path: Path) -> dict[str, float]:
    """MB that the notebook's kernel holds after the last cell, and at its peak."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(new_code_cell(ASK))
    NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": path.parent}}, extra_arguments=["--IPKernelApp.log_level=ERROR"]
    ).execute()
    return {name: round(megabytes) for name, megabytes in json.loads(notebook.cells[-1].outputs[0].text).items()}


def main(arguments: list[str]) -> None:
    found = {}
    for path in NOTEBOOKS:
        found[path.stem] = memory_of(path)
        if "--json" not in arguments:
            print(f"| {path.stem[:2]} | {found[path.stem]['after']} | {found[path.stem]['peak']} |", flush=True)
    if "--json" in arguments:
        print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
