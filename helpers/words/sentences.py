"""Sentences as an RNN sees them: a typed text becomes tokens, and each token becomes the vector of one time step."""

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from .vector_sources import CONTRACTION, require_vectors

if TYPE_CHECKING:
    from torchnlp.word_to_vector import GloVe

# What is not a letter to Python's \w and still belongs to the letter before it: accents, the vowel signs of Hindi and Thai,
# the points of Arabic and Hebrew; and the joiners inside words of Persian and Hindi.
MARKS = "".join(chr(code) for code in range(0x300, 0x1F000) if unicodedata.category(chr(code)).startswith("M"))
WORD = rf"\w+(?:[{MARKS}\u200c\u200d]+\w*)*"  # fast, because the marks are searched for once per word, not once per letter
# In order: a flag (two letters of its own alphabet); three dots; the end of a contraction, alone; a number with a point or
# commas; a word, with apostrophes and hyphens inside it; any other single character, with what makes one emoji of several
# characters (joiner, skin tone, marks of style).
TOKEN = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    r"|\.{3}"
    r"|(?<!\w)'(?:s|d|m|ll|re|ve)(?![\w'])"
    r"|\d+(?:[.,]\d+)+"
    rf"|{WORD}(?:['-]{WORD})*"
    f"|[^\\w\\s](?:\u200d[^\\w\\s]|[{MARKS}\U0001f3fb-\U0001f3ff])*"
)


def tokenize(text: str, vectors: Container[str] | None = None) -> list[str]:
    """The words and punctuation marks of a text, in lower case, as the vectors have them. Every text gives a sensible result.

    >>> tokenize("I don't like it, it's BORING!")
    ['i', 'do', "n't", 'like', 'it', ',', 'it', "'s", 'boring', '!']
    >>> tokenize("<b>Hi</b> 👩‍🚀")
    ['<', 'b', '>', 'hi', '<', '/', 'b', '>', '👩‍🚀']
    >>> tokenize("नमस्ते दुनिया")
    ['नमस्ते', 'दुनिया']
    >>> tokenize("  ")
    []

    A contraction is two tokens, as in the Penn Treebank and in GloVe: do n't, ca n't, it 's. Vectors of another kind may have
    it as one word, such as those of "mini"; then it stays one token. A word with a hyphen stays whole if the vectors have it.

    >>> from helpers.words.glove import load_glove
    >>> tokenize("It wasn't well-made", load_glove("mini"))
    ['it', "wasn't", 'well', '-', 'made']
    >>> tokenize("It wasn't well-made", load_glove())
    ['it', 'was', "n't", 'well-made']

    A language without spaces between its words, such as Thai or Chinese, needs a tokenizer of its own. Here a whole phrase
    would be one token.

    Parameters
    ----------
    vectors : from `load_glove`, or any vocabulary, for the words that it has; None cuts every contraction and every hyphen

    Returns
    -------
    tokens : no token is empty or contains white space; except for white space and capitals no character is lost; a curly
             apostrophe becomes a straight one

    Raises
    ------
    TypeError : text is not a string
    """
    if not isinstance(text, str):
        raise TypeError(f"text: given {type(text).__name__}, expected a string")
    straight = unicodedata.normalize("NFC", text.lower().replace("’", "'"))
    found: list[str] = TOKEN.findall(straight)
    return [piece for token in found for piece in _pieces(token, vectors)]


def _pieces(token: str, vectors: Container[str] | None) -> list[str]:
    """The token itself, if the vectors have it; otherwise what it is made of."""
    if len(token) < 3 or (vectors is not None and token in vectors) or not ("'" in token or "-" in token):
        return [token]
    return [piece for part in re.split("(-)", token) for piece in _without_contractions(part, vectors)]


def _without_contractions(word: str, vectors: Container[str] | None) -> list[str]:
    endings: list[str] = []
    while (found := CONTRACTION.fullmatch(word)) and (vectors is None or found[2] in vectors):
        word = found[1]
        endings.insert(0, found[2])
    return [word, *endings]


@dataclass(frozen=True, eq=False)
class Sentence:
    """A sentence, and the part of it that an RNN reads.

    text    : as it was typed
    tokens  : all its tokens, in order
    unknown : those without a vector, each named once, in order; they are left out of `input`
    input   : (L, N=1, H_in), float32: the vectors of the known tokens, in order; L is 0 if there is none
    """

    text: str
    tokens: tuple[str, ...]
    unknown: tuple[str, ...]
    input: torch.Tensor = field(repr=False)

    @property
    def known(self) -> tuple[str, ...]:
        """The L tokens that have a vector: the names of the time steps of `input`."""
        return _without(self.tokens, self.unknown)


def embed(text_or_tokens: str | list[str] | tuple[str, ...], vectors: "GloVe") -> Sentence:
    """A sentence as the input of an RNN: one vector for each known word. Words without a vector are left out, and named.

    >>> from helpers.words.glove import load_glove
    >>> sentence = embed("I love you, Grelda", load_glove())
    >>> sentence.input.shape
    torch.Size([4, 1, 50])
    >>> sentence.known
    ('i', 'love', 'you', ',')
    >>> sentence.unknown
    ('grelda',)

    Parameters
    ----------
    text_or_tokens : a text, which `tokenize` splits; or a list of tokens, which are used as they are
    vectors        : from `load_glove`

    Returns
    -------
    sentence : a Sentence; its `input` is (L, N=1, H_in) and new, so changing it changes no table. An empty text, or one
               of unknown words only, gives L=0; `torch.nn.RNN` refuses that, so look at `sentence.known` first.

    Raises
    ------
    TypeError : neither a string nor a list of strings; or not word vectors
    """
    require_vectors(vectors)
    if isinstance(text_or_tokens, str):
        text, tokens = text_or_tokens, tokenize(text_or_tokens, vectors)
    elif isinstance(text_or_tokens, list | tuple) and all(isinstance(token, str) for token in text_or_tokens):
        text, tokens = " ".join(text_or_tokens), list(text_or_tokens)
    else:
        raise TypeError(f"text_or_tokens: given {type(text_or_tokens).__name__}, expected a string or a list of strings")
    unknown = tuple(token for token in dict.fromkeys(tokens) if token not in vectors)
    known = list(_without(tokens, unknown))
    rows = vectors[known] if known else torch.empty(0, vectors.dim)  # (L, H_in)
    return Sentence(text, tuple(tokens), unknown, rows.unsqueeze(1))


def _without(tokens: list[str] | tuple[str, ...], unknown: tuple[str, ...]) -> tuple[str, ...]:
    left_out = set(unknown)
    return tuple(token for token in tokens if token not in left_out)
