"""Wrong arguments of a constructor, nn.RNN(input_size, hidden_size, ...), and weights of a network that was made with others."""

import ast
import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...pictures.sides import Side
from ...wording import shorten
from ..calls import CELLS, RECURRENT, ConstructorCall, PackingCall, Written, argument_order, known_as
from ..explanations import Explanation, Fix, Rule
from ..facts import DEFAULTS, Facts
from ..fixes import Check, remade, spot, with_arguments
from ..source import Frame, Line, is_module, line_of, names_in


class Finding(NamedTuple):
    """One wrong argument and the cause; and, if it is certain, what to write in its place."""

    argument: str
    cause: str
    value: str | None = None  # how the right value is written
    instead: str = ""  # another name for the argument; "-" if it is to be left out


# What each argument is.
RULES = {
    "input_size": "an integer >= 1: the number of features of each time step, x.size(-1)",
    "hidden_size": "an integer >= 1: the number of features of the hidden state",
    "num_layers": "an integer >= 1",
    "nonlinearity": "'tanh' or 'relu'",
    "bias": "True or False",
    "batch_first": "True or False",
    "dropout": "a number from 0 to 1: the probability that an element is set to zero",
    "bidirectional": "True or False",
    "proj_size": "0 for no projection, or an integer smaller than hidden_size",
    "input": "the padded batch: (L, N, H_in), or (N, L, H_in) with batch_first=True",
    "lengths": "one integer for each sequence: len(sequence)",
    "sequences": "a list of tensors: one (L, H_in) for each sequence",
    "padded_sequences": "the padded batch",
    "sequence": "a PackedSequence: what a network returns for packed input",
    "packed_sequences": "a PackedSequence: what a network returns for packed input",
}
# How people call the arguments elsewhere, and what Keras has and torch does in another way.
ELSEWHERE = {
    "hidden_size": "hidden_dim hidden units n_hidden num_units hidden_units num_hidden n_units output_dim",
    "input_size": "input_dim embedding_dim in_features input_shape n_input features emb_dim embed_dim",
    "num_layers": "layers n_layers depth",
    "nonlinearity": "activation",
    "dropout": "dropout_rate drop p",
    "bias": "use_bias",
}
KERAS = "return_sequences return_state stateful recurrent_dropout time_major go_backwards unroll".split()
SIZES = ("input_size", "hidden_size", "num_layers")
# What a value of this type looks like, where arguments are given by position.
POSITIONS = {("nonlinearity", bool): "bias", ("bias", float): "dropout", ("num_layers", bool): "batch_first"}
_KEY = re.compile(r"(weight|bias)_(ih|hh|hr)(?:_l(\d+)(_reverse)?)?$")


def check_constructor(call: ConstructorCall, made: Any = None) -> Check:
    """The wrong arguments of a network that was to be made, or was made."""
    for finding in (*check_names(call), *_values(call)):
        yield from said_of(call, finding, made)


def said_of(call: ConstructorCall | PackingCall, finding: Finding, made: Any = None) -> Check:
    """The rule of a wrong argument, the cause, and the call, or the line that made a network, with another argument."""
    name, what, unknown = finding.argument, call.name, not _has(call, finding.argument)
    rule = f"{what} has no argument {name.removeprefix('argument ')}." if unknown else f"{name} must be {RULES[name]}."
    others = f"({', '.join(call.order)})" if isinstance(call, PackingCall) else f"no {name}"
    expected = f"{name}={RULES[name].partition(':')[0]}" if not unknown else finding.instead.strip("-") or others
    yield Rule(what, rule, f"{name}={_said(call.given[name])}" if name in call.given else f"no {name}", expected)
    changes: dict[str, str | None] = {}
    for found in reversed([*check_names(call)]) if unknown else [finding]:  # of unknown names, all at once
        changes |= _changes(call, found)
    fix = remade(call.line, made, **changes) if made is not None else with_arguments(call, **changes)
    late = " torch accepts this when the network is made, and raises when it is called." * (made is not None)
    yield finding.cause + late, fix if changes else ""


def _changes(call: ConstructorCall | PackingCall, finding: Finding) -> dict[str, str | None]:
    """What to write for a wrong argument: what the learner has written, under another name; no number instead of a name."""
    name, value, found = finding.argument, finding.value, spot(call, finding.argument)
    given = call.given.get(name)
    if found and value is not None and value == (given if isinstance(given, Written) else repr(given)):
        value = found.code
    elif found and value is not None and names_in(found.node):
        if not isinstance(found.node, ast.BinOp) or not isinstance(found.node.op, ast.Div):
            return {}
        value = found.code.replace("/", "//")
    return ({name: None} if finding.instead else {}) | ({finding.instead or name: value} if value is not None else {})


