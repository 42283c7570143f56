"""From an exception back to the call that raised it: which network or packing function, with what, on which line."""

import ast
import inspect
from dataclasses import dataclass, field
from typing import Any

from torch import nn
from torch.nn.modules import rnn as torch_modules
from torch.nn.utils import rnn as torch_packing

from .code import Code, Step, code_at, learners_step, value_of

RECURRENT = (nn.RNNBase, nn.modules.rnn.RNNCellBase)
PACKING = {"pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence"}
PACKING |= {"unpack_sequence", "unpad_sequence", "__new__"}  # __new__ is PackedSequence's own
# The names of a constructor's arguments, in their order; torch's own signature says only *args, **kwargs.
MAKING = ["input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional"]


@dataclass(frozen=True, eq=False)
class Call:
    """One call that went wrong: what was called, with which arguments, from which line.

    >>> import torch
    >>> from helpers.errors.code import steps_of
    >>> rnn = nn.RNN(3, 4)
    >>> try:
    ...     rnn(torch.zeros(5, 2, 7))
    ... except RuntimeError as error:
    ...     call = find_call(steps_of(error.__traceback__))
    >>> call.kind, call.what, call.given["input"].shape
    ('forward', 'nn.RNN', torch.Size([5, 2, 7]))
    """

    kind: str  # "forward", "make" or "pack"
    what: str  # as one writes it: nn.RNN, pack_padded_sequence
    made: type | None  # the class of the network, None for a packing function
    module: nn.Module | None  # the network itself; None while it is being made
    given: dict[str, Any]  # the arguments by torch's own names, as far as they could be bound
    args: tuple
    kwargs: dict[str, Any]
    code: Code
    direct: bool  # the learner's own line makes this very call, not one of an nn.Sequential around it
    inner: dict[str, Any] = field(default_factory=dict)  # what torch had made of the arguments when it raised
    handed_on: bool = False  # the learner's line gives this very input to a module around the network
    behind: tuple[nn.Sequential, int] | None = None  # the nn.Sequential that passed the input on, and the place in it

    @property
    def cell(self) -> bool:
        return self.made is not None and issubclass(self.made, RECURRENT[1])

    @property
    def lstm(self) -> bool:
        return self.made is not None and issubclass(self.made, (nn.LSTM, nn.LSTMCell))


def find_call(steps: list[Step], message: str = "") -> Call | None:
    """The call of a recurrent network or a packing function that raised, or None if the error is not theirs."""
    last = next((i for i in reversed(range(len(steps))) if not steps[i].in_torch), None)
    if last is None:
        return None
    # What raised must stand below the last line that is not torch's: an error in a learner's hook is not the network's.
    below = steps[last + 1 :]
    for i, step in enumerate(below):
        recurrent = isinstance(step.owner, RECURRENT)
        if recurrent and step.runs(torch_modules, "__init__"):
            return _making(below[i:], code_at(learners_step(steps[: last + 1])), direct=i == 0)
        if recurrent and (step.runs(torch_modules, "forward") or _wrongly_called(step, below[i + 1 :])):
            return _forward(step, below[: i + 1], code_at(learners_step(steps[: last + 1])))
        if step.runs(torch_packing, *PACKING):
            return _packing(step, below[-1], code_at(learners_step(steps[: last + 1])), direct=i == 0)
    return None if below else _refused_at_once(code_at(steps[last]), message)


def _wrongly_called(step: Step, deeper: list[Step]) -> bool:
    """Whether the arguments do not even fit forward's signature: then its own frame never came to be."""
    if deeper or step.frame.f_code.co_name != "_call_impl":
        return False
    return not _binds(step.owner.forward, step.frame.f_locals.get("args", ()), step.frame.f_locals.get("kwargs", {}))


