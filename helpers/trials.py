"""Trials: copies of a model run on a batch, or on some of its sequences and steps. The model itself is never called."""

import copy
import random
from contextlib import ExitStack, suppress
from functools import partial
from itertools import product, repeat
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd  # the base class of all of torch's dropout layers
from torch.nn.parameter import UninitializedBuffer
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence, pad_sequence

from .batches import Arguments, SequenceBatch, Span, arguments, is_rows, parts_of, rebuilt
from .device import seed_torch, to_numpy
from .pictures.mixups import RELATIVE_TOLERANCE, absolute_differences, largest_magnitude

ROUNDING = 1e-6  # of the largest number: the same computation, done twice
Pair = tuple[Tensor, Tensor]  # two answers; or what an RNN reads and returns, each (steps, sequences, features) as it counts them


class TrialFailed(Exception):
    """The model raised when it was tried in another way than it was given."""


class Comparison(NamedTuple):
    """What a trial showed: its sequences, each answer by its index as given and as it is now, and what each RNN did."""

    rows: list[int]
    pairs: dict[int, Pair]
    same: bool
    records: dict[str, Pair]


class Trials:
    """A model and the arguments of one call, as for `check_habits`, to be tried in other ways on copies of the model.

    A model that reads each sequence by itself obeys one law: with the sequences `rows`, cut to some steps, it returns these rows
    and steps of its answers to the whole batch. A trial is a choice of both, of as many rows as before.

    >>> trials = Trials(nn.RNN(3, 4), torch.zeros(5, 2, 3))
    >>> trials.compare([[1, 1]])[0].same  # the second sequence alone
    True
    """

    def __init__(self, model: nn.Module, batch: object, batch_axis: int | None = None, padding: float | None = None):
        if isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
            model = model.module
        self.model = getattr(model, "_orig_mod", model)  # what torch.compile was given: no compilation for each size
        self.given, self.fault = (self.model, batch, batch_axis, padding), ""
        self.packed: list[int] = []  # the lengths of the first batch that an RNN read packed
        self.rnns, call = find_rnns(self.model), arguments(self.model, batch)
        for self.double in (True, False):  # in float64 where the model can, so that rounding is never taken for a difference
            try:
                self.batch = SequenceBatch(self.model, rebuilt(call, self._cloned), batch_axis, padding)
                self.baseline = self.run()
                if [*map(type, self.twin.parameters())] != [*map(type, self.model.parameters())]:
                    self.model, self.rnns = self.twin, find_rnns(self.twin)  # the first call made some, with random numbers
                    self.baseline = self.run()
                break
            except TrialFailed as failed:
                if not self.double:
                    raise failed.__cause__ or failed from None
        self.N, self.L, self.records = self.batch.N, self.batch.L, self.heard
        self.batch.sure |= self.packed == sorted(stop for _, stop in self.batch.spans)
        kinds = [torch.finfo(part.dtype) for part in [*self.baseline, *self.model.parameters()] if part.is_floating_point()]
        self.tolerance = max(RELATIVE_TOLERANCE, *(0 if self.double else 8 * kind.eps for kind in kinds), 0)
        self.random = not repeated(self.baseline, self.run(seed=1))
        self.ways = self._find_ways()

    def run(
        self, call: Arguments | None = None, n: int = 0, seed: int = 0, times: int = 1, drop: float | None = None
    ) -> list[Tensor]:
        """The answers of a fresh copy to n sequences, as tensors; of several calls, those of the last.

        If drop is None, the copy runs in evaluation mode. Else it runs in training mode, and each active dropout layer drops
        half of its input (0.5) or nothing (0.0). Both draw the same random numbers.
        """
        twin = self.twin = _twin(self.model).train(drop is not None)
        self.heard: dict[str, Pair] = {}
        with ExitStack() as stack:
            stack.enter_context(torch.no_grad())
            for name in self.rnns:
                heard = partial(self._listen, name)
                stack.enter_context(twin.get_submodule(name).register_forward_hook(heard, with_kwargs=True))
            for part in filter(drops, twin.modules() if drop is not None else ()):
                if isinstance(part, (nn.RNNBase, nn.MultiheadAttention)):
                    part.dropout = drop or 0.0
                elif isinstance(part, _DropoutNd):
                    part.p, part.inplace = 0.5, False
                    stack.enter_context(part.register_forward_hook(lambda part, args, dropped: dropped if drop else args[0]))
            if self.double:
                stack.callback(torch.set_default_dtype, torch.get_default_dtype())
                torch.set_default_dtype(torch.float64)  # the zeros that a model makes, too
                for device in {"cpu", *(part.device.type for part in twin.double().parameters())}:
                    stack.enter_context(torch.autocast(device, enabled=False))
            try:
                for _ in range(times):
                    for start in (seed_torch, random.seed, np.random.seed):
                        start(seed)
                    args, kwargs = rebuilt(call or self.batch.call, self._cloned)
                    answers = _tensors(twin(*args, **kwargs), n or self.batch.N)
            except Exception as error:  # whatever someone's own model may raise
                reason = str(error).strip().partition("\n")[0]
                raise TrialFailed(f"stops with {type(error).__name__}: {reason}") from error
        return answers

    def compare(self, tries: list[list[int]], steps: list[Span] | None = None) -> list[Comparison]:
        """The answers to these sequences (and steps) of each trial, beside those to the whole batch; of the trials that ran.

        Of the two ways to treat what no shape tells (`SequenceBatch.taken`), the one with the same answers counts.
        TrialFailed : the model raised in all trials.
        """
        done, failed = list[Comparison](), TrialFailed()
        for rows, kept in zip(tries, steps or repeat((0, self.L))):
            found: list[Comparison] = []
            for guess in (0, 1):
                try:
                    answers = self.run(self.batch.taken(rows, kept, guess))
                except TrialFailed as error:
                    failed = error
                    continue
                each = [self.aligned(a, b, rows, ways, kept[0]) for a, b, ways in zip(self.baseline, answers, self.ways)]
                pairs = {k: pair for k, pair in enumerate(each) if pair}
                agree = all(same(*pair, tolerance=self.tolerance) for pair in pairs.values())
                found.append(Comparison(rows, pairs, agree, self.heard))
                if pairs and found[-1].same:
                    break
            done += sorted(found, key=lambda one: (not one.pairs, not one.same))[:1]
        if not done:
            raise failed
        return done

    def aligned(self, before: Tensor, after: Tensor, rows: list[int], ways: list[list[int]], start: int = 0) -> Pair | None:
        """The sequences of `rows`, each once, as first axis, and the steps that are in both; None if the answers don't fit.

        The axes of one of the `ways` contain the sequences, as N times k or k times N elements. If the answers are the same in
        one of them, it is this one.
        """
        kept, lengths, pairs = sorted(set(rows)), {self.L, *(stop for _, stop in self.batch.spans)}, list[Pair]()
        unmoved = [list[int]()] if rows == list(range(self.N)) else []
        for axes, rowwise in product(ways + unmoved, (True, False)):
            if before.dim() != after.dim() or any(part.size(axis) % self.N for part in (before, after) for axis in axes):
                continue
            one = _in_front(before, axes, self.N, rowwise, kept)
            other = _in_front(after, axes, self.N, rowwise, [rows.index(row) for row in kept])
            for axis, (a, b) in enumerate(zip(one.shape, other.shape)):
                if a != b and a in lengths:
                    one, other = one.narrow(axis, min(start, a - min(a, b)), min(a, b)), other.narrow(axis, 0, min(a, b))
            pairs.append((one, other))
        return min(pairs, key=lambda pair: not same(pair[0], pair[1], self.tolerance), default=None)

    def agree(self, before: Tensor, after: Tensor, rows: list[int], axis: int) -> bool:
        """Whether this is the same tensor, but of the sequences `rows` along this axis."""
        pair = self.aligned(before, after, rows, [[axis]])
        return pair is not None and same(pair[0], pair[1], self.tolerance)

    def _find_ways(self) -> list[list[list[int]]]:
        """For each answer, the axes that grow with one more sequence; if there can't be more, any of k * N elements."""
        N, batch = self.N, self.batch
        shortest = min(range(N), key=lambda n: batch.spans[n][1] - batch.spans[n][0])
        for guess in (0, 1):
            with suppress(TrialFailed):
                more = self.run(batch.taken([*range(N), shortest], guess=guess), N + 1)
                if [part.dim() for part in more] == [part.dim() for part in self.baseline]:
                    sizes = [list(zip(one.shape, other.shape)) for one, other in zip(self.baseline, more)]
                    grown = [[axis for axis, (a, b) in enumerate(each) if a and a * (N + 1) == b * N] for each in sizes]
                    return [[axes] if axes else [] for axes in grown]
        return [[[axis] for axis, size in enumerate(part.shape) if size and size % N == 0] for part in self.baseline]

    def changes(self) -> list[str]:
        """The names of tensors, kept by the model as buffers or attributes, that the last run changed."""
        found = []
        for (name, part), twin in zip(self.model.named_modules(), self.twin.modules()):
            old, new = ({**vars(module), **module._buffers} for module in (part, twin))
            changed = [key for key in new if not repeated(_tensors(old.get(key), 0), _tensors(new[key], 0))]
            found += [f"{name}.{key}".lstrip(".") for key in changed if key not in vars(nn.Module())]
        return found

    def _cloned(self, part: Any) -> Any:
        """A copy without history, so that a model that writes into its arguments does no harm."""
        if isinstance(part, PackedSequence):
            return PackedSequence(self._cloned(part.data), *part[1:])
        if isinstance(part, Tensor):
            return (part.double() if self.double and part.is_floating_point() else part).detach().clone()
        return part.astype(float) if isinstance(part, np.ndarray) and self.double and part.dtype.kind == "f" else part

    def _listen(self, name: str, rnn: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], returned: Any) -> None:
        given = args[0] if args else kwargs["input"]
        pair = [given, returned[0] if isinstance(returned, tuple) else returned]
        if isinstance(given, PackedSequence):
            self.packed = self.packed or sorted(pad_packed_sequence(given)[1].tolist())
            pair = [pad_packed_sequence(part)[0] for part in pair]
        elif isinstance(rnn, nn.RNNCellBase):
            pair = [part[None] for part in pair]
        elif rnn.batch_first and given.dim() == 3:
            pair = [part.transpose(0, 1) for part in pair]
        before = self.heard.get(name)
        if before is None:
            self.heard[name] = (pair[0].clone(), pair[1].clone())
        elif len(pair[0]) == 1 and before[0].shape[1:] == pair[0].shape[1:]:  # called step by step: all its steps together
            self.heard[name] = (torch.cat([before[0], pair[0]]), torch.cat([before[1], pair[1]]))


