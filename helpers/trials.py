"""Trials: copies of a model run on one batch, in parts, permuted or padded further; the model itself is never called."""

import copy
import random
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd  # what all of torch's dropouts share
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from .batches import Arguments, Pair, RowPlace, SequenceBatch, find_rnns, possible_places, repeated, same
from .nested import cloned, leaves, map_leaves, tensors
from .pictures.mixups import RELATIVE_TOLERANCE


class TrialFailed(Exception):
    """What the model did, tried in another way than it was given: it raised, or gave what can't be compared."""


class RnnRecord(NamedTuple):
    """What one RNN of the model read and returned, each (steps, sequences, features) as that RNN counts them."""

    input: Tensor
    output: Tensor


class TrialResult(NamedTuple):
    """What a trial gave: the sequences that were in it, the answers as tensors, and a record of each RNN."""

    rows: list[int]
    answers: list[Tensor]
    records: dict[str, RnnRecord]


class Trials(SequenceBatch):
    """A model and the arguments of one call, to be tried in other ways on copies of the model.

    >>> trials = Trials(nn.RNN(3, 4), torch.zeros(5, 2, 3))
    >>> trials.N, trials.L, trials.axis
    (2, 5, 1)
    >>> [tuple(answer.shape) for answer in trials.run(trials.with_extra_padding())]  # output and h_n
    [(8, 2, 4), (1, 2, 4)]
    >>> [tuple(answer.shape) for answer in trials.outcome([1]).answers]  # the second sequence alone
    [(5, 1, 4), (1, 1, 4)]

    Parameters
    ----------
    model, batch, batch_axis, padding : as for `check_habits`

    Raises
    ------
    TypeError, ValueError : as `check_habits`.
    """

    def __init__(self, model: nn.Module, batch: object, batch_axis: int | None = None, padding: float | None = None):
        if isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
            model = model.module
        model = getattr(model, "_orig_mod", model)  # the model that torch.compile was given: no compilation for each size
        super().__init__(model, batch, batch_axis, padding)
        self.batch, self.packs = batch, False  # packs: whether an RNN is given packed sequences
        self._run_first()

    def _run_first(self) -> None:
        """The baseline: in float64 where the model can, so that rounding is never taken for a difference."""
        for self.double in (True, False):
            try:
                self.baseline = self._run(self.call, self.N)
                if _parameters(self.twin) != _parameters(self.model):  # made by this first call, with random numbers
                    self.model, self.rnns = self.twin, find_rnns(self.twin)
                    self.baseline = self._run(self.call, self.N)
                break
            except Exception:
                if not self.double:
                    raise
        self.records = self._recorded()
        kinds = {part.dtype for part in [*self.baseline, *self.model.parameters()] if part.is_floating_point()}
        self.rounding = 0.0 if self.double else max((torch.finfo(kind).eps for kind in kinds), default=0.0)

    def run(self, call: Arguments | None = None, n: int | None = None, **how: Any) -> list[Tensor]:
        """The answers of a fresh copy to n sequences (None: to all), as tensors; of several calls, those of the last.

        Parameters
        ----------
        how : train=False, seed=0, times=1, and drop: True lets each dropout that acts drop half of its input, False
            nothing, None what the model asks for; True and False draw the same random numbers

        Raises
        ------
        TrialFailed : the model raised.
        """
        try:
            return self._run(call or self.call, n or self.N, **how)
        except Exception as error:  # whatever someone's own model may raise
            raise TrialFailed(f"stops with {type(error).__name__}: {str(error).strip().partition(chr(10))[0]}") from error

    def _run(
        self, call: Arguments, n: int, train: bool = False, seed: int = 0, times: int = 1, drop: bool | None = None
    ) -> list[Tensor]:
        twin = self.twin = _twin(self.model).train(train)
        self._heard: dict[str, list[RnnRecord]] = {}
        hooks = [twin.get_submodule(name).register_forward_hook(self._listen(name), with_kwargs=True) for name in self.rnns]
        if drop is not None:
            _halve_dropouts(twin, drop)
        with ExitStack() as stack:
            stack.enter_context(torch.no_grad())
            if self.double:
                stack.callback(torch.set_default_dtype, torch.get_default_dtype())
                torch.set_default_dtype(torch.float64)  # the zeros that a model makes, too
                twin.double()
                for device in {"cpu", *(part.device.type for part in twin.parameters())}:
                    stack.enter_context(torch.autocast(device, enabled=False))
            for _ in range(times):
                _seed(seed)
                args, kwargs = map_leaves(call, lambda part: cloned(part, self.double))
                answers = list(tensors(twin(*args, **kwargs), n))
        for hook in hooks:
            hook.remove()
        self.changes = _changes(self.model, twin)
        return answers

    def _listen(self, name: str) -> Callable[..., None]:
        def hook(rnn: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], returned: Any) -> None:
            given = args[0] if args else kwargs["input"]
            self.packs |= isinstance(given, PackedSequence)
            pair = [given, returned[0] if isinstance(returned, tuple) else returned]
            pair = [pad_packed_sequence(part)[0] if isinstance(part, PackedSequence) else part for part in pair]
            if isinstance(rnn, nn.RNNCellBase):
                pair = [part[None] for part in pair]
            elif rnn.batch_first and not isinstance(given, PackedSequence) and given.dim() == 3:
                pair = [part.transpose(0, 1) for part in pair]
            self._heard.setdefault(name, []).append(RnnRecord(*(part.detach().clone() for part in pair)))

        return hook

    def _recorded(self) -> dict[str, RnnRecord]:
        """One record for each RNN that ran: of one that is called step by step, all its steps together."""
        found = {}
        for name, calls in self._heard.items():
            alike = [call for call in calls if call.input.shape == calls[0].input.shape]
            found[name] = RnnRecord(*map(torch.cat, zip(*alike))) if len(calls[0].input) == 1 else calls[0]
        return found

    @property
    def dropouts(self) -> dict[str, nn.Module]:
        """All inside that is asked to drop something, by name."""
        asked = (nn.RNNBase, nn.MultiheadAttention), _DropoutNd
        parts = self.model.named_modules()
        return {name: x for name, x in parts if isinstance(x, asked[0]) and x.dropout or isinstance(x, asked[1]) and x.p}

    def outcome(self, rows: list[int], span: tuple[int, int] | None = None, wide: bool = False) -> TrialResult:
        """What the model makes of these sequences alone; if it takes no batch so small, the last of them fills it.

        Parameters
        ----------
        span : (start, stop), the only steps to keep; None for all
        wide : cut every argument that has an axis of L, not only those that end in padding where the sequence does

        Raises
        ------
        TrialFailed : the model raised, or gave answers with other axes.
        """
        filled = rows + rows[-1:] * (self.N - len(rows))
        for chosen in (rows, filled):
            try:
                answers = self.run(self.taken(chosen, span, wide), len(chosen))
            except TrialFailed:
                if chosen is filled:
                    raise
                continue
            if [part.dim() for part in answers] == [part.dim() for part in self.baseline]:
                return TrialResult(chosen, answers, self._recorded())
        raise TrialFailed("gives answers that have other axes")


