"""Trials: copies of a model run on a batch, or on some of its sequences and steps. The model itself is never called."""

import copy
import random
from contextlib import ExitStack
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd  # the base class of all of torch's dropout layers
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence, pad_sequence

from .batches import Arguments, SequenceBatch, arguments, is_rows, parts_of, rebuilt
from .device import seed_torch, to_numpy
from .pictures.mixups import RELATIVE_TOLERANCE, absolute_differences, largest_magnitude

DROPPERS = (nn.RNNBase, nn.MultiheadAttention, _DropoutNd)
ROUNDING = 1e-6  # of the largest number: the same computation, done twice
Pair = tuple[Tensor, Tensor]  # two answers; or what an RNN reads and returns, each (steps, sequences, features) as it counts them


class TrialFailed(Exception):
    """The model raised when it was tried in another way than it was given."""


class Aligned(NamedTuple):
    """The same sequences and steps of two answers, the sequences in front: along which axes they were, and if they agree."""

    axes: list[int]
    pair: Pair | None  # None if they can't be compared
    same: bool


class Comparison(NamedTuple):
    """What a trial showed: its sequences, each answer by its index as given and as it is now, and what each RNN did."""

    rows: list[int]
    pairs: dict[int, Pair]
    same: bool
    records: dict[str, Pair]


