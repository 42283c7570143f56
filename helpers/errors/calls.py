"""From an exception back to the call that raised it: which network or packing function, with what, on which line."""

import ast
import inspect
from dataclasses import dataclass, field
from typing import Any

from torch import nn
from torch.nn.modules import rnn as torch_modules
from torch.nn.utils import rnn as torch_packing

from .source import Frame, Line, line_at, line_of

CELLS = nn.modules.rnn.RNNCellBase
RECURRENT = (nn.RNNBase, CELLS)
LSTMS = (nn.LSTM, nn.LSTMCell)
PACKING = ["pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence", "unpack_sequence", "unpad_sequence"]


class Written(str):
    """An argument of which only the text is known, not the value."""


@dataclass(frozen=True, eq=False)
class Call:
    """A call with its arguments by name, in the learner's line; `direct` if the line makes this very call, nothing around it."""

    given: dict[str, Any]
    line: Line
    direct: bool
    order: list[str]  # the names of the arguments, as they are taken by position


@dataclass(frozen=True, eq=False)
class ForwardCall(Call):
    """A network that was called: output, h_n = rnn(input, hx)."""

    module: Any
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    behind: tuple[nn.Sequential, int] | None = None  # the nn.Sequential that handed the input on, and the layer's place in it
    first: bool = False  # the line calls an nn.Sequential that begins with this network


@dataclass(frozen=True, eq=False)
class ConstructorCall(Call):
    """A network that was to be made: nn.RNN(input_size, hidden_size)."""

    kind: type

    @property
    def name(self) -> str:
        return known_as(self.kind)


@dataclass(frozen=True, eq=False)
class PackingCall(Call):
    """A function of torch.nn.utils.rnn that was called, or PackedSequence itself."""

    name: str
    inner: dict[str, Any] = field(default_factory=dict)  # what torch had made of the arguments when it raised
    refused: bool = False  # the arguments do not fit the signature


def find_call(steps: list[Frame], error: BaseException) -> Call | None:
    """The call of a recurrent network or a packing function that raised, or None if the error is not theirs.

    >>> import torch
    >>> from helpers.errors.source import steps_of
    >>> try:
    ...     nn.RNN(3, 4)(torch.zeros(5, 2, 7))
    ... except RuntimeError as error:
    ...     find_call(steps_of(error.__traceback__), error).given["input"].shape
    torch.Size([5, 2, 7])
    """
    last = next((i for i in reversed(range(len(steps))) if not steps[i].in_torch), None)
    if last is None:
        return None
    # What raised must be below the last line that is not torch's: an error in a learner's hook is not the network's.
    below, line = steps[last + 1 :], line_of(steps[: last + 1])
    own = not steps[last].in_a_package
    for i, step in enumerate(below):
        recurrent, own_file = isinstance(step.owner, RECURRENT), step.file == torch_modules.__file__
        if recurrent and own_file and step.function == "__init__":
            return _constructor(step, line, own and i == 0)
        if recurrent and (own_file and step.function == "forward" or _refused(step, below[i + 1 :])):
            return _forward(step, below[: i + 1], line, own)
        if step.file == torch_packing.__file__ and step.function in (*PACKING, "__new__"):
            name = "PackedSequence" if step.function == "__new__" else step.function
            inner = dict(below[-1].frame.f_locals) if below[-1].file == torch_packing.__file__ else {}
            given = dict(step.frame.f_locals)
            return PackingCall(given, line, own and i == 0, _parameters(getattr(torch_packing, name)), name, inner)
    return _refused_at_once(line_at(steps[last])) if not below and own and isinstance(error, TypeError) else None


def _refused(step: Frame, deeper: list[Frame]) -> bool:
    """Whether the arguments do not even fit forward's signature: then forward has no frame of its own."""
    seen = step.frame.f_locals
    if deeper or step.function != "_call_impl":
        return False
    try:
        inspect.signature(step.owner.forward).bind(*seen.get("args", ()), **seen.get("kwargs", {}))
    except TypeError:
        return True
    return False