class Evidence:
    """What the trials have told so far: where the answers have their sequences, and what is wrong with the batch axis."""

    def __init__(self, trials: Trials, hint: bool):
        self.trials, self.hint, self.mixed, self.misread = trials, hint, False, False
        self.tolerance = max(RELATIVE_TOLERANCE, 8 * trials.rounding)
        self.random = not repeated(trials.baseline, trials.run(seed=1))
        self.places: list[RowPlace | None] = []

    def place(self, before: Tensor, after: Tensor, rows: list[int]) -> tuple[RowPlace | None, bool]:
        """Where the sequences stand in an answer, and whether they are what they were."""
        N = self.trials.N
        found = list(possible_places(before, N, after, len(rows)))
        fitting = next((place for place in found if same(*place.pair(before, N, after, rows), self.tolerance)), None)
        return fitting or next((place for place in found if not place.parts), None), fitting is not None

    def pairs(self, outcome: TrialResult, start: int = 0, whole: TrialResult | None = None) -> list[Pair]:
        """Each answer that has a row for each sequence, as in the batch (or with its padding) and as it is now."""
        before, N, rows = self.trials.baseline, self.trials.N, outcome.rows
        if whole:
            before, N, rows = whole.answers, len(whole.rows), list(range(len(rows)))
        both = list(zip(before, outcome.answers))
        self.places = self.places or [self.place(a, b, rows)[0] for a, b in both]
        return [place.pair(a, N, b, rows, start) for place, (a, b) in zip(self.places, both) if place]

    def all_same(self, pairs: Iterable[Pair]) -> bool:
        return all(same(a, b, self.tolerance) for a, b in pairs)


def _seed(seed: int) -> None:
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)


def _twin(model: nn.Module) -> nn.Module:
    """A copy that shares nothing with the model, a state kept as a plain attribute included."""
    # torch refuses to copy a tensor that has a history, as a carried h_n; its numbers are all a copy needs.
    kept = (value for part in model.modules() for value in leaves(vars(part)))
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


def _halve_dropouts(twin: nn.Module, drop: bool) -> None:
    """Let each dropout layer drop half of its input, or nothing: both draw the same random numbers."""
    for part in twin.modules():
        if isinstance(part, (nn.RNNBase, nn.MultiheadAttention)) and part.dropout:
            part.dropout = 0.5 if drop else 0.0
        elif isinstance(part, _DropoutNd) and part.p:
            part.p, part.inplace = 0.5, False
            if not drop:
                part.register_forward_hook(lambda part, args, dropped: args[0])


def _parameters(model: nn.Module) -> list[tuple[str, type]]:
    return [(name, type(part)) for name, part in model.named_parameters()]


def _changes(model: nn.Module, twin: nn.Module) -> list[str]:
    """The names of tensors, kept by the model as buffers or attributes, that are others in the copy after its run."""
    found = []
    for (name, before), after in zip(model.named_modules(), twin.modules()):
        old, new = ({**vars(part), **part._buffers} for part in (before, after))
        for key in [key for key in new if key not in vars(nn.Module())]:
            a, b = (list(tensors(values.get(key), 0)) for values in (old, new))
            same = len(a) == len(b) and all(p.shape == q.shape and torch.equal(p.to(q), q) for p, q in zip(a, b))
            found += [] if same else [f"{name}.{key}".lstrip(".")]
    return found
