"""Wrong arguments of a constructor: nn.RNN(input_size, hidden_size, ...) and its relatives."""

import difflib
import numbers
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...wording import shorten
from ..calls import CELLS, LSTMS, ConstructorCall, ForwardCall, Written, known_as
from ..explanations import Explanation, Fix, Side, culprit
from ..facts import Facts
from ..fixes import remade, with_arguments


class Finding(NamedTuple):
    """One wrong argument, the cause, and what to write in its place."""

    argument: str
    cause: str
    value: str | None = None  # None: leave it out
    instead: str = ""  # another name for the argument
    certain: bool = True  # whether the value is what the learner must have meant


# What each argument is: the rule, and how the right argument looks.
RULES = {
    "input_size": ("input_size is an integer >= 1: the number of features of each time step, x.size(-1).", "an integer >= 1"),
    "hidden_size": ("hidden_size is an integer >= 1: the number of features of the hidden state.", "an integer >= 1"),
    "num_layers": ("num_layers is an integer >= 1.", "an integer >= 1"),
    "nonlinearity": ("nonlinearity is 'tanh' or 'relu'.", "'tanh' or 'relu'"),
    "bias": ("bias is True or False.", "True or False"),
    "batch_first": ("batch_first is True or False.", "True or False"),
    "dropout": ("dropout is a number from 0 to 1: the probability that an element is set to zero.", "a number from 0 to 1"),
    "proj_size": (
        "proj_size is an integer with 0 <= proj_size < hidden_size; 0 is no projection.",
        "0 <= proj_size < hidden_size",
    ),
    "device": ("device is a device that this torch has.", "'cpu', or 'cuda' where there is a GPU"),
    "dtype": ("The weights are floating-point numbers.", "a floating-point dtype such as torch.float32"),
}
# How people call the arguments elsewhere.
ELSEWHERE = {
    "hidden_size": "hidden_dim hidden units n_hidden num_units hidden_units num_hidden n_units cell_size output_dim state_size h_dim",
    "input_size": "input_dim embedding_dim in_features input_shape n_input n_inputs features emb_dim embed_dim num_features input",
    "num_layers": "layers n_layers num_layer depth nlayers nb_layers",
    "nonlinearity": "activation activation_fn act",
    "bidirectional": "bidirection bi birnn bidir",
    "dropout": "dropout_rate drop p drop_prob dropout_p",
    "bias": "use_bias",
}
# What Keras' layers are made with, and torch does otherwise.
KERAS = {
    "return_sequences": "nn.RNN always returns all time steps in output; the last one is in h_n.",
    "return_state": "nn.RNN always returns the final state, as h_n beside output.",
    "stateful": "The state is carried by passing h_n to the next call.",
    "recurrent_dropout": "torch has no dropout between time steps; dropout acts between layers.",
    "time_major": "The order of the axes is chosen with batch_first.",
    "go_backwards": "torch has no such option: flip the input with x.flip(0).",
}


def check_constructor(call: ConstructorCall) -> Explanation | None:
    """The first wrong argument, in the order in which torch looks at them."""
    lists = (_names, _missing, _nonlinearity, _dropout, _switches, _sizes, _layers, _projection, _place, _dtype)
    finding = next((found for check in lists for found in check(call)), None)
    if finding is None:
        return None
    name, what = finding.argument, known_as(call.kind)
    unknown = finding.argument not in call.order or name == "proj_size" and call.kind not in LSTMS
    rule, expected = RULES.get(name, ("", ""))
    rule = f"{what} has no argument {name}." if unknown else rule
    expected = f"{name}={expected}" if not unknown else finding.instead or f"no {name}"
    given = f"{name}={_said(call.given[name])}" if name in call.given else f"no {name}"
    fix = Fix()
    if finding.certain:
        together = {found.argument: found for found in reversed([*_names(call)])} if unknown else {name: finding}
        changes = {f.argument: None if f.instead else f.value for f in together.values() if f.certain}
        fix = with_arguments(call, **changes | {f.instead: f.value for f in together.values() if f.certain and f.instead})
    return Explanation(rule, culprit(what, given), Side(what, note=expected), finding.cause, fix)


