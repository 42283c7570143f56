"""The sizes of a call, as the network reads them: axes with names, what fits, what belongs together."""

import gc
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from .calls import RECURRENT, Call
from .explanations import Axis, Side
from .mends import fill


def layout(call: Call, axes: int = 3) -> tuple[str, ...]:
    """The names of the input's axes, as this network reads them.

    >>> from helpers.errors.code import Code
    >>> layout(Call("forward", "nn.RNN", nn.RNN, nn.RNN(3, 4, batch_first=True), {}, (), {}, Code({}), True))
    ('N', 'L', 'H_in')
    """
    if call.cell:
        return ("N", "H_in")[-axes:]
    order = ("N", "L") if call.module.batch_first else ("L", "N")
    return (*order, "H_in") if axes == 3 else ("L", "H_in")


def state_names(module: nn.Module, axes: int) -> tuple[str, ...]:
    """The names of a state's axes: batch_first does not change them."""
    if isinstance(module, RECURRENT[1]):
        return ("N", "H_out")[-axes:]
    return ("D*num_layers", "N", "H_out") if axes == 3 else ("D*num_layers", "H_out")


def output_names(module: nn.Module, axes: int) -> tuple[str, ...]:
    """The names of the axes of a network's output, those of a batch first where it says so."""
    return (*(("N", "L") if module.batch_first else ("L", "N")), "D*H_out") if axes == 3 else ("L", "D*H_out")


def shape_side(name: str, shape: Sequence[int], names: Sequence[str] = (), wrong: Sequence[int] = (), **more: Any) -> Side:
    """A tensor that was given, its axes named if there are as many names as axes."""
    names = names if len(names) == len(shape) else [f"axis {i}" for i in range(len(shape))]
    return Side(name, tuple(map(Axis, names, shape)), wrong=frozenset(wrong), **more)


def input_side(call: Call, axes: int = 3) -> Side:
    """The input this network expects: only its last size is fixed."""
    if isinstance(call.given.get("input"), PackedSequence):
        return Side("input.data", (Axis("all steps"), Axis("H_in", call.module.input_size)))
    names = layout(call, 2 if call.cell else axes)
    return Side("input", tuple(Axis(n, call.module.input_size if n == "H_in" else None) for n in names))


def weight(call: Call) -> Tensor:
    """The first weight of the network: its type and device are those of all."""
    return next(call.module.parameters())


def data_of(value: Any) -> Any:
    """The tensor with the numbers: of a packed batch, its data."""
    return value.data if isinstance(value, PackedSequence) else value


def shape_after(template: str, shape: Sequence[int]) -> tuple[int, ...] | None:
    """The shape a change gives, worked out on a tensor without numbers; None if it can't be done."""
    try:
        return tuple(eval(fill(template, "t"), {"t": torch.empty(tuple(shape), device="meta")}).shape)
    except (RuntimeError, IndexError, ValueError):
        return None


def state_shape(call: Call, shape: Sequence[int], which: int = 0) -> tuple[int, ...]:
    """The shape of the state that belongs to an input of this shape."""
    module = call.module
    if call.cell:
        return (*shape[:-1], module.hidden_size)
    layers = module.num_layers * (2 if module.bidirectional else 1)
    width = module.proj_size if getattr(module, "proj_size", 0) and which == 0 else module.hidden_size
    if isinstance(call.given.get("input"), PackedSequence):
        return (layers, int(call.given["input"].batch_sizes[0]), width)
    return (layers, *([shape[0 if module.batch_first else 1]] if len(shape) == 3 else []), width)


def first_state(call: Call) -> Tensor | None:
    """h_0 as it was given: of an LSTM's pair the first; None if there is none or it is no tensor."""
    hx = call.given.get("hx")
    if call.lstm:
        hx = hx[0] if isinstance(hx, (tuple, list)) and len(hx) == 2 else None
    return hx if isinstance(hx, Tensor) else None


def fits(call: Call, shape: tuple[int, ...] | None, with_state: bool = True) -> bool:
    """Whether the network would take an input of this shape, together with the state it was given."""
    if shape is None or len(shape) not in ((1, 2) if call.cell else (2, 3)) or shape[-1] != call.module.input_size:
        return False
    h0 = first_state(call)
    return h0 is None or not with_state or tuple(h0.shape) == state_shape(call, shape)


def described(value: Any) -> str:
    kind = type(value).__name__
    if value is None or isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, np.ndarray):
        return f"NumPy array ({', '.join(map(str, value.shape))}) {value.dtype}"
    if isinstance(value, (list, tuple)) and value:
        inside = [str(tuple(v.shape)) if isinstance(v, Tensor) else type(v).__name__ for v in value[:3]]
        inside = inside if any(isinstance(v, Tensor) for v in value[:3]) else inside[:1]
        return f"{kind} of {len(value)}: {', '.join(inside)}{', …' if len(value) > len(inside) else ''}"
    return kind


def short(kind: torch.dtype | torch.device) -> str:
    return str(kind).removeprefix("torch.")


def first_weight(call: Call) -> str:
    return "weight_ih" if call.cell else "weight_ih_l0"


def networks_in(roots: list[Tensor]) -> list[nn.Module]:
    """The recurrent networks whose weights the graph of these tensors leads to.

    >>> import torch
    >>> rnn = nn.RNN(3, 4)
    >>> output, h_n = rnn(torch.ones(5, 2, 3))
    >>> networks_in([output.sum()])
    [RNN(3, 4)]
    """
    waiting, seen, weights = [root.grad_fn for root in roots], set(), set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        weights |= {id(node.variable)} if hasattr(node, "variable") else set()
        waiting += [following for following, _ in node.next_functions]
    # The graph knows weights only, not whose they are: look through the networks that are alive.
    alive = [thing for thing in gc.get_objects() if issubclass(type(thing), RECURRENT)]
    return [module for module in alive if any(id(weight) in weights for weight in module.parameters())]
