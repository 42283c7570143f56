"""What the values of a call say, worked out once: sizes, axes with names, what fits; and a trial of a change."""

import dataclasses
import gc
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.parameter import is_lazy
from torch.nn.utils.rnn import PackedSequence

from ..pictures.sides import Side, axes_of, shape_side
from .calls import CELLS, LSTMS, RECURRENT, ForwardCall, known_as

DEFAULTS = dict(num_layers=1, nonlinearity="tanh", bias=True, batch_first=False, dropout=0.0, bidirectional=False, proj_size=0)
STATES = ("h_0", "c_0")


class Facts:
    """What is known about one call of a network.

    >>> from torch import nn
    >>> from helpers.errors.source import Line
    >>> rnn, x = nn.RNN(3, 4, batch_first=True), torch.zeros(2, 5, 3)
    >>> facts = Facts(ForwardCall({"input": x}, Line({}), True, ["input", "hx"], rnn))
    >>> facts.kind, facts.layout, facts.N, facts.wanted
    ('nn.RNN', ('N', 'L', 'H_in'), 2, [(1, 2, 4)])
    """

    def __init__(self, call: ForwardCall, rules: Sequence[Callable[["Facts"], Iterator[Any]]] = ()) -> None:
        module: Any = call.module
        value: Any = call.given.get("input")
        hx: Any = call.given.get("hx")
        self.call, self.module, self.kind, self.input, self.rules = call, module, known_as(type(module)), value, rules
        self.whole = self.kind.removesuffix("Cell")  # the class that reads all time steps
        self.cell, self.lstm = isinstance(module, CELLS), isinstance(module, LSTMS)
        self.packed = isinstance(value, PackedSequence)
        self.data: Any = value.data if self.packed else value  # the tensor with the values
        dense = isinstance(self.data, Tensor) and special(self.data) is None
        self.shape: tuple[int, ...] = tuple(self.data.shape) if dense else ()
        self.first = not self.cell and bool(module.batch_first)
        # The names of the axes of a plain batch, of the input as this network reads it, and of what was given: none if
        # there are too many or too few axes.
        self.batch = ("N", "H_in") if self.cell else ("N", "L", "H_in") if self.first else ("L", "N", "H_in")
        self.layout: tuple[str, ...] = ("all steps", "H_in") if self.packed and not self.cell else self.batch
        short_of = 0 if self.packed else len(self.layout) - len(self.shape)
        single = ("H_in",) if self.cell else ("L", "H_in")
        self.axes: tuple[str, ...] = self.layout if len(self.shape) == len(self.layout) else single if short_of == 1 else ()
        batched = self.axes.index("N") if "N" in self.axes else None
        self.N = int(value.batch_sizes[0]) if self.packed else None if batched is None else self.shape[batched]
        self.H_in, self.H_out = int(module.input_size), int(module.hidden_size)
        self.weight: Tensor = next(iter(module.parameters()), torch.empty(0))
        self.to_device = f"{{}}.to({{net}}.{'weight_ih' if self.cell else 'weight_ih_l0'}.device)"  # templates, see fixes.py
        self.to_tensor = f"{{torch.as_tensor}}({{}}, dtype={{{self.weight.dtype}}})"
        self.states: list[Any] = [] if hx is None else list(hx) if self.lstm and isinstance(hx, (tuple, list)) else [hx]
        layers = () if self.cell else (int(module.num_layers) * (2 if module.bidirectional else 1),)
        widths = [getattr(module, "proj_size", 0) or self.H_out, self.H_out][: 1 + self.lstm]
        self.wanted: list[tuple[int, ...]] = [(*layers, *([] if self.N is None else [self.N]), width) for width in widths]

    def state_axes(self, count: int) -> tuple[str, ...]:
        """The names of a state's axes: batch_first does not change them."""
        if self.cell:
            return ("N", "H_out")[-count:]
        return ("D*num_layers", "N", "H_out") if count == 3 else ("D*num_layers", "H_out") if count == 2 else ()

    def input_side(self, wrong: Iterable[int] = (), note: str = "") -> Side:
        name = "input.data" if self.packed else "input"
        return shape_side(name, self.shape, self.axes, wrong, note=note, wrong_note=bool(note))

    def expected_input(self, note: str = "") -> Side:
        batched = self.cell or self.packed or any(getattr(state, "ndim", 0) == 3 for state in self.states)
        one = ("L", "H_in") if len(self.shape) == 1 and not batched else ()  # one sequence lacks less than a batch
        return Side("input.data" if self.packed else "input", axes_of(self.axes or one or self.layout, H_in=self.H_in), note)

    def state_sides(self, note: str = "") -> tuple[Side, ...]:
        """The states as they should be."""
        return tuple(shape_side(n, s, self.state_axes(len(s)), note=note) for n, s in zip(STATES, self.wanted))

    def tried(self, argument: str = "", value: Any = None, **options: Any) -> bool:
        """Whether the call breaks no rule with another argument, or if the network were made with other options."""
        given = self.call.given | ({argument: value} if argument else {})
        module = object.__new__(type(self.module))  # the same weights: of these the rules read only dtype and device
        module.__dict__.update(self.module.__dict__ | options)
        other = Facts(dataclasses.replace(self.call, given=given, module=module))
        return all(next(check(other), None) is None for check in self.rules)

    def changed(self, argument: str, template: str, value: Any = None) -> Any:
        """The value that a change of an argument, or of another value, gives; None if it breaks a rule as well."""
        new = after(template, self.call.given.get(argument) if value is None else value, x=self.input, net=self.module)
        return new if new is not None and self.tried(argument, new) else None


