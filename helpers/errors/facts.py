"""What the values of a call say, worked out once: sizes, axes with names, what fits; and a trial of a change on copies."""

import gc
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils.rnn import PackedSequence

from .calls import CELLS, LSTMS, RECURRENT, ForwardCall, argument_order, known_as
from .explanations import Axis, Side

DEFAULTS = dict(num_layers=1, nonlinearity="tanh", bias=True, batch_first=False, dropout=0.0, bidirectional=False, proj_size=0)


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known about one call of a network.

    >>> from helpers.errors.source import Line
    >>> rnn, x = nn.RNN(3, 4, batch_first=True), torch.zeros(2, 5, 3)
    >>> facts = Facts(ForwardCall(rnn, (x,), {}, Line({}), True))
    >>> facts.kind, facts.layout, facts.N, facts.wanted
    ('nn.RNN', ('N', 'L', 'H_in'), 2, [(1, 2, 4)])
    """

    call: ForwardCall

    @cached_property
    def module(self) -> Any:
        return self.call.module

    @cached_property
    def kind(self) -> str:
        return known_as(type(self.module))

    @cached_property
    def cell(self) -> bool:
        return isinstance(self.module, CELLS)

    @cached_property
    def lstm(self) -> bool:
        return isinstance(self.module, LSTMS)

    @cached_property
    def input(self) -> Any:
        return self.call.given.get("input")

    @cached_property
    def packed(self) -> bool:
        return isinstance(self.input, PackedSequence)

    @cached_property
    def data(self) -> Any:
        """The tensor with the values: of a packed batch, its data."""
        return self.input.data if self.packed else self.input

    @cached_property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.data.shape)

    @cached_property
    def layout(self) -> tuple[str, ...]:
        """The names of the axes of a batched input, as this network reads them."""
        if self.cell:
            return ("N", "H_in")
        return ("all steps", "H_in") if self.packed else ("N", "L", "H_in") if self.module.batch_first else ("L", "N", "H_in")

    @cached_property
    def axes(self) -> tuple[str, ...]:
        """The names of the axes that were given; empty if there are too many or too few of them."""
        n = len(self.shape)
        if n == len(self.layout):
            return self.layout
        return () if n != len(self.layout) - 1 or self.packed else ("H_in",) if self.cell else ("L", "H_in")

    @cached_property
    def N(self) -> int | None:
        """The number of sequences; None without a batch."""
        if self.packed:
            return int(self.input.batch_sizes[0])
        return self.shape[self.axes.index("N")] if "N" in self.axes else None

    @cached_property
    def H_in(self) -> int:
        return int(self.module.input_size)

    @cached_property
    def layers(self) -> int:
        return int(self.module.num_layers) * (2 if self.module.bidirectional else 1)

    @cached_property
    def states(self) -> list[Any]:
        """The states as given, h_0 first; empty if there are none."""
        hx = self.call.given.get("hx")
        return [] if hx is None else list(hx) if self.lstm and isinstance(hx, (tuple, list)) else [hx]

    @cached_property
    def wanted(self) -> list[tuple[int, ...]]:
        """The shape of each state for this input."""
        batch = () if self.N is None else (self.N,)
        widths = [getattr(self.module, "proj_size", 0) or self.module.hidden_size, self.module.hidden_size][: 1 + self.lstm]
        return [(*batch, w) if self.cell else (self.layers, *batch, w) for w in widths]

    @cached_property
    def weight(self) -> Tensor:
        return next(iter(self.module.parameters()), torch.empty(0))

    def state_axes(self, count: int) -> tuple[str, ...]:
        """The names of a state's axes: batch_first does not change them."""
        if self.cell:
            return ("N", "H_out")[-count:]
        return ("D*num_layers", "N", "H_out") if count == 3 else ("D*num_layers", "H_out") if count == 2 else ()

    def input_side(self, wrong: Iterable[int] = (), note: str = "") -> Side:
        name = "input.data" if self.packed else "input"
        return shape_side(name, self.shape, self.axes, wrong, note=note, wrong_note=bool(note))

    def expected_input(self, note: str = "") -> Side:
        names = self.axes or self.layout
        return Side("input.data" if self.packed else "input", axes_of(names, H_in=self.H_in), note)

    def state_sides(self, note: str = "") -> tuple[Side, ...]:
        """The states as they should be."""
        names = ("h_0", "c_0")[: len(self.wanted)]
        return tuple(shape_side(n, s, self.state_axes(len(s)), note=note) for n, s in zip(names, self.wanted))

    def tried(self, changes: dict[str, Any] | None = None, **options: Any) -> Any:
        """What a copy of the network without values returns for other arguments or options; None if it fails.

        Of the answer's axes N must be that of the input, which the copy itself asks of the states.
        """
        given = self.call.given | (changes or {})
        try:
            with torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return twin(self.module, **options)(stand_in(given.get("input")), stand_in(given.get("hx")))
        except Exception:  # whatever it is: this change does not fix the call
            return None


