"""Files of word vectors: a text, a .gz, a member of a .zip; each line that is wanted is checked before it is used."""

import gzip
import io
import math
import re
import zipfile
import zlib
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO, NamedTuple

from tqdm import tqdm

BLOCK = 1 << 17
LONGEST = 1 << 20  # bytes of a line; a file without line ends shall not fill the memory
HEADER = re.compile(rb"(\d+) (\d+)\s*")  # of the word2vec format: how many words, how many numbers each
CUT = "does not end; the file may be cut short (add a line end if it is whole)"
BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError)  # RuntimeError: an encrypted .zip


class Numbers(NamedTuple):
    """The numbers of a word: as they stand in the file, and as float32."""

    text: bytes
    values: array


def checked_lines(
    file: BinaryIO, where: str, wanted: Iterable[str] | None = None, dim: int | None = None
) -> Iterator[tuple[str, Numbers]]:
    """Each wanted word with its numbers, after the checks torchnlp does not make.

    >>> dict(checked_lines(io.BytesIO(b"i 1 2\\nlove 3 4\\nyou 5 6\\n"), "a file", wanted=["love"]))
    {'love': Numbers(text=b'3 4', values=array('f', [3.0, 4.0]))}

    Reading stops at the last word wanted, and lines of other words are passed over unread. What was read to its end is
    as long as its header says, if it has one. Of a word that comes twice the first line counts.

    Parameters
    ----------
    file   : read with `readline`, so give it a buffer
    where  : what to call it in messages
    wanted : the words to keep; None for all
    dim    : numbers a line, where that is known beforehand

    Raises
    ------
    ValueError : a line is not UTF-8, not a word and its numbers, cut off, or has another count of numbers than the ones
                 before; a number is not finite; words are missing at the end
    """
    wanted = None if wanted is None else set(wanted)
    starts = None if wanted is None else {word.partition(" ")[0].encode("utf-8", "surrogatepass") for word in wanted}
    seen, promised, place, line = set(), None, 0, b"\n"
    for place, line in enumerate(iter(partial(file.readline, LONGEST), b""), start=1):
        # Nearly all lines of a large file end here, so this test comes before any other work.
        if starts is not None and line.partition(b" ")[0] not in starts and place > 1:
            continue
        try:
            line = line.removeprefix(b"\xef\xbb\xbf") if place == 1 else line
            if place == 1 and (header := HEADER.fullmatch(line)):
                promised, given = map(int, header.groups())
                _require(given > 1 and dim in (None, given), f"promises {given} numbers a word, expected {dim or 2}")
                dim = given
                continue
            word, numbers = _word_and_numbers(line, dim)
            dim = len(numbers)
            if word in seen or (wanted is not None and word not in wanted):
                continue
            checked = _checked_numbers(word, numbers)
        except ValueError as error:
            raise ValueError(f"{where}, line {place}: {error}") from None
        seen.add(word)
        yield word, checked
        if wanted is not None and len(seen) == len(wanted):
            return
    _require(seen or wanted is not None, f"{where}: has no words")
    _require(line.endswith(b"\n"), f"{where}, line {place}: {CUT}")
    _require(
        promised in (None, place - 1), f"{where}: has {place - 1} words, its first line promises {promised}; it may be cut short"
    )


def _word_and_numbers(line: bytes, dim: int | None) -> tuple[str, list[bytes]]:
    _require(len(line) < LONGEST, "is too long for a word and its numbers")
    # A file cut off inside its last number would otherwise look complete.
    _require(line.endswith(b"\n"), CUT)
    first, *others = line.rstrip(b" \r\n").split(b" ")
    dim = dim or len(others)
    _require(dim > 1, f"expected a word and its numbers, given {line[:40]!r}")
    words, numbers = [first, *others[:-dim]], others[-dim:]
    # Some words of GloVe 840B have spaces in them, such as ". . ."; none of them ends in a number.
    _require(len(numbers) == dim and (len(words) == 1 or not _is_number(words[-1])), f"has {len(others)} numbers, expected {dim}")
    try:
        word = b" ".join(words).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"the word {first[:40]!r} is not UTF-8 (name the `words` you want, and it is passed over)") from None
    _require(word and "\r" not in word, f"{word!r} is no word")
    return word, numbers


