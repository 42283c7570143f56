"""Trials: fresh copies of a model run on one batch, permuted or padded further; the model itself is never called."""

import copy
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

MORE = 3  # steps of padding that `Trials.longer` adds


class Stopped(Exception):
    """The model raised when it was tried in another way than it was given; the message is its first line."""


class Trials:
    """A model, the arguments of one call, and where in them the batch and the time stand.

    >>> trials = Trials(nn.RNN(3, 4), torch.zeros(5, 2, 3))
    >>> trials.N, trials.L, trials.axis
    (2, 5, 1)
    >>> [tuple(answer.shape) for answer in trials.run(trials.longer())]  # output and h_n
    [(8, 2, 4), (1, 2, 4)]

    Parameters
    ----------
    model, batch, batch_axis, padding : as for `check_habits`

    Raises
    ------
    TypeError, ValueError : as `check_habits`.
    """

    def __init__(self, model: nn.Module, batch: Any, batch_axis: int | None = None, padding: float | None = None):
        self.model, (self.rnn_name, self.rnn) = model, _find_rnn(model)
        single = isinstance(batch, PackedSequence) or not isinstance(batch, (tuple, list))  # it is a tuple, for Python
        self.args = (batch,) if single else tuple(batch)
        self.x = self.args[0] if self.args else None
        self.packed = isinstance(self.x, PackedSequence)
        if isinstance(batch_axis, bool) or batch_axis not in (None, 0, 1):
            raise ValueError(f"batch_axis: given {batch_axis!r}, expected 0 or 1")
        if isinstance(padding, bool) or not isinstance(padding, (int, float, type(None))):
            raise TypeError(f"padding: given {padding!r}, expected a number")
        if self.packed:
            padded, counts = pad_packed_sequence(self.x, batch_first=True)
            self.axis, self.lengths, (self.N, self.L) = 0, counts.tolist(), padded.shape[:2]
        else:
            self.axis = self._find_axis(batch_axis)
            self.N, self.L = self.x.size(self.axis), self.x.size(1 - self.axis)
            self.lengths = next((ints for ints in map(_ints, self.args[1:]) if len(ints) == self.N), None)
        ids = [part.padding_idx for part in model.modules() if isinstance(part, nn.Embedding)]
        self.padding = next((number for number in (padding, *ids) if number is not None), 0)
        self.reads: tuple[int, ...] = ()  # the shape of what the RNN inside is given, called with the batch as it is
        self.once = self._run(self.args)

    def run(self, args: tuple | None = None, *, train: bool = False, seed: int = 0, times: int = 1) -> list[Tensor]:
        """The answers of a fresh copy, as tensors; of several calls, those of the last.

        Raises
        ------
        Stopped : the model raised.
        """
        try:
            return self._run(self.args if args is None else args, train, seed, times)
        except Exception as error:  # whatever someone's own model may raise
            raise Stopped(f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}") from error

    def _run(self, args: tuple, train: bool = False, seed: int = 0, times: int = 1) -> list[Tensor]:
        twin = _twin(self.model).train(train)
        rnn = twin.get_submodule(self.rnn_name)
        hook = rnn.register_forward_pre_hook(self._note, with_kwargs=True)
        with torch.no_grad():
            for _ in range(times):
                _seed(seed)
                answers = list(_flat(twin(*(_mapped(arg, _cloned) for arg in args))))
        hook.remove()
        self.changes = _changes(self.model, twin)
        return [_padded(answer) for answer in answers]

    def _note(self, rnn: nn.RNNBase, args: tuple, kwargs: dict) -> None:
        given = args[0] if args else kwargs.get("input")
        self.reads = self.reads or (tuple(given.shape) if isinstance(given, Tensor) else ())

    def permuted(self) -> tuple:
        """The arguments with the sequences moved on by one place, the last becoming the first."""
        return tuple(_mapped(arg, lambda part: _rolled(part, self._axis_of(part))) for arg in self.args)

    def longer(self) -> tuple:
        """The arguments with MORE steps of padding at the end; lengths stay what they are."""
        return tuple(_mapped(arg, self._padded_on) for arg in self.args)

    @property
    def holds_padding(self) -> bool:
        """Whether some sequence of the batch ends before the others, by its lengths or by what it ends in."""
        if self.lengths is not None:
            return min(self.lengths) < self.L
        last = self.x.select(1 - self.axis, -1)  # (N, ...)
        return bool((last == self.padding).reshape(self.N, -1).all(1).any())

    def _padded_on(self, part: Any) -> Any:
        if not (isinstance(part, Tensor) and self._is_sequences(part)):
            return part
        sizes = list(part.shape)
        sizes[1 - self.axis] = MORE
        value = False if part.dtype == torch.bool else self.padding
        return torch.cat([part, part.new_full(sizes, value)], 1 - self.axis)

    def _axis_of(self, part: Any) -> int | None:
        """The batch axis of one argument; None if it has none."""
        if isinstance(part, PackedSequence) or len(_ints(part)) == self.N:
            return 0
        if not isinstance(part, Tensor) or part.dim() == 0:
            return None
        rows = self.rnn.num_layers * (2 if self.rnn.bidirectional else 1)
        is_state = part is not self.x and part.dim() == 3 and part.shape[:2] == (rows, self.N)
        if is_state and part.size(2) in (self.rnn.hidden_size, self.rnn.proj_size):
            return 1
        axis = self.axis if part.dim() > 1 else 0
        return axis if part.size(axis) == self.N else None

    def _is_sequences(self, part: Tensor) -> bool:
        fits = part.dim() > 1 and (part.size(self.axis), part.size(1 - self.axis)) == (self.N, self.L)
        return fits and not self.packed

    def _find_axis(self, batch_axis: int | None) -> int:
        if not isinstance(self.x, Tensor):
            given = type(self.x).__name__
            raise TypeError(f"batch: given {given}, expected a tensor, a PackedSequence, or a tuple beginning with one")
        bare = isinstance(self.model, nn.RNNBase)
        if self.x.dim() < 2 + bare:
            wanted = "three axes: an unbatched one is no batch" if bare else "two axes or more, sequences and steps"
            raise ValueError(f"batch: given a tensor of shape {tuple(self.x.shape)}, expected {wanted}")
        counts = {len(_ints(arg)) for arg in self.args[1:]}
        fitting = [axis for axis in (0, 1) if self.x.size(axis) in counts]
        if batch_axis is None:
            usual = 1 if bare and not self.model.batch_first else 0
            return fitting[0] if len(fitting) == 1 else usual
        if fitting and batch_axis not in fitting:
            given, lengths = f"given {batch_axis}, of size {self.x.size(batch_axis)}", self.x.size(fitting[0])
            raise ValueError(f"batch_axis: {given}, expected {fitting[0]}, as there are {lengths} lengths")
        return batch_axis


