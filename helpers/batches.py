"""Batches: where the arguments of a call, and the answers to it, have the sequences, the steps and the padding."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from .device import to_numpy
from .nested import integers, is_rows, leaves, map_leaves
from .pictures.mixups import absolute_differences, largest_magnitude

MORE = 3  # steps of padding that `SequenceBatch.with_extra_padding` adds
ROUNDING = 1e-6  # of the largest number: the same computation, done twice
Arguments = tuple[tuple[object, ...], dict[str, object]]  # positional, and by keyword
Pair = tuple[Tensor, Tensor]


class SequenceBatch:
    """The arguments of one call of a model, and where in them the batch and the time stand.

    >>> batch = SequenceBatch(nn.RNN(3, 4, batch_first=True), (torch.ones(2, 5, 3), torch.ones(1, 2, 4)))
    >>> batch.N, batch.L, batch.axis
    (2, 5, 0)
    >>> [tuple(part.shape) for part in batch.taken([1], span=(0, 3))[0]]  # the first three steps of the second sequence
    [(1, 3, 3), (1, 1, 4)]

    Parameters
    ----------
    model, batch, batch_axis, padding : as for `check_habits`
    """

    def __init__(self, model: nn.Module, batch: object, batch_axis: int | None = None, padding: float | None = None):
        self.model, self.rnns = model, find_rnns(model)
        if isinstance(batch_axis, bool) or batch_axis not in (None, 0, 1):
            raise ValueError(f"batch_axis: given {batch_axis!r}, expected 0 or 1")
        if isinstance(padding, bool) or not isinstance(padding, (int, float, type(None))):
            raise TypeError(f"padding: given {padding!r}, expected a number")
        self.call = _arguments(model, batch)
        self.x = _find_sequences(self.call, isinstance(model, nn.RNNBase))
        ids = (part.padding_idx for part in model.modules() if isinstance(part, nn.Embedding))
        declared = [number for number in (padding, *ids) if number is not None]
        self.padding, self.declared = (declared or [0])[0], bool(declared)
        self.axis, self.sure, self.reading = 0, True, 0
        if isinstance(self.x, Tensor):
            self.axis = self._find_axis(batch_axis)
            self.N, self.L = self.x.size(self.axis), self.x.size(1 - self.axis)
            self.spans = self._find_spans(self.x.movedim(self.axis, 0))
        else:
            packed = isinstance(self.x, PackedSequence)
            counts = pad_packed_sequence(self.x)[1].tolist() if isinstance(self.x, PackedSequence) else list(map(len, self.x))
            self.N, self.L, self.spans = len(counts), max(counts), [(0, count) for count in counts]
            self.sure = packed or not isinstance(self.x[0], str)

    def taken(self, rows: list[int], span: tuple[int, int] | None = None, wide: bool = False) -> Arguments:
        """The arguments with these sequences alone, in this order.

        Parameters
        ----------
        span : (start, stop), the only steps to keep; None for all
        wide : cut every argument that has an axis of L, not only those that end in padding where the sequence does
        """
        call: Arguments = map_leaves(self.call, lambda part: self._taken(part, rows, span or (0, self.L), wide))
        return call

    def with_extra_padding(self, mark: int = 0) -> Arguments:
        """The arguments with MORE steps of padding at the end; lengths stay what they are.

        Each argument goes on with what it has at the padding of this batch; if it has none, with `mark`, as a mask would.
        """
        call: Arguments = map_leaves(self.call, lambda part: self._lengthened(part, mark))
        return call

    @property
    def ragged(self) -> list[int]:
        """The sequences that are shorter than the batch."""
        return [n for n, span in enumerate(self.spans) if span != (0, self.L)]

    def _taken(self, part: Any, rows: list[int], span: tuple[int, int], wide: bool) -> Any:
        if isinstance(part, PackedSequence):
            padded, lengths = pad_packed_sequence(part, batch_first=True)
            lengths = lengths[rows]
            return pack_padded_sequence(padded[rows, : int(lengths.max())], lengths, batch_first=True, enforce_sorted=False)
        if part is self.x and isinstance(part, list) or is_rows(part, self.N):
            return type(part)(part[row] for row in rows)
        if isinstance(part, np.ndarray):
            return self._taken(torch.from_numpy(part), rows, span, wide).numpy()
        if not isinstance(part, Tensor):
            return part
        if span != (0, self.L) and part.dim() == 1 and part.is_floating_point() and self._is_shares(part):
            return part[rows] * self.L / (span[1] - span[0])
        axis = self._axis_of(part)
        own = part if axis is None else part.index_select(axis, torch.tensor(rows, device=part.device))
        for step in self._step_axes(part, wide) if span != (0, self.L) else ():
            outside = torch.cat([own.narrow(step, 0, span[0]), own.narrow(step, span[1], self.L - span[1])], step)
            if wide or part is self.x or bool((outside == outside.flatten()[:1]).all()):
                own = own.narrow(step, span[0], span[1] - span[0])
        return own

    def _lengthened(self, part: Any, mark: int) -> Any:
        for step in self._step_axes(part, False) if isinstance(part, Tensor) else ():
            kept = part.movedim((self.axis, step), (0, 1))
            outside = torch.cat([kept[n, stop:] for n, (_, stop) in enumerate(self.spans)]).flatten()
            alike = outside.numel() and bool((outside == outside[0]).all())
            value = outside[0].item() if alike else self.padding if part is self.x else mark
            sizes = [MORE if axis == step else size for axis, size in enumerate(part.shape)]
            part = torch.cat([part, part.new_full(sizes, value)], step)
        return part

    def _step_axes(self, part: Tensor, wide: bool) -> list[int]:
        if part is self.x:
            return [1 - self.axis]
        if not isinstance(self.x, Tensor):
            return []
        batch = self._axis_of(part)
        usual = part.dim() > 1 and batch == self.axis and part.size(1 - self.axis) == self.L
        return [axis for axis, size in enumerate(part.shape) if size == self.L and axis != batch and (wide or usual and axis < 2)]

    def _axis_of(self, part: Tensor) -> int | None:
        """The batch axis of one argument; None if it has none."""
        if part is self.x:
            return self.axis
        fits = [axis for axis, size in enumerate(part.shape) if size == self.N]
        rnns = [rnn for rnn in self.rnns.values() if isinstance(rnn, nn.RNNBase)]
        states = {(r.num_layers * (1 + r.bidirectional), size) for r in rnns for size in (r.hidden_size, r.proj_size)}
        likely = 1 if part.dim() == 3 and (part.size(0), part.size(2)) in states else self.axis
        fits.sort(key=lambda axis: axis != likely)
        return fits[min(self.reading, len(fits) - 1)] if fits else None

    @property
    def ambiguous(self) -> bool:
        """Whether some argument has two axes of N: then `reading` 1 takes the less likely one for the batch."""
        others = (part for part in leaves(self.call) if isinstance(part, Tensor) and part is not self.x)
        return any(tuple(part.shape).count(self.N) > 1 for part in others)

    def _is_shares(self, part: Tensor) -> bool:
        """Whether these are the lengths, as shares of the longest."""
        stops = torch.tensor([stop for _, stop in self.spans], device=part.device)
        return len(part) == self.N and bool(((part * self.L).round() == stops).all())

    def _find_axis(self, batch_axis: int | None) -> int:
        """What is told; else the only axis whose size all other arguments share; else the usual one."""
        bare = isinstance(self.model, nn.RNNBase)
        parts = list(leaves(self.call))
        counts = {len(integers(part)) for part in parts}
        fitting = [axis for axis in (0, 1) if self.x.size(axis) in counts]
        if batch_axis is None:
            others = [part.shape for part in parts if isinstance(part, Tensor) and part.dim() > 1 and part is not self.x]
            shared = [axis for axis in (0, 1) if others and all(self.x.size(axis) in shape for shape in others)]
            found = fitting if len(fitting) == 1 else shared
            return found[0] if len(found) == 1 else 1 if bare and not self.model.batch_first else 0
        if fitting and batch_axis not in fitting:
            given, lengths = f"given {batch_axis}, of size {self.x.size(batch_axis)}", self.x.size(fitting[0])
            raise ValueError(f"batch_axis: {given}, expected {fitting[0]}, as there are {lengths} lengths")
        return batch_axis

    def _find_spans(self, x: Tensor) -> list[tuple[int, int]]:
        """Where each sequence of x (N, L, ...) begins and ends: as lengths or a mask say, else by what it ends in.

        Whole numbers that could be lengths, but have no padding behind them, may be labels: then `sure` is False.
        """
        told = [counts for counts in map(self._lengths_in, leaves(self.call)) if counts]
        for counts in told:
            outside = torch.cat([row[count:] for row, count in zip(x, counts)]).flatten()
            if bool((outside == outside[:1]).all()):
                return [(0, count) for count in counts]
        filler = (x.isnan() if self.padding != self.padding else x == self.padding).reshape(self.N, self.L, -1).all(2)
        ends = (self.L - filler.flip(1).cumprod(1).sum(1)).tolist()
        begins = filler.cumprod(1).sum(1).tolist() if self.declared else [0] * self.N
        count = int(filler.sum())
        evident = count == sum(self.L - end for end in ends) and count >= (2 if x.dim() == 2 else 1)
        if self.declared or evident:
            return [(begin, end) if begin < end else (0, self.L) for begin, end in zip(begins, ends)]
        self.sure = not told
        return [(0, count) for count in told[0]] if told else [(0, self.L)] * self.N

    def _lengths_in(self, part: object) -> list[int]:
        """The lengths that one argument says: as whole numbers from 1 to L, or as a mask."""
        counts = integers(part)
        if isinstance(part, Tensor) and part is not self.x and part.shape == self.x.shape[:2] and part.dim() == 2:
            rows = part.movedim(self.axis, 0)
            first = rows[:1, :1]
            if bool(((rows == 0) | (rows == 1)).all()) and bool((rows[:, 0] == first).all()):
                run = (rows == first).cumprod(1).sum(1)
                mixed = bool((rows != first).any())
                counts = run.tolist() if bool((run == (rows == first).sum(1)).all()) and (mixed or bool(first == 1)) else []
        return counts if len(counts) == self.N and all(1 <= count <= self.L for count in counts) else []


def find_rnns(model: nn.Module) -> dict[str, nn.Module]:
    parts = model.named_modules() if isinstance(model, nn.Module) else ()
    found: dict[str, nn.Module] = {name: part for name, part in parts if isinstance(part, (nn.RNNBase, nn.RNNCellBase))}
    if not found:
        given = type(model).__name__
        raise TypeError(f"model: given {given}, expected a module with an nn.RNN, nn.GRU, nn.LSTM or one of their cells inside")
    return found


def _arguments(model: nn.Module, batch: object) -> Arguments:
    """How the model is called with the batch: as one argument, or with all that a tuple, list or dictionary holds."""
    signature = inspect.signature(model.forward)
    ways: list[Arguments] = [((batch,), {})]
    if isinstance(batch, (tuple, list)) and not isinstance(batch, PackedSequence):
        ways.insert(0, (tuple(batch), {}))
    named = any(part.kind is part.VAR_KEYWORD for part in signature.parameters.values())
    if isinstance(batch, Mapping) and not named and all(isinstance(key, str) for key in batch):
        ways.insert(0, ((), dict(batch)))
    for args, kwargs in ways:
        try:
            signature.bind(*args, **kwargs)
        except TypeError:
            continue
        return args, kwargs
    return ways[0]


def _find_sequences(call: Arguments, bare: bool) -> Any:
    """The first argument that holds sequences: a tensor, a PackedSequence, or a list with one item for each sequence."""
    parts = list(leaves(call, lists=True))
    first = next(iter([*call[0], *call[1].values()]), None)
    least = 2 + bare
    for part in parts:
        if (
            isinstance(part, (PackedSequence, list))
            or isinstance(part, Tensor)
            and part.dim() >= least
            and part.dtype != torch.bool
        ):
            return part
    tensor = next((part for part in parts if isinstance(part, Tensor)), None)
    if tensor is None:
        raise TypeError(
            f"batch: given {type(first).__name__}, expected a tensor, a PackedSequence, a list of sequences, "
            "or a tuple of all arguments with one of them inside"
        )
    wanted = "three axes: an unbatched one is no batch" if bare else "two axes or more, sequences and steps"
    raise ValueError(f"batch: given a tensor of shape {tuple(tensor.shape)}, expected {wanted}")


class RowPlace(NamedTuple):
    """Where an answer has its sequences: along one axis, or two (each with each), or one that has n parts for each."""

    axes: tuple[int, ...]
    parts: str = ""  # "inner": the parts of one sequence stand together; "outer": they stand n apart

    def front(self, answer: Tensor, n: int) -> Tensor:
        """The answer with its n sequences in front."""
        if not self.parts:
            return answer.movedim(self.axes, tuple(range(len(self.axes))))
        axis, inner, shape = self.axes[0], self.parts == "inner", answer.shape
        split = (n, shape[axis] // n) if inner else (shape[axis] // n, n)
        return answer.reshape(*shape[:axis], *split, *shape[axis + 1 :]).movedim(axis + (not inner), 0)

    def pair(self, before: Tensor, N: int, after: Tensor, rows: list[int], start: int = 0) -> Pair:
        """The sequences of `rows` in both answers, cut to the steps that both have."""
        a, b = self.front(before, N), self.front(after, len(rows))
        for axis in range(1 if self.parts else len(self.axes)):
            a = a.index_select(axis, torch.tensor(rows, device=a.device))
        for axis, (long, short) in enumerate(zip(a.shape, b.shape)):
            size = min(long, short)
            a, b = a.narrow(axis, min(start, long - size), size), b.narrow(axis, 0, size)
        return a, b


def possible_places(before: Tensor, N: int, after: Tensor, n: int) -> Iterator[RowPlace]:
    """All places where the sequences may stand, as an axis went from N to n when they did."""
    sizes = list(enumerate(zip(before.shape, after.shape)))
    axes = tuple(axis for axis, size in sizes if size == (N, n))
    several = [RowPlace(axes)] if len(axes) > 1 else []
    yield from several if n < N else []
    yield from (RowPlace((axis,)) for axis in axes)
    yield from several if n == N else []
    for axis, (size, other) in sizes if n < N else []:
        if size > N and size % N == 0 and other == size // N * n:
            yield from (RowPlace((axis,), "inner"), RowPlace((axis,), "outer"))


def apart(a: Tensor, b: Tensor) -> float:
    """How far two answers are apart, as a share of the largest number in them."""
    one, other = to_numpy(a), to_numpy(b)
    return float(absolute_differences(one, other).max(initial=0)) / largest_magnitude(one, other)


def same(a: Tensor, b: Tensor, tolerance: float) -> bool:
    return a.shape == b.shape and apart(a, b) <= tolerance


def repeated(one: list[Tensor], other: list[Tensor]) -> bool:
    """Whether the same computation, done twice, gave the same."""
    return len(one) == len(other) and all(same(a, b, ROUNDING) for a, b in zip(one, other))


def without_extra(longer: Tensor, like: Tensor) -> Tensor:
    """Without the answers at the steps of padding that were added, where there is one for each step."""
    for axis, (size, wanted) in enumerate(zip(longer.shape, like.shape)):
        if size == wanted + MORE:
            longer = longer.narrow(axis, 0, wanted)
    return longer
