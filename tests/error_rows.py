"""The table of errors as it is in error_table.txt, and how a script of it is run, explained and fixed.

A row is a script that fails, the classes it is run for, words of the cause, and the fix: the lines that go in the place of the
learner's, or after or before them; none where no fix is certain. A script that older versions of torch run without an error
says since which version it fails.
"""

import linecache
import re
import warnings
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import torch
from packaging.version import Version

from helpers import explain_error

PRELUDE = """import numpy as np, torch
from torch import nn
from torch.nn.utils.rnn import *
"""
DEVICE = "cuda" if torch.cuda.is_available() else "meta"  # a meta tensor has a device of its own, and no values
_numbers = count()


class Away(torch.Tensor):
    """A stand-in for a tensor on a GPU: a meta tensor, whose values come back with `.cpu()`."""

    def cpu(self):
        return self.kept


def away(tensor):
    """A tensor on another device; without a GPU, on a device that has no values."""
    if DEVICE == "cuda":
        return tensor.cuda()
    moved = tensor.to("meta").as_subclass(Away)
    moved.kept = tensor
    return moved


@dataclass(frozen=True)
class Row:
    section: str
    label: str
    net: str  # the class it runs for; empty in the rows of packing
    first: bool  # whether it is the first class of its row, for which the table shows the fix
    code: str
    cause: str
    fix: str
    place: str
    since: str  # the first version of torch with which it fails; "0" for all that the course runs with

    def __str__(self):
        return f"{self.label} {self.net}".strip()

    @property
    def fails(self):
        """Whether the script fails with the torch that is installed."""
        return torch_is_at_least(self.since)


def torch_is_at_least(version):
    return Version(torch.__version__) >= Version(version)


def read_rows():
    text = (Path(__file__).parent / "error_table.txt").read_text(encoding="utf-8")
    rows, section = [], ""
    for block in re.split(r"\n(?=# |== )", text.strip()):
        if block.startswith("== "):
            section = block[3:].strip()
            continue
        heading, *lines = block.strip().splitlines()
        label, nets = (part.strip() for part in heading.removeprefix("# ").split("|"))
        parts = {key: [] for key in ("code", "since", "cause", "instead", "after", "before")}
        for line in lines:
            key, _, rest = line.partition(": ")
            known = key in parts and key != "code"
            parts[key if known else "code"].append(rest if known else line)
        place = next((place for place in ("after", "before") if parts[place]), "instead")
        for i, net in enumerate(nets.split()):
            fill = [_for("\n".join(parts[key]), net) for key in ("code", "cause", place)]
            rows.append(Row(section, label, "" if net == "-" else net, i == 0, *fill, place, *(parts["since"] or ["0"])))
    return rows


def _for(text, net):
    """The text of a row for one class: a cell reads one time step, so its tensors have an axis less."""
    cell = net.endswith("Cell")
    text = text.replace("nn.NET", f"nn.{net}").replace("LENGTHS", "[5, 2]")
    text = re.sub(r"STEPS(\d)", r"2, \1" if cell else r"5, 2, \1", text)
    text = re.sub(r"STATE(\d)", r"2, \1" if cell else r"1, 2, \1", text)
    return text.replace("*POSITIONS", ('"tanh", ' if net == "RNN" else "") + "True, False, 0.0, False")


def run(script, **names):
    """Run a script whose lines a traceback can show; torch's warnings about these classes are errors here."""
    name = f"<script {next(_numbers)}>"
    linecache.cache[name] = (len(script), None, script.splitlines(keepends=True), name)
    space = {"__name__": "script", "away": away, "DEVICE": DEVICE} | names
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="dropout option|pack_padded_sequence")
        exec(compile(script, name, "exec"), space)
    return space


def failure(script):
    """The error a script ends with; the script must fail."""
    try:
        run(script)
    except Exception as error:
        return error
    raise AssertionError(f"this runs without an error:\n{script}")


def fixed(script, fix):
    """The script with the fix put where it says."""
    lines, (first, last) = script.splitlines(), fix.lines
    indent = re.match(" *", lines[first - 1])[0]
    written = [indent + line for line in fix.code.splitlines()]
    front, back = {"instead": (first - 1, last), "after": (last, last), "before": (first - 1, first - 1)}[fix.place]
    return "\n".join([*lines[:front], *written, *lines[back:]]) + "\n"


def explained(script, **names):
    """The explanation of the error a script ends with, and what the script has made with the fix; None without one."""
    explanation = explain_error(failure(script))
    assert explanation is not None, f"nothing is said about:\n{script}"
    return explanation, run(fixed(script, explanation.fix)) if explanation.fix else None
