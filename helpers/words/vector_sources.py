"""Where word vectors come from: the file that comes with the course, GloVe on the web, a file of one's own.

What took long to find, in a download or in a large file, is kept, and checked again when it comes back:

    a file, or a web server  ->  checked lines  ->  whoever asked
                                    |    ^
                                    v    |
                                  kept file
"""

import os
import re
import reprlib
import time
import warnings
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from . import kept_files
from .downloads import FAILED, Download
from .vector_files import BROKEN, Numbers, checked_lines, open_vectors, progress, unpacked

MINI = Path(__file__).parent.parent / "data" / "glove.mini.20d.txt"
SMALL = 1 << 20  # bytes of a file that is read anew as quickly as what would be kept of it
RECENT = 2.0  # seconds; a file changed so recently can change again without another time stamp
FORMAT = 1  # of the kept files; another number makes all of them be found anew
# "6B" is all in lower case, and was cut as in do n't and it 's. A word it cannot have would cost the whole file to miss.
CONTRACTED = re.compile(r".+(n't|'(s|d|m|ll|re|ve))").fullmatch
RELEASES_URL = "https://github.com/RaRe-Technologies/gensim-data/releases/download/{name}/{name}.gz"


@dataclass(frozen=True)
class Release:
    """GloVe "6B" as the gensim-data project publishes it: 400,000 words, lower case, most frequent first."""

    dim: int
    size: int  # bytes of the .gz
    md5: str

    @property
    def url(self) -> str:
        pattern = os.environ.get("UNROLLED_GLOVE_URL") or RELEASES_URL
        return pattern.replace("{name}", f"glove-wiki-gigaword-{self.dim}")


RELEASES = {
    "6B.50d": Release(50, 69_182_535, "c289bc5d7f2f02c6dc9f2f9b67641813"),
    "6B.100d": Release(100, 134_300_434, "40ec481866001177b8cd4cb0df92924f"),
    "6B.200d": Release(200, 264_336_934, "59652db361b7a87ee73834a6c391dfc1"),
    "6B.300d": Release(300, 394_362_229, "29e9329ac2241937d55b852e8284e89b"),
}


class Vectors(NamedTuple):
    """name : of the source; values : each word's float32; missing : the words asked for that it does not have"""

    name: str
    values: dict[str, array]
    missing: tuple[str, ...]


def require_vectors(vectors: object) -> None:
    """Refuse what is no table of word vectors, in one sentence. (Here, and not in `glove`: torchnlp is slow to import.)

    >>> require_vectors({"king": [1.0, 2.0]})
    Traceback (most recent call last):
    TypeError: vectors: given dict, expected word vectors, as from load_glove()
    """
    if not all(hasattr(vectors, name) for name in ("dim", "token_to_index", "__contains__")):
        raise TypeError(f"vectors: given {type(vectors).__name__}, expected word vectors, as from load_glove()")


def find_vectors(source: str | os.PathLike, words: Iterable[str] | None = None, everything: bool = False) -> Vectors:
    """The wanted words' numbers as they stand in the source, checked. `helpers.words.glove.load_glove` explains the rest.

    >>> find_vectors("mini", ["king", "xylophone"]).missing
    ('xylophone',)
    """
    wanted = None if words is None else _wanted(words)
    if everything and wanted is not None:
        raise ValueError("everything: given True and words too, expected one of them")
    if isinstance(source, str) and source in RELEASES:
        if wanted is None and not everything:
            raise ValueError(
                f"words: given None, expected the words to find in {source!r}, or everything=True to "
                f"download all of it ({RELEASES[source].size / 1e6:.0f} MB)"
            )
        name, kept, lines = _of_release(source, wanted)
    else:
        name, kept, lines = _of_file(source, wanted)
    values = _read_kept(kept)
    if values is None:
        texts, values = {}, {}
        for word, numbers in lines if wanted != {} else ():
            values[word] = numbers.values
            if kept:
                texts[word] = numbers.text
        if not values:
            raise ValueError(f"words: {name} has none of {reprlib.repr(list(wanted))}")
        if kept:
            _keep(kept, texts)
    return Vectors(name, values, tuple(word for word in wanted or () if word not in values))


def _wanted(words: Iterable[str]) -> dict[str, None]:
    """The words without repeats, in order."""
    given = [words] if isinstance(words, str) or not isinstance(words, Iterable) else list(words)
    if isinstance(words, str) or not all(isinstance(word, str) for word in given):
        raise ValueError(f'words: given {reprlib.repr(words)}, expected a list of words, such as ["king", "queen"]')
    return dict.fromkeys(given)