def options_of(module: Any) -> dict[str, Any]:
    """The arguments that a network was made with."""
    order = [k for k in argument_order(type(module)) if k not in ("device", "dtype")]
    return {k: getattr(module, k) for k in order if not (k == "proj_size" and not isinstance(module, nn.LSTM))}


def twin(module: Any, **options: Any) -> Any:
    """A network of the same sizes, without values."""
    kind = getattr(nn, known_as(type(module)).removeprefix("nn."))
    dtype = next((p.dtype for p in module.parameters()), torch.float32)
    return kind(**(options_of(module) | options), device="meta", dtype=dtype)


def stand_in(value: Any) -> Any:
    """The same tensors without values; what is not dense stays as it is."""
    if isinstance(value, PackedSequence):
        parts: list[Any] = [v if i == 1 or v is None else stand_in(v) for i, v in enumerate(value)]
        return PackedSequence(*parts)
    if isinstance(value, Tensor):
        return torch.empty(tuple(value.shape), dtype=value.dtype, device="meta") if special(value) is None else value
    return type(value)(map(stand_in, value)) if type(value) in (tuple, list) else value


def special(value: Any) -> str | None:
    """What kind of tensor this is, if no recurrent network reads its kind."""
    if not isinstance(value, Tensor):
        return None
    if value.is_nested or is_lazy(value):
        return "nested" if value.is_nested else "lazy"
    return "sparse" if value.layout != torch.strided else "quantized" if value.is_quantized else None


def after(template: str, value: Any, **others: Any) -> Any:
    """The value a change gives, worked out on tensors without values; None if it can't be done.

    >>> after("{}.transpose(0, 1)", torch.zeros(5, 2, 3)).shape
    torch.Size([2, 5, 3])
    """
    code = re.sub(r"\{(torch[\w.]*|x|net)\}", lambda found: found[1], template).replace("{}", "it")
    try:
        return eval(code, {"torch": torch, "it": stand_in(value), **{k: stand_in(v) for k, v in others.items()}})
    except Exception:  # a change that does not even run is no fix
        return None


def axes_of(names: Iterable[str], **sizes: int) -> tuple[Axis, ...]:
    return tuple(Axis(name, sizes.get(name)) for name in names)


def shape_side(name: str, shape: Sequence[int], names: Sequence[str] = (), wrong: Iterable[int] = (), **more: Any) -> Side:
    """A tensor that was given, its axes named if there are as many names as axes."""
    names = names if len(names) == len(shape) else [f"axis {i}" for i in range(len(shape))]
    return Side(name, tuple(map(Axis, names, shape)), wrong=frozenset(wrong), **more)


def described(value: Any) -> str:
    """A value in few words, the same in every run."""
    kind = type(value).__name__
    if value is None or isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, np.ndarray):
        return f"NumPy array ({', '.join(map(str, value.shape))}) {value.dtype}"
    if isinstance(value, Tensor):
        return f"{special(value) or kind} tensor" if special(value) else f"tensor {tuple(value.shape)}"
    if isinstance(value, (list, tuple)) and value and not isinstance(value, PackedSequence):
        inside = [str(tuple(v.shape)) if isinstance(v, Tensor) and not special(v) else type(v).__name__ for v in value[:3]]
        inside = inside if any(isinstance(v, Tensor) for v in value[:3]) else inside[:1]
        return f"{kind} of {len(value)}: {', '.join(inside)}{', …' if len(value) > len(inside) else ''}"
    return kind


def short(kind: torch.dtype | torch.device) -> str:
    return str(kind).removeprefix("torch.")


def networks_in(roots: Iterable[Any]) -> list[Any]:
    """The recurrent networks whose weights the graph of these tensors leads to.

    >>> rnn = nn.RNN(3, 4)
    >>> output, h_n = rnn(torch.ones(5, 2, 3))
    >>> networks_in([output.sum()])
    [RNN(3, 4)]
    """
    weights = {id(node.variable) for node in graph_of(roots) if hasattr(node, "variable")}
    if not weights:
        return []
    # The graph has weights only, not their owners: look through the networks that are alive.
    alive = [thing for thing in gc.get_objects() if issubclass(type(thing), RECURRENT)]
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
