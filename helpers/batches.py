"""Batches: where the arguments of a call have the sequences, the steps and the padding, and how some are taken out."""

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

Arguments = tuple[tuple[Any, ...], dict[str, Any]]  # positional, and by keyword
Change = Callable[[Any], Any]
Span = tuple[int, int]  # the first step, and the one behind the last


def parts_of(value: Any, change: Change = lambda part: part, depth: int = 6) -> Iterator[Any]:
    """A value after `change`, and then all that is nested in it; an object may contain itself, hence the depth."""
    value = change(value)
    yield value
    if depth and not callable(value) and not isinstance(value, (Tensor, PackedSequence, np.ndarray)):
        names = (*getattr(value, "__dict__", ()), *getattr(value, "__slots__", ()))
        inside = value if isinstance(value, (tuple, list)) else [getattr(value, name, None) for name in names]
        for part in value.values() if isinstance(value, Mapping) else inside:
            yield from parts_of(part, change, depth - 1)


def rebuilt(value: Any, change: Change) -> Any:
    """A copy of nested containers of any kind, with `change` applied to all that is in them, and to whole lists.

    >>> rebuilt({"x": (1, [2, 3])}, lambda part: [0] if isinstance(part, list) else part)
    {'x': (1, [0])}
    """
    changed = {id(part): new for part in parts_of(value) if (new := change(part)) is not part}
    return copy.deepcopy(value, changed)  # deepcopy uses what its memo contains in place of a copy


