"""Words to vectors, through torchnlp; the only module that imports it.

`torchnlp.word_to_vector.GloVe` reads any file it finds, downloads one it does not find, and keeps what it read in a
`.pt` file that it trusts from then on, whole or not. So it is never shown anything but a file this module has just
checked, in a folder that is gone when it has read it: there is no download, and no second load that could be stale.

    source  ->  checked lines  ->  a temporary folder  ->  torchnlp  ->  compared with the checked lines
"""

import contextlib
import difflib
import io
import os
import reprlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torchnlp.word_to_vector import GloVe

MINI = Path(__file__).parent / "data" / "glove.mini.20d.txt"
LARGEST = torch.finfo(torch.float32).max


class UnknownWord(KeyError, ValueError):
    """A word has no vector. As `vectors[word]` it is a KeyError, as an argument a ValueError: it is both."""

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError alone would print it in quotation marks


def _unknown(word: object, vectors: GloVe) -> UnknownWord:
    close = difflib.get_close_matches(str(word), vectors.index_to_token, n=3)
    hint = f"; close spellings: {', '.join(close)}" if close else ""
    return UnknownWord(f"{reprlib.repr(word)} is not one of the {len(vectors)} words of {vectors}{hint}")


class LocalGloVe(GloVe):
    """torchnlp's GloVe, on one given file. It cannot download, and its lookups are copies and never silently zero."""

    def __init__(self, name: str, dim: int, folder: str):
        self.url = {name: None}  # where torchnlp looks up what to download: nothing
        self.missing: tuple[str, ...] = ()
        super().__init__(name, dim, cache=folder)

    def cache(self, name: str, cache: str, url: None = None) -> None:
        # Under its bare name torchnlp would prefer a file of the same name in the current folder.
        super().cache(os.path.join(cache, name), cache, url)

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


def load_glove(source: str | os.PathLike = "mini", words: Iterable[str] | None = None) -> GloVe:
    """Word vectors as a `torchnlp.word_to_vector.GloVe`, from a checked file, without network.

    >>> vectors = load_glove(words=["king", "queen", "xylophone"])
    >>> vectors["king"].shape
    torch.Size([20])
    >>> vectors[["king", "queen"]].shape
    torch.Size([2, 20])
    >>> vectors.missing
    ('xylophone',)
    >>> "xylophone" in vectors
    False
    >>> vectors["quean"]
    Traceback (most recent call last):
        ...
    helpers.glove.UnknownWord: 'quean' is not one of the 2 words of glove.mini.20d.txt; close spellings: queen

    torchnlp by itself answers an unknown word with zeros, which is also what padding looks like; here it raises. Ask
    first with `word in vectors`.

    Parameters
    ----------
    source : "mini", the small vectors that come with the course; or the path of a GloVe text file (UTF-8, one word and
             its numbers a line)
    words  : the words to keep; None for all. With words, reading stops when all were found.

    Returns
    -------
    vectors : `vectors[word]` (H_in,) and `vectors[list of words]` (number of words, H_in) are new float32 tensors;
              also `vectors.dim`, `.index_to_token`, `.token_to_index`, `.vectors` (the table itself) and `.missing`,
              the `words` the source does not have

    Raises
    ------
    ValueError : a source that is neither; a line that is not a word and its numbers (the message names the file, the
                 line and what is wrong); none of the words found
    """
    wanted = None if words is None else _wanted(words)
    path = _file_of(source)
    with open(path, "rb") as file:
        lines = dict(_checked_lines(file, path, wanted))
    if not lines:
        raise ValueError(f"{path}: has no words" if wanted is None else
                         f"words: {path.name} has none of {reprlib.repr(list(wanted))}")
    vectors = _through_torchnlp(path.name, lines)
    vectors.missing = tuple(word for word in wanted or () if word not in lines)
    return vectors


def _wanted(words: Iterable[str]) -> dict[str, None]:
    """The words without repeats, in order."""
    given = [words] if isinstance(words, str) or not isinstance(words, Iterable) else list(words)
    if isinstance(words, str) or not all(isinstance(word, str) for word in given):
        raise ValueError(f'words: given {reprlib.repr(words)}, expected a list of words, such as ["king", "queen"]')
    return dict.fromkeys(given)


def _file_of(source: str | os.PathLike) -> Path:
    if source == "mini":
        return MINI
    if isinstance(source, str | os.PathLike) and os.path.isfile(os.path.expanduser(source)):
        return Path(source).expanduser()
    raise ValueError(f'source: given {reprlib.repr(source)}, expected "mini" or the path of an existing GloVe text file')


