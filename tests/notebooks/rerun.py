"""Runs a notebook in a kernel of its own, as a learner does who runs cells twice, starts in the middle, and moves sliders.

One kernel serves all these checks, since starting one and training a network take the most time:

- the cells marked `# needed below` run first, in order
- then each section with nothing but what the marked cells above it have made; each cell twice
- then all cells again, from the last to the first, with all names there are
- then every explorer that was made is moved
"""

import ast
import configparser
import json
import re
from collections import namedtuple
from pathlib import Path

from nbclient import NotebookClient
from nbformat.v4 import new_code_cell
from stored import ROOT, code_cells, first_line, is_planned, prose_cells, sections

MARK = "# needed below"
Raised = namedtuple("Raised", "type words")
IN_KERNEL = (Path(__file__).parent / "in_kernel.py").read_text(encoding="utf-8")


def rerun(notebook, folder=ROOT / "notebooks"):
    """What went wrong, by what was tried: {"alone": [...], "twice": [...], "stale": [...], "again": [...], ...}."""
    client = NotebookClient(
        notebook,
        timeout=60,
        allow_errors=True,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": folder}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    with client.setup_kernel():
        return Rerun(notebook, client).findings()


class Rerun:
    def __init__(self, notebook, client):
        self.notebook, self.client, self.found = notebook, client, {}
        self.stored = {cell.id: seen(cell.outputs) for cell in code_cells(notebook)}
        self.first = {}
        self.ask(IN_KERNEL + "\ninstall(get_ipython())\ndel install")

    def findings(self):
        self.run_marked()
        for cells, text in zip(*parts(self.notebook), strict=True):
            self.run_section(cells, text)
        self.ask("get_ipython().names.become_all()")
        for cell in reversed(code_cells(self.notebook)):
            if self.run(cell) != self.first[cell.id]:
                self.note("again", cell)
        self.found["moved"] = json.loads(self.ask("print(get_ipython().move_all())"))
        return self.found

    def run_marked(self):
        for cell in needed(self.notebook):
            if has_error(self.run(cell)):
                self.note("alone", cell)
            self.ask(f"get_ipython().names.keep({cell.id!r})")

    def run_section(self, cells, text):
        place = self.notebook.cells.index
        above = [cell.id for cell in needed(self.notebook) if cells and place(cell) < place(cells[0])]
        self.ask(f"get_ipython().names.become({above[-1] if above else ''!r})")
        for cell in (cell for cell in cells if cell.cell_type == "code"):
            self.first[cell.id] = self.run(cell)
            if has_error(self.first[cell.id]) != is_planned(cell):
                self.note("alone", cell, why(self.first[cell.id]))
            elif self.first[cell.id] != self.stored[cell.id]:
                self.note("stale", cell)
            if self.run(cell) != self.first[cell.id]:
                self.note("twice", cell)
        for claim in equations(text):
            if self.ask(f"print(get_ipython().holds({claim!r}))").strip() != "True":
                self.found.setdefault("untrue", []).append(claim)
        self.ask("get_ipython().names.collect()")

    def run(self, cell):
        return seen(self.client.execute_cell(cell, self.notebook.cells.index(cell)).outputs)

    def ask(self, source):
        """Run a line of ours, which leaves no trace in the notebook; what it prints."""
        cell = new_code_cell(source)
        self.notebook.cells.append(cell)
        try:
            self.client.execute_cell(cell, len(self.notebook.cells) - 1, store_history=False)
        finally:
            self.notebook.cells.remove(cell)
        assert not has_error(seen(cell.outputs)), cell.outputs
        return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")

    def note(self, tried, cell, why=""):
        self.found.setdefault(tried, []).append(f"{first_line(cell)} {why}".strip())


def parts(notebook):
    """Each section's cells, and each one's text; what stands above a heading in its cell belongs to the section before."""
    cells, texts = [cells for _, cells in sections(notebook)], [""]
    for cell in prose_cells(notebook):
        above, heading, below = re.match(r"(.*?)(?:^(## )(.*))?\Z", cell.source, flags=re.M | re.S).groups("")
        texts[-1] += above
        texts += [below] if heading else []
    return cells, texts


def needed(notebook):
    """The code cells before the first section, and those marked as needed below."""
    before = [cell for cell in sections(notebook)[0][1] if cell.cell_type == "code"]
    return before + [cell for cell in code_cells(notebook) if cell.source.startswith(MARK) and cell not in before]


def equations(text):
    """What the prose claims in inline code with `==`, such as `output[-1] == h_n[-1]`."""
    return [claim for claim in re.findall(r"`([^`\n]+==[^`\n]+)`", text) if is_expression(claim)]


def is_expression(text):
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return True


def has_error(outputs):
    return any(isinstance(shown, Raised) for shown in outputs[1])


def why(outputs):
    return "; ".join(f"{shown.type}: {shown.words}" for shown in outputs[1] if isinstance(shown, Raised))


def seen(outputs):
    """What is compared of a cell's outputs: (what it printed, what it showed or raised)."""
    printed, shown = {"stdout": "", "stderr": ""}, []
    for output in outputs:
        if output.output_type == "stream":
            printed[output.name] += sanitized(output.text)  # it comes in pieces, cut now here, now there
        elif output.output_type == "error":
            shown.append(Raised(output.ename, sanitized(output.evalue)))
        else:
            data = {kind: sanitized(text) for kind, text in output.data.items() if "widget-view" not in kind}
            shown += [data] if data else []
    return printed, shown


def sanitized(text):
    """Without what may differ between machines; the same rules as nbval's."""
    rules = configparser.RawConfigParser()
    rules.read_string(re.sub(r"\A.*?(?=^\[)", "", CONFIG, flags=re.S | re.M))
    for name in rules.sections():
        text = re.sub(rules[name]["regex"], rules[name]["replace"], text)
    return text


CONFIG = (ROOT / "tests" / "nbval_sanitize.cfg").read_text(encoding="utf-8")
