"""The states and views of the explorers of sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from ..pictures.packing import draw_final_states, draw_packed, draw_padded
from ..pictures.picture import Picture, as_png
from ..pictures.tables import Table
from ..pictures.timelines import draw_hidden, draw_verdicts
from ..rnn.traces import Trace
from ..wording import listed, shorten
from ..words.sentences import Sentence
from .live import full_width
from .views import marked_code, marked_shapes, note

MOST_TOKENS = 500  # of a typed sentence; a learner who pastes a whole book is told so


@dataclass(frozen=True)
class SentenceState:
    """A typed sentence, and the call of the RNN that reads it."""

    code: str
    sentence: Sentence
    token_count: int  # of the whole text, read or not
    trace: Trace | None  # None: there is no word to read


@dataclass(frozen=True)
class BatchState:
    """The typed sentences: the RNN reads them together as a batch, and each of them alone."""

    packed: bool
    notes: tuple[str, ...]  # which tokens and sentences are left out, and why
    sentences: tuple[Sentence, ...]  # those with a word to read: n = 0, 1, ...
    padded: Tensor  # (L, N, H_in)
    h_n: Tensor  # (N, H_out): of the batch, packed or padded
    alone: Tensor  # (N, H_out): of one sentence at a time
    code: str

    @property
    def lengths(self) -> list[int]:
        return [len(sentence.known) for sentence in self.sentences]

    @property
    def labels(self) -> list[tuple[str, ...]]:
        return [sentence.known for sentence in self.sentences]


@dataclass(frozen=True)
class ReviewState:
    """A typed review, and what the classifier answers after each of its words."""

    tokens: tuple[str, ...]
    unknown: tuple[str, ...]  # those that are not in the vocabulary
    token_count: int  # of the whole text, read or not
    after: list[float]

    @property
    def known(self) -> tuple[str, ...]:
        """The L tokens that are read."""
        return tuple(token for token in self.tokens if token not in self.unknown)


# ---- one sentence -------------------------------------------------------------------------------------------------


@full_width
def token_row(state: SentenceState | ReviewState) -> str:
    """The tokens, those without a vector crossed out, and notes about what is not read."""
    if not state.token_count:
        return note("Nothing to read yet: a sentence of no words has L=0, and an RNN needs at least one step.")
    read = state if isinstance(state, ReviewState) else state.sentence
    known = set(read.known)
    shown = [_token(token, token in known) for token in read.tokens[:60]]
    more = f" … and {state.token_count - len(shown)} more" if state.token_count > len(shown) else ""
    notes = []
    if read.unknown:
        notes.append(f"No vector for: {listed([*map(visible, read.unknown)])}. These are left out, not read as zeros.")
    if state.token_count > MOST_TOKENS:
        notes.append(f"You typed {state.token_count} tokens; the first {MOST_TOKENS} are read here.")
    if not read.known:
        notes.append("No word left to read, so there is no input: L=0.")
    return f'<div style="line-height:2">{" ".join(shown)}{more}</div>{note(" ".join(notes))}'


def _token(token: str, known: bool) -> str:
    # The dashed border and the line through the word say the same as the colour.
    look = "1px solid #0072B2" if known else "1px dashed #888;text-decoration:line-through;opacity:.8"
    # <bdi>: Arabic and Hebrew words are shown in the order of time too, as in the picture below.
    return f'<bdi style="border:{look};border-radius:4px;padding:2px 6px">{escape(visible(token))}</bdi>'


def visible(token: str) -> str:
    """A token as it can be shown: not too long, invisible characters as their code, but joiners inside it as they are.

    >>> visible(chr(0x200D)), visible("👩\u200d🚀") == "👩\u200d🚀"
    ('U+200D', True)
    """
    joiners = "\u200c\u200d" if token[:1].isprintable() else ""  # they make one emoji, or one word, of several characters
    shown = "".join(c if c.isprintable() or c in joiners else f"U+{ord(c):04X}" for c in token[:24])
    return shorten(shown if len(token) <= 24 else shown + "…", 26)


def hidden_picture(state: SentenceState) -> Picture | str:
    return "" if state.trace is None else draw_hidden(state.trace, state.sentence.known)


def marked_sentence_code(state: SentenceState) -> str:
    return "" if state.trace is None else marked_code(state)


def marked_sentence_shapes(state: SentenceState) -> Table | str:
    return "" if state.trace is None else marked_shapes(state.trace)


# ---- a batch ------------------------------------------------------------------------------------------------------


def packed_batch(padded: Tensor, lengths: Sequence[int]) -> PackedSequence:
    """Pack a padded batch whose sentences are in any order.

    >>> import torch
    >>> packed_batch(torch.ones(3, 2, 4), [1, 3]).batch_sizes
    tensor([2, 1, 1])
    """
    return pack_padded_sequence(padded, list(lengths), enforce_sorted=False)


@full_width
def reading_notes(state: BatchState) -> str:
    read = (
        "The RNN reads the staircase: each row of h_n is taken where its sentence ends."
        if state.packed
        else "The RNN reads the whole grid, padding too: h_n is what is left after the last column."
    )
    notes = (read if state.sentences else "There is nothing to read.", *state.notes)
    return note(" ".join(notes))


def padded_grid(state: BatchState) -> Picture | str:
    if not state.sentences:
        return ""
    return draw_padded(state.padded, state.lengths, state.labels, to_the_end=not state.packed)


def packed_staircase(state: BatchState) -> Picture | str:
    if not state.packed or not state.sentences:
        return ""
    return draw_packed(packed_batch(state.padded, state.lengths), state.labels)


def final_states_picture(state: BatchState) -> Picture | str:
    if not state.sentences:
        return ""
    return draw_final_states(state.h_n, state.alone, [shorten(" ".join(label), 60) for label in state.labels])


def marked_batch_code(state: BatchState) -> str:
    return marked_code(state) if state.sentences else ""


# ---- a review -----------------------------------------------------------------------------------------------------


def verdict_picture(state: ReviewState) -> Picture | str:
    return draw_verdicts(state.known, state.after) if state.after else ""


def static_review(state: ReviewState) -> str:
    """For the stored page, a plot: its text has no digits of a trained network, which differ from machine to machine."""
    from ..pictures.plots import plot_reading  # here, not above: matplotlib is slow to import

    said = '<p style="opacity:.75">Explorer: a review, judged after each word. Run this notebook to type your own.</p>'
    if not state.after:
        return said + token_row(state)
    figure = plot_reading(state.known[:14], state.after[:14])
    return said + as_png(figure, figure.alt)._repr_html_()
