"""What can be wrong where a recurrent network is made: the arguments of its constructor."""

import difflib
import numbers
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...wording import shorten
from ..calls import Call, Written, argument_order
from ..explanations import Explanation, Fix, Side, culprit
from ..mends import remake, spell, with_arguments


class Finding(NamedTuple):
    """One argument that is wrong, and what to write in its place (None: leave it out)."""

    argument: str
    expected: str
    rule: str
    cause: str
    value: str | None
    instead: str = ""  # another name for the argument


def check_making(call: Call) -> Explanation | None:
    """The first wrong argument, in the order in which torch looks at them."""
    finding = next(filter(None, (check(call) for check in CHECKS)), None)
    if finding is None:
        return None
    shown = _told(call.given.get(finding.argument))
    given = Side(
        call.what,
        note=f"{finding.argument}={shown}" if finding.argument in call.given else f"no {finding.argument}",
        wrong_note=True,
    )
    expected = Side(call.what, note=finding.expected)
    return Explanation(finding.rule, given, expected, finding.cause, _written_anew(call, finding))


def _told(value: Any) -> str:
    """A value in few words, the same in every run: no address of an object."""
    if isinstance(value, (Written, Tensor)):
        return str(value)
    plain = isinstance(value, (bool, int, float, str, tuple, list, torch.dtype, torch.device)) or value is None
    return shorten(repr(value), 40) if plain else getattr(value, "__name__", f"a {type(value).__name__}")


def _written_anew(call: Call, finding: Finding) -> Fix:
    changes = {finding.argument: finding.value}
    if finding.instead:
        changes = {finding.argument: None, finding.instead: finding.value}
    if finding.argument == "input_size" and "hidden_size" not in call.given:
        changes["hidden_size"] = "16"
    order = argument_order(call.made)
    values = {k: v for k, v in (call.given | changes).items() if v is not None and k in order}
    known = [
        f"{k}={v if k in changes or isinstance(v, Written) else repr(v)}"
        for k, v in values.items()
        if k != "nonlinearity" or k in changes
    ]
    return with_arguments(call, f"{spell(call, 'torch.' + call.what)}({', '.join(known)})", **changes)


# How people call the arguments elsewhere.
ELSEWHERE = {
    "layers": "num_layers",
    "n_layers": "num_layers",
    "num_layer": "num_layers",
    "hidden_dim": "hidden_size",
    "hidden": "hidden_size",
    "units": "hidden_size",
    "n_hidden": "hidden_size",
    "input_dim": "input_size",
    "embedding_dim": "input_size",
    "activation": "nonlinearity",
    "bidirection": "bidirectional",
}


def _names(call: Call) -> Finding | None:
    """An argument nobody knows, or a missing size."""
    order = argument_order(call.made)
    only_by_position = {"proj_size"} - set(call.kwargs) if not call.lstm else set()
    unknown = next((key for key in call.given if key not in order and key not in only_by_position), None)
    if "proj_size" in call.kwargs and not call.lstm:
        unknown = "proj_size"
    if unknown in ("proj_size", "nonlinearity", "num_layers", "batch_first", "dropout", "bidirectional"):
        owner = {"proj_size": "nn.LSTM", "nonlinearity": "nn.RNN and nn.RNNCell"}.get(unknown, "nn.RNN, nn.LSTM and nn.GRU")
        cause = f"{unknown} belongs to {owner}. Leave it out, or take another class."
        return Finding(unknown, f"no {unknown}", f"{call.what} has no argument {unknown}.", cause, None)
    if unknown is not None:
        near = ELSEWHERE.get(unknown) or next(iter(difflib.get_close_matches(unknown, order, 1, 0.6)), "")
        near = "" if near in call.given else near
        value = call.given[unknown]
        cause = f"It is called {near} here." if near else "Perhaps it belongs to another class."
        written = str(value) if isinstance(value, Written) else repr(value)
        rule = f"{call.what} has no argument {unknown}."
        return Finding(unknown, near or f"no {unknown}", rule, cause, written if near else None, near)
    missing = next((key for key in ("input_size", "hidden_size") if key not in call.given), None)
    if missing:
        cause = (
            "hidden_size is yours to choose: how many numbers the network remembers."
            if missing == "hidden_size"
            else ("input_size is the number of features of each step, x.size(-1).")
        )
        rule = "A network is made with two sizes: input_size and hidden_size."
        return Finding(missing, f"{missing}, a whole number >= 1", rule, cause, "16" if missing == "hidden_size" else "1")
    return None


