"""The explorers of typed sentences: one read by an RNN, a batch padded or packed, one judged by a trained classifier."""

import reprlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from ..pictures.packing import draw_final_states, draw_packed, draw_padded
from ..pictures.picture import as_png
from ..pictures.timelines import draw_verdicts
from ..rnn.traces import trace
from ..training import verdicts
from ..wording import listed, shorten
from ..words.sentences import Sentence, embed, tokenize
from ..words.vector_sources import require_vectors
from . import views
from .live import Explorer, switch, wide, words
from .snippets import sentence_code
from .views import MOST_TOKENS, Reading

BATCH = ("hello", "the film was not good , it was boring", "I love you")
STEPS = 100  # of each sentence of a batch; more cannot be looked at
HIDDEN = 4


class Batch(NamedTuple):
    """The typed sentences, as an RNN reads them together, and each alone."""

    packed: bool
    notes: tuple[str, ...]  # what was left out, in words
    sentences: tuple[Sentence, ...]  # those with a word to read: n = 0, 1, ...
    padded: Tensor | None  # (L, N, H_in); None: there is no word at all
    h_n: Tensor | None  # (N, H_out): packed or padded
    alone: Tensor | None  # (N, H_out): one sentence at a time
    code: str

    @property
    def lengths(self) -> list[int]:
        return [len(sentence.known) for sentence in self.sentences]

    @property
    def labels(self) -> list[tuple[str, ...]]:
        return [sentence.known for sentence in self.sentences]


class Verdict(NamedTuple):
    """A typed sentence, and what the classifier thinks after each of its words."""

    sentence: Sentence
    typed: int  # tokens in the whole text
    after: list[float]


def explore_sentence(text: str = "I love you", vectors: Any = None) -> Explorer:
    """Type a sentence: its tokens, the words without a vector, and the hidden states of an RNN that reads it.

    >>> explorer = explore_sentence("I love snarks")
    >>> explorer.state.sentence.unknown
    ('snarks',)

    Parameters
    ----------
    vectors : from `load_glove`; None loads the bundled ones

    Raises
    ------
    TypeError : text is no string, vectors are no word vectors.
    """
    _require_text(text)
    vectors = _bundled() if vectors is None else vectors
    require_vectors(vectors)
    rnn = _seeded_rnn(vectors.dim, 6)

    def read(text: str) -> Reading:
        tokens = tokenize(text)
        sentence = embed(tokens[:MOST_TOKENS], vectors)
        seen = trace(rnn, sentence.input) if sentence.known else None
        return Reading(sentence_code(shorten(text, 60), vectors.dim), sentence, len(tokens), seen)

    controls = {"text": words("sentence", text, hint="type a sentence")}
    shown = [views.tokens, views.heat, views.reading_code, views.reading_shapes]
    return Explorer("a sentence read word by word", controls, read, shown)


def explore_packing(texts: Sequence[str] = BATCH, vectors: Any = None) -> Explorer:
    """Type the sentences of a batch: the padded grid, the packed staircase, and whose h_n is right.

    >>> explorer = explore_packing(["I love you", "hello"])
    >>> explorer.state.padded.shape  # (L, N, H_in)
    torch.Size([3, 2, 20])
    >>> torch.allclose(explorer.state.h_n, explorer.state.alone, atol=1e-4)  # padded: the short one is wrong
    False
    >>> explorer.controls["packed"].value = True
    >>> torch.allclose(explorer.state.h_n, explorer.state.alone, atol=1e-4)
    True

    Parameters
    ----------
    texts   : 2 to 4 sentences, each a text box
    vectors : from `load_glove`; None loads the bundled ones

    Raises
    ------
    TypeError : vectors are no word vectors.
    ValueError : fewer than 2 texts, or more than 4, or not texts at all.
    """
    if not isinstance(texts, (list, tuple)) or not 2 <= len(texts) <= 4 or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"texts: given {reprlib.repr(texts)}, expected 2 to 4 sentences")
    vectors = _bundled() if vectors is None else vectors
    require_vectors(vectors)
    rnn = _seeded_rnn(vectors.dim, HIDDEN)
    controls = {f"text{i}": words(f"sentence {i}", text, hint="type a sentence") for i, text in enumerate(texts)}

    def compute(packed: bool, **typed: str) -> Batch:
        return _read_batch(rnn, vectors, packed, list(typed.values()))

    shown = [_batch_notes, _grid, _staircase, _final_states, _batch_code]
    return Explorer("a batch, padded or packed", controls | {"packed": switch("packed")}, compute, shown)