def _said(value: Any) -> str:
    """A value in few words, the same in every run: no address of an object."""
    said = str(value) if isinstance(value, (Written, Tensor)) else repr(value)
    return getattr(value, "__name__", f"a {type(value).__name__}") if " at 0x" in said else shorten(said, 40)


def _has(call: ConstructorCall | PackingCall, name: str) -> bool:
    return name in call.order and (name != "proj_size" or "LSTM" in call.name)


def check_names(call: ConstructorCall | PackingCall) -> Iterator[Finding]:
    """Arguments that the class or the function does not have, and arguments that are missing."""
    for name, value in call.given.items():
        if _has(call, name):
            continue
        near = [right for right, names in ELSEWHERE.items() if name in names.split() and right in call.order]
        near += difflib.get_close_matches(name, call.order, 1, 0.6)
        if name == "proj_size" and not isinstance(value, int):
            cause = "By position the ninth argument is proj_size, which only an LSTM has. Pass device and dtype by name."
            yield Finding(name, cause, repr(value), "dtype" if isinstance(value, torch.dtype) else "device")
        elif name in DEFAULTS and isinstance(call, ConstructorCall):
            owner = {"proj_size": "nn.LSTM", "nonlinearity": "nn.RNN and nn.RNNCell"}.get(name, "nn.RNN, nn.LSTM and nn.GRU")
            yield Finding(name, f"{name} belongs to {owner}. Leave it out, or use another class.", instead="-")
        elif name in KERAS:
            cause = "This is an argument of Keras. In torch, output always has all time steps, and h_n has the final state."
            yield Finding(name, cause, instead="-")
        elif not near or near[0] in call.given:
            yield Finding(name, "It is one too many, or belongs to another class or function.")
        elif isinstance(value, tuple) and value:
            cause = f"It is called {near[0]} here, and it is one number: the last of the shape, the features of a time step."
            yield Finding(name, cause, repr(value[-1]) if isinstance(value[-1], int) else None, near[0])
        else:
            yield Finding(
                name, f"It is called {near[0]} here.", str(value) if isinstance(value, Written) else repr(value), near[0]
            )
    needed = call.order[: 2 if {"hidden_size", "lengths"} & {*call.order} else 1]
    yield from (Finding(name, f"{name} is missing.") for name in needed if name not in call.given)


def _values(call: ConstructorCall) -> Iterator[Finding]:
    """Values that are not what RULES says of their argument."""
    cell = issubclass(call.kind, CELLS)
    for name, value in sorted(call.given.items(), key=lambda each: each[0] in SIZES):  # torch looks at the options first
        if isinstance(value, Written) or name not in RULES or not _has(call, name):
            continue
        meant, kind = POSITIONS.get((name, type(value)), ""), type(value).__name__
        if meant and not (cell and name == "bias") and meant not in call.given:
            yield Finding(
                name,
                f"By position this argument is {name}, but the value looks like {meant}. Pass options by name.",
                repr(value),
                meant,
            )
        if name == "nonlinearity" and value not in ("tanh", "relu"):
            yield Finding(name, "A plain RNN has only these two, by their names in quotes.")
        elif name == "dropout" and not (isinstance(value, (int, float)) and kind != "bool" and 0 <= value <= 1):
            yield Finding(name, "It is not such a number. No dropout is 0.0.")
        elif isinstance(DEFAULTS.get(name), bool) and kind != "bool" and not cell:  # a cell does not check this
            yield Finding(name, f"This is of type {kind}, not bool.", str(bool(value)) if value in (0, 1) else None)
        elif name == "proj_size" and (not isinstance(value, int) or value < 0):
            yield Finding(name, "No projection is 0.", "0")
        elif name == "proj_size" and value >= call.given.get("hidden_size", 1):
            yield Finding(name, f"{value} is not smaller than hidden_size={call.given['hidden_size']}.")
        elif name in SIZES and not isinstance(value, int):
            yield _no_integer(name, value)
        elif name in SIZES and value < (not cell):
            zero = "One layer is 1." if name == "num_layers" else "It was counted too early, or the vocabulary is empty."
            yield Finding(name, "It is never negative." if value else zero)


def _no_integer(name: str, value: Any) -> Finding:
    """A size of another type, and the integer in it if there is one."""
    whole = isinstance(value, float) and value > 0 and value.is_integer()
    cause = f"This is of type {type(value).__name__}, not a Python integer."
    if isinstance(value, str):
        cause = f"This is a text, as a file of settings contains. Make it an integer where it is read: int({value!r})."
    cause = "A division with / gives a float, even of integers: use //." if whole else cause
    return Finding(name, cause, str(int(value)) if whole else None)


