"""What the prose of a notebook claims, held against the code and the outputs of the same section.

Nothing has to be marked beyond what Markdown has anyway. In the text of a notebook

- each number in digits must stand in the code or an output nearby, rounded as the text rounds it
- each name in inline code must be one of the notebook's, of torch's, or of the course's; a word must be in an output
- each shape in inline code, `(4, 8)` or `(L=5, N=2, H_in=3)`, must stand nearby in this order
- each equation in inline code, `output[-1] == h_n[-1]`, is run at the end of its section (kernel_checks.py)

*Nearby* is the section, and the code cells right before and after the text; for what sums up at the end, all. What no code
here can show, such as a fact about the world, is told in words, or in a sentence with a link to where it is from.
"""

import ast
import builtins
import keyword
import re
from functools import cache
from itertools import chain

from stored import ROOT, code_cells, sections, words

import helpers

NUMBER = r"\d+(?:\.\d+)?(?:e[-−]?\d+)?"
AXES = {
    "L",
    "N",
    "D",
    "H_in",
    "H_out",
    "t",
    "h",
    "x",
    "W_ih",
    "W_hh",
    "W",
    "T",
    "dtype",
    "shape",
    "h_0",
    "h0",
    "c_n",
    "input",
    "ih",
    "hh",
}
NO_CLAIMS = [  # numbers that count cells, minutes, notebooks and mistakes, and the addresses of links
    r"^#+ \d+(?: and \d+)?\.",
    r"\*\*\d+ minutes\.\*\*",
    r"^\| (?:\*\*|\[)\d\d .*\| \d+ \|$",  # the map of the course
    r"(?<=\])\([^()]*\)",
    r"\[\d\d [^\]]*\]",
    r"\*\*\d\d [^*]*\*\*",
    r"notebooks? \d\d(?:(?:,? and|,| to) \d\d)*",
    r"\(\d\d\)",
    r"mistakes? \d+",
    r"`[A-Z_]{4,}=[^`]*`",
]


def untrue_numbers(notebook):
    return [f"{told}: in {text!r}" for text, near in texts(notebook) for told in numbers(text) if not stands_in(told, near)]


def texts(notebook):
    """Each prose cell's text, and all that is written nearby."""
    for _, cells in sections(notebook):
        for cell in cells:
            if cell.cell_type == "markdown":
                yield cell.source, nearby(notebook, cell, cells)


def nearby(notebook, cell, section):
    if "## What we have seen" in cell.source:  # it sums up the whole notebook
        return "\n".join(words(other) for other in code_cells(notebook))
    at = notebook.cells.index(cell)
    before = [other for other in notebook.cells[:at] if other.cell_type == "code"][-1:]
    after = [other for other in notebook.cells[at:] if other.cell_type == "code"][:1]
    inside = [other for other in section if other.cell_type == "code"]
    return "\n".join(words(other) for other in chain(before, inside, after))


def numbers(text):
    """The numbers that a text writes in digits: ["0.76", "25 %"]; no part of a name, as in h_0, l1 or float64."""
    for pattern in [r"[^.]*\]\(https://[^)]*\)", *NO_CLAIMS]:  # first of all a sentence with its source
        text = re.sub(pattern, " ", text, flags=re.M)
    return re.findall(rf"(?<![\w.]){NUMBER}(?: ?%)?(?![\w]|\.\d)", text)


def stands_in(told, near):
    """Whether a number is among those nearby, once they are rounded as it is."""
    value, scale = float(re.sub(r"[ %]", "", told.replace("−", "-"))), 100 if "%" in told else 1
    digits = len(told.partition(".")[2].rstrip(" %")) if "e" not in told else 12
    found = (float(number.replace("−", "-")) for number in re.findall(NUMBER, near))
    return any(abs(round(scale * number, digits) - value) < 1e-12 or number == value for number in found)


# ---- inline code --------------------------------------------------------------------------------------------------------


def inline(text):
    return re.findall(r"`([^`\n]+)`", text)


def equations(text):
    """What the prose claims in inline code with `==`, such as `output[-1] == h_n[-1]`."""
    return [claim for claim in re.findall(r"`([^`\n]+==[^`\n]+)`", text) if is_expression(claim)]


def is_expression(text):
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return True


def unknown_names(notebook):
    """Names in inline code that neither the notebook nor torch nor the course has."""
    known = ours() | set(chain.from_iterable(names(cell.source) for cell in code_cells(notebook)))
    written, found = "\n".join(words(cell) for cell in code_cells(notebook)), []
    for text, _ in texts(notebook):
        for piece in inline(text):
            if re.match(r"[A-Z_]{4,}=", piece) or any((ROOT / part).is_file() for part in piece.split()):
                continue  # a variable of the environment, a file of the course
            parts = re.findall(r"(?<![\w.])[A-Za-z_]\w*|(?<=\.)[A-Za-z_]\w*", re.sub(r"(['\"]).*?\1|\d+e-?\d+", "", piece))
            found += [f"{part}: in `{piece}`" for part in parts if part not in known and piece not in written]
    return found


def names(source):
    """Every name in a cell's code: variables, attributes, keywords, and words in strings that are names (a file's, a key)."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        for field in ("id", "attr", "arg", "name", "asname", "module"):
            found |= set(str(getattr(node, field, None) or "").split("."))
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= set(re.findall(r"\w+", node.value))
    return found


@cache
def ours():
    """What torch, Python and the course bring with them."""
    import torch  # here, not above: pytest loads this module in every run, also where it only hands out tests
    from torch import nn

    modules = [kind(3, 4, 3, bidirectional=True) for kind in (nn.RNN, nn.LSTM, nn.GRU)] + [nn.RNNCell(3, 4)]
    found = AXES | set(dir(builtins)) | set(keyword.kwlist) | set(helpers.__all__)
    found |= {"python", "torch", "nn", "helpers", "l0", "l1"}
    of_torch = (torch, nn, nn.utils, nn.utils.rnn, torch.Tensor, torch.cuda, torch.backends, torch.backends.cudnn)
    for thing in (*of_torch, *modules):
        found |= set(dir(thing))
    for module in modules:
        found |= {name for name, _ in module.named_parameters()}
    return found | {
        "input_size",
        "hidden_size",
        "num_layers",
        "nonlinearity",
        "enforce_sorted",
        "drop_last",
        "weights_only",
        "batch_sizes",
        "allow_tf32",
    }


def untrue_shapes(notebook):
    """Shapes with numbers in inline code that stand nowhere nearby."""
    found = []
    for text, near in texts(notebook):
        near = re.sub(r"\s", "", near)
        for piece in inline(text):
            shapes = re.findall(r"(?<!\w)\(([^()]*\d[^()]*)\)", piece)
            shapes = [re.sub(r"\s", "", shape) for shape in shapes if "," in shape]
            found += [piece for shape in shapes if shape not in near and re.sub(r"[\w*]+=", "", shape) not in near]
    return found
