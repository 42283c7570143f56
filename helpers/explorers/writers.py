"""The explorer of a network that writes: the next word as bars, and a text, from a beginning that the learner types."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

import torch
from torch import nn

from ..generation import END, next_probabilities, require_vocabulary, write_words
from ..pictures.bars import draw_next_words
from ..pictures.picture import Picture
from ..wording import listed
from ..words.sentences import tokenize
from .live import Explorer, View, full_width, slider, textbox
from .sentence_views import visible
from .views import note

BEGINNINGS = (
    "",
    "the prince is the son of the king and the queen",
    "the cat",
    "we drink",
    "yesterday it rained , so",
    "the doctor",
)  # on a page
MOST_READ, SHOWN, WRITTEN = 100, 8, 30  # words: of a typed beginning, in the picture, in the text


@dataclass(frozen=True)
class WritingState:
    """A typed beginning, the likeliest next words, and a text that goes on from there."""

    known: list[str]
    unknown: list[str]
    likeliest: dict[str, float]
    written: list[str]


def explore_writing(model: nn.Module, vocabulary: Sequence[str], beginning: str = "") -> Explorer:
    """Type a beginning, and see the probability of the next word as bars, and a text that the model writes.

    >>> class Undecided(nn.Module):
    ...     def forward(self, ids, h):
    ...         return torch.zeros(*ids.shape, 3), h
    >>> explorer = explore_writing(Undecided(), ["tea", "coffee", "¶"], "tea snark")
    >>> explorer.state.unknown, [round(p, 2) for p in explorer.state.likeliest.values()]
    (['snark'], [0.33, 0.33, 0.33])

    Parameters
    ----------
    model      : from (ids, h) to (logits, h), as `write_words` takes it
    vocabulary : the word of each id; it contains "¶"

    Raises
    ------
    TypeError : model is not a module, vocabulary is not a list of words, or beginning is not a string.
    ValueError : "¶" is not in the vocabulary.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model: given {type(model).__name__}, expected an nn.Module that returns logits and a state")
    vocabulary = require_vocabulary(vocabulary)
    if not isinstance(beginning, str):
        raise TypeError(f"beginning: given {type(beginning).__name__}, expected a string")
    ids = {word: i for i, word in enumerate(vocabulary)}
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))

    def write(beginning: str, temperature: float, seed: int) -> WritingState:
        tokens = tokenize(beginning, ids)[:MOST_READ]  # don't stays whole, as in the texts
        known = [token for token in tokens if token in ids]
        with torch.no_grad():
            logits, _ = model(torch.tensor([[ids[word]] for word in (END, *known)], device=device), None)
        likeliest = next_probabilities(logits[-1, 0], temperature).topk(min(SHOWN, len(vocabulary)))
        words = [vocabulary[i] for i in likeliest.indices.tolist()]
        written = write_words(model, vocabulary, known, count=WRITTEN, temperature=temperature, seed=seed, device=device)
        unknown = [token for token in dict.fromkeys(tokens) if token not in ids]
        return WritingState(known, unknown, dict(zip(words, likeliest.values.tolist())), written)

    controls = {
        "beginning": textbox("beginning", beginning, hint="type the first words, or nothing"),
        "temperature": slider("temperature", 0.8, 0.0, 2.0, 0.1),
        "seed": slider("seed", 0, 0, 20),
    }
    shown: list[View] = [unknown_words, next_word_bars, written_text]
    page = {
        "beginning": tuple(dict.fromkeys((beginning, *BEGINNINGS))),
        "temperature": (0.0, 0.4, 0.8, 1.2, 2.0),
        "seed": range(4),
    }
    return Explorer("a network that writes", controls, write, shown, static_writing, page=page)


@full_width
def unknown_words(state: WritingState) -> str:
    """Which typed words the network does not know."""
    if not state.unknown:
        return ""
    names = listed([*map(visible, state.unknown)])
    return note(f"Not in the vocabulary: {names}. The network has no embedding for such a word, so it is left out.")


def next_word_bars(state: WritingState) -> Picture:
    return draw_next_words(list(state.likeliest), {"probability of the next word": list(state.likeliest.values())})


@full_width
def written_text(state: WritingState) -> str:
    """The beginning, and in bold what the network wrote."""
    read, written = (" ".join(map(escape, words)) for words in (state.known, state.written))
    return f'<p style="margin:4px 0;line-height:150%;max-width:52em">{read} <b>{written}</b></p>'


def static_writing(state: WritingState) -> str:
    """For the stored page: all that comes from the training has the mark ≈, because it differs from machine to machine."""
    said = '<p style="opacity:.75">Explorer: a network that writes. Run this notebook to type your own beginning.</p>'
    picture = next_word_bars(state)
    picture = replace(picture, alt=f"Bars of the probability of the {SHOWN} likeliest next words: ≈ {', '.join(state.likeliest)}")
    return f"{said}{picture._repr_html_()}<p>{escape(' '.join(state.known))} ≈ {escape(' '.join(state.written))}</p>"
