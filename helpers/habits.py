"""Good habits, checked by running: what the answers of someone's own model give away."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from html import escape

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from .batches import MORE, ROUNDING, Pair, RowPlace, apart, repeated, same, without_extra
from .device import fork_rngs, one_thread
from .pictures.mixups import draw_difference
from .pictures.picture import Picture
from .trials import Evidence, TrialFailed, TrialResult, Trials

MOST = 8  # sequences of a batch that are tried one by one
MARKS = {True: "✓", False: "✗", None: "?"}
MIXED = "The sequences are mixed"
CURE = "pack the batch, or use the lengths"
BEHIND = "the RNN reads it packed, so look behind it: take h_n, or use the lengths in what reads its output"
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


def check_habits(model: nn.Module, batch: object, *, batch_axis: int | None = None, padding: float | None = None) -> Habits:
    """Run copies of `model` on one batch, changed a little each time, and tell what the answers give away.

    >>> import torch
    >>> x = torch.arange(30.0).view(2, 5, 3) / 30  # (N, L, H_in)
    >>> found = check_habits(nn.RNN(3, 4, batch_first=True), x)
    >>> found.batch.holds, found.padding.holds, found.dropout.holds, found.state.holds
    (True, None, True, True)
    >>> found.state
    ✓ state    A second call with the same batch gives the same answers: nothing is carried over.

    What is tried, and what a tick promises, for this batch in evaluation mode, and no more (`?`: it can't be told, and why):

    - batch: when one sequence is left out, the others have the answers they had, and when all are permuted, so are their
      answers (where the model takes them in any order): batch and time are not swapped, and no sequences are mixed
    - padding: each sequence alone, without its padding, has the answer it has in the batch; where no sequence has
      padding, more padding at the end changes no answer
    - dropout: two runs in evaluation mode agree, and the dropout layers there are, if any, change the answers in training
    - state: a second call gives the same answers: no hidden state is carried over

    Parameters
    ----------
    model : any module with an nn.RNN, nn.GRU, nn.LSTM or one of their cells inside. Only copies of it run, in float64 where
        they can: parameters, buffers, training flag, other attributes and all random generators stay as they are. What
        it keeps outside itself can't be seen.
    batch : what you call it with: a tensor, a PackedSequence, a list of sequences, a dictionary, or a tuple of all its
        arguments. The first of them with two axes holds the sequences. All that has their batch axis goes with them, in
        dictionaries, lists and dataclasses too, and what has as many steps, as a mask, is cut and padded with them. Whole
        numbers or a mask that fit the padding are their lengths; without any, they end where only padding follows.
    batch_axis : 0 or 1, which axis of the sequences *you* mean to be the batch. None: the one that fits the other
        arguments; else what `batch_first` says, if the model is itself an nn.RNN; else 0, as a DataLoader makes it.
    padding : the number to pad with; None: the padding_idx of an nn.Embedding if there is one, else 0

    Returns
    -------
    Habits : .batch, .padding, .dropout and .state. Answers differ when they are apart by more than 1e-4 of the largest
        number, or 1e-6 of it where the very same computation was repeated. Up to 8 sequences are tried one by one.

    Raises
    ------
    TypeError : there is no RNN inside; the model can't be copied; the batch holds no sequences; padding is no number.
    ValueError : the batch has too few axes; batch_axis is neither 0 nor 1, or does not fit the lengths.
        What the model itself raises when it is called as given comes through.
    """
    with fork_rngs(), one_thread():
        told = Evidence(Trials(model, batch, batch_axis, padding), hint=batch_axis is None)
        checks = {"batch": _batch_either_way, "padding": _padding, "dropout": _dropout, "state": _state}
        return Habits(**{name: _answer(name, check, told) for name, check in checks.items()})


def _answer(name: str, check: Callable[[Evidence], Verdict], told: Evidence) -> Answer:
    numbers = [answer for answer in told.trials.baseline if answer.numel() and bool(answer.isfinite().any())]
    if not numbers:
        return Answer(name, None, "It can't be told: the model returns no tensor with numbers in it.")
    try:
        holds, words, picture = check(told)
    except TrialFailed as failed:
        return Answer(name, None, f"It can't be told: tried on another batch, the model {failed}")
    if holds and not any(answer.is_floating_point() for answer in numbers):
        return Answer(name, None, f"{words} But whole numbers may agree by chance: let it return its scores too.", picture)
    return Answer(name, holds, words, picture)


def _batch_either_way(told: Evidence) -> Verdict:
    """As `_batch`; where an argument has two axes of N, a model that is right with one of them is right."""
    found = _batch(told)
    if found[0] is False and told.trials.ambiguous:
        told.trials.reading, told.places, told.mixed, told.misread = 1, [], False, False
        again = _batch(told)
        if again[0]:
            return again
        told.trials.reading, told.places = 0, []
        return _batch(told)
    return found


def _batch(told: Evidence) -> Verdict:
    trials, N = told.trials, told.trials.N
    if N < 2:
        return None, "It can't be told from one sequence: give a batch of two or more.", None
    stops = [stop for _, stop in trials.spans]  # the only longest one stays: without it there is less padding, too
    some = [n for n in range(N) if stops[n] < max(stops) or stops.count(max(stops)) > 1][:: max(1, N // MOST)]
    tries = {f"Leaving out sequence {n} changes the answers of others.": [m for m in range(N) if m != n] for n in some}
    tries[permuting := f"Permuting the {N} sequences changes their answers."] = [N - 1, *range(N - 1)]
    done: dict[str, TrialResult] = {}
    for changes, rows in tries.items():
        try:
            done[changes] = trials.outcome(rows)
        except TrialFailed as failed:
            stopped = failed
    if not done:
        raise stopped
    first = next(iter(done.values()))
    if not told.pairs(first):
        shapes = ", ".join(str(tuple(answer.shape)) for answer in trials.baseline)
        words, why = f"No answer has one row for each of the {N} sequences: it gives {shapes}.", _why_mixed(told, first)[1]
        return (False, f"{words} {why}", None) if told.misread and shapes != "()" else (None, words, None)
    shown = []
    for changes, outcome in reversed(done.items()):  # permuted first, as it shows all of them
        order = sorted(range(len(outcome.rows)), key=outcome.rows.__getitem__)
        put_back = [(a[order], b[order]) for a, b in told.pairs(outcome)]
        after = "permuted, put back" if changes == permuting else "without one"
        shown.append((put_back, _picture(put_back, told.tolerance, "as given", after)))
        if not told.all_same(put_back):
            told.mixed = True
            holds, why = _why_mixed(told, outcome)
            return holds, f"{changes} {why}", shown[-1][1]
    pairs, picture = shown[0]
    if all(len(a) > 1 and same(a, a.roll(1, 0), told.tolerance) for a, _ in pairs):
        return None, "It can't be told: all answers are alike.", picture
    words = f"Permuting the {N} sequences permutes their answers, and leaving" if permuting in done else "Leaving"
    return True, f"{words} one out changes no other answer: none depends on another.", picture


def _why_mixed(told: Evidence, outcome: TrialResult) -> tuple[bool | None, str]:
    """From what each RNN read and returned: where the sequences were mixed, if that can be told."""
    trials, N = told.trials, told.trials.N
    for name, (given, returned) in trials.records.items():
        if name not in outcome.records:
            continue
        who = f"`{name}`" if len(trials.records) > 1 else "the RNN"
        place, kept = told.place(given, outcome.records[name].input, outcome.rows)
        if given.dim() == 2 and len(given) == N:
            told.misread = True
            return False, f"Two axes were given to {who}: it reads one sequence of {N} steps. Add an axis for the steps."
        if kept and place == RowPlace((0,)):
            told.misread = True
            return False, f"Batch and time are swapped: {_reading(told, name, who, given)}"
        if told.random:
            break
        if not kept:
            look = "look there for a view, a sort that is not undone, or a mean over the batch"
            return False, f"{MIXED} before {who}: {look}."
        if not told.place(returned, outcome.records[name].output, outcome.rows)[1]:
            if not repeated(trials.baseline, trials.run(times=2)):
                return None, "A state that is carried over stays where it is while they move, so it can't be told."
            return False, f"{MIXED} in {who}: look at its first state, where each sequence needs its own."
    if told.random:
        return None, "It draws random numbers, which stay where they are, so it can't be told."
    return False, f"{MIXED} after the RNN: look for a view, reshape or index after it, or a mean over the batch."


def _reading(told: Evidence, name: str, who: str, given: Tensor) -> str:
    trials, rnn = told.trials, told.trials.rnns[name]
    flag = f"with batch_first={rnn.batch_first} " if isinstance(rnn, nn.RNNBase) else ""
    words = f"{flag}{who} reads {given.size(0)} steps of {given.size(1)} sequences."
    if not told.hint:
        return words
    try:  # perhaps it is the batch that has its axes the other way round
        turned = _batch(Evidence(Trials(trials.model, trials.batch, 1 - trials.axis), hint=False))[0]
    except (TrialFailed, ValueError, TypeError):
        return words
    hint = f" If axis {1 - trials.axis} holds your sequences, it is right: say batch_axis={1 - trials.axis}."
    return words + hint * bool(turned)


def _padding(told: Evidence) -> Verdict:
    trials = told.trials
    if told.misread:
        return None, "It can't be told while batch and time are swapped.", None
    alone = _alone(told) if trials.ragged else None
    if alone and (alone[0] is not False or trials.sure):
        return alone
    if not isinstance(trials.x, Tensor):
        return None, "All sequences of this batch have the same length: there is no padding.", None
    more = f"{MORE} more steps of padding ({trials.padding:g}) at the end"
    both: list[Pair] = []
    for mark in (1, 0):  # what a mask may have at padding
        try:
            after = trials.run(trials.with_extra_padding(mark))
        except TrialFailed as failed:
            stopped = failed
            continue
        both = [(a, without_extra(b, a)) for a, b in zip(trials.baseline, after)]
        if told.all_same(both):
            return True, f"{more} change no answer.", _picture(both, told.tolerance, "as given", f"{MORE} more steps")
    if not both:
        raise stopped
    if any(a.shape != b.shape for a, b in both):
        return None, f"It can't be told: with {more} the answers have another shape.", None
    picture = _picture(both, told.tolerance, "as given", f"{MORE} more steps")
    if told.random:
        return None, f"With {more} the answers change, but they depend on random numbers too.", picture
    if trials.ragged and trials.sure:
        return False, f"{more} change the answers, so the padding in this batch is read too: {CURE}.", picture
    return None, f"This batch holds no padding. With {more} the answers change: pack before you pad.", picture


def _alone(told: Evidence) -> Verdict | None:
    """Each sequence alone, without its padding; None if the model takes none so, or has no answer for each."""
    trials, shown, read = told.trials, [], []
    rows = range(trials.N) if trials.N <= MOST else sorted(trials.ragged, key=lambda n: trials.spans[n][1])[:MOST]
    for n in rows:
        pairs: list[Pair] = []
        for wide in (False, True):
            try:
                outcome = trials.outcome([n], trials.spans[n], wide)
                whole = trials.outcome([n]) if told.mixed else None  # then company tells nothing: with its padding, but alone
            except TrialFailed:
                continue
            pairs = [(a[:1], b[:1]) for a, b in told.pairs(outcome, trials.spans[n][0], whole)]
            if told.all_same(pairs):
                break
        shown += [pairs] if pairs else []
        read += [] if told.all_same(pairs) else [n]
    if not shown:
        return None
    alike = [both for both in zip(*shown) if len({a.shape for a, _ in both}) == 1]
    joined = [(torch.cat([a for a, _ in both]), torch.cat([b for _, b in both])) for both in alike]
    furthest = max(shown, key=lambda pairs: max(apart(*pair) for pair in pairs))
    picture = _picture(joined or furthest, told.tolerance, "as given", "alone")
    if not read:
        packed = "The batch is packed: each" if isinstance(trials.x, PackedSequence) else "Each"
        words = f"{packed} sequence alone, without its padding, has the same answer"
        return None if told.mixed else True, f"{words}{', but sequences are mixed' * told.mixed}.", picture
    if told.random:
        return None, "It can't be told: the answers depend on random numbers too.", picture
    cure = BEHIND if trials.packs else CURE
    return False, f"Sequence {read[0]} alone, without its padding ({trials.padding:g}), has another answer: {cure}.", picture


def _dropout(told: Evidence) -> Verdict:
    trials, quiet = told.trials, told.trials.baseline
    if told.random:
        words = "Two runs differ in eval mode too: dropout that ignores self.training, or other random numbers."
        return False, words, _picture(zip(quiet, trials.run(seed=1)), ROUNDING, "eval, one run", "eval, another run")
    training = [trials.run(train=True, seed=seed) for seed in range(6)]
    other = next((run for run in training[1:] if not repeated(training[0], run)), training[1])
    picture = _picture(zip(training[0], other), ROUNDING, "training, one run", "training, another run")
    if not trials.dropouts and repeated(training[0], other):
        return True, "There is none, and two runs in training mode agree.", None
    if not trials.dropouts:
        words = "There is no dropout layer: runs in training differ by dropout called as a function, or other random numbers."
        return True, f"{words} In eval mode they agree.", picture
    for seed in range(3):  # half of all dropped, or nothing, with the same luck
        if not repeated(trials.run(train=True, seed=seed, drop=True), trials.run(train=True, seed=seed, drop=False)):
            idle = [name for name, part in trials.dropouts.items() if isinstance(part, nn.RNNBase) and part.num_layers == 1]
            but = f" But not in `{idle[0] or 'the RNN'}`: it drops between layers, and has only one." if idle else ""
            return True, f"It acts in training, where two runs differ, and rests in eval mode.{but}", picture
    between = all(isinstance(part, nn.RNNBase) and part.num_layers == 1 for part in trials.dropouts.values())
    why = "nn.RNN drops between layers, and there is only one." if between else "It touches nothing the answers use."
    return False, f"It is asked for but does nothing: training is the same without it. {why}", picture


def _state(told: Evidence) -> Verdict:
    trials = told.trials
    twice = trials.run(times=2)
    picture = _picture(zip(trials.baseline, twice), ROUNDING, "first call", "second call")
    if repeated(trials.baseline, twice):
        return True, "A second call with the same batch gives the same answers: nothing is carried over.", picture
    kept = f" ({', '.join(trials.changes)})" if trials.changes else ""
    words = f"A second call with the same batch gives other answers: a state is carried over{kept}."
    return False, f"{words} Right for the next part of the same sequences, wrong for new ones.", picture


def _picture(pairs: Iterable[Pair], tolerance: float, before: str, after: str) -> Picture | None:
    """Both answers of the pair that differs most, as a table; None when there is nothing to draw."""
    pairs = [(a, b) for a, b in pairs if a.shape == b.shape and a.numel()]
    if not pairs:
        return None
    a, b = max(pairs, key=lambda pair: apart(*pair))
    return draw_difference(tolerance, **{before: a, after: b})