def _binds(function: Any, args: tuple, kwargs: dict) -> bool:
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def _forward(step: Step, above: list[Step], code: Code) -> Call:
    module = step.owner
    # Torch's forward gives its arguments new values on the way; the frame that calls it still has the first ones.
    outer = [s for s in above if s.owner is module and s.frame.f_code.co_name == "_call_impl"]
    if outer:
        args, kwargs = outer[-1].frame.f_locals["args"], outer[-1].frame.f_locals["kwargs"]
    else:
        seen = step.frame.f_locals
        args, kwargs = (seen.get("orig_input", seen["input"]), seen["hx"]), {}
    given = dict(zip(("input", "hx"), args)) | {key: kwargs[key] for key in ("input", "hx") if key in kwargs}
    direct, what = above[0].owner is module, known_as(type(module))
    first = next(iter(above[0].frame.f_locals.get("args", ())), None)
    more = dict(handed_on=first is given.get("input"), behind=in_sequential(above, module))
    return Call("forward", what, type(module), module, given, args, kwargs, code, direct, **more)


def in_sequential(steps: list[Step], module: Any) -> tuple[nn.Sequential, int] | None:
    """The nn.Sequential that called this module as a later layer, and the module's place in it."""
    for step in reversed(steps):
        if isinstance(step.owner, nn.Sequential) and step.frame.f_locals.get("module") is module:
            place = next(i for i, part in enumerate(step.owner) if part is module)
            return (step.owner, place) if place else None
    return None


def _making(inside: list[Step], code: Code, direct: bool) -> Call:
    made, seen = type(inside[0].owner), inside[0].frame.f_locals
    args, kwargs = tuple(seen.get("args", ())), dict(seen.get("kwargs", {}))
    order = argument_order(made)
    if "nonlinearity" in vars(inside[0].owner) and issubclass(made, nn.RNN):
        order.remove("nonlinearity")  # torch has already taken it out of args
    given = dict(zip(order, args)) | kwargs
    if issubclass(made, nn.RNN):
        given |= {"nonlinearity": vars(inside[0].owner).get("nonlinearity", kwargs.get("nonlinearity", "tanh"))}
    if issubclass(made, RECURRENT[1]):
        given = {key: seen[key] for key in argument_order(made) if key in seen}
    return Call("make", known_as(made), made, None, given, args, kwargs, code, direct)


def argument_order(made: type) -> list[str]:
    """The names of the arguments a network is made with, in the order torch takes them by position.

    >>> argument_order(nn.GRUCell)
    ['input_size', 'hidden_size', 'bias', 'device', 'dtype']
    """
    if issubclass(made, RECURRENT[1]):
        own = ["nonlinearity"] if issubclass(made, nn.RNNCell) else []
        return ["input_size", "hidden_size", "bias", *own, "device", "dtype"]
    order = [*MAKING, "device", "dtype"]
    if issubclass(made, nn.RNN):
        order.insert(3, "nonlinearity")
    order.insert(-2, "proj_size")  # by position also in an RNN and a GRU, which then refuse it
    return order


def _packing(step: Step, innermost: Step, code: Code, direct: bool) -> Call:
    seen = dict(step.frame.f_locals)
    what = "PackedSequence" if step.frame.f_code.co_name == "__new__" else step.frame.f_code.co_name
    inner = dict(innermost.frame.f_locals) if innermost.runs(torch_packing) else {}
    return Call("pack", what, None, None, seen, (), {}, code, direct, inner)


def _refused_at_once(code: Code, message: str) -> Call | None:
    """A constructor whose arguments do not fit its signature is refused before any frame of torch's is entered."""
    made = value_of(code.call.func, code) if code.call else None
    if not isinstance(made, type) or not issubclass(made, RECURRENT) or f"{made.__name__}.__init__" not in message:
        return None
    if not made.__module__.startswith("torch."):
        return None
    order = argument_order(made)
    if any(isinstance(arg, ast.Starred) for arg in code.call.args) or any(k.arg is None for k in code.call.keywords):
        return None
    given = {key: Written(code.segment(arg)) for key, arg in zip(order, code.call.args)}
    given |= {str(k.arg): Written(code.segment(k.value)) for k in code.call.keywords}
    return Call("make", known_as(made), made, None, given, (None,) * len(code.call.args), given, code, direct=True)


class Written(str):
    """An argument of which only the text is known, not the value."""


def known_as(made: type) -> str:
    """The torch class that one's own subclass builds on, as it is written in code.

    >>> known_as(nn.GRU)
    'nn.GRU'
    """
    return next(f"nn.{kind.__name__}" for kind in made.__mro__ if kind.__module__.startswith("torch."))
