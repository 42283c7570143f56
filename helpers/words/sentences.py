"""Sentences as an RNN sees them: typed text becomes tokens, tokens become vectors, one a time step."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from .vector_sources import require_vectors

if TYPE_CHECKING:
    from torchnlp.word_to_vector import GloVe

# What is no letter to Python's \w and still belongs to the one before it: accents, the vowel signs of Hindi and Thai, the
# points of Arabic and Hebrew; and the joiners inside words of Persian and Hindi.
MARKS = "".join(chr(code) for code in range(0x300, 0x1F000) if unicodedata.category(chr(code)).startswith("M"))
WORD = rf"\w+(?:[{MARKS}\u200c\u200d]+\w*)*"  # quick: the marks are looked for once a word, not once a letter
# In order: a flag (two letters of its own alphabet); a word, with apostrophes inside it; any other single character, with
# what makes one emoji of several characters (joiner, skin tone, marks of style).
TOKEN = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    rf"|{WORD}(?:'{WORD})*"
    f"|[^\\w\\s](?:\u200d[^\\w\\s]|[{MARKS}\U0001f3fb-\U0001f3ff])*"
)


def tokenize(text: str) -> list[str]:
    """The words and marks of a text, in lower case. Whatever is typed, something sensible comes out.

    >>> tokenize("I don't like it, I LOVE it!")
    ['i', "don't", 'like', 'it', ',', 'i', 'love', 'it', '!']
    >>> tokenize("<b>Hi</b> 👩‍🚀")
    ['<', 'b', '>', 'hi', '<', '/', 'b', '>', '👩‍🚀']
    >>> tokenize("नमस्ते दुनिया")
    ['नमस्ते', 'दुनिया']
    >>> tokenize("  ")
    []

    A language that writes no spaces between its words, as Thai or Chinese, needs a tokenizer of its own: here a whole
    phrase is one token.

    Returns
    -------
    tokens : no token is empty or holds white space, and but for white space and capitals no character is lost; a curly
             apostrophe is written as a straight one

    Raises
    ------
    TypeError : text is not a string
    """
    if not isinstance(text, str):
        raise TypeError(f"text: given {type(text).__name__}, expected a string")
    return TOKEN.findall(unicodedata.normalize("NFC", text.lower().replace("’", "'")))


@dataclass(frozen=True, eq=False)
class Sentence:
    """A sentence and what an RNN gets of it.

    text    : as it was typed
    tokens  : all its tokens, in order
    unknown : those without a vector, each named once, in order; they are left out of `input`
    input   : (L, N=1, H_in), float32: the vectors of the known tokens, in order; L is 0 when there is none
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
    """A sentence as the input of an RNN: one vector a known word, words without a vector named and left out.

    >>> from helpers.words.glove import load_glove
    >>> sentence = embed("I love you, Grelda", load_glove())
    >>> sentence.input.shape
    torch.Size([4, 1, 20])
    >>> sentence.known
    ('i', 'love', 'you', ',')
    >>> sentence.unknown
    ('grelda',)

    Parameters
    ----------
    text_or_tokens : a text, which `tokenize` takes apart; or a list of tokens, taken as they are
    vectors        : from `load_glove`

    Returns
    -------
    sentence : a Sentence; its `input` is (L, N=1, H_in) and new, so changing it changes no table. An empty text, or one
               of unknown words only, gives L=0; `torch.nn.RNN` refuses that, so look at `sentence.known` first.

    Raises
    ------
    TypeError : neither a string nor a list of strings; vectors are no word vectors
    """
    require_vectors(vectors)
    is_text = isinstance(text_or_tokens, str)
    is_list = isinstance(text_or_tokens, list | tuple) and all(isinstance(token, str) for token in text_or_tokens)
    if not is_text and not is_list:
        raise TypeError(f"text_or_tokens: given {type(text_or_tokens).__name__}, expected a string or a list of strings")
    tokens = tokenize(text_or_tokens) if is_text else text_or_tokens
    unknown = tuple(token for token in dict.fromkeys(tokens) if token not in vectors)
    known = list(_without(tokens, unknown))
    rows = vectors[known] if known else torch.empty(0, vectors.dim)  # (L, H_in)
    text = text_or_tokens if is_text else " ".join(tokens)
    return Sentence(text, tuple(tokens), unknown, rows.unsqueeze(1))


def _without(tokens: list[str] | tuple[str, ...], unknown: tuple[str, ...]) -> tuple[str, ...]:
    left_out = set(unknown)
    return tuple(token for token in tokens if token not in left_out)