def _seed(seed: int) -> None:
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)


def _find_rnn(model: nn.Module) -> tuple[str, nn.RNNBase]:
    parts = model.named_modules() if isinstance(model, nn.Module) else ()
    found = next(((name, part) for name, part in parts if isinstance(part, nn.RNNBase)), None)
    if found is None:
        given = type(model).__name__
        raise TypeError(f"model: given {given}, expected a module with an nn.RNN, nn.GRU or nn.LSTM inside")
    return found


def _twin(model: nn.Module) -> nn.Module:
    """A copy that shares nothing with the model, a state kept as a plain attribute included."""
    # torch refuses to copy a tensor that has a history, as a carried h_n; its numbers are all a copy needs.
    kept = (value for part in model.modules() for value in _flat(vars(part)))
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


def _changes(model: nn.Module, twin: nn.Module) -> list[str]:
    """The names of tensors, kept by the model as buffers or attributes, that are others in the copy after its run."""
    found = []
    for (name, before), after in zip(model.named_modules(), twin.modules()):
        old, new = ({**vars(part), **part._buffers} for part in (before, after))
        for key in [key for key in new if key not in vars(nn.Module())]:
            a, b = (list(map(_padded, _flat(values.get(key)))) for values in (old, new))
            same = len(a) == len(b) and all(torch.equal(p, q) for p, q in zip(a, b))
            found += [] if same else [f"{name}.{key}".lstrip(".")]
    return found


def _flat(value: Any) -> Iterator[Any]:
    """Every tensor and PackedSequence in nested tuples, lists and dictionaries."""
    if isinstance(value, (Tensor, PackedSequence)):
        yield value
    elif isinstance(value, (tuple, list, Mapping)):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _flat(part)


def _mapped(value: Any, change: Any) -> Any:
    """`change` of one argument, of every part of a tuple of tensors (the h_0 and c_0 of an LSTM); lists stay whole."""
    plain = isinstance(value, tuple) and not isinstance(value, PackedSequence)
    if plain and any(isinstance(part, Tensor) for part in value):
        return tuple(_mapped(part, change) for part in value)
    return change(value)


def _cloned(part: Any) -> Any:
    """A copy without history, so that a model that writes into its arguments does no harm."""
    if isinstance(part, PackedSequence):
        return PackedSequence(part.data.detach().clone(), *part[1:])
    return part.detach().clone() if isinstance(part, Tensor) else copy.deepcopy(part)


def _rolled(part: Any, axis: int | None) -> Any:
    if axis is None:
        return part
    if isinstance(part, PackedSequence):
        padded, lengths = pad_packed_sequence(part, batch_first=True)
        return pack_padded_sequence(padded.roll(1, 0), lengths.roll(1), batch_first=True, enforce_sorted=False)
    if isinstance(part, Tensor):
        return part.roll(1, axis)
    return np.roll(part, 1) if isinstance(part, np.ndarray) else type(part)([part[-1], *part[:-1]])


def _ints(arg: Any) -> list[int]:
    """The whole numbers of a one-dimensional argument, as lengths are; nothing for any other argument."""
    if isinstance(arg, (Tensor, np.ndarray)):
        arg = arg.tolist() if arg.ndim == 1 else []
    plain = isinstance(arg, (list, tuple)) and not isinstance(arg, PackedSequence)
    return list(arg) if plain and all(isinstance(part, int) and not isinstance(part, bool) for part in arg) else []


def _padded(answer: Tensor | PackedSequence) -> Tensor:
    return pad_packed_sequence(answer, batch_first=True)[0] if isinstance(answer, PackedSequence) else answer