def _said(value: Any) -> str:
    """A value in few words, the same in every run: no address of an object."""
    if isinstance(value, (Written, Tensor)):
        return str(value)
    plain = isinstance(value, (bool, int, float, str, tuple, list, torch.dtype, torch.device)) or value is None
    return shorten(repr(value), 40) if plain else getattr(value, "__name__", f"a {type(value).__name__}")


def _code(value: Any) -> str:
    return str(value) if isinstance(value, Written) else repr(value)


def _names(call: ConstructorCall) -> Iterator[Finding]:
    """Arguments that the class does not have."""
    lstm, what = issubclass(call.kind, LSTMS), known_as(call.kind)
    owners = {"proj_size": "nn.LSTM", "nonlinearity": "nn.RNN and nn.RNNCell"}
    for name, value in call.given.items():
        foreign = name == "proj_size" and name in call.by_name and not lstm
        if name in call.order and not foreign:
            continue
        if name in RULES or name == "bidirectional":
            owner = owners.get(name, "nn.RNN, nn.LSTM and nn.GRU")
            yield Finding(name, f"{name} belongs to {owner}. Leave it out, or use another class.")
        elif name in KERAS:
            yield Finding(name, f"This is an argument of Keras. {KERAS[name].replace('nn.RNN', what)}")
        near = next((right for right, names in ELSEWHERE.items() if name in names.split() and right in call.order), "")
        near = near or next(iter(difflib.get_close_matches(name, call.order, 1, 0.6)), "")
        near = "" if near in call.given else near
        if near and isinstance(value, tuple) and value:
            cause = f"It is called {near} here, and it is one number: the last of the shape, the features of a time step."
            yield Finding(name, cause, _code(value[-1]), near, isinstance(value[-1], int))
        cause = f"It is called {near} here." if near else "It may belong to another class."
        yield Finding(name, cause, _code(value) if near else None, near, bool(near))


def _missing(call: ConstructorCall) -> Iterator[Finding]:
    if "input_size" not in call.given:
        yield Finding("input_size", "input_size is missing: the number of features of each time step, x.size(-1).", certain=False)
    if "hidden_size" not in call.given:
        yield Finding("hidden_size", "hidden_size is missing. You choose it: how many values the state has.", certain=False)


def _nonlinearity(call: ConstructorCall) -> Iterator[Finding]:
    value = call.given.get("nonlinearity", "tanh")
    if value in ("tanh", "relu") or isinstance(value, Written):
        return
    if isinstance(value, bool):
        cause = "The fourth argument by position is nonlinearity, and this looks like bias. Pass options by name."
        yield Finding("nonlinearity", cause, str(value), "bias")
    said = value if isinstance(value, str) else getattr(value, "__name__", type(value).__name__)
    right = next((name for name in ("tanh", "relu") if name in str(said).lower()), None)
    cause = (
        "A plain RNN has only these two."
        if isinstance(value, str)
        else f"This is a {type(value).__name__}, not a name in quotes."
    )
    yield Finding("nonlinearity", cause, repr(right), certain=right is not None)


def _dropout(call: ConstructorCall) -> Iterator[Finding]:
    value = call.given.get("dropout", 0.0)
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if isinstance(value, Written) or number and 0 <= value <= 1:
        return
    if number and 1 < value <= 100:
        yield Finding("dropout", "This looks like a percentage.", f"{value / 100:g}")
    elif value is None or value is False:
        yield Finding("dropout", "No dropout is 0.0.", "0.0")
    elif isinstance(value, Tensor) and value.numel() == 1 and 0 <= float(value) <= 1:
        yield Finding("dropout", "This is a tensor, not a Python number.", f"{float(value):.4g}")
    cause = "Dropout is no switch: it says how large a share is set to zero." if value is True else "This is no such number."
    yield Finding("dropout", cause, certain=False)


def _switches(call: ConstructorCall) -> Iterator[Finding]:
    for name in ("bias", "batch_first"):
        value = call.given.get(name, True)
        if isinstance(value, (bool, Written)) or issubclass(call.kind, CELLS):
            continue
        if name == "bias" and isinstance(value, float) and 0 <= value <= 1 and "dropout" not in call.given:
            cause = "The fourth argument by position is bias, and this looks like dropout. Pass options by name."
            yield Finding(name, cause, repr(value), "dropout")
        elif name == "bias" and value in ("tanh", "relu"):
            yield Finding(name, f"{known_as(call.kind)} has no nonlinearity to choose; by position this is bias.")
        yield Finding(name, f"This is of type {type(value).__name__}, not bool.", str(bool(value)), certain=value in (0, 1))