class Trials:
    """A model and the arguments of one call, as for `check_habits`, to be tried in other ways on copies of the model.

    >>> trials = Trials(nn.RNN(3, 4), torch.zeros(5, 2, 3))
    >>> trials.compare([[1]])[0].same  # the second sequence alone
    True
    """

    def __init__(self, model: nn.Module, batch: object, batch_axis: int | None = None, padding: float | None = None):
        if isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
            model = model.module
        self.model = getattr(model, "_orig_mod", model)  # what torch.compile was given: no compilation for each size
        self.given, self.packs, self.blocked, self.owned = (self.model, batch, batch_axis, padding), False, "", True
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
        self.N, self.L, self.records = self.batch.N, self.batch.L, self._heard
        kinds = [torch.finfo(part.dtype) for part in [*self.baseline, *self.model.parameters()] if part.is_floating_point()]
        self.tolerance = max(RELATIVE_TOLERANCE, *(0 if self.double else 8 * kind.eps for kind in kinds), 0)
        self.random = not repeated(self.baseline, self.run(seed=1))

    def run(
        self, call: Arguments | None = None, n: int = 0, seed: int = 0, times: int = 1, drop: float | None = None
    ) -> list[Tensor]:
        """The answers of a fresh copy to n sequences, as tensors; of several calls, those of the last.

        If drop is None, the copy runs in evaluation mode. Else it runs in training mode, and each active dropout layer drops
        half of its input (0.5) or nothing (0.0). Both draw the same random numbers.
        """
        twin = self.twin = _twin(self.model).train(drop is not None)
        self._heard: dict[str, Pair] = {}
        hooks = [
            twin.get_submodule(name).register_forward_hook(partial(self._listen, name), with_kwargs=True) for name in self.rnns
        ]
        for part in filter(drops, twin.modules() if drop is not None else ()):
            if isinstance(part, (nn.RNNBase, nn.MultiheadAttention)):
                part.dropout = drop or 0.0
            elif isinstance(part, _DropoutNd):
                part.p, part.inplace = 0.5, False
                hooks += [] if drop else [part.register_forward_hook(lambda part, args, dropped: args[0])]
        with ExitStack() as stack:
            stack.enter_context(torch.no_grad())
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
        for hook in hooks:
            hook.remove()
        return answers

    def compare(self, tries: list[list[int]], steps: list[tuple[int, int]] | None = None) -> list[Comparison]:
        """The answers to these sequences (and steps) of each trial, beside those to the whole batch; of the trials that ran.

        A batch too small for the model is filled with its last sequence. Of the two ways to treat what no shape tells
        (`SequenceBatch.taken`), the one with the same answers counts. TrialFailed : the model raised in all trials.
        """
        done = []
        for rows, kept in zip(tries, steps or [(0, self.L)] * len(tries)):
            found: list[Comparison] = []
            for chosen, guess in product((rows, rows + rows[-1:] * (self.N - len(rows))), (0, 1)):
                if any(one.pairs and (one.same or len(one.rows) < len(chosen)) for one in found):
                    break
                try:
                    answers = self.run(self.batch.taken(chosen, kept, guess), len(chosen))
                except TrialFailed as error:
                    failed = error
                    continue
                each = [self.aligned(a, b, chosen, kept[0]) for a, b in zip(self.baseline, answers)]
                pairs = {k: one.pair for k, one in enumerate(each) if one.pair}
                found.append(Comparison(chosen, pairs, all(one.same for one in each if one.pair), self._heard))
            done += sorted(found, key=lambda one: (not one.pairs, not one.same))[:1]
        if not done:
            raise failed
        return done

    def aligned(self, before: Tensor, after: Tensor, rows: list[int], start: int = 0) -> Aligned:
        """The sequences of `rows`, and the steps that are in both, from both answers.

        An axis contains the sequences if its size went from N * k to n * k, where k may be the steps. There may be two such
        axes (each sequence with each). If the answers are the same for some of the possible axes, these are chosen.
        """
        choices, known = [], {self.L, max(stop for _, stop in self.batch.spans)}  # the steps of padded and unpacked answers
        for a, b in zip(before.shape, after.shape) if before.dim() == after.dim() else ():
            options = []  # which elements of both along this axis, and whether it contains the sequences
            for N, n, outer in ((self.N, len(rows), False), (self.N, len(rows), True), (1, 1, False)):
                if a % N or b % n or a < N or outer and a == N or a // N not in (b // n, *known):
                    continue
                one, two = torch.arange(a), torch.arange(b)
                one, two = (one.view(-1, N).T, two.view(-1, n).T) if outer else (one.view(N, -1), two.view(n, -1))
                count = min(a // N, b // n)
                one = one[rows if N > 1 else [0]][:, min(start, a // N - count) :]
                options.append((one[:, :count].flatten(), two[:, :count].flatten(), N > 1))
            choices.append(options)
        found = Aligned([], None, False)
        for chosen in sorted(product(*choices), key=lambda chosen: sum(option[2] for option in chosen)):
            axes = [axis for axis, option in enumerate(chosen) if option[2]]
            if before.dim() != after.dim() or not axes and rows != list(range(self.N)):
                continue
            left, right = before, after
            for axis, (one, two, _) in enumerate(chosen):
                order = one.argsort(stable=True)  # as they were in the batch
                left = left.index_select(axis, one[order].to(left.device))
                right = right.index_select(axis, two[order].to(right.device))
            pair = (left.movedim(axes[0], 0), right.movedim(axes[0], 0)) if axes else (left, right)
            if same(*pair, self.tolerance):
                return Aligned(axes, pair, True)
            found = found if found.pair else Aligned(axes, pair, False)
        return found

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
            self.packs, pair = True, [pad_packed_sequence(part)[0] for part in pair]
        elif isinstance(rnn, nn.RNNCellBase):
            pair = [part[None] for part in pair]
        elif rnn.batch_first and given.dim() == 3:
            pair = [part.transpose(0, 1) for part in pair]
        before = self._heard.get(name)
        if before is None:
            self._heard[name] = (pair[0].clone(), pair[1].clone())
        elif len(pair[0]) == 1 and before[0].shape[1:] == pair[0].shape[1:]:  # called step by step: all its steps together
            self._heard[name] = (torch.cat([before[0], pair[0]]), torch.cat([before[1], pair[1]]))


def find_rnns(model: nn.Module) -> dict[str, nn.Module]:
    """Every nn.RNN, nn.GRU, nn.LSTM and cell inside, by name; TypeError if there is none."""
    parts = model.named_modules() if isinstance(model, nn.Module) else ()
    found: dict[str, nn.Module] = {name: part for name, part in parts if isinstance(part, (nn.RNNBase, nn.RNNCellBase))}
    if not found:
        given = type(model).__name__
        raise TypeError(f"model: given {given}, expected a module with an nn.RNN, nn.GRU, nn.LSTM or one of their cells inside")
    return found


def drops(part: nn.Module) -> bool:
    """Whether this module is asked to drop something."""
    return bool(part.p if isinstance(part, _DropoutNd) else getattr(part, "dropout", 0)) and isinstance(part, DROPPERS)


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
    # torch refuses to copy a tensor that has a history, as a carried h_n; its numbers are all a copy needs.
    kept = (value for part in model.modules() for value in parts_of(vars(part)))
    known = {id(value): value.detach().clone() for value in kept if isinstance(value, Tensor) and not value.is_leaf}
    try:
        twin = copy.deepcopy(model, known)
    except Exception as error:
        given = type(model).__name__
        raise TypeError(f"model: given {given}, expected one that copy.deepcopy can copy ({error})") from error
    for part in twin.modules():
        if isinstance(part, nn.RNNBase):
            part.flatten_parameters()  # else a copy on CUDA warns of its scattered weights
    return twin


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
        if len({item.shape[1:] for item in items}) > 1 or all(item.dim() and len(item) == n for item in items):
            return items  # an item for each step, with a row for each sequence
        steps = [item.reshape(-1, *item.shape[1:]) for item in items]
        padded = pad_sequence(steps, batch_first=True, padding_value=float("nan") if items[0].is_floating_point() else -1)
        return padded if items[0].dim() else padded[:, 0]

    return [part for part in parts_of(value, joined) if isinstance(part, Tensor)]
