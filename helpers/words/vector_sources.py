"""Where word vectors come from: the files that come with the course, an installed package, the web, a file of one's own.

Vectors from a download or from a large file are cached, and are checked again when they come back:

    a file, or a web server  ->  checked lines  ->  whoever asked
                                    |    ^
                                    v    |
                                    cache
"""

import os
import re
import reprlib
import time
import warnings
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeGuard

import numpy as np
import numpy.typing as npt

from ..checks import require_words
from ..wording import shorten
from . import cache
from .downloads import published_file
from .glove_tables import BUNDLED, DATA, WordTable, open_package, package_folder, read_bundled
from .vector_files import READ_ERRORS, open_vectors
from .vector_lines import Numbers, checked_lines

MINI = DATA / "glove.mini.20d.txt"
ADDRESS = "UNROLLED_GLOVE_URL"  # in the environment: where "6B" is on the web
MIN_CACHED_SIZE = 1 << 20  # bytes; a smaller file is read again as quickly as what would be cached of it
MIN_AGE = 2.0  # seconds; a file that was changed more recently could change again and keep its time stamp
CACHE_FORMAT = 2  # another number makes all that was cached before be ignored
# "6B" has lower-case words only, and has contractions in two parts, such as do n't. To find that a word is missing, one must
# read the whole file; so words that cannot be there are not searched for.
CONTRACTION = re.compile(r"(.*[^'])(n't|'(?:s|d|m|ll|re|ve))")
RELEASES_URL = "https://github.com/RaRe-Technologies/gensim-data/releases/download/{name}/{name}.gz"


@dataclass(frozen=True)
class Release:
    """GloVe "6B" as the gensim-data project publishes it: 400,000 words, lower case, most frequent first."""

    dim: int
    size: int  # bytes of the .gz
    md5: str

    @property
    def name(self) -> str:
        return f"glove-wiki-gigaword-{self.dim}"

    @property
    def url(self) -> str:
        return (os.environ.get(ADDRESS) or RELEASES_URL).replace("{name}", self.name)


RELEASES = {
    "6B.50d": Release(50, 69_182_535, "c289bc5d7f2f02c6dc9f2f9b67641813"),
    "6B.100d": Release(100, 134_300_434, "40ec481866001177b8cd4cb0df92924f"),
    "6B.200d": Release(200, 264_336_934, "59652db361b7a87ee73834a6c391dfc1"),
    "6B.300d": Release(300, 394_362_229, "29e9329ac2241937d55b852e8284e89b"),
}


class Vectors(NamedTuple):
    """name : of the source; values : the float32 values of each word; missing : wanted words that the source does not have"""

    name: str
    values: Mapping[str, "array[float] | npt.NDArray[np.float32]"]
    missing: tuple[str, ...]


def require_vectors(vectors: object) -> None:
    """Refuse what is not a table of word vectors. (This is not in `glove`, because torchnlp is slow to import.)

    >>> require_vectors({"king": [1.0, 2.0]})
    Traceback (most recent call last):
    TypeError: vectors: given dict, expected word vectors, as from load_glove()
    """
    if not all(hasattr(vectors, name) for name in ("dim", "token_to_index", "__contains__")):
        raise TypeError(f"vectors: given {type(vectors).__name__}, expected word vectors, as from load_glove()")


def find_vectors(source: "str | os.PathLike[str]", words: Iterable[str] | None = None, everything: bool = False) -> Vectors:
    """The vectors of the wanted words as they are in the source, checked. `helpers.words.glove.load_glove` explains the rest.

    >>> find_vectors("bundled", ["king", "xylophone"]).missing
    ('xylophone',)
    """
    wanted = None if words is None else list(dict.fromkeys(require_words("words", words)))
    if everything and wanted is not None:
        raise ValueError("everything: given True and words too, expected one of them")
    if source == "bundled":
        return _in_table(BUNDLED.name, read_bundled(), wanted)
    if isinstance(source, str) and source in RELEASES:
        if wanted is None and not everything:
            raise ValueError(
                f"words: given None, expected the words to find in {source!r}, or everything=True to "
                f"download all of it ({RELEASES[source].size / 1e6:.0f} MB)"
            )
        if source == "6B.50d" and ADDRESS not in os.environ and (folder := package_folder()):
            return _in_table(source, open_package(folder), wanted)
        found = _in_release(source, wanted)
    else:
        found = _in_file(source, wanted)
    values = _read_cached(found.cached)
    if values is None:
        numbers = {} if wanted == [] else dict(found.lines)
        if not numbers:
            raise _none_of(found.name, wanted)
        values = {word: one.values for word, one in numbers.items()}
        if found.cached:
            _store(found.cached, numbers)
    return Vectors(found.name, values, tuple(word for word in wanted or () if word not in values))


def _in_table(name: str, table: WordTable, wanted: list[str] | None) -> Vectors:
    """The wanted words of a table that was read as a whole, in its order."""
    if wanted is None:
        return Vectors(name, dict(zip(table.words, table.rows)), ())
    position = {word: place for place, word in enumerate(table.words)}
    places = sorted(position[word] for word in wanted if word in position)
    if not places:
        raise _none_of(name, wanted)
    values = {table.words[place]: table.rows[place] for place in places}
    return Vectors(name, values, tuple(word for word in wanted if word not in values))