def check_made(facts: Facts) -> Check:
    """What torch accepts when a network is made, and refuses when it is called."""
    module, kind = facts.module, type(facts.module)
    given = {name: getattr(module, name) for name in (*SIZES, "nonlinearity", "bidirectional") if hasattr(module, name)}
    return check_constructor(ConstructorCall(given, facts.call.line, False, argument_order(kind), kind), module)


def explain_loading(steps: list[Frame]) -> Explanation | None:
    """An error of load_state_dict whose weights do not fit a recurrent network in the model."""
    step = next((s for s in reversed(steps) if s.function == "load_state_dict" and s.in_torch and is_module(s.owner)), None)
    saved: Any = step.frame.f_locals.get("state_dict") if step else None
    parts = step.owner.named_modules() if step and isinstance(saved, Mapping) else ()
    found = (_loaded(saved, place, part, line_of(steps)) for place, part in parts if isinstance(part, RECURRENT))
    return next(filter(None, found), None)


def _loaded(saved: Mapping[str, Any], place: str, part: Any, line: Line) -> Explanation | None:
    """Weights of a network with another name or other arguments than the one at this place of the model."""
    prefix, what = f"{place}." * bool(place), known_as(type(part))
    kind, made = made_with(saved, prefix)
    own = {k: getattr(part, k) for k in made if hasattr(part, k)}
    for key in saved if not made else ():
        found = _KEY.search(key)
        front = key[: found.start()] if found else prefix
        if found and front != prefix and (front.endswith(f".{prefix}") or f".{prefix}".endswith(f".{front}")):
            less, more = prefix.removesuffix(front)[:-1], front.partition(".")[0]
            cause = f"No key begins with {less}: the weights were saved from that part alone. Load them into .{less}."
            if len(front) > len(prefix):
                cause = f"Each key begins with {more}: the weights were saved from a model around this one, as nn.DataParallel "
                cause += "makes it. Take that part off each key."
            rule = "The keys of a state_dict are the names in the model that loads it."
            return Rule("keys", rule, key, prefix + found[0]).explained(cause)
    if not made or own == made and kind == what:
        return None
    given, expected = f"{kind}({_written(made)})", f"{what}({_written(own)})"
    cause = f"The weights were saved from {given}, and are loaded into {expected}. Make both in the same way."
    if kind != what and kind.removesuffix("Cell") == what.removesuffix("Cell"):
        cause += " Or rename the keys: weight_ih of a cell is weight_ih_l0 of a layer, and so on."
    fix = remade(line, part, **{k: repr(v) for k, v in made.items() if own.get(k) != v}) if kind == what else Fix()
    rule, side = "A state_dict fits a network that was made with the same arguments.", Side(place or "the network", note=expected)
    return Rule("the file", rule, given, side).explained(cause, fix)


def _written(options: dict[str, Any]) -> str:
    return ", ".join(f"{k}={v!r}" for k, v in options.items() if v != DEFAULTS.get(k))


def made_with(saved: Mapping[str, Any], prefix: str = "") -> tuple[str, dict[str, Any]]:
    """The class and the arguments of the network that these weights come from; no arguments if there are no such weights.

    >>> import torch
    >>> made_with(torch.nn.GRU(3, 4, bidirectional=True).state_dict())
    ('nn.GRU', {'input_size': 3, 'hidden_size': 4, 'bias': True, 'num_layers': 1, 'bidirectional': True})
    """
    found = {k.removeprefix(prefix): v for k, v in saved.items() if isinstance(k, str) and k.startswith(prefix)}
    keys = {k: m for k in found if (m := _KEY.fullmatch(k)) and isinstance(found[k], Tensor)}
    first, hidden, narrow = (found.get(n, found.get(f"{n}_l0")) for n in ("weight_ih", "weight_hh", "weight_hr"))
    if first is None or hidden is None or first.dim() != 2 or hidden.dim() != 2:
        return "", {}
    H_out = hidden.shape[1] if narrow is None else narrow.shape[1]
    made: dict[str, Any] = dict(input_size=first.shape[1], hidden_size=H_out, bias=any(m[1] == "bias" for m in keys.values()))
    gates = {1: "nn.RNN", 3: "nn.GRU", 4: "nn.LSTM"}.get(first.shape[0] // H_out, "another network")
    gates += "Cell" * ("weight_ih" in keys)
    if "weight_ih" not in keys:
        made |= dict(num_layers=1 + max(int(m[3]) for m in keys.values()), bidirectional=any(m[4] for m in keys.values()))
        made |= {"proj_size": 0 if narrow is None else narrow.shape[0]} if gates == "nn.LSTM" else {}
    return gates, made