class SequenceBatch:
    """The arguments of one call of a model, and where in them the sequences and the steps are.

    >>> batch = SequenceBatch(nn.RNN(3, 4, batch_first=True), ((torch.ones(2, 5, 3), torch.ones(1, 2, 4)), {}))
    >>> batch.N, batch.L, batch.axis
    (2, 5, 0)
    >>> [tuple(part.shape) for part in batch.taken([1], (0, 3))[0]]  # the first three steps of the second sequence
    [(1, 3, 3), (1, 1, 4)]
    """

    def __init__(self, model: nn.Module, call: Arguments, batch_axis: int | None = None, padding: float | None = None):
        self.call, bare, rnns = call, isinstance(model, nn.RNNBase), [x for x in model.modules() if isinstance(x, nn.RNNBase)]
        self.states = {(r.num_layers * (1 + r.bidirectional), size) for r in rnns for size in (r.hidden_size, r.proj_size)}
        ids = (part.padding_idx for part in model.modules() if isinstance(part, nn.Embedding))
        declared = [number for number in (padding, *ids) if number is not None]
        self.padding, self.declared, self.sure = (declared or [0])[0], bool(declared), True
        self.x, self.axis = _find_sequences(list(parts_of((*call[0], *call[1].values()))), 2 + bare), 0
        if isinstance(self.x, Tensor):
            self.axis = self._find_axis(batch_axis, int(bare and not model.batch_first))
            self.N, self.L = self.x.size(self.axis), self.x.size(1 - self.axis)
            self.spans = self._find_spans(self.x.movedim(self.axis, 0))
        else:
            counts = _unpadded(self.x)
            self.N, self.L, self.spans = len(counts), max(counts), [(0, count) for count in counts]
        self.ragged = any(span != (0, self.L) for span in self.spans)

    def taken(self, rows: list[int], steps: Span | None = None, guess: int = 0) -> Arguments:
        """The arguments with these sequences and steps alone, and padding where the steps go beyond L. Lengths stay as they are.

        `guess` is how to treat what no shape tells. 0: of two axes of N the likelier is the batch, arguments that end in padding
        where the sequences do are cut, a mask is 1 at new padding. 1: the other axis, all that have an axis of L, and 0.
        """
        call: Arguments = rebuilt(self.call, lambda part: self._taken(part, rows, steps or (0, self.L), guess))
        return call

    def _taken(self, part: Any, rows: list[int], steps: Span, guess: int) -> Any:
        if isinstance(part, PackedSequence):
            padded, lengths = pad_packed_sequence(part, batch_first=True)
            return pack_padded_sequence(padded[rows], lengths[rows], batch_first=True, enforce_sorted=False)
        if is_rows(part) and len(part) == self.N:
            return type(part)(part[row] for row in rows)
        if isinstance(part, np.ndarray) and part.dtype.kind in "biuf":
            return self._taken(torch.from_numpy(part), rows, steps, guess).numpy()
        if not isinstance(part, Tensor):
            return part
        likely = 1 if self._is_state(part) else self.axis
        axes = sorted((axis for axis, size in enumerate(part.shape) if size == self.N), key=lambda axis: axis != likely)
        axis = self.axis if part is self.x else axes[min(guess, len(axes) - 1)] if axes else None
        own = part if axis is None else part.index_select(axis, torch.tensor(rows, device=part.device))
        if not isinstance(self.x, Tensor):
            return own
        if part.is_floating_point() and (part * self.L).round().tolist() == [stop for _, stop in self.spans]:
            return own * self.L / (steps[1] - steps[0])  # the lengths, as shares of the longest
        times = [1 - self.axis] if part.shape[:2] == self.x.shape[:2] else []
        if guess and part is not self.x:
            times = [time for time, size in enumerate(part.shape) if size == self.L and time != axis]
        for time in times:
            before, _, after = own.tensor_split(steps, time)
            if guess or part is self.x or len(torch.cat([before, after], time).unique()) < 2:
                behind = [] if axis is None else _common(part.movedim((axis, time), (0, 1)), self.spans)
                value = behind[0] if behind else self.padding if part is self.x else 1 - guess
                own = F.pad(own, [0, 0] * (own.dim() - 1 - time) + [-steps[0], steps[1] - self.L], value=value)
        return own

    def _is_state(self, part: Tensor) -> bool:
        return part.dim() == 3 and (part.size(0), part.size(2)) in self.states

    def _find_axis(self, batch_axis: int | None, usual: int) -> int:
        """What is told; else the only axis whose size the lengths, or all other arguments, share; else the usual one."""
        parts = [part for part in parts_of(self.call) if part is not self.x]
        counts = {len(_integers(part)) for part in parts}
        shapes = [x.shape[1:2] if self._is_state(x) else x.shape for x in parts if isinstance(x, Tensor) and x.dim() > 1]
        fitting = [axis for axis in (0, 1) if self.x.size(axis) in counts]
        shared = [axis for axis in (0, 1) if shapes and all(self.x.size(axis) in shape for shape in shapes)]
        if batch_axis is None:
            return next((found[0] for found in (fitting, shared) if len(found) == 1), usual)
        if fitting == [1 - batch_axis]:
            given, lengths = f"given {batch_axis}, of size {self.x.size(batch_axis)}", self.x.size(fitting[0])
            raise ValueError(f"batch_axis: {given}, expected {fitting[0]}, as there are {lengths} lengths")
        return batch_axis

    def _find_spans(self, x: Tensor) -> list[Span]:
        """Where each sequence of x (N, L, ...) begins and ends: as lengths or a mask say, else by what it ends in.

        Whole numbers that could be lengths, but have no padding behind them, may be labels: then `sure` is False.
        """
        told = [[(0, count) for count in counts] for part in parts_of(self.call) if (counts := self._lengths_in(part))]
        for spans in told:
            if _common(x, spans) or min(spans) == (0, self.L):
                return spans
        filler = (x.isnan() if self.padding != self.padding else x == self.padding).reshape(self.N, self.L, -1).all(2)
        ends = (self.L - filler.flip(1).cumprod(1).sum(1)).tolist()
        begins = (filler.cumprod(1).sum(1) * self.declared).tolist()
        count = int(filler.sum())
        if self.declared or count == sum(self.L - end for end in ends) and count >= (2 if x.dim() == 2 else 1):
            return [(begin, end) if begin < end else (0, self.L) for begin, end in zip(begins, ends)]
        self.sure = not told
        return told[0] if told else [(0, self.L)] * self.N

    def _lengths_in(self, part: Any) -> list[int]:
        """The lengths that one argument says: as whole numbers from 1 to L, or as a mask of either meaning."""
        counts = _integers(part)
        if _is_mask(part) and part is not self.x and part.shape == self.x.shape[:2]:
            real = (rows := part.movedim(self.axis, 0)) == rows[:1, :1]  # each sequence begins with a step that is no padding
            run = real.cumprod(1).sum(1)
            counts = run.tolist() if rows.any() and run.equal(real.sum(1)) else []
        return counts if len(counts) == self.N and all(1 <= count <= self.L for count in counts) else []


