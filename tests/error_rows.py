"""The table of errors, error_table.txt, and how a script of it is run, explained and fixed.

A row begins with `#`, words of the cause, the classes it is run for, and, where older versions of torch run it without an error,
the first version with which it fails. A script follows; `rnn` and `x` go before one that makes no network. Last is the line
of the fix, for the first class: after `=` it goes in the place of the learner's, after `+` behind it. No such line: no fix.
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

PRELUDE = "import numpy as np, torch\nfrom torch import nn\nfrom torch.nn.utils.rnn import *\n"
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
    cause: str
    net: str  # the class it runs for; "-" in the rows of packing
    first: bool  # whether it is the first class of its row, for which the table shows the fix
    code: str
    fix: tuple[str, str]  # the last line, and the place; "" where there is none
    fails: bool  # with the torch that is installed

    def __str__(self):
        return f"{self.net}: {self.cause}"


def torch_is_at_least(version):
    return Version(torch.__version__) >= Version(version)


def read_rows():
    rows, section = [], ""
    for block in re.split(r"\n(?=# |== )", (Path(__file__).parent / "error_table.txt").read_text(encoding="utf-8").strip()):
        heading, *lines = block.splitlines()
        if heading.startswith("== "):
            section = heading[3:]
            continue
        cause, nets, *since = heading.removeprefix("# ").split(" | ")
        fix = lines.pop() if lines[-1][:2] in ("= ", "+ ") else ""
        fails = all(map(torch_is_at_least, since))
        for net in nets.split():
            code = (
                "\n".join(lines)
                if net == "-" or "nn.NET" in block
                else "\n".join(["rnn, x = nn.NET(3, 4), torch.zeros(STEPS3)", *lines])
            )
            place = (fix[2:], "after" if fix.startswith("+") else "instead")
            rows.append(Row(section, cause, net, net == nets.split()[0], PRELUDE + _for(code, net) + "\n", place, fails))
    return rows


def _for(text, net):
    """The text of a row for one class: a cell reads one time step, so its tensors have an axis less."""
    cell = net.endswith("Cell")
    text = re.sub(r"STEPS(\d)", r"2, \1" if cell else r"5, 2, \1", text.replace("nn.NET", f"nn.{net}"))
    text = re.sub(r"STATE(\d)", r"2, \1" if cell else r"1, 2, \1", text).replace("LENGTHS", "[5, 2]")
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


def failure(script, **names):
    """The error a script ends with; the script must fail."""
    try:
        run(script, **names)
    except Exception as error:
        return error
    raise AssertionError(f"this runs without an error:\n{script}")


def explained(script):
    """The explanation of the error a script ends with, and what the script has made with the fix; None without one."""
    explanation = explain_error(failure(script))
    assert explanation is not None, f"nothing is said about:\n{script}"
    fix, lines = explanation.fix, script.splitlines()
    if not fix:
        return explanation, None
    first, last = fix.lines
    written = [re.match(" *", lines[first - 1])[0] + line for line in fix.code.splitlines()]
    kept = lines[: last if fix.place == "after" else first - 1]
    return explanation, run("\n".join([*kept, *written, *lines[last:]]) + "\n")
