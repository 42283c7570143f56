"""The lines of a text of word vectors. Each line that is wanted is checked before it is used."""

import math
import re
from array import array
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import takewhile
from typing import NamedTuple, Protocol

from ..wording import shorten

MAX_LINE = 1 << 20  # bytes; a file without line ends must not fill the memory
HEADER = re.compile(rb"(\d+)[ \t]+(\d+)\s*")  # of the word2vec format: how many words, how many numbers for each
DECIMAL = re.compile(rb"[-+]?\d*\.\d+(e[-+]?\d+)?")
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a]")  # characters that no text has
BOM = b"\xef\xbb\xbf"  # some editors on Windows write it at the beginning of a text
CUT = "has no line end; the file may be cut short (add a line end if it is whole)"
NOT_TEXT = "is not UTF-8 text; the file may be UTF-16, or binary, such as word2vec's .bin: save its vectors as UTF-8 text"


class Numbers(NamedTuple):
    """The numbers of a word: as they are in the file, and as float32."""

    text: bytes
    values: "array[float]"


class LineReader(Protocol):
    """A file that is read line by line."""

    def readline(self, size: int, /) -> bytes: ...


def checked_lines(
    file: LineReader, where: str, wanted: Iterable[str] | None = None, dim: int | None = None
) -> Iterator[tuple[str, Numbers]]:
    """Each wanted word with its numbers, after the checks that torchnlp does not make.

    >>> import io
    >>> dict(checked_lines(io.BytesIO(b"i 1 2\\nlove 3 4\\nyou 5 6\\n"), "a file", wanted=["love"]))
    {'love': Numbers(text=b'3 4', values=array('f', [3.0, 4.0]))}

    Reading stops at the last wanted word, and the lines of other words are skipped unread. A file that is read to its
    end must have as many words as its header says, if it has a header. If a word is there twice, the first line counts.

    Parameters
    ----------
    file   : the text; `readline` should be fast, so give it a buffer
    where  : the name of the file in messages
    wanted : the words to keep; None for all
    dim    : how many numbers each word has, where that is known beforehand

    Raises
    ------
    ValueError : a line is not UTF-8, or is not a word and its numbers, or is cut off, or has another count of numbers than
                 the lines before; a number is not finite; words are missing at the end
    """
    wanted = None if wanted is None else set(wanted)
    starts = None if wanted is None else {_first_piece(word.encode("utf-8", "surrogatepass")) for word in wanted}
    seen: set[str] = set()
    promised, words_begin, count, line = None, 1, 0, b"\n"
    for count, line in enumerate(iter(partial(file.readline, MAX_LINE), b""), start=1):
        # Nearly all lines of a large file end here, so this test comes before any other work.
        if starts is not None and _first_piece(line) not in starts and count > words_begin:
            continue
        try:
            line = line.removeprefix(BOM) if count == 1 else line
            if count == 1 and (header := HEADER.fullmatch(line)):
                promised, dim = _checked_header(header, dim)
                words_begin = 2
                continue
            spelling, numbers = _split(line, dim)
            dim = len(numbers)
            word = _decoded(spelling, wanted is None)
            if word is None or word in seen or (wanted is not None and word not in wanted):
                continue
            checked = _checked_numbers(word, numbers)
        except ValueError as error:
            raise ValueError(f"{where}, line {count}: {error if _is_text(line) else NOT_TEXT}") from None
        seen.add(word)
        yield word, checked
        if wanted is not None and len(seen) == len(wanted):
            return
    _require(count >= words_begin and (seen or wanted is not None), f"{where}: has no words")
    _require(line.endswith(b"\n"), f"{where}, line {count}: {CUT}")
    words = count - words_begin + 1
    _require(promised in (None, words), f"{where}: has {words} words, its first line promises {promised}; it may be cut short")


def _first_piece(line: bytes) -> bytes:
    """What is before the first space or tab. (`bytes.split` is the fastest way that knows both.)"""
    return (line.split(None, 1) or [b""])[0]


def _checked_header(header: re.Match[bytes], dim: int | None) -> tuple[int, int]:
    promised, given = map(int, header.groups())
    _require(given > 1 and dim in (None, given), f"promises {given} numbers for each word, expected {dim or 'at least 2'}")
    return promised, given