def _sizes(call: ConstructorCall) -> Iterator[Finding]:
    for name in ("input_size", "hidden_size"):
        value = call.given.get(name)
        if isinstance(value, Written) or isinstance(value, int) and (value > 0 or issubclass(call.kind, CELLS) and value == 0):
            continue
        right = _integer(value)
        if isinstance(value, float) and value == right:
            yield Finding(name, "A division with / gives a float, even of integers: use //.", str(right))
        elif isinstance(value, int):
            why = "An empty vocabulary, or a size that was counted before anything was read." if value == 0 else ""
            yield Finding(name, why or "A size is never negative.", certain=False)
        yield Finding(name, f"This is of type {type(value).__name__}, not a Python integer.", str(right), certain=right > 0)


def _integer(value: Any) -> int:
    """The integer in a float, a text or a tensor; 0 if there is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return 0
    return max(int(number), 0) if number == number // 1 else 0


def _layers(call: ConstructorCall) -> Iterator[Finding]:
    value = call.given.get("num_layers", 1)
    if isinstance(value, Written) or isinstance(value, int) and value > 0:
        return
    cause = "Without hidden layers there is no network: one layer is 1." if value == 0 else "It must be a Python integer."
    yield Finding("num_layers", cause, str(_integer(value) or 1), certain=value == 0 or _integer(value) > 0)


def _projection(call: ConstructorCall) -> Iterator[Finding]:
    value, hidden = call.given.get("proj_size", 0), call.given.get("hidden_size")
    if isinstance(value, Written) or isinstance(value, int) and isinstance(hidden, int) and 0 <= value < hidden:
        return
    if not issubclass(call.kind, LSTMS) and value != 0:
        cause = "torch takes the ninth argument by position for proj_size, which only an LSTM has. Pass device and dtype by name."
        yield Finding("proj_size", cause, repr(value), "dtype" if isinstance(value, torch.dtype) else "device")
    if isinstance(value, int) and value > 0:
        yield Finding(
            "proj_size", f"A projection makes h smaller, and {value} is not smaller than hidden_size={hidden}.", certain=False
        )
    yield Finding("proj_size", "No projection is 0.", "0", certain=value is None)


def _place(call: ConstructorCall) -> Iterator[Finding]:
    value = call.given.get("device")
    if value is None or isinstance(value, (Written, int)):
        return
    try:
        device = torch.device(value)
    except (RuntimeError, TypeError):
        yield Finding("device", "torch has no device of this name; a GPU is 'cuda'.", certain=False)
        return
    if device.type == "cuda" and not torch.cuda.is_available():
        yield Finding("device", "There is no GPU here, or this torch was built without CUDA.", "'cpu'")


def _dtype(call: ConstructorCall) -> Iterator[Finding]:
    value = call.given.get("dtype")
    if (
        value is None
        or isinstance(value, Written)
        or isinstance(value, torch.dtype)
        and (value.is_floating_point or value.is_complex)
    ):
        return
    known = isinstance(value, torch.dtype)
    yield Finding("dtype", "Integers can't hold weights." if known else "This is not a dtype of torch.", certain=False)


def check_made(facts: Facts) -> Explanation | None:
    """What torch accepts when a network is made, and refuses when it is called."""
    call: ForwardCall = facts.call
    nonlinearity, layers = getattr(facts.module, "nonlinearity", "tanh"), getattr(facts.module, "num_layers", 1)
    if nonlinearity not in ("tanh", "relu"):
        given, expected = (
            culprit(facts.kind, f"nonlinearity={nonlinearity!r}"),
            Side(facts.kind, note="nonlinearity='tanh' or 'relu'"),
        )
        cause = f"{facts.kind} accepts any name when it is made, and raises when it is called."
        return Explanation(RULES["nonlinearity"][0], given, expected, cause)
    if not isinstance(layers, bool):
        return None
    given, expected = culprit(facts.kind, f"num_layers={layers}"), Side(facts.kind, note=f"batch_first={layers}")
    cause = "The third argument by position is num_layers, and this looks like batch_first. Pass options by name."
    fix = remade(call.line, facts.module, num_layers="1", batch_first=str(layers))
    return Explanation(RULES["num_layers"][0], given, expected, cause, fix)
