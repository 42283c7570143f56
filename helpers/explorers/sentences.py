"""The explorers of typed sentences: a sentence that an RNN reads, a batch padded or packed, a review that is classified."""

import reprlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from ..checks import require_mapping
from ..rnn.traces import trace
from ..training import verdicts
from ..wording import listed, shorten
from ..words.sentences import Sentence, embed, tokenize
from ..words.vector_sources import require_vectors
from . import sentence_views as views
from .live import Explorer, View, checkbox, textbox
from .sentence_views import MOST_TOKENS, BatchState, ReviewState, SentenceState
from .snippets import sentence_code

if TYPE_CHECKING:
    from torchnlp.word_to_vector import GloVe

SENTENCES = ("hello", "the film was not good , it was boring", "I love you")
# On a page nothing can be typed: these are there to be chosen.
READ = (
    "the dog bit the man",
    "the man bit the dog",
    "I don't know, do you?",
    "a fantastik film by Grelda",
    "The king and the queen of France",
    "no, no, no",
    "grelda snarks",
)
REVIEWS = (
    "I love this film.",
    "I can't say that I love this film.",
    "The film was not bad.",
    "The story was not good, it was boring.",
    "Nobody liked the end.",
    "My brother hated it, but I loved it!",
    "We loved every minute.",
    "It is the best film of the year.",
    "What a waste of time.",
    "The film was never not good.",  # two negations, of which no training review has an example
)
MOST_STEPS = 100  # of each sentence of a batch: nobody looks at more
HIDDEN_SIZE = 4  # of the RNN that reads a batch


def explore_sentence(text: str = "I love you", vectors: Any = None) -> Explorer:
    """Type a sentence, and see its tokens, the words without a vector, and the hidden states of an RNN that reads it.

    >>> explorer = explore_sentence("I love snarks")
    >>> explorer.state.sentence.unknown
    ('snarks',)

    Parameters
    ----------
    vectors : from `load_glove`; None loads the bundled vectors

    Raises
    ------
    TypeError : text is not a string, or vectors are not word vectors.
    """
    _require_text(text)
    vectors = _bundled_vectors() if vectors is None else vectors
    require_vectors(vectors)
    rnn = _seeded_rnn(vectors.dim, 6)

    def read(text: str) -> SentenceState:
        tokens = tokenize(text, vectors)
        sentence = embed(tokens[:MOST_TOKENS], vectors)
        seen = trace(rnn, sentence.input) if sentence.known else None
        return SentenceState(sentence_code(shorten(text, 60), vectors.dim), sentence, len(tokens), seen)

    controls = {"text": textbox("sentence", text, hint="type a sentence")}
    shown: list[View] = [views.token_row, views.hidden_picture, views.marked_sentence_code, views.marked_sentence_shapes]
    return Explorer("a sentence read word by word", controls, read, shown, page={"text": _with_first(text, READ)})


def explore_packing(texts: Sequence[str] = SENTENCES, vectors: Any = None) -> Explorer:
    """Type the sentences of a batch, and see the padded grid, the packed staircase, and which rows of h_n are right.

    >>> explorer = explore_packing(["I love you", "hello"])
    >>> explorer.state.padded.shape  # (L, N, H_in)
    torch.Size([3, 2, 50])
    >>> torch.allclose(explorer.state.h_n, explorer.state.alone, atol=1e-4)  # padded: the row of the short one is wrong
    False
    >>> explorer.controls["packed"].value = True
    >>> torch.allclose(explorer.state.h_n, explorer.state.alone, atol=1e-4)
    True

    Parameters
    ----------
    texts   : 2 to 4 sentences; each gets a text box
    vectors : from `load_glove`; None loads the bundled vectors

    Raises
    ------
    TypeError : vectors are not word vectors.
    ValueError : texts are fewer than 2 or more than 4, or they are not all strings.
    """
    if not isinstance(texts, (list, tuple)) or not 2 <= len(texts) <= 4 or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"texts: given {reprlib.repr(texts)}, expected 2 to 4 sentences")
    vectors = _bundled_vectors() if vectors is None else vectors
    require_vectors(vectors)
    rnn = _seeded_rnn(vectors.dim, HIDDEN_SIZE)
    controls = {f"text{i}": textbox(f"sentence {i}", text, hint="type a sentence") for i, text in enumerate(texts)}

    def compute(packed: bool, **typed: str) -> BatchState:
        return _read_batch(rnn, vectors, packed, list(typed.values()))

    shown: list[View] = [
        views.reading_notes,
        views.final_states_picture,
        views.marked_batch_code,
        views.padded_grid,
        views.packed_staircase,
    ]
    page: dict[str, Sequence[Any]] = {f"text{i}": _with_first(text, SENTENCES) for i, text in enumerate(texts[:3])}
    page["text0"] = (*page["text0"], "", "a fantastik film")  # what cannot be packed, and a word that does not exist
    controls |= {"packed": checkbox("packed")}
    return Explorer("a batch, padded or packed", controls, compute, shown, page=page | {"packed": (False, True)})