def _checked_lines(file: Iterable[bytes], path: Path, wanted: dict | None) -> Iterator[tuple[str, str]]:
    """Each wanted word with its whole line, after the checks torchnlp does not make."""
    dim, seen = None, set()
    for place, line in enumerate(file, start=1):
        try:
            _require(not line.startswith((b"\x1f\x8b", b"PK\x03\x04")), "is of an archive: unpack it first")
            # A file cut off inside its last number would otherwise look complete.
            _require(line.endswith(b"\n"), "does not end; the file may be cut short (add a line end if it is whole)")
            word, _, numbers = line.rstrip(b" \r\n").decode("utf-8-sig" if place == 1 else "utf-8").partition(" ")
            count = numbers.count(" ") + 1
            dim = dim or count
            _require(dim > 1, f"expected a word and its numbers, given {line[:40]!r}")
            _require(count == dim, f"has {count} numbers, the lines before have {dim}")
            if wanted is not None and word not in wanted:
                continue
            _require(word and "\r" not in word, f"{word!r} is no word")
            _require(word not in seen, f"repeats the word {word!r}")
            _require("_" not in numbers, f"{word!r} has a number that is none")  # float() would read 1_0 as 10
            finite = all(abs(float(number)) <= LARGEST for number in numbers.split(" "))
            _require(finite, f"{word!r} has a number that is not finite")
        except ValueError as error:  # also UnicodeDecodeError, and what float() says of text that is no number
            raise ValueError(f"{path}, line {place}: {error}") from None
        seen.add(word)
        yield word, f"{word} {numbers}"
        if wanted is not None and len(seen) == len(wanted):
            return


def _require(condition: object, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


def _through_torchnlp(name: str, lines: dict[str, str]) -> LocalGloVe:
    """torchnlp's object, made from a file that holds just these lines and that nothing else can reach."""
    dim = next(iter(lines.values())).count(" ")
    with tempfile.TemporaryDirectory(prefix="glove-", ignore_cleanup_errors=True) as folder:
        text = "".join(line + "\n" for line in lines.values())
        Path(folder, f"glove.words.{dim}d.txt").write_text(text, encoding="utf-8", newline="\n")
        with contextlib.redirect_stderr(io.StringIO()):  # where torchnlp draws a bar that it can't be told to leave out
            vectors = LocalGloVe("words", dim, folder)
    if vectors.index_to_token != list(lines) or vectors.vectors.shape != (len(lines), dim):
        raise RuntimeError(f"{name}: torchnlp read {len(vectors)} words, not the {len(lines)} it was given")
    vectors.name = name
    return vectors


def neighbours(vectors: GloVe, word_or_vector: str | torch.Tensor, k: int = 5) -> list[tuple[str, float]]:
    """The k words whose vectors point most nearly the same way, nearest first, without the word itself.

    >>> [word for word, cosine in neighbours(load_glove(), "coffee", k=3)]
    ['wine', 'milk', 'juice']

    Parameters
    ----------
    word_or_vector : a word, or a tensor (H_in,); of a tensor's neighbours none is left out
    k              : how many (>= 1); fewer come back when there are fewer words

    Returns
    -------
    [(word, cosine), ...] : cosine between -1 and 1

    Raises
    ------
    ValueError : an unknown word (named, with close spellings), a tensor of another shape, k < 1
    """
    if isinstance(word_or_vector, str):
        return _nearest(vectors, _look_up(vectors, word_or_vector), k, without=(word_or_vector,))
    if not isinstance(word_or_vector, torch.Tensor):
        raise ValueError(f"word_or_vector: given {reprlib.repr(word_or_vector)}, expected a word or a tensor")
    return _nearest(vectors, word_or_vector.detach().to(vectors.vectors), k)


def similarity(vectors: GloVe, a: str, b: str) -> float:
    """The cosine of the angle between two words' vectors: 1 the same direction, 0 at right angles, -1 opposite.

    >>> vectors = load_glove()
    >>> similarity(vectors, "cat", "dog") > similarity(vectors, "cat", "monday")
    True

    Raises
    ------
    ValueError : an unknown word; named, with close spellings
    """
    return torch.cosine_similarity(_look_up(vectors, a), _look_up(vectors, b), dim=0).item()


def analogy(vectors: GloVe, a: str, b: str, c: str, k: int = 3, exclude: bool = True) -> list[tuple[str, float]]:
    """The k words nearest to the vector a - b + c: "king" - "man" + "woman".

    >>> vectors = load_glove()
    >>> analogy(vectors, "king", "man", "woman", k=1)[0][0]
    'queen'

    As is usual, a, b and c themselves are not among the answers. It is honest to know what that hides:

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
    ValueError : an unknown word (named, with close spellings), k < 1
    """
    query = _look_up(vectors, a) - _look_up(vectors, b) + _look_up(vectors, c)
    return _nearest(vectors, query, k, without=(a, b, c) if exclude else ())


def _look_up(vectors: GloVe, word: str) -> torch.Tensor:
    if not isinstance(word, str) or word not in vectors:
        raise _unknown(word, vectors)
    return vectors[word]


def _nearest(vectors: GloVe, query: torch.Tensor, k: int, without: tuple = ()) -> list[tuple[str, float]]:
    if not isinstance(k, int) or k < 1:
        raise ValueError(f"k: given {k!r}, expected a whole number, at least 1")
    if query.shape != (vectors.dim,):
        raise ValueError(f"word_or_vector: given a tensor of shape {tuple(query.shape)}, expected (H_in={vectors.dim},)")
    cosines = torch.cosine_similarity(vectors.vectors, query, dim=1)  # (number of words,)
    order = cosines.argsort(descending=True, stable=True).tolist()
    nearest = [(vectors.index_to_token[i], cosines[i].item()) for i in order[: k + len(without)]]
    return [(word, cosine) for word, cosine in nearest if word not in without][:k]