def arguments(model: nn.Module, batch: Any) -> Arguments:
    """How the model is called with the batch: with all that a tuple, list or dictionary contains, or as one argument."""
    ways: list[Arguments] = [((batch,), {})]
    if isinstance(batch, (tuple, list)) and not isinstance(batch, PackedSequence):
        ways.insert(0, (tuple(batch), {}))
    elif isinstance(batch, Mapping):
        ways.insert(0, ((), dict(batch)))
    for args, kwargs in ways:
        with suppress(TypeError):
            inspect.signature(model.forward).bind(*args, **kwargs)
            return args, kwargs
    return ways[0]


def _find_sequences(parts: list[Any], least: int) -> Any:
    """The argument that contains the sequences: a tensor of at least so many axes, a PackedSequence, or a list of sequences.

    Of several, it is the first whose longest sequence is as long as the lengths, or a mask, say; else the first of all.
    Numbers without an axis of features are likelier to be no sequences, and what looks like lengths may be labels.

    >>> series, static, lengths = torch.ones(2, 5, 3), torch.ones(2, 4), torch.tensor([5, 3])
    >>> _find_sequences([static, series, lengths], 2) is series
    True
    >>> _find_sequences([series, static, torch.tensor([4, 1])], 2) is series
    True
    """
    counts = [part for part in map(_integers, parts) if part and min(part) > 0]
    told = [{len(part), max(part)} for part in counts] + [set(part.shape) for part in parts if _is_mask(part)]

    def rank(part: Any) -> tuple[bool, int]:
        flat = isinstance(part, Tensor) and part.dim() == 2 and part.is_floating_point() and bool(told)
        lengths = _unpadded(part)
        return _is_mask(part), flat - (
            (set(part.shape[:2]) if isinstance(part, Tensor) else {len(lengths), max(lengths)}) in told
        )

    tensors = [part for part in parts if isinstance(part, Tensor)]
    found = [x for x in parts if (x.dim() >= least and x.dtype != torch.bool if isinstance(x, Tensor) else _unpadded(x))]
    if found:
        return min(found, key=rank)
    if tensors:
        wanted = "three axes: an unbatched one is no batch" if least == 3 else "two axes or more, sequences and steps"
        raise ValueError(f"batch: given a tensor of shape {tuple(tensors[0].shape)}, expected {wanted}")
    expected = "a tensor, a PackedSequence, a list of sequences, or a tuple of all arguments with one of them inside"
    raise TypeError(f"batch: given {type((parts[1:] or parts)[0]).__name__}, expected {expected}")


def _unpadded(part: Any) -> list[int]:
    """The lengths of the sequences in a PackedSequence, or in a list of them; none for anything else."""
    if isinstance(part, PackedSequence):
        return list(pad_packed_sequence(part)[1].tolist())
    return [len(item) for item in part] if isinstance(part, list) and is_rows(part) and hasattr(part[0], "__len__") else []


def _is_mask(part: Any) -> bool:
    return isinstance(part, Tensor) and part.dim() == 2 and bool((part == part.bool()).all())


def is_rows(part: Any) -> bool:
    """Whether this may have one item for each sequence: a list of vectors, or a list or tuple of numbers or texts."""
    if isinstance(part, list) and all(isinstance(item, Tensor) for item in part):
        return bool(part) and all(item.dim() == 1 or item.dim() == 2 and item.is_floating_point() for item in part)
    if isinstance(part, list) and all(isinstance(item, list) for item in part):
        return all(isinstance(number, (int, float)) for item in part for number in item)
    return type(part) in (list, tuple) and bool(part) and all(isinstance(item, (int, float, str)) for item in part)


def _integers(part: Any) -> list[int]:
    """The whole numbers of a one-dimensional argument, as lengths are; none for any other argument."""
    if isinstance(part, (Tensor, np.ndarray)):
        part = part.tolist() if part.ndim == 1 else []
    return list(part) if isinstance(part, (list, tuple)) and all(type(number) is int for number in part) else []


def _common(rows: Tensor, spans: list[Span]) -> list[Any]:
    """The number that all elements behind the ends of the rows are, in a list; an empty list if they differ."""
    behind = torch.cat([row[stop:].flatten() for row, (_, stop) in zip(rows, spans)]).unique()
    return behind.tolist() if len(behind) == 1 else []