# Each of the two gives a name, the file that keeps what is found (or None), and the lines, which nothing has read yet.


def _of_release(source: str, wanted: dict | None) -> tuple[str, Path | None, Iterator]:
    release = RELEASES[source]
    searched = None if wanted is None else {word for word in wanted if word == word.lower() and not CONTRACTED(word)}
    kept = _kept_path(source, release.url, searched)
    return source, kept, iter(()) if searched == set() else _downloaded(source, release, searched)


def _downloaded(source: str, release: Release, searched: set | None) -> Iterator[tuple[str, Numbers]]:
    try:
        with Download(release.url) as download, progress(download, source, download.total) as file:
            count = 0
            for line in checked_lines(unpacked(file), "the file", searched, release.dim):
                count += 1
                yield line
            to_the_end = searched is None or count < len(searched)
            if to_the_end and download.md5.hexdigest() != release.md5:
                raise ValueError(f"its md5 is {download.md5.hexdigest()}, not {release.md5} as published")
    except (*FAILED, *BROKEN) as error:
        said = f"{type(error).__name__}: {error}" if isinstance(error, HTTPException) or not str(error) else str(error)
        reason = " ".join(said.split())  # one line
        raise ConnectionError(
            f'{source}: {release.url}: {reason}. Try again later; offline? use "mini", or the path of a GloVe file you have'
        ) from None


def _of_file(source: str | os.PathLike, wanted: dict | None) -> tuple[str, Path | None, Iterator]:
    path, member = (MINI, "") if source == "mini" else _file_and_member(source)
    before = _state(path)
    settled = time.time() - max(before[1:3]) / 1e9 > RECENT
    kept = None
    if path != MINI and wanted is not None and before[0] > SMALL and settled:
        kept = _kept_path(path.stem, [str(path.resolve()), member, *before], wanted)
    return Path(member or path).name, kept, _read(path, member, wanted, before)


def _file_and_member(source: str | os.PathLike) -> tuple[Path, str]:
    if isinstance(source, str | os.PathLike):
        path = Path(os.path.expanduser(source))
        for file in (path, *path.parents):
            if _is_file(file):
                return file, "" if file == path else path.relative_to(file).as_posix()
    known = ", ".join(f'"{name}"' for name in ("mini", *RELEASES))
    raise ValueError(f"source: given {reprlib.repr(source)}, expected {known} or the path of an existing GloVe file")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # too long for a name, or in a folder that may not be looked into
        return False


def _state(path: Path) -> tuple[int, ...]:
    """Another one means another content: size, times of the last change of content and of name or rights, place."""
    now = path.stat()
    return now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino


def _read(path: Path, member: str, wanted: dict | None, before: tuple) -> Iterator[tuple[str, Numbers]]:
    where = str(path / member) if member else str(path)
    try:
        with open_vectors(path, member) as file:
            yield from checked_lines(file, where, wanted)
        if _state(path) != before:
            raise ValueError(f"{where}: was changed while it was read; load it again")
    except BROKEN as error:
        raise ValueError(f"{where}: can't be read ({error or type(error).__name__}); is it whole, and yours to read?") from None


def _kept_path(label: str, origin: object, words: Iterable[str] | None) -> Path | None:
    try:
        folder = kept_files.folder()
    except RuntimeError:
        return None
    return folder / "glove" / kept_files.name_for(label, FORMAT, origin, None if words is None else sorted(words))


def _read_kept(path: Path | None) -> dict[str, array] | None:
    """What was kept, after all the checks that a new file has to pass; None when there is nothing or it fails one."""
    try:
        file = path and kept_files.open_kept(path)
        if file:
            with file:
                return {word: numbers.values for word, numbers in checked_lines(file, str(path))}
    except (OSError, ValueError):
        pass  # it is found and kept anew
    return None


def _keep(path: Path, texts: dict[str, bytes]) -> None:
    header = b"%d %d\n" % (len(texts), next(iter(texts.values())).count(b" ") + 1)
    lines = (b"%s %s\n" % (word.encode(), numbers) for word, numbers in texts.items())
    try:
        kept_files.keep(path, chain([header], lines))
    except OSError as error:
        warnings.warn(
            f"the words were found but can't be kept ({error}), so next time they are searched again; free "
            "some space, or set UNROLLED_CACHE to a folder that you may write to",
            stacklevel=4,
        )