def _checked_numbers(word: str, numbers: list[bytes]) -> Numbers:
    checked = Numbers(b" ".join(numbers), array("f", map(float, numbers)))
    _require(b"_" not in checked.text, f"{word!r} has a number that is none")  # float("1_0") is 10
    # The sum is infinite or nan as soon as one of them is; what is too large for a float32 is infinite in `values`.
    _require(math.isfinite(sum(map(abs, checked.values))), f"{word!r} has a number that is not finite")
    return checked


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return text == b""  # two spaces in a row
    return True


def _require(condition: object, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


@contextmanager
def open_vectors(path: Path, member: str = "") -> Iterator[BinaryIO]:
    """Open a text, a .gz, or a member of a .zip, whatever its name ends in, to be read from front to back.

    >>> with open_vectors(Path(__file__).parent.parent / "data" / "glove.mini.20d.txt") as file:
    ...     file.readline()[:13]
    b'. 1.632 1.445'

    Raises
    ------
    ValueError : a .zip with several texts and no `member` (they are listed), or without this one
    OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError : what Python says of a file that can't be read
    """
    with open(path, "rb", buffering=0) as raw:
        start = raw.read(4)
        raw.seek(0)
        if start in (b"PK\x03\x04", b"PK\x05\x06"):  # the second: an empty one
            with zipfile.ZipFile(raw) as archive:
                info = archive.getinfo(_member(archive, path, member))
                with archive.open(info) as text, progress(text, info.filename, info.file_size) as file:
                    yield file
            return
        _require(not member, f"{path} is no .zip, so it has no {member!r}")
        with progress(raw, path.name, path.stat().st_size) as file:
            if start[:2] == b"\x1f\x8b":
                file = unpacked(file)
            yield file


def unpacked(file: BinaryIO) -> BinaryIO:
    """What a .gz holds, read through a buffer: `gzip` alone hands out its lines ten times more slowly."""
    # Since Python 3.12 `gzip` asks for 128 kB at once; of a download it shall wait for no more than it did before.
    sipped = SimpleNamespace(read=lambda size: file.read(min(size, 1 << 13)))
    return io.BufferedReader(gzip.GzipFile(fileobj=sipped, mode="rb"), BLOCK)


def _member(archive: zipfile.ZipFile, path: Path, member: str) -> str:
    texts = [name for name in archive.namelist() if name.endswith(".txt")]
    if member in archive.namelist():
        return member
    _require(
        not member and len(texts) == 1,
        f"{path}: given {member!r}, expected the name of one of its texts after "
        f"a slash: {', '.join(f'{path.name}/{name}' for name in texts) or 'it has none'}",
    )
    return texts[0]


class _Watched(io.RawIOBase):
    """A file that tells a progress bar how far it was read."""

    def __init__(self, raw: io.RawIOBase, bar: tqdm):
        self._raw, self._bar = raw, bar

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:
        count = self._raw.readinto(buffer)
        self._bar.update(count)
        return count


@contextmanager
def progress(raw: io.RawIOBase, label: str, total: int | None) -> Iterator[BinaryIO]:
    """Read `raw` through a buffer, with a progress bar on stderr if that takes more than a second.

    >>> with progress(io.BytesIO(b"i 1 2\\n"), "a file", total=6) as file:
    ...     file.readline()
    b'i 1 2\\n'
    """
    with tqdm(total=total, desc=label, unit="B", unit_scale=True, delay=1, leave=False) as bar:
        yield io.BufferedReader(_Watched(raw, bar), BLOCK)
