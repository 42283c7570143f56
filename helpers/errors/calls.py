"""From an exception back to the call that raised it: which network or packing function, with what, on which line."""

import ast
import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import nn
from torch.nn.modules import rnn as torch_modules
from torch.nn.utils import rnn as torch_packing

from .source import Frame, Line, is_module, line_at, line_of

CELLS = nn.modules.rnn.RNNCellBase
RECURRENT = (nn.RNNBase, CELLS)
LSTMS = (nn.LSTM, nn.LSTMCell)
PACKING = ["pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence", "unpack_sequence", "unpad_sequence"]
# The names of a constructor's arguments, in their order; torch's own signature says only *args, **kwargs.
OPTIONS = ["bias", "batch_first", "dropout", "bidirectional", "proj_size"]


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
    by_name: frozenset[str]


@dataclass(frozen=True, eq=False)
class PackingCall(Call):
    """A function of torch.nn.utils.rnn that was called, or PackedSequence itself."""

    name: str
    inner: dict[str, Any] = field(default_factory=dict)  # what torch had made of the arguments when it raised
    refused: bool = False  # the arguments do not fit the signature


def forward_call(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], line: Line, direct: bool = True) -> ForwardCall:
    """A call of a network with these arguments.

    >>> forward_call(nn.RNN(3, 4), (5,), {"hx": 7}, Line({})).given
    {'input': 5, 'hx': 7}
    """
    given = dict(zip(("input", "hx"), args)) | {k: v for k, v in kwargs.items() if k in ("input", "hx")}
    return ForwardCall(given, line, direct, ["input", "hx"], module, args, kwargs)


def packing_call(name: str, given: dict[str, Any], line: Line, direct: bool, **more: Any) -> PackingCall:
    """A call of a packing function with these arguments."""
    return PackingCall(given, line, direct, list(inspect.signature(getattr(torch_packing, name)).parameters), name, **more)


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
            function = getattr(torch_packing, name)
            inner = dict(below[-1].frame.f_locals) if below[-1].file == torch_packing.__file__ else {}
            return packing_call(name, dict(step.frame.f_locals), located(line, function.__eq__), own and i == 0, inner=inner)
    refused = not below and own and isinstance(error, TypeError)
    return _refused_at_once(located(line_at(steps[last]), _takes_arguments)) if refused else None


def located(line: Line, called: Callable[[Any], bool]) -> Line:
    """The line with the one call in it that calls such a thing, where Python does not tell which part failed."""
    if line.node is not None or line.statement is None:
        return line
    calls = [n for n in ast.walk(line.statement) if isinstance(n, ast.Call) and called(line.value(n.func))]
    return dataclasses.replace(line, node=calls[0]) if len(calls) == 1 else line


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
    line = located(line, lambda f: f is module or getattr(f, "__self__", None) is module)
    before, whole = behind(above, module), above[0].owner
    first = own and before is None and isinstance(whole, nn.Sequential)
    call = forward_call(module, args, kwargs, line, own and whole is module)
    return dataclasses.replace(call, behind=before, first=first)


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
    return ConstructorCall(given, located(line, lambda f: f is kind), direct, order, kind, frozenset(kwargs))


def argument_order(kind: type) -> list[str]:
    """The names of the arguments a network is made with, in the order in which torch takes them by position.

    >>> argument_order(nn.GRUCell)
    ['input_size', 'hidden_size', 'bias', 'device', 'dtype']
    """
    own = ["nonlinearity"] if issubclass(kind, (nn.RNN, nn.RNNCell)) else []
    options = ["bias", *own] if issubclass(kind, CELLS) else ["num_layers", *own, *OPTIONS]
    return ["input_size", "hidden_size", *options, "device", "dtype"]


def _takes_arguments(function: Any) -> bool:
    """Whether this is a cell's class or a packing function, which refuse arguments before any frame of torch's is entered."""
    if isinstance(function, type):
        return issubclass(function, CELLS) and function.__module__.startswith("torch.")
    return any(function is getattr(torch_packing, name) for name in PACKING)


def _refused_at_once(line: Line) -> Call | None:
    """Arguments that do not fit the signature; of them the text is known."""
    node = line.call
    kind: Any = line.value(node.func) if node else None
    if node is None or not _takes_arguments(kind) or any(isinstance(a, ast.Starred) for a in node.args):
        return None
    order = argument_order(kind) if isinstance(kind, type) else list(inspect.signature(kind).parameters)
    named = {str(k.arg): Written(line.text(k.value)) for k in node.keywords}
    names = [*order, *(f"argument {i}" for i in range(len(order) + 1, 99))]
    given = dict(zip(names, [Written(line.text(arg)) for arg in node.args])) | named
    if isinstance(kind, type):
        return ConstructorCall(given, line, True, order, kind, frozenset(named))
    return packing_call(kind.__name__, given, line, True, refused=True)


def known_as(kind: type) -> str:
    """The torch class that one's own subclass builds on, as it is written in code.

    >>> known_as(nn.GRU)
    'nn.GRU'
    """
    return next(f"nn.{base.__name__}" for base in kind.__mro__ if base.__module__.startswith("torch."))


def networks_in_reach(line: Line, steps: list[Frame]) -> list[Any]:
    """The recurrent networks that the learner's names, or the modules on the way to the error, lead to."""
    whole = [m for m in (*line.names.values(), *(step.owner for step in steps)) if is_module(m)]
    return list({id(part): part for module in whole for part in module.modules() if isinstance(part, RECURRENT)}.values())