def explore_reviews(model: nn.Module, index: Mapping[str, int], text: str = "I can't recommend this film.") -> Explorer:
    """Type a review, and see what a trained classifier answers after each of its words.

    >>> class Undecided(nn.Module):
    ...     def forward(self, batch):  # packed
    ...         return torch.zeros(int(batch.batch_sizes[0]))
    >>> state = explore_reviews(Undecided(), {"a": 2, "film": 3}, "a grelda film").state
    >>> state.after, state.unknown
    ([0.5, 0.5], ('grelda',))

    Only the verdict after the last word is the model's answer. The earlier ones are drawn in grey.

    Parameters
    ----------
    model : from a packed batch of word numbers to one logit per sentence, above 0 for praise; trained by `train`
    index : the vocabulary that the model was trained with: the number of each word. Other words are left out, and named.

    Raises
    ------
    TypeError : model is not a module, text not a string, or index not a dict.
    ValueError : the model returns more or fewer answers than there are sentences.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model: given {type(model).__name__}, expected an nn.Module, as train leaves it")
    _require_text(text)
    require_mapping("index", index)
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))

    def read(text: str) -> ReviewState:
        tokens = tokenize(text)
        read, unknown = tokens[:MOST_TOKENS], tuple(dict.fromkeys(t for t in tokens[:MOST_TOKENS] if t not in index))
        numbers = torch.tensor([index[token] for token in read if token in index], device=device)  # (L,)
        return ReviewState(tuple(read), unknown, len(tokens), verdicts(model, numbers) if len(numbers) else [])

    controls = {"text": textbox("review", text, hint="type a review")}
    shown: list[View] = [views.token_row, views.verdict_picture]
    page = {"text": _with_first(text, REVIEWS)}
    return Explorer("a review, judged after each word", controls, read, shown, views.static_review, page=page)


def _with_first(first: str, others: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((first, *others)))


def _require_text(text: str) -> None:
    if not isinstance(text, str):
        raise TypeError(f"text: given {type(text).__name__}, expected a string")


def _bundled_vectors() -> "GloVe":
    from ..words.glove import load_glove  # here, not above: torchnlp is slow to import

    return load_glove()


def _seeded_rnn(H_in: int, H_out: int) -> nn.RNN:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.RNN(H_in, H_out)


def _read_batch(rnn: nn.RNN, vectors: Any, packed: bool, typed: list[str]) -> BatchState:
    tokens = [tokenize(text, vectors) for text in typed]
    read = [embed(some[:MOST_STEPS], vectors) for some in tokens]
    notes = tuple(note for i in range(len(typed)) for note in _notes(i, len(tokens[i]), read[i]))
    kept = [i for i, sentence in enumerate(read) if sentence.known]
    if kept != list(range(len(kept))):  # the rows of the batch have other numbers than the text boxes
        notes += (f"In the pictures, {listed([f'n={n} is sentence {i}' for n, i in enumerate(kept)])}.",)
    sentences = tuple(read[i] for i in kept)
    code = _batch_code(packed, [len(sentence.known) for sentence in sentences])
    if not sentences:
        nothing = torch.empty(0, rnn.hidden_size)
        return BatchState(packed, notes, (), torch.empty(0, 0, vectors.dim), nothing, nothing, code)
    sequences = [sentence.input[:, 0] for sentence in sentences]  # each (L, H_in)
    padded = pad_sequence(sequences)  # (L, N, H_in)
    with torch.no_grad():
        alone = torch.stack([rnn(sequence)[1][0] for sequence in sequences])
        batch = views.packed_batch(padded, [len(sequence) for sequence in sequences]) if packed else padded
        h_n = rnn(batch)[1][0]
    return BatchState(packed, notes, sentences, padded, h_n, alone, code)


def _notes(i: int, token_count: int, sentence: Sentence) -> list[str]:
    """Which tokens of a sentence are not read, and why."""
    notes = []
    if not token_count:
        notes.append(f"Sentence {i} has no words, so it is left out.")
    if token_count > MOST_STEPS:
        notes.append(f"Sentence {i} has {token_count} tokens; the first {MOST_STEPS} are read here.")
    if sentence.unknown:
        names = listed([*map(views.visible, sentence.unknown)], most=6)
        notes.append(f"Sentence {i}: no vector for {names}; left out, not read as zeros.")
        if not sentence.known:
            notes.append(f"Sentence {i} has no word left, so it is left out too.")
    return notes


def _batch_code(packed: bool, lengths: list[int]) -> str:
    if not lengths:
        return ""
    lines = ["padded = pad_sequence(sentences)  # (L, N, H_in)"]
    if packed:
        lines.append(f"packed = pack_padded_sequence(padded, {lengths}, enforce_sorted=False)")
    return "\n".join([*lines, f"output, h_n = rnn({'packed' if packed else 'padded'})"])
