"""Good habits, checked by running: what the answers of your own model show."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from .device import fork_rngs, one_thread
from .pictures.mixups import draw_difference
from .pictures.picture import Picture
from .trials import ROUNDING, Comparison, Pair, TrialFailed, Trials, apart, drops, repeated, same

MOST, MORE = 8, 3  # sequences of a batch that are tried one by one; steps of padding that are added
MARKS = {True: "✓", False: "✗", None: "?"}
CURE = "pack the batch, or use the lengths"
BEFORE = "the RNN reads it packed, but not the same steps, so look before it for a convolution, a mean or a norm over all steps"
BEHIND = "the RNN reads it packed, so look behind it: take h_n, or use the lengths in what reads its output"
SWAPPED, MIXED = "batch and time are swapped", "the sequences are mixed"
Verdict = tuple[bool | None, str, Picture | None]


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


class Habits(NamedTuple):
    """The four answers of `check_habits`, each under its name; printed, or shown with their pictures."""

    batch: Answer
    padding: Answer
    dropout: Answer
    state: Answer

    def __repr__(self) -> str:
        return "\n".join(map(repr, self))

    def _repr_html_(self) -> str:
        return "".join(answer._repr_html_() for answer in self)


def check_habits(model: nn.Module, batch: object, *, batch_axis: int | None = None, padding: float | None = None) -> Habits:
    """Run copies of `model` on one batch, changed a little each time, and tell what the answers show.

    >>> import torch
    >>> x = torch.arange(30.0).view(2, 5, 3) / 30  # (N, L, H_in)
    >>> found = check_habits(nn.RNN(3, 4, batch_first=True), x)
    >>> found.batch.holds, found.padding.holds, found.dropout.holds, found.state.holds
    (True, None, True, True)
    >>> found.state
    ✓ state    A second call with the same batch gives the same answers: nothing is carried over.

    This is what each check tries, with this batch in evaluation mode. A tick promises this and no more. A `?` means that it
    can't be told, and says why.

    - batch: when one sequence is left out, and a copy of another fills the batch, the answers of the others stay the same.
      When the sequences are permuted, their answers are permuted too (where the model takes them in any order). So batch and
      time are not swapped, and no sequences are mixed
    - padding: each sequence alone, without its padding, has the same answer as in the batch. Without padding, or where the
      model does not take a sequence alone, more padding at the end changes no answer
    - dropout: two runs in evaluation mode agree, and the dropout layers, if there are any, change the answers in training mode
    - state: a second call gives the same answers: no hidden state is carried over

    Answers differ from 1e-4 of their largest number on, or 1e-6 where the same was done twice; at most 8 sequences are left out.

    Parameters
    ----------
    model : any module with an nn.RNN, nn.GRU, nn.LSTM or one of their cells inside. Only copies of it run, in float64 where
        they can, so it stays as it is, and so do all random generators. What it keeps outside itself can't be seen.
    batch : what you call it with: a tensor, a PackedSequence, a list of sequences, a dictionary, or a tuple of all its
        arguments. The first of them with two axes holds the sequences. All that has their batch axis goes with them, in
        dictionaries, lists and dataclasses too, and what has as many steps, as a mask, is cut and padded with them. Whole
        numbers or a mask that fit the padding are their lengths; without any, they end where only padding follows.
    batch_axis : 0 or 1, which axis of the sequences *you* mean to be the batch. None: the one that fits the other
        arguments; else what `batch_first` says, if the model is itself an nn.RNN; else 0, as a DataLoader makes it.
    padding : the number to pad with; None: the padding_idx of an nn.Embedding if there is one, else 0

    Raises
    ------
    TypeError : there is no RNN inside; the model can't be copied; the batch holds no sequences; padding is no number.
    ValueError : the batch has too few axes; batch_axis is neither 0 nor 1, or does not fit the lengths.
        What the model itself raises when it is called as given comes through.
    """
    if isinstance(batch_axis, bool) or batch_axis not in (None, 0, 1):
        raise ValueError(f"batch_axis: given {batch_axis!r}, expected 0 or 1")
    if isinstance(padding, bool) or not isinstance(padding, (int, float, type(None))):
        raise TypeError(f"padding: given {padding!r}, expected a number")
    with fork_rngs(), one_thread():
        trials = Trials(model, batch, batch_axis, padding)
        checks = {"batch": _batch, "padding": _padding, "dropout": _dropout, "state": _state}
        return Habits(**{name: _answer(name, check, trials) for name, check in checks.items()})


def _answer(name: str, check: Callable[[Trials], Verdict], trials: Trials) -> Answer:
    numbers = [answer for answer in trials.baseline if answer.numel() and bool(answer.isfinite().any())]
    if not numbers:
        return Answer(name, None, "It can't be told: the model returns no tensor with numbers in it.")
    try:
        holds, words, picture = check(trials)
    except TrialFailed as failed:
        return Answer(name, None, f"It can't be told: tried on another batch, the model {failed}")
    if holds and not any(answer.is_floating_point() for answer in numbers):
        return Answer(name, None, f"{words} But whole numbers may agree by chance: let it return its scores too.", picture)
    return Answer(name, holds, words, picture)


def _batch(trials: Trials) -> Verdict:
    N, stops = trials.N, [stop for _, stop in trials.batch.spans]
    if N < 2:
        return None, "It can't be told from one sequence: give a batch of two or more.", None
    # The only longest one stays: without it there is less padding, too. The last of the others takes the place of one left out.
    some = [n for n in range(N) if stops[n] < max(stops) or stops.count(max(stops)) > 1][:: max(1, N // MOST)]
    others = [[m for m in range(N) if m != n] for n in some]
    done = trials.compare([[N - 1, *range(N - 1)], *(rows + rows[-1:] for rows in others)])
    found = next((one for one in done if not one.same), done[0])
    left_out = set(range(N)).difference(found.rows)
    picture = _picture(found.pairs.values(), trials.tolerance, "as given", "without one" if left_out else "permuted, put back")
    if not found.pairs:
        shapes = ", ".join(str(tuple(answer.shape)) for answer in trials.baseline)
        words, (fault, why) = (
            f"No answer has one row for each of the {N} sequences: it gives {shapes}.",
            _why_mixed(trials, found),
        )
        if fault == SWAPPED and shapes != "()":
            trials.fault = fault
            return False, f"{words} {why}", None
        return None, words, None
    if not found.same:
        trials.fault, why = _why_mixed(trials, found)
        words = f"Leaving out sequence {min(left_out)} changes the answers of others." if left_out else ""
        words = words or f"Permuting the {N} sequences changes their answers."
        return False if trials.fault else None, f"{words} {why}", picture
    if all(len(a) > 1 and same(a, a.roll(1, 0), trials.tolerance) for a, _ in found.pairs.values()):
        return None, "It can't be told: all answers are alike.", picture
    words = "Leaving" if left_out else f"Permuting the {N} sequences permutes their answers, and leaving"
    one = "a shorter one" if stops.count(max(stops)) == 1 else "one"
    return True, f"{words} {one} out changes no other answer: none depends on another.", picture


def _why_mixed(trials: Trials, found: Comparison) -> tuple[str, str]:
    """What is wrong, if that can be told, and where: from what each RNN read and returned."""
    where = "after the RNN: look for a view, reshape or index after it, or a mean over the batch"
    for name, (given, returned) in trials.records.items():
        if name not in found.records:
            continue
        (now, now_returned), who = found.records[name], f"`{name}`" if len(trials.records) > 1 else "the RNN"
        if given.dim() == 2 and len(given) == trials.N:
            words = f"Two axes were given to {who}: it reads one sequence of {trials.N} steps. Add an axis for the steps."
            return SWAPPED, words
        if trials.agree(given, now, found.rows, 0):
            flag = f"with batch_first={rnn.batch_first} " if isinstance(rnn := trials.rnns[name], nn.RNNBase) else ""
            words = f"Batch and time are swapped: {flag}{who} reads {given.size(0)} steps of {given.size(1)} sequences."
            return SWAPPED, words + _axis_hint(trials)
        if trials.agree(given, now, found.rows, 1):
            if not trials.agree(returned, now_returned, found.rows, 1):
                where = f"in {who}: look at its first state, where each sequence needs its own"
                break
        elif given.dim() == 3 and same(_in_order(given[:, found.rows]), _in_order(now), trials.tolerance):
            where = f"after {who}, which reads them sorted: look for an order that is not undone, lengths still sorted, or a view"
        else:
            where = f"before {who}: look there for a view, a sort that is not undone, or a mean over the batch"
            break
    if trials.random:
        return "", "It draws random numbers, which stay where they are, so it can't be told."
    if not where.startswith("before") and not repeated(trials.baseline, trials.run(times=2)):
        return "", "A state that is carried over stays where it is while they move, so it can't be told."
    return MIXED, f"The sequences are mixed {where}."


def _in_order(x: Tensor) -> Tensor:
    """A number for each sequence that an RNN read, (L, N, H_in), in the order of their size."""
    return x.cumsum(0).sum((0, 2)).sort().values


def _axis_hint(trials: Trials) -> str:
    """How to say so, if it is the batch that has its axes the other way round."""
    model, batch, batch_axis, padding = trials.given
    other = 1 - trials.batch.axis
    with suppress(TrialFailed, ValueError):
        if batch_axis is None and _batch(Trials(model, batch, other, padding))[0]:
            return f" If axis {other} holds your sequences, it is right: say batch_axis={other}."
    return ""


def _padding(trials: Trials) -> Verdict:
    batch, more = trials.batch, f"{MORE} more steps of padding ({trials.batch.padding:g}) at the end"
    if trials.fault:
        return None, f"It can't be told while {trials.fault}.", None
    alone = _alone(trials) if batch.ragged else None
    if alone and (alone[0] is not False or batch.sure):
        return alone
    if not isinstance(batch.x, Tensor):
        return None, "All sequences of this batch have the same length: there is no padding.", None
    longer = trials.compare([list(range(trials.N))], [(0, trials.L + MORE)])[0]
    picture = _picture(longer.pairs.values(), trials.tolerance, "as given", f"{MORE} more steps")
    if not longer.pairs:
        return None, f"It can't be told: with {more} the answers have another shape.", None
    words = f"This batch holds no padding. With {more} the answers change: pack before you pad."
    if longer.same and alone:
        words = "It can't be told: cut to its length, a sequence has another answer, but these numbers may be no lengths."
        return None, f"{words} Fill the padding with one number to make sure.", picture
    if longer.same:
        words = f"{more} change no answer." if any(trials.ways) else "It can't be told: no answer belongs to one sequence."
    elif trials.random:
        words = f"With {more} the answers change, but they depend on random numbers too."
    elif batch.ragged and batch.sure:
        return False, f"{more} change the answers, so the padding in this batch is read too: {CURE}.", picture
    return longer.same and any(trials.ways) or None, words, picture


def _alone(trials: Trials) -> Verdict | None:
    """Each sequence alone, without its padding; None if the model takes none so, or has no answer for each."""
    batch, found = trials.batch, list[Comparison]()
    rows = sorted(sorted(range(trials.N), key=lambda n: batch.spans[n][1] - batch.spans[n][0])[:MOST])
    with suppress(TrialFailed):
        found = [one for one in trials.compare([[n] * trials.N for n in rows], [batch.spans[n] for n in rows]) if one.pairs]
    if not found or len(found) < len(rows) and all(one.same for one in found):
        return None
    each = [[one.pairs[k] for one in found if k in one.pairs] for k in range(len(trials.baseline))]
    alike = [pairs for pairs in each if len({a.shape for a, _ in pairs}) == 1]
    joined = [(torch.cat([a for a, _ in pairs]), torch.cat([b for _, b in pairs])) for pairs in alike]
    picture = _picture(joined or sum(each, []), trials.tolerance, "as given", "alone")
    first = next((one for one in found if not one.same), None)
    if first is None:
        packed = "The batch is packed: each" if isinstance(batch.x, PackedSequence) else "Each"
        return True, f"{packed} sequence alone, without its padding, has the same answer.", picture
    if trials.random:
        return None, "It can't be told: the answers depend on random numbers too.", picture
    cure = CURE
    if trials.packed:
        name, (given, _) = next(iter(trials.records.items()))
        now = first.records.get(name, (given, given))[0]
        read = any(same(one[: len(now)], now[:, 0], trials.tolerance) for one in given.unbind(1))  # they may be sorted
        cure = BEHIND if read else BEFORE
    return False, f"Sequence {first.rows[0]} alone, without its padding ({batch.padding:g}), has another answer: {cure}.", picture


def _dropout(trials: Trials) -> Verdict:
    if trials.random:
        words = "Two runs differ in eval mode too: dropout that ignores self.training, or other random numbers."
        pairs = zip(trials.baseline, trials.run(seed=1))
        return False, words, _picture(pairs, ROUNDING, "eval, one run", "eval, another run")
    asked = {name: part for name, part in trials.model.named_modules() if drops(part)}
    idle = [name or "the RNN" for name, part in asked.items() if isinstance(part, nn.RNNBase) and part.num_layers == 1]
    for seed in range(6):  # with the same random numbers half of all dropped, or nothing; without dropout, with others
        one, other = trials.run(seed=seed * bool(asked), drop=0.5), trials.run(seed=seed, drop=0.0)
        if not repeated(one, other):
            break
    acts, ways = not repeated(one, other), ("half dropped", "nothing dropped") if asked else ("one run", "another run")
    picture = _picture(zip(one, other), ROUNDING, *(f"training, {way}" for way in ways)) if asked or acts else None
    if asked and acts:
        words = "It acts in training, where two runs differ, and rests in eval mode."
        words += f" But not in `{idle[0]}`: it drops between layers, and has only one." if idle else ""
    elif asked:
        words = "It is asked for but does nothing: training is the same without it. "
        only = len(idle) == len(asked)
        words += "It would drop between layers, and there is only one." if only else "It touches nothing the answers use."
    elif acts:
        words = "There is no dropout layer: runs in training differ by dropout called as a function, or other random numbers."
        words += " In eval mode they agree."
    else:
        words = "There is none, and two runs in training mode agree."
    return acts or not asked, words, picture


def _state(trials: Trials) -> Verdict:
    twice = trials.run(times=2)
    picture = _picture(zip(trials.baseline, twice), ROUNDING, "first call", "second call")
    if repeated(trials.baseline, twice):
        same_draws = " and the same random numbers" * trials.random
        return True, f"A second call with the same batch{same_draws} gives the same answers: nothing is carried over.", picture
    kept = f" ({', '.join(changed)})" if (changed := trials.changes()) else ""
    words = f"A second call with the same batch gives other answers: a state is carried over{kept}."
    return False, f"{words} Right for the next part of the same sequences, wrong for new ones.", picture


def _picture(pairs: Iterable[Pair], tolerance: float, before: str, after: str) -> Picture | None:
    """Both answers of the pair that differs most, as a table; None when there is nothing to draw."""
    drawable = [(a, b) for a, b in pairs if a.shape == b.shape and a.numel()]
    furthest = max(drawable, key=lambda pair: apart(*pair), default=None)
    return draw_difference(tolerance, rows=(), **{before: furthest[0], after: furthest[1]}) if furthest else None