def _forward(step: Frame, above: list[Frame], line: Line, own: bool) -> ForwardCall:
    module, seen = step.owner, step.frame.f_locals
    # Torch's forward gives its arguments new values on the way; the frame that calls it still has the first ones.
    outer = [s.frame.f_locals for s in above if s.owner is module and s.function == "_call_impl"]
    args, kwargs = (seen.get("orig_input", seen.get("input")), seen.get("hx")), {}
    if outer:
        args, kwargs = outer[-1]["args"], outer[-1]["kwargs"]
    before, whole = behind(above, module), above[0].owner
    first = own and before is None and isinstance(whole, nn.Sequential)
    given = dict(zip(("input", "hx"), args)) | {k: v for k, v in kwargs.items() if k in ("input", "hx")}
    return ForwardCall(given, line, own and whole is module, ["input", "hx"], module, args, kwargs, before, first)


def behind(steps: list[Frame], module: Any) -> tuple[nn.Sequential, int] | None:
    """The nn.Sequential that called this module as a later layer, and the module's place in it."""
    for step in reversed(steps):
        if isinstance(step.owner, nn.Sequential) and step.frame.f_locals.get("module") is module:
            place = next(i for i, part in enumerate(step.owner) if part is module)
            return (step.owner, place) if place else None
    return None


def _constructor(step: Frame, line: Line, direct: bool) -> ConstructorCall:
    seen, kind, order = step.frame.f_locals, type(step.owner), argument_order(type(step.owner))
    kwargs = dict(seen.get("kwargs", {}))
    if issubclass(kind, CELLS):
        given = {key: seen[key] for key in order if key in seen}
    else:
        kept = vars(step.owner).get("nonlinearity", kwargs.get("nonlinearity"))
        # Of nn.RNN, torch may already have taken the nonlinearity out of args.
        by_position = [k for k in order if k != "nonlinearity"] if kept is not None and issubclass(kind, nn.RNN) else order
        given = dict(zip(by_position, seen.get("args", ()))) | kwargs
        given |= {"nonlinearity": kept} if issubclass(kind, nn.RNN) else {}
    return ConstructorCall(given, line, direct, order, kind)


def argument_order(kind: type) -> list[str]:
    """The names of the arguments a network is made with, in the order in which torch takes them by position.

    >>> argument_order(nn.GRUCell)
    ['input_size', 'hidden_size', 'bias', 'device', 'dtype']
    """
    own = ["nonlinearity"] if issubclass(kind, (nn.RNN, nn.RNNCell)) else []  # torch's signature says only *args, **kwargs
    layer = ["num_layers", *own, "bias", "batch_first", "dropout", "bidirectional", "proj_size"]
    options = ["bias", *own] if issubclass(kind, CELLS) else layer
    return ["input_size", "hidden_size", *options, "device", "dtype"]


def _refused_at_once(line: Line) -> Call | None:
    """A cell's class or a packing function refused arguments, before any frame of torch's; of them the text is known."""
    node = line.call
    kind: Any = line.value(node.func) if node else None
    cell = isinstance(kind, type) and issubclass(kind, CELLS) and kind.__module__.startswith("torch.")
    known = cell or any(kind is getattr(torch_packing, name) for name in PACKING)
    if node is None or not known or any(isinstance(arg, ast.Starred) for arg in node.args):
        return None
    order = argument_order(kind) if cell else _parameters(kind)
    named = {str(k.arg): Written(line.text(k.value)) for k in node.keywords}
    names = [*order, *(f"argument {i}" for i in range(len(order) + 1, 99))]
    given = dict(zip(names, [Written(line.text(arg)) for arg in node.args])) | named
    if cell:
        return ConstructorCall(given, line, True, order, kind)
    return PackingCall(given, line, True, order, kind.__name__, refused=True)


def _parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def known_as(kind: type) -> str:
    """The torch class that one's own subclass builds on, as it is written in code.

    >>> known_as(nn.GRU)
    'nn.GRU'
    """
    return next(f"nn.{base.__name__}" for base in kind.__mro__ if base.__module__.startswith("torch."))