def _split(line: bytes, dim: int | None) -> tuple[bytes, list[bytes]]:
    """The word and its numbers, as they are written; without a `dim` the line itself tells how many numbers there are."""
    text = _checked_text(line)
    word, tab, rest = text.partition(b"\t")
    numbers = _pieces(rest)
    # A word may have spaces. But if a number is before the first tab, the space before that number ends the word.
    if not tab or (len(numbers) != dim and b" " in word and _is_number(_pieces(word)[-1])):
        first, *pieces = _pieces(text)
        count = dim or _count_of_numbers(pieces, text)
        numbers, spaced = pieces[-count:], pieces[:-count]
        # Some words of GloVe 840B have spaces, such as ". . .". None of them ends in a number.
        is_longer = bool(spaced) and _is_number(spaced[-1])
        _require(len(numbers) == count and not is_longer, f"has {len(pieces)} numbers, expected {count}")
        word = b" ".join([first, *spaced])
    _require(len(numbers) == dim or dim is None, f"has {len(numbers)} numbers, expected {dim}")
    if dim is None:
        _require_numbers(numbers)
        if len(numbers) < 2 or DECIMAL.fullmatch(word):
            raise ValueError(f"expected a word and at least 2 numbers, given {_quoted(text)}")
    return word.rstrip(b" "), numbers


def _checked_text(line: bytes) -> bytes:
    """The line without its end and without spaces before it."""
    _require(len(line) < MAX_LINE, "is too long for a word and its numbers")
    text = line.rstrip(b" \t\r\n")
    _require(b"\r" not in text, r"has \r inside, expected lines that end in \n or \r\n")
    # A file that was cut off inside its last number would otherwise look complete.
    _require(line.endswith(b"\n"), CUT)
    if text[:1] in (b"", b" ", b"\t"):
        raise ValueError(f"expected a word and its numbers, given {_quoted(line)}")
    return text


def _count_of_numbers(pieces: list[bytes], text: bytes) -> int:
    """How many numbers are at the end of the first line; before them are the word's own pieces, such as ". . ."."""
    count = sum(1 for _ in takewhile(_is_number, reversed(pieces)))
    if any(map(_is_number, pieces[: len(pieces) - count])):
        raise ValueError(f"{_quoted(pieces[-count - 1])} is not a number")
    if count < 2:
        separated = "separated by spaces or tabs and written with a decimal point"
        raise ValueError(f"expected a word and its numbers, {separated}, given {_quoted(text)}")
    return count


def _pieces(text: bytes) -> list[bytes]:
    return [piece for piece in text.replace(b"\t", b" ").split(b" ") if piece]


def _decoded(spelling: bytes, is_needed: bool) -> str | None:
    """The word; None if it is not UTF-8 and nobody asked for all words."""
    try:
        return spelling.decode("utf-8")
    except UnicodeDecodeError:
        if is_needed:
            hint = "name the `words` you want, and it is skipped"
            raise ValueError(f"the word {_quoted(spelling)} is not UTF-8 ({hint})") from None
        return None


def _checked_numbers(word: str, numbers: list[bytes]) -> Numbers:
    try:
        checked = Numbers(b" ".join(numbers), array("f", map(float, numbers)))
    except ValueError:
        checked = Numbers(b"_", array("f"))
    if b"_" in checked.text:  # float("1_0") is 10
        _require_numbers(numbers)
    # The sum is infinite or nan as soon as one of them is; what is too large for a float32 is infinite in `values`.
    _require(math.isfinite(sum(map(abs, checked.values))), f"{word!r} has a number that is not finite")
    return checked


def _require_numbers(numbers: list[bytes]) -> None:
    for number in numbers:
        if not _is_number(number):
            raise ValueError(f"{_quoted(number)} is not a number")


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return b"_" not in text


def _is_text(line: bytes) -> bool:
    """Whether a line could be from a text at all, even if one word in it is Latin-1."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        if sum(byte > 127 for byte in line) > max(8, len(line) / 4):
            return False
    return not CONTROL.search(line)


def _quoted(text: bytes) -> str:
    """The text in quotation marks, or its bytes where it is not UTF-8, cut to a length that fits into a message."""
    try:
        return repr(shorten(text.decode("utf-8").rstrip("\r\n"), 40))
    except UnicodeDecodeError:
        return repr(text[:40])


def _require(condition: object, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)