def find_rnns(model: nn.Module) -> dict[str, nn.Module]:
    """Every nn.RNN, nn.GRU, nn.LSTM and cell inside, by name; TypeError if there is none."""
    parts = model.named_modules() if isinstance(model, nn.Module) else ()
    found: dict[str, nn.Module] = {name: part for name, part in parts if isinstance(part, (nn.RNNBase, nn.RNNCellBase))}
    if found:
        return found
    wanted = "a module with an nn.RNN, nn.GRU, nn.LSTM or one of their cells inside"
    raise TypeError(f"model: given {type(model).__name__}, expected {wanted}")


def drops(part: nn.Module) -> bool:
    """Whether this module is asked to drop something."""
    if isinstance(part, (nn.RNNBase, nn.MultiheadAttention)):
        return part.dropout > 0
    return isinstance(part, _DropoutNd) and part.p > 0


def apart(a: Tensor, b: Tensor) -> float:
    """How far two answers are apart, as a share of the largest number in them."""
    one, other = to_numpy(a), to_numpy(b)
    return float(absolute_differences(one, other).max(initial=0)) / largest_magnitude(one, other)


def same(a: Tensor, b: Tensor, tolerance: float = ROUNDING) -> bool:
    return a.shape == b.shape and apart(a, b) <= tolerance


