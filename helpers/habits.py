"""Good habits, checked by running: what the answers of someone's own model give away."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from html import escape
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd as _Dropout  # what all of torch's dropouts share

from .device import fork_rngs, one_thread, to_numpy
from .pictures.mixups import RELATIVE_TOLERANCE, absolute_differences, draw_difference, largest_magnitude
from .pictures.picture import Picture
from .trials import MORE, Stopped, Trials

ROUNDING = 1e-6  # of the largest number: the same computation, done twice
MARKS = {True: "✓", False: "✗", None: "?"}


@dataclass(frozen=True)
class Answer:
    """What one check found: whether the habit holds (None: it can't be told), in words and as a picture.

    >>> Answer("state", None, "It can't be told.")
    ? state    It can't be told.
    """

    name: str
    holds: bool | None
    words: str
    picture: Picture | None = None

    def __repr__(self) -> str:
        return f"{MARKS[self.holds]} {self.name:<8} {self.words}"

    def _repr_html_(self) -> str:
        said = f"<b>{MARKS[self.holds]} {escape(self.name)}</b> {escape(self.words)}"
        if self.picture is None:
            return f'<p style="margin:6px 0">{said}</p>'
        opened = " open" if self.holds is False else ""
        return f'<details{opened} style="margin:6px 0"><summary>{said}</summary>{self.picture._repr_html_()}</details>'


@dataclass(frozen=True, repr=False)
class Habits:
    """The four answers of `check_habits`, each under its name; printed, or shown with their pictures."""

    batch: Answer
    padding: Answer
    dropout: Answer
    state: Answer

    def __iter__(self) -> Iterator[Answer]:
        return (getattr(self, field.name) for field in fields(self))

    def __repr__(self) -> str:
        return "\n".join(map(repr, self))

    def _repr_html_(self) -> str:
        return "".join(answer._repr_html_() for answer in self)


def check_habits(model: nn.Module, batch: Any, *, batch_axis: int | None = None, padding: float | None = None) -> Habits:
    """Run copies of `model` on one batch, changed a little each time, and tell what the answers give away.

    >>> import torch
    >>> x = torch.arange(30.0).view(2, 5, 3) / 30  # (N, L, H_in)
    >>> found = check_habits(nn.RNN(3, 4, batch_first=True), x)
    >>> found.batch.holds, found.padding.holds, found.dropout.holds, found.state.holds
    (True, None, True, True)
    >>> found.state
    ✓ state    A second call with the same batch gives the same answers: nothing is carried over.

    - batch: does permuting the sequences permute the answers? Else batch and time are swapped, or sequences mixed
    - padding: does more padding at the end change nothing?
    - dropout: if there is some, does it act in training and rest in eval mode?
    - state: does a second call give the same answers? Else a hidden state is carried over

    Parameters
    ----------
    model : any module with an nn.RNN, nn.GRU or nn.LSTM inside. Only copies of it run: parameters, buffers, training
        flag, other attributes and all random generators stay as they are. What it keeps outside itself can't be seen.
    batch : what you call it with: a tensor, a PackedSequence, or a tuple of all its arguments. The first holds the
        sequences. One whole number for each of them is read as their lengths. Tensors with the same batch axis move
        with them, and are padded with them if they have as many steps, as a mask; so does an h_0 of the RNN's shape.
    batch_axis : 0 or 1, which axis of the sequences *you* mean to be the batch. None: the one that fits the lengths;
        else what `batch_first` says, if the model is itself an nn.RNN; else 0, as a DataLoader makes it.
    padding : the number to pad with; None: the padding_idx of an nn.Embedding if there is one, else 0

    Returns
    -------
    Habits : .batch, .padding, .dropout and .state. Answers differ when they are apart by more than 1e-4 of the largest
        number, or 1e-6 of it where the very same computation was repeated.

    Raises
    ------
    TypeError : there is no RNN inside; the model can't be copied; the batch begins with no tensor; padding is no number.
    ValueError : the batch has too few axes; batch_axis is neither 0 nor 1, or does not fit the lengths.
        What the model itself raises when it is called as given comes through.
    """
    with fork_rngs(), one_thread():
        trials = Trials(model, batch, batch_axis, padding)
        checks = {"batch": _batch, "padding": _padding, "dropout": _dropout, "state": _state}
        return Habits(**{name: _answer(name, check, trials) for name, check in checks.items()})


def _answer(name: str, check: Any, trials: Trials) -> Answer:
    try:
        return Answer(name, *check(trials))
    except Stopped as stopped:
        return Answer(name, None, f"It can't be told: tried on another batch, the model stops with {stopped}")


def _batch(trials: Trials) -> tuple:
    N, before = trials.N, trials.once
    if N < 2:
        return None, "It can't be told from one sequence: give a batch of two or more."
    after = trials.run(trials.permuted())
    rows = [next((axis for axis, size in enumerate(answer.shape) if size == N), None) for answer in before]
    if all(row is None for row in rows):
        shapes = ", ".join(str(tuple(answer.shape)) for answer in before) or "no tensors"
        words = f"No answer has one row for each of the {N} sequences: it gives {shapes}."
        return (False if _swapped(trials) else None), f"{words} {_swapped(trials)}".strip()
    moved = [_moved_axis(a, b, N) for a, b in zip(before, after)]
    axes = [row if axis is None else axis for axis, row in zip(moved, rows)]
    shown = [(_to_front(a, axis), _to_front(b, axis).roll(-1, 0)) for a, b, axis in zip(before, after, axes) if axis is not None]
    picture = _picture(shown, RELATIVE_TOLERANCE, "as given", "permuted, put back")
    if any(axis is None and row is not None for axis, row in zip(moved, rows)):
        return False, f"Permuting the {N} sequences changes their answers. {_why_mixed(trials)}", picture
    if all(_same(a, a.roll(1, 0), RELATIVE_TOLERANCE) for a, _ in shown):
        return None, "It can't be told: all answers are alike.", picture
    return True, f"Permuting the {N} sequences permutes their answers: none depends on another.", picture


def _why_mixed(trials: Trials) -> str:
    if _swapped(trials):
        return _swapped(trials)
    if not _all_same(trials.once, trials.run(times=2)):
        return "A state that is carried over stays where it is while they move."
    if not _all_same(trials.once, trials.run(seed=1)):
        return "Random numbers that it draws stay where they are while they move."
    return "The RNN reads the axes as meant: look at its first state, and for a view, reshape or index after it."


def _swapped(trials: Trials) -> str:
    """What the RNN inside makes of what it is given, if that is not what is meant; '' if it is."""
    if len(trials.reads) != 3:
        return ""
    flag = f"batch_first={trials.rnn.batch_first}"
    steps, sequences = trials.reads[1::-1] if trials.rnn.batch_first else trials.reads[:2]
    if trials.N == trials.L == steps == sequences:
        return f"Batch and time may be swapped ({flag}), or sequences mixed: a batch with N other than L would tell."
    swapped = (steps, sequences) == (trials.N, trials.L)
    return f"Batch and time are swapped: with {flag} the RNN reads {steps} steps of {sequences} sequences." * swapped


def _padding(trials: Trials) -> tuple:
    if trials.packed:
        return True, "The batch is packed: there is no padding in it that could be read."
    if trials.N != trials.L and _swapped(trials):
        return None, "It can't be told while batch and time are swapped."
    after = [_cut(b, a) for a, b in zip(trials.once, trials.run(trials.longer()))]
    if any(a.shape != b.shape for a, b in zip(trials.once, after)):
        return None, f"It can't be told: with {MORE} more steps of padding the answers have another shape."
    picture = _picture(zip(trials.once, after), RELATIVE_TOLERANCE, "as given", f"{MORE} more steps")
    more = f"{MORE} more steps of padding ({trials.padding:g}) at the end"
    if all(_same(a, b, RELATIVE_TOLERANCE) for a, b in zip(trials.once, after)):
        return True, f"{more} change no answer.", picture
    if trials.holds_padding:
        words = f"{more} change the answers, so the padding in this batch is read too: pack it, or use the lengths."
        return False, words, picture
    return None, f"This batch holds no padding. With {more} the answers change: pack before you pad.", picture


def _dropout(trials: Trials) -> tuple:
    training = [trials.run(train=True, seed=seed) for seed in range(6)]
    quiet, other = trials.once, trials.run(seed=1)
    if not _all_same(quiet, other):
        words = "Two runs differ in eval mode too: dropout that ignores self.training, or other random numbers."
        return False, words, _picture(zip(quiet, other), ROUNDING, "eval, one run", "eval, another run")
    different = next((run for run in training[1:] if not _all_same(training[0], run)), None)
    if different is not None:
        picture = _picture(zip(training[0], different), ROUNDING, "training, one run", "training, another run")
        return True, "It acts in training, where two runs differ, and rests in eval mode.", picture
    asked = [part for part in trials.model.modules() if _drops(part)]
    if not asked:
        return True, "There is none, and two runs in training mode agree."
    picture = _picture(zip(training[0], training[1]), ROUNDING, "training, one run", "training, another run")
    between = all(isinstance(part, nn.RNNBase) and part.num_layers == 1 for part in asked)
    why = "nn.RNN drops between layers, and there is only one." if between else "It touches nothing the answers use."
    return False, f"It is asked for but does nothing: two runs in training mode agree. {why}", picture


def _drops(part: nn.Module) -> bool:
    chance = part.dropout if isinstance(part, nn.RNNBase) else part.p if isinstance(part, _Dropout) else 0
    return chance > 0


def _state(trials: Trials) -> tuple:
    twice = trials.run(times=2)
    picture = _picture(zip(trials.once, twice), ROUNDING, "first call", "second call")
    if _all_same(trials.once, twice):
        return True, "A second call with the same batch gives the same answers: nothing is carried over.", picture
    kept = f" ({', '.join(trials.changes)})" if trials.changes else ""
    words = f"A second call with the same batch gives other answers: a state is carried over{kept}."
    return False, f"{words} Right for the next part of the same sequences, wrong for new ones.", picture


def _picture(pairs: Any, tolerance: float, before: str, after: str) -> Picture | None:
    """Both answers of the pair that differs most, as a table; None when there is nothing to draw."""
    pairs = [(a, b) for a, b in pairs if a.shape == b.shape and a.numel()]
    if not pairs:
        return None
    a, b = max(pairs, key=lambda pair: _apart(*pair))
    return draw_difference(tolerance, **{before: a, after: b})


def _apart(a: Tensor, b: Tensor) -> float:
    """How far two answers are apart, as a share of the largest number in them."""
    a, b = to_numpy(a), to_numpy(b)
    return float(absolute_differences(a, b).max(initial=0)) / largest_magnitude(a, b)


def _same(a: Tensor, b: Tensor, tolerance: float) -> bool:
    return a.shape == b.shape and _apart(a, b) <= tolerance


def _all_same(one: list[Tensor], other: list[Tensor]) -> bool:
    return len(one) == len(other) and all(_same(a, b, ROUNDING) for a, b in zip(one, other))


def _moved_axis(before: Tensor, after: Tensor, N: int) -> int | None:
    """The axis along which the answers moved on as the sequences did."""
    if before.shape != after.shape:
        return None
    axes = [axis for axis, size in enumerate(before.shape) if size == N]
    return next((axis for axis in axes if _same(before.roll(1, axis), after, RELATIVE_TOLERANCE)), None)


def _to_front(answer: Tensor, axis: int) -> Tensor:
    return answer.movedim(axis, 0)


def _cut(longer: Tensor, like: Tensor) -> Tensor:
    """Without the answers at the steps of padding that were added, where there is one for each step."""
    for axis, (size, wanted) in enumerate(zip(longer.shape, like.shape)):
        if size == wanted + MORE:
            longer = longer.narrow(axis, 0, wanted)
    return longer