def _dropout(call: Call) -> Finding | None:
    value = call.given.get("dropout", 0.0)
    number = isinstance(value, numbers.Number) and not isinstance(value, bool)
    if isinstance(value, Written) or (number and 0 <= value <= 1):
        return None
    right, cause = "0.0", "None or False stands for no dropout elsewhere; here that is 0.0."
    if number:
        right, cause = ("0.5", "Dropout is the share of numbers that are set to zero.")
        if 1 < value <= 100:
            right, cause = f"{value / 100:g}", "This looks like a percentage; dropout is a share."
    elif value is True:
        right, cause = "0.5", "Dropout is no switch: it says how large a share is set to zero."
    elif value not in (None, False):
        right, cause = "0.5", f"This is a {type(value).__name__}, not a number of Python's."
        if isinstance(value, Tensor) and value.numel() == 1 and 0 <= float(value) <= 1:
            right = f"{float(value):.4g}"
    return Finding("dropout", "dropout, a number from 0 to 1", "dropout is a number from 0 to 1.", cause, right)


def _nonlinearity(call: Call) -> Finding | None:
    value = call.given.get("nonlinearity", "tanh")
    if value in ("tanh", "relu") or isinstance(value, Written):
        return None
    rule, expected = "nonlinearity is 'tanh' or 'relu'.", "nonlinearity='tanh' or 'relu'"
    if isinstance(value, bool) and call.what == "nn.RNN":
        cause = "The fourth argument by position is nonlinearity. Give options by their names; this one looks like bias."
        return Finding("nonlinearity", expected, rule, cause, str(value), "bias")
    cause = (
        "A plain RNN computes with these two only."
        if isinstance(value, str)
        else f"Not a {type(value).__name__}: the name, in quotes."
    )
    lower = value.strip().lower() if isinstance(value, str) else getattr(value, "__name__", type(value).__name__).lower()
    return Finding("nonlinearity", expected, rule, cause, "'relu'" if "relu" in lower else "'tanh'")


def _switches(call: Call) -> Finding | None:
    for name in ("bias", "batch_first"):
        value = call.given.get(name, True)
        if isinstance(value, (bool, Written)) or call.cell:
            continue
        rule, expected = f"{name} is True or False.", f"{name}=True or False"
        if name == "bias" and isinstance(value, float) and 0 <= value <= 1 and "dropout" not in call.given:
            cause = "The fourth argument by position is bias. Give options by their names; this one looks like dropout."
            return Finding(name, expected, rule, cause, repr(value), "dropout")
        if name == "bias" and value in ("tanh", "relu"):
            return Finding(name, expected, rule, f"{call.what} has no nonlinearity to choose; by position this is bias.", None)
        cause = (
            f"This is {'an' if type(value).__name__[0] in 'aeiou' else 'a'} {type(value).__name__}; torch "
            "wants Python's own True or False."
        )
        return Finding(name, expected, rule, cause, str(bool(value)))
    return None


def _sizes(call: Call) -> Finding | None:
    meaning = {
        "input_size": "the number of features of each step, x.size(-1)",
        "hidden_size": "how many numbers the network remembers, yours to choose",
    }
    for name, means in meaning.items():
        value = call.given.get(name)
        if isinstance(value, (int, Written)) and (isinstance(value, Written) or value > 0 or call.cell and value == 0):
            continue
        rule, expected = f"{name} is a whole number >= 1: {means}.", f"{name}, a whole number >= 1"
        right = _whole(value)
        if isinstance(value, float) and value == right:
            return Finding(name, expected, rule, "A division with / gives a fraction, even of whole numbers: use //.", str(right))
        if isinstance(value, int):
            cause = (
                "An empty vocabulary, or a size counted before anything was read." if value == 0 else "A size is never negative."
            )
            return Finding(name, expected, rule, cause, str(abs(value) or (1 if name == "input_size" else 16)))
        cause = f"This is a {type(value).__name__}, not a whole number of Python's."
        return Finding(name, expected, rule, cause, str(right or (1 if name == "input_size" else 16)))
    return None