def special(value: Any) -> str | None:
    """What kind of tensor this is, if no recurrent network reads its kind."""
    if not isinstance(value, Tensor):
        return None
    if value.is_nested or is_lazy(value):
        return "nested" if value.is_nested else "lazy"
    return "sparse" if value.layout != torch.strided else "quantized" if value.is_quantized else None


def after(template: str, value: Any, **others: Any) -> Any:
    """The value a change gives; None if it can't be done.

    >>> after("{}.transpose(0, 1)", torch.zeros(5, 2, 3)).shape
    torch.Size([2, 5, 3])
    """
    code = re.sub(r"\{(torch[\w.]*|x|net)\}", lambda found: found[1], template).replace("{}", "it")
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return eval(code, {"torch": torch, "it": value, **others})
    except Exception:  # a change that does not even run is no fix
        return None


def described(value: Any) -> str:
    """A value in few words, the same in every run."""
    kind = type(value).__name__
    if value is None or isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)) and not value:
        return f"an empty {kind}"
    if isinstance(value, np.ndarray):
        return f"NumPy array ({', '.join(map(str, value.shape))}) {value.dtype}"
    if isinstance(value, Tensor):
        return f"{special(value)} tensor" if special(value) else f"tensor {tuple(value.shape)}"
    if isinstance(value, (list, tuple)) and value and not isinstance(value, PackedSequence):
        inside = [str(tuple(v.shape)) if isinstance(v, Tensor) and not special(v) else type(v).__name__ for v in value[:3]]
        inside = inside if any(isinstance(v, Tensor) for v in value[:3]) else inside[:1]
        return f"{kind} of {len(value)}: {', '.join(inside)}{', …' if len(value) > len(inside) else ''}"
    return kind


def short(kind: torch.dtype | torch.device) -> str:
    return str(kind).removeprefix("torch.")


def tensors_only(value: Any) -> bool:
    """Whether this is a list or tuple of dense tensors."""
    plain = isinstance(value, (list, tuple)) and not isinstance(value, PackedSequence)
    return plain and bool(value) and all(isinstance(v, Tensor) and not special(v) for v in value)


def weights_in(roots: Iterable[Any]) -> list[Tensor]:
    """The weights that the graph of these tensors leads to."""
    return [node.variable for node in graph_of(roots) if hasattr(node, "variable")]


def networks_in(roots: Iterable[Any]) -> list[Any]:
    """The recurrent networks whose weights the graph of these tensors leads to.

    >>> from torch import nn
    >>> rnn = nn.RNN(3, 4)
    >>> output, h_n = rnn(torch.ones(5, 2, 3))
    >>> networks_in([output.sum()])
    [RNN(3, 4)]
    """
    weights = set(map(id, weights_in(roots)))
    # The graph has weights only, not their owners: look through the networks that are alive.
    things = gc.get_objects() if weights else []
    kinds = {kind for kind in set(map(type, things)) if issubclass(kind, RECURRENT)}
    # One whose constructor failed is alive as long as its traceback, and has no parameters.
    alive = [thing for thing in things if type(thing) in kinds and "_modules" in vars(thing)]
    return [module for module in alive if any(id(weight) in weights for weight in module.parameters())]


def tensors_in(value: Any, deep: int = 3) -> Iterator[Tensor]:
    """The tensors in a value and in its lists, tuples and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple, dict)) and deep and len(value) < 1000:
        for part in value.values() if isinstance(value, dict) else value:
            yield from tensors_in(part, deep - 1)


def graph_of(roots: Iterable[Any]) -> set[Any]:
    """Every node of the graph behind these tensors."""
    waiting, seen = [root.grad_fn for root in roots if isinstance(root, Tensor)], set()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [following for following, _ in node.next_functions]
    return seen