def explore_reviews(model: nn.Module, vectors: Any, text: str = "the film was not good , it was boring") -> Explorer:
    """Type a review: what a trained classifier thinks of it after each word.

    >>> from helpers.words.glove import load_glove
    >>> class Undecided(nn.Module):
    ...     def forward(self, batch):  # packed
    ...         return torch.zeros(int(batch.batch_sizes[0]))
    >>> explore_reviews(Undecided(), load_glove(), "a good film").state.after
    [0.5, 0.5, 0.5]

    Parameters
    ----------
    model   : from a packed batch to a number for each sentence, above 0 for praise; as `train` leaves it
    vectors : those it was trained with

    Raises
    ------
    TypeError : model is no module, text no string, or vectors are no word vectors.
    ValueError : the model gives another number of answers than there are sentences.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model: given {type(model).__name__}, expected an nn.Module, as train leaves it")
    _require_text(text)
    require_vectors(vectors)
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))

    def read(text: str) -> Verdict:
        tokens = tokenize(text)
        sentence = embed(tokens[:MOST_TOKENS], vectors)
        x = sentence.input[:, 0].to(device)  # (L, H_in)
        return Verdict(sentence, len(tokens), verdicts(model, x) if sentence.known else [])

    controls = {"text": words("review", text, hint="type a review")}
    return Explorer("a review, judged after each word", controls, read, [views.tokens, _judged], still=_judged_still)


def _require_text(text: str) -> None:
    if not isinstance(text, str):
        raise TypeError(f"text: given {type(text).__name__}, expected a string")


def _bundled() -> Any:
    from ..words.glove import load_glove  # here, not above: torchnlp is slow to import

    return load_glove()


def _seeded_rnn(H_in: int, H_out: int) -> nn.RNN:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.RNN(H_in, H_out)


# ---- a batch ------------------------------------------------------------------------------------------------------


def _read_batch(rnn: nn.RNN, vectors: Any, packed: bool, typed: list[str]) -> Batch:
    tokens = [tokenize(text) for text in typed]
    read = [embed(words[:STEPS], vectors) for words in tokens]
    notes = tuple(note for i in range(len(typed)) for note in _notes(i, len(tokens[i]), read[i]))
    sentences = tuple(sentence for sentence in read if sentence.known)
    code = _code(packed, [len(sentence.known) for sentence in sentences])
    if not sentences:
        return Batch(packed, notes, (), None, None, None, code)
    sequences = [sentence.input[:, 0] for sentence in sentences]  # each (L, H_in)
    padded = pad_sequence(sequences)  # (L, N, H_in)
    with torch.no_grad():
        alone = torch.stack([rnn(sequence)[1][0] for sequence in sequences])
        batch = _pack(padded, [len(sequence) for sequence in sequences]) if packed else padded
        h_n = rnn(batch)[1][0]
    return Batch(packed, notes, sentences, padded, h_n, alone, code)


def _pack(padded: Tensor, lengths: list[int]) -> Any:
    return pack_padded_sequence(padded, lengths, enforce_sorted=False)


def _notes(i: int, typed: int, sentence: Sentence) -> list[str]:
    """What is not read of a sentence, and why."""
    notes = []
    if not typed:
        notes.append(f"Sentence {i} has no words. A row of length 0 cannot be packed, so it is left out.")
    if typed > STEPS:
        notes.append(f"Sentence {i} has {typed} tokens; the first {STEPS} are read here.")
    if sentence.unknown:
        names = listed([*map(views.visible, sentence.unknown)], most=6)
        notes.append(f"Sentence {i}: no vector for {names}; left out, not read as zeros.")
        if not sentence.known:
            notes.append(f"Sentence {i} has no word left, so it is left out too.")
    return notes


def _code(packed: bool, lengths: list[int]) -> str:
    if not lengths:
        return ""
    lines = ["padded = pad_sequence(sentences)  # (L, N, H_in)"]
    if packed:
        lines.append(f"packed = pack_padded_sequence(padded, {lengths}, enforce_sorted=False)")
    return "\n".join([*lines, f"output, h_n = rnn({'packed' if packed else 'padded'})"])


@wide
def _batch_notes(new: Batch, old: Batch | None) -> str:
    read = (
        "The RNN reads the staircase: each row of h_n is taken where its sentence ends."
        if new.packed
        else "The RNN reads the whole grid, padding too: h_n is what is left after the last column."
    )
    notes = (*new.notes, read if new.sentences else "There is nothing to read.")
    return "".join(map(views.note, notes))


def _grid(new: Batch, old: Batch | None) -> Any:
    return "" if not new.sentences else draw_padded(new.padded, new.lengths, new.labels, to_the_end=not new.packed)


def _staircase(new: Batch, old: Batch | None) -> Any:
    return draw_packed(_pack(new.padded, new.lengths), new.labels) if new.packed and new.sentences else ""


def _final_states(new: Batch, old: Batch | None) -> Any:
    names = [" ".join(label) for label in new.labels]
    return "" if not new.sentences else draw_final_states(new.h_n, new.alone, [shorten(name, 60) for name in names])


def _batch_code(new: Batch, old: Batch | None) -> str:
    return views.code(new, old) if new.sentences else ""


# ---- a review -----------------------------------------------------------------------------------------------------


def _judged(new: Verdict, old: Verdict | None) -> Any:
    return draw_verdicts(new.sentence.known, new.after) if new.after else ""


def _judged_still(state: Verdict) -> str:
    """For the stored page, as a plot: a trained network's digits, which differ from machine to machine, are not in its text."""
    from ..pictures.plots import plot_reading  # here, not above: matplotlib is slow to import

    said = '<p style="opacity:.75">Explorer: a review, judged after each word. Run this notebook to type your own.</p>'
    if not state.after:
        return said + views.tokens(state, None)
    figure = plot_reading(state.sentence.known[:14], state.after[:14])
    return said + as_png(figure, figure.alt)._repr_html_()
