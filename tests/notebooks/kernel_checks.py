"""What else is asked of a notebook while nbval has its kernel: one run serves all.

nbval runs each cell in order and compares its output with the stored one. In the same kernel

- what has the mark ≈ is compared within a tolerance (marked.py)
- each equation in the prose is tried at the end of its section
- in a sweep, every cell runs again, from the last to the first, and must give what is stored
- in a sweep, every explorer is moved through its states

In a sweep, a second kernel runs each section alone, as a learner does who starts in the middle: with nothing but what the
cells marked `# needed below` have made. The root conftest.py makes this a plugin of pytest.
"""

import json
from pathlib import Path

import pytest
from claims import equations
from marked import unlike
from nbval.plugin import IPyNbCell, IPyNbFile
from stored import code_cells, needed, only, parts, sections

IN_KERNEL = (Path(__file__).parent / "in_kernel.py").read_text(encoding="utf-8") + "\ninstall(get_ipython())\ndel install"


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(parent):
    """Wherever nbval would collect a notebook, collect one that is asked more."""
    found = yield
    paths = [collected.path for collected in found if type(collected) is IPyNbFile]
    others = [collected for collected in found if type(collected) is not IPyNbFile]
    return others + [kind.from_parent(parent, path=path) for path in paths for kind in (Notebook, Sections)]


class CheckedNotebook(IPyNbFile):
    """A notebook whose kernel also runs lines of ours."""

    def setup(self):
        super().setup()
        self.ask(IN_KERNEL)

    def ask(self, code):
        """Run a line of ours in the kernel and return what it prints; it leaves no name among the notebook's own."""
        asked = self.kernel.execute_cell_input(code, allow_stdin=False)
        printed, state = "", "busy"
        while state != "idle":
            message = self.kernel.get_message("iopub", timeout=self.config.option.nbval_cell_timeout)
            if message["parent_header"].get("msg_id") != asked:
                continue
            content = message["content"]
            assert message["msg_type"] != "error", "\n".join(content["traceback"])
            printed += content["text"] if message["msg_type"] == "stream" and content["name"] == "stdout" else ""
            state = content.get("execution_state", state)
        self.kernel.await_reply(asked, timeout=60)
        return printed

    def code_cells(self):
        """nbval's item of each code cell, by the cell's id."""
        return {item.cell.id: self.item(MarkedCell, item.name, item) for item in super().collect()}

    def item(self, kind, name, cell, **more):
        """An item that runs a cell as nbval would, and does what its kind adds."""
        return kind.from_parent(self, name=name, cell=cell.cell, cell_num=cell.cell_num, options=cell.options, **more)

    def sweep(self, kind, name, cell=None, **more):
        """A test that only --all runs."""
        item = self.item(kind, name, cell, **more) if cell else kind.from_parent(self, name=name, **more)
        item.add_marker(pytest.mark.sweep)
        return item


class MarkedCell(IPyNbCell):
    """A cell whose numbers with the mark ≈ must be near the stored ones."""

    def compare_outputs(self, test, ref, skip_compare=None):
        if not super().compare_outputs(test, ref, skip_compare):
            return False
        self.comparison_traceback = unlike(ref, test)
        return not self.comparison_traceback


class Notebook(CheckedNotebook):
    """The one run of all cells in order, and what it is used for beyond nbval's comparison."""

    def collect(self):
        cells = self.code_cells()
        for section, text in parts(self.nb):
            yield from (cells[cell.id] for cell in only("code", section))
            yield from (Claim.from_parent(self, name=f"`{claim}`", claim=claim) for claim in equations(text))
        yield from (self.sweep(MarkedCell, f"{item.name} again", item) for item in reversed(cells.values()))
        yield self.sweep(Explorers, "every explorer moved")


class Sections(CheckedNotebook):
    """Each section alone: first the cells needed below, then each section with what those above it have made."""

    def collect(self):
        cells = self.code_cells()
        marked = needed(self.nb)
        for cell in marked:
            yield self.sweep(NeededCell, f"{cells[cell.id].name} needed below", cells[cell.id])
        above = ""
        for _, section in sections(self.nb):
            code = only("code", section)
            while code and code[0] in marked:  # it has just run, with the same names
                above = code.pop(0).id
            for number, cell in enumerate(code):
                begins_with = None if number else above
                yield self.sweep(AloneCell, f"{cells[cell.id].name} alone", cells[cell.id], begins_with=begins_with)
            above = next((cell.id for cell in reversed(code) if cell in marked), above)


class NeededCell(MarkedCell):
    """A cell that later sections build on; afterwards the names that now exist are saved."""

    def runtest(self):
        super().runtest()
        self.parent.ask(f"get_ipython().names.save({self.cell.id!r})")


class AloneCell(MarkedCell):
    """A cell of a section that runs alone; at the section's beginning only the names made by the cells above are there."""

    def __init__(self, *, begins_with, **options):
        super().__init__(**options)
        self.begins_with = begins_with  # the needed cell whose names a section begins with; None inside a section

    def runtest(self):
        if self.begins_with is not None:
            self.parent.ask(f"get_ipython().names.restore({self.begins_with!r})")
        super().runtest()


class Claim(pytest.Item):
    """An equation in inline code, such as `output[-1] == h_n[-1]`."""

    def __init__(self, *, claim, **options):
        super().__init__(**options)
        self.claim = claim

    def runtest(self):
        answer = self.parent.ask(f"print(get_ipython().holds({self.claim!r}))").strip()
        assert answer == "True", f"the prose says `{self.claim}`; at the end of its section this is {answer}"


class Explorers(pytest.Item):
    """All explorers that the notebook has made: in no state may a callback raise, or show what is no XML."""

    def runtest(self):
        moved, wrong = json.loads(self.parent.ask("print(get_ipython().move_all())"))
        texts = [output.get("data", {}).get("text/plain", "") for cell in code_cells(self.parent.nb) for output in cell.outputs]
        assert {text for text in texts if text.startswith("Explorer: ")} <= set(moved), "an explorer is shown and was not moved"
        assert not wrong, "\n".join(wrong)