def _whole(value: Any) -> int:
    """The whole number in a float, a text or a tensor; 0 if there is none."""
    try:
        number = int(float(value))
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return 0
    return max(number, 0)


def _layers(call: Call) -> Finding | None:
    value = call.given.get("num_layers", 1)
    if isinstance(value, Written) or isinstance(value, int) and value > 0:
        return None
    cause = (
        "Without hidden layers there is no network: one layer is 1." if value == 0 else "A whole number of Python's is needed."
    )
    return Finding(
        "num_layers",
        "num_layers, a whole number >= 1",
        "num_layers is a whole number >= 1.",
        cause,
        str(_whole(value) or 1),
    )


def _projection(call: Call) -> Finding | None:
    value, hidden = call.given.get("proj_size", 0), call.given.get("hidden_size")
    if isinstance(value, Written) or isinstance(value, int) and 0 <= value < hidden:
        return None
    rule = "proj_size makes h smaller than hidden_size: 0 (no projection) <= proj_size < hidden_size."
    if isinstance(value, int) and value > 0:
        cause = f"{value} is not smaller than hidden_size={hidden}."
        return Finding("proj_size", f"proj_size < {hidden}", rule, cause, str(hidden // 2))
    if not call.lstm:
        cause = (
            "By position, torch takes what stands here for proj_size, which only an LSTM has. Give device "
            "and dtype by their names."
        )
        where = "dtype" if isinstance(value, torch.dtype) else "device"
        return Finding("proj_size", "no proj_size", "proj_size is for nn.LSTM only.", cause, repr(value), where)
    cause = "No projection is 0."
    return Finding("proj_size", f"proj_size from 0 to {hidden - 1}", rule, cause, "0")


def _place(call: Call) -> Finding | None:
    value = call.given.get("device")
    if value is None or isinstance(value, Written):
        return None
    rule, expected = "device is one that this torch has.", "device='cpu' (or 'cuda', where there is one)"
    if isinstance(value, bool) or not isinstance(value, (str, int, torch.device)):
        return Finding("device", expected, rule, "This is no device.", "'cpu'")
    try:
        device = torch.device(value)
    except RuntimeError:
        return Finding("device", expected, rule, "torch knows no device of this name; a graphics card is 'cuda'.", "'cpu'")
    if device.type == "cuda" and not torch.cuda.is_available():
        return Finding("device", expected, rule, "There is no graphics card here, or this torch was built without CUDA.", "'cpu'")
    return None


def _type(call: Call) -> Finding | None:
    value = call.given.get("dtype")
    fractions = isinstance(value, torch.dtype) and (value.is_floating_point or value.is_complex)
    if value is None or fractions or isinstance(value, Written):
        return None
    cause = (
        "Weights are learned in small steps: whole numbers can't hold them."
        if isinstance(value, torch.dtype)
        else "This is not a dtype of torch's."
    )
    name = spell(call, "torch.float64" if "64" in str(value) and "float" in str(value) else "torch.float32")
    return Finding("dtype", "dtype, a type of fractions such as torch.float32", "The weights are fractions.", cause, name)


CHECKS: list[Callable[[Call], Finding | None]] = [
    _names,
    _nonlinearity,
    _dropout,
    _switches,
    _sizes,
    _layers,
    _projection,
    _place,
    _type,
]


def check_made(call: Call) -> Explanation | None:
    """What torch takes when a network is made, and refuses when it is called."""
    value = getattr(call.module, "nonlinearity", "tanh")
    if value not in ("tanh", "relu"):
        given = culprit(call.what, f"nonlinearity={value!r}")
        expected = Side(call.what, note="nonlinearity='tanh' or 'relu'")
        cause = "nn.RNNCell takes any name when it is made, and complains when it is called."
        return Explanation("nonlinearity is 'tanh' or 'relu'.", given, expected, cause, remake(call, nonlinearity="tanh"))
    if not isinstance(getattr(call.module, "num_layers", 1), bool):
        return None
    given = culprit(call.what, f"num_layers={call.module.num_layers}")
    expected = Side(call.what, note="num_layers, a whole number >= 1")
    cause = "The third argument by position is num_layers. Give options by their names; this one looks like batch_first."
    fix = remake(call, num_layers=1, batch_first=call.module.num_layers)
    return Explanation("num_layers is a whole number >= 1.", given, expected, cause, fix)