def repeated(one: list[Tensor], other: list[Tensor]) -> bool:
    """Whether the same computation, done twice, gave the same."""
    return len(one) == len(other) and all(map(same, one, other))


def _twin(model: nn.Module) -> nn.Module:
    """A copy that shares nothing with the model, a state kept as a plain attribute included."""
    # torch refuses to copy a tensor that has a history, as a carried h_n; its numbers are all a copy needs. And it refuses to
    # copy a buffer that has no size yet, as of nn.LazyBatchNorm1d.
    kept = [value for part in model.modules() for value in parts_of(vars(part)) if isinstance(value, Tensor)]
    known = {id(value): value.detach().clone() for value in kept if not value.is_leaf}
    known |= {id(value): UninitializedBuffer() for value in kept if isinstance(value, UninitializedBuffer)}
    try:
        twin = copy.deepcopy(model, known)
    except Exception as error:
        given = type(model).__name__
        raise TypeError(f"model: given {given}, expected one that copy.deepcopy can copy ({error})") from error
    for part in twin.modules():
        if isinstance(part, nn.RNNBase):
            part.flatten_parameters()  # else a copy on CUDA warns of its scattered weights
    return twin


def _in_front(part: Tensor, axes: list[int], N: int, rowwise: bool, rows: list[int]) -> Tensor:
    """These rows of each of these axes, as first axes. Of k * N elements, an axis has N times k, or k times N."""
    for more, axis in enumerate(axes):
        part = part.unflatten(axis + more, (N, -1) if rowwise else (-1, N))
        part = part.movedim(axis + more + (not rowwise), 0)[rows]
    return part


def _tensors(value: object, n: int) -> list[Tensor]:
    """Every tensor in what a model of n sequences returned; a list with one item for each of them as one tensor."""

    def joined(part: Any) -> Any:
        if isinstance(part, PackedSequence):
            return pad_packed_sequence(part, batch_first=True)[0]
        if isinstance(part, np.ndarray) and part.dtype.kind in "biuf":
            return torch.from_numpy(part)
        if not isinstance(part, list) or len(part) != n or not is_rows(part) or isinstance(part[0], str):
            return part
        items = [torch.as_tensor(item) for item in part]
        if not items[0].dim():
            return torch.stack(items)
        if len({item.shape[1:] for item in items}) > 1 or all(len(item) == n for item in items):
            return items  # an item for each step, with a row for each sequence
        return pad_sequence(items, batch_first=True, padding_value=float("nan") if items[0].is_floating_point() else -1)

    return [part for part in parts_of(value, joined) if isinstance(part, Tensor)]
