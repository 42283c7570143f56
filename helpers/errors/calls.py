"""From an exception back to the call that raised it: which network or packing function, with what, on which line."""

import ast
import inspect
import linecache
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.modules import rnn as torch_modules
from torch.nn.utils import rnn as torch_packing

RECURRENT = (nn.RNNBase, nn.modules.rnn.RNNCellBase)
PACKING = {"pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence"}
PACKING |= {"unpack_sequence", "unpad_sequence", "__new__"}  # __new__ is PackedSequence's own
# The names of a constructor's arguments, in their order; torch's own signature says only *args, **kwargs.
MAKING = ["input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional"]
_TORCH = str(Path(torch.__file__).parent)
_PYTHON = sysconfig.get_paths()["stdlib"]


class Step(NamedTuple):
    """One frame on the way to the error, and where in its code it stood."""

    frame: FrameType
    line: int
    instruction: int

    @property
    def in_torch(self) -> bool:
        return self.frame.f_code.co_filename.startswith((_TORCH, "<frozen", "<__array_function__"))

    @property
    def owner(self) -> Any:
        return self.frame.f_locals.get("self")

    def runs(self, module: Any, *names: str) -> bool:
        """Whether this frame runs one of these functions of torch's file `module`."""
        code = self.frame.f_code
        return code.co_filename == module.__file__ and (not names or code.co_name in names)


@dataclass(frozen=True, eq=False)
class Code:
    """The learner's own line: its namespace and, where the source is at hand, the statement and the call in it."""

    names: dict[str, Any]
    file: str = ""
    statement: ast.stmt | None = None
    node: ast.expr | None = None  # the part of it that failed: a call, out.shape, out[-1]
    source: str = ""  # the whole file or cell
    parameters: tuple[str, ...] = ()  # what the function it stands in is given

    @property
    def call(self) -> ast.Call | None:
        return self.node if isinstance(self.node, ast.Call) else None

    @property
    def text(self) -> str:
        return self.segment(self.statement) if self.statement else ""

    def segment(self, node: ast.AST) -> str:
        return ast.get_source_segment(self.source, node) or ast.unparse(node)


@dataclass(frozen=True, eq=False)
class Call:
    """One call that went wrong: what was called, with which arguments, from which line.

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


def steps_of(traceback: TracebackType | None) -> list[Step]:
    """The frames of a traceback, outermost first."""
    steps = []
    while traceback is not None:
        steps.append(Step(traceback.tb_frame, traceback.tb_lineno, traceback.tb_lasti))
        traceback = traceback.tb_next
    return steps


def live_steps(frame: FrameType | None) -> list[Step]:
    """The frames that are running just now, outermost first: where a warning comes from."""
    steps = []
    while frame is not None:
        steps.append(Step(frame, frame.f_lineno, frame.f_lasti))
        frame = frame.f_back
    return steps[::-1]


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
            return _making(below[i:], _code(_own(steps[: last + 1])), direct=i == 0)
        if recurrent and (step.runs(torch_modules, "forward") or _wrongly_called(step, below[i + 1 :])):
            return _forward(step, below[: i + 1], _code(_own(steps[: last + 1])))
        if step.runs(torch_packing, *PACKING):
            return _packing(step, below[-1], _code(_own(steps[: last + 1])), direct=i == 0)
    return None if below else _refused_at_once(_code(steps[last]), message)


def _own(steps: list[Step]) -> Step:
    """The deepest line that is the learner's, rather than a package's; the deepest of all if there is none."""
    files = ((step, step.frame.f_code.co_filename) for step in reversed(steps))
    return next((s for s, file in files if "site-packages" not in file and not file.startswith(_PYTHON)), steps[-1])


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
    made = _value_of(code.call.func, code.names) if code.call else None
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


def _code(step: Step) -> Code:
    names = {**step.frame.f_globals, **step.frame.f_locals}
    file = step.frame.f_code.co_filename
    source = "".join(linecache.getlines(file, step.frame.f_globals))
    tree = _parsed(source)
    if tree is None:
        return Code(names, file)
    place = _place(step.frame.f_code, step.instruction)
    statement = _statement(tree, step.line, place)
    parts = (n for n in ast.walk(statement) if isinstance(n, ast.expr)) if statement else ()
    node = next((n for n in parts if (n.lineno, n.end_lineno, n.col_offset, n.end_col_offset) == place), None)
    inside = step.frame.f_code
    given = inside.co_varnames[: inside.co_argcount + inside.co_kwonlyargcount]
    return Code(names, file, statement, node, source, given)


def code_of(steps: list[Step]) -> Code | None:
    """The learner's own line in these frames; None if all of them are torch's."""
    own = [step for step in steps if not step.in_torch]
    return _code(_own(own)) if own else None


@lru_cache(maxsize=8)
def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source) if source.strip() else None
    except SyntaxError:
        return None


def _place(code: CodeType, instruction: int) -> tuple:
    """Where in the source an instruction stands, as ast counts: first line, last line, first column, last column."""
    places = list(code.co_positions())
    return places[instruction // 2] if 0 <= instruction // 2 < len(places) else (None,) * 4


def _statement(tree: ast.AST, line: int, place: tuple) -> ast.stmt | None:
    """The innermost statement around an instruction; around its line, if no more is known."""
    where = (line, 0) if place[2] is None else (place[0], place[2])
    around = [n for n in ast.walk(tree) if isinstance(n, ast.stmt) and n.lineno <= where[0] <= (n.end_lineno or 0)]
    nearer = [n for n in around if _start(n) <= where <= (n.end_lineno or 0, n.end_col_offset or 0)]
    return max(nearer or around, key=_start, default=None)


def _start(node: ast.stmt) -> tuple[int, int]:
    return (node.lineno, node.col_offset)


def _value_of(node: ast.AST, names: dict[str, Any]) -> Any:
    """The value of a name, plain or dotted; nothing is run but the looking up."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    return getattr(_value_of(node.value, names), node.attr, None) if isinstance(node, ast.Attribute) else None


def value_of(node: ast.AST, code: Code) -> Any:
    """What a name in the learner's line stands for, None if it is no plain or dotted name."""
    return _value_of(node, code.names)


def loops(code: Code) -> list[ast.stmt]:
    """The loops around the learner's line in its function, the innermost first: what stands in them is done again."""
    line = code.statement.lineno if code.statement else 0
    around = [s for s in statements(code) if s.lineno <= line <= (s.end_lineno or 0)]
    begins = max((s.lineno for s in around if isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef))), default=0)
    found = [s for s in around if isinstance(s, (ast.For, ast.While)) and s.lineno > begins]
    return sorted(found, key=lambda s: s.lineno, reverse=True)


def targets(statement: ast.AST) -> set[str]:
    """The names that a statement, or a block with all that is in it, gives a value to."""
    parts = (ast.Name, ast.Attribute, ast.Subscript)
    return {ast.unparse(n) for n in ast.walk(statement) if isinstance(n, parts) and isinstance(n.ctx, ast.Store)}


def statements(code: Code) -> Iterator[ast.stmt]:
    """Every statement of the learner's file or cell."""
    tree = _parsed(code.source)
    return (node for node in ast.walk(tree) if isinstance(node, ast.stmt)) if tree else iter(())