def _none_of(name: str, wanted: list[str] | None) -> ValueError:
    return ValueError(f"words: {name} has none of {reprlib.repr(wanted)}")


class _Found(NamedTuple):
    """A source: its name, the file of the cache for what is wanted of it (or None), and its lines, which nothing has read yet."""

    name: str
    cached: Path | None
    lines: Iterator[tuple[str, Numbers]]


def _in_release(source: str, wanted: list[str] | None) -> _Found:
    release = RELEASES[source]
    searched = None if wanted is None else {word for word in wanted if word == word.lower() and not CONTRACTION.fullmatch(word)}
    lines = iter(()) if searched == set() else _downloaded(source, release, searched)
    # All words at once are read from the fetched file as quickly as from a copy of them.
    return _Found(source, _cache_path(source, release.url, searched) if searched else None, lines)


def _downloaded(source: str, release: Release, searched: set[str] | None) -> Iterator[tuple[str, Numbers]]:
    try:
        published = published_file(release.url, f"{release.name}.gz", release.md5, _cache_folder(), source)
        with published as path, open_vectors(path) as file:
            yield from checked_lines(file, "the file", searched, release.dim)
    except (ValueError, *READ_ERRORS) as error:
        reason = " ".join((str(error) or type(error).__name__).split())  # one line
        raise ConnectionError(
            f'{source}: {release.url}: {reason}. Try again later; offline? use "mini", or the path of a GloVe file you have'
        ) from None


def _in_file(source: "str | os.PathLike[str]", wanted: list[str] | None) -> _Found:
    path, member = (MINI, "") if source == "mini" else _file_and_member(source)
    before = _state(path)
    is_settled = time.time() - max(before[1:3]) / 1e9 > MIN_AGE
    cached = None
    if path != MINI and wanted is not None and before[0] > MIN_CACHED_SIZE and is_settled:
        cached = _cache_path(path.stem, [str(path.resolve()), member, *before], wanted)
    return _Found(Path(member or path).name, cached, _read_file(path, member, wanted, before))


def _file_and_member(source: "str | os.PathLike[str]") -> tuple[Path, str]:
    """A file that is there and, if the source goes on after it as in "glove.zip/glove.txt", the rest."""
    is_folder = False
    if _is_path(source):
        path = Path(os.path.expanduser(source))
        for file in (path, *path.parents):
            if _is_file(file):
                return file, "" if file == path else path.relative_to(file).as_posix()
        is_folder = os.path.isdir(path) and source != ""
    given = repr(shorten(os.fspath(source), 200)) if _is_path(source) else reprlib.repr(source)
    known = ", ".join(f'"{name}"' for name in ("bundled", "mini", *RELEASES))
    folder = ", which is a folder" if is_folder else ""
    raise ValueError(f"source: given {given}{folder}, expected {known} or the path of an existing GloVe file")


def _is_path(source: object) -> TypeGuard["str | os.PathLike[str]"]:
    return isinstance(source, str | os.PathLike)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # too long for a name, or in a folder that this user may not open
        return False


def _state(path: Path) -> tuple[int, ...]:
    """If this changes, the content may have changed: size, times of the last change of content and of metadata, inode."""
    now = path.stat()
    return now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino


def _read_file(path: Path, member: str, wanted: list[str] | None, before: tuple[int, ...]) -> Iterator[tuple[str, Numbers]]:
    where = str(path / member) if member else str(path)
    try:
        with open_vectors(path, member) as file:
            yield from checked_lines(file, where, wanted)
        if _state(path) != before:
            raise ValueError(f"{where}: was changed while it was read; load it again")
    except READ_ERRORS as error:
        raise ValueError(
            f"{where}: can't be read ({error or type(error).__name__}); is it whole, and are you allowed to read it?"
        ) from None


def _cache_folder() -> Path | None:
    try:
        return cache.folder() / "glove"
    except RuntimeError:
        return None


def _cache_path(label: str, origin: object, words: Iterable[str] | None) -> Path | None:
    folder = _cache_folder()
    return folder and folder / cache.file_name(label, CACHE_FORMAT, origin, None if words is None else sorted(words))


def _read_cached(path: Path | None) -> "dict[str, array[float]] | None":
    """What was cached, after all the checks that a new file has to pass; None if there is nothing or if a check fails."""
    try:
        file = path and cache.open_stored(path)
        if file:
            with file:
                return {word: numbers.values for word, numbers in checked_lines(file, str(path))}
    except (OSError, ValueError):
        pass  # then it is read from its source again, and cached again
    return None


def _store(path: Path, numbers: dict[str, Numbers]) -> None:
    dim = len(next(iter(numbers.values())).values)
    header = b"%d %d\n" % (len(numbers), dim)
    lines = (b"%s\t%s\n" % (word.encode(), one.text) for word, one in numbers.items())
    try:
        cache.store(path, chain([header], lines))
    except OSError as error:
        warnings.warn(
            f"the words were found but can't be cached ({error}), so next time they are searched for again; free "
            "some space, or set UNROLLED_CACHE to a folder that you may write to",
            stacklevel=4,
        )
