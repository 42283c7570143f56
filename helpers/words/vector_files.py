"""Files of word vectors as people have them: a text, a compressed text, or a text in an archive, opened to be read as text."""

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tqdm import tqdm

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER_SIZE = 1 << 17
READ_ERRORS = (  # RuntimeError: an encrypted .zip
    OSError,
    EOFError,
    RuntimeError,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
EXPECTED = "a UTF-8 text with one word and its numbers per line, also as .gz, .bz2 or .xz, or in a .zip or .tar"

# The first bytes of what is unpacked here,
GZIP = re.compile(rb"\x1f\x8b")
BZIP2 = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")  # more than the letters, which could be a word
XZ = re.compile(rb"\xfd7zXZ\0")
# and of files that are not a text of word vectors, with what to call such a file.
OTHER_FORMATS = {
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    **dict.fromkeys((b"<!DOCTYPE", b"<!doctype", b"<HTML", b"<html"), "a web page"),
    b"<?xml": "an XML file",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself (`git lfs pull` fetches it)",
    b"7z\xbc\xaf\x27\x1c": "a .7z archive, which Python cannot open (unpack it first)",
    b"Rar!\x1a": "a .rar archive, which Python cannot open (unpack it first)",
    b"\x28\xb5\x2f\xfd": "compressed as .zst, which Python cannot open (unpack it first)",
    b"\x04\x22\x4d\x18": "compressed as .lz4, which Python cannot open (unpack it first)",
    b"\x1f\x9d": "compressed as .Z, which Python cannot open (unpack it first)",
    b"\xba\x16\x4f\x2f": "a model of fastText (its .vec file has the vectors)",
    b"\x93NUMPY": "an array of NumPy, without words",
    b"\x89HDF": "an HDF5 file",
    b"PAR1\x15": "a Parquet file",
    b"ARROW1\0": "an Arrow file",
    b"SQLite format 3": "a database of SQLite",
    b"%PDF-": "a PDF document",
    **{bytes([0x80, protocol]): "a pickle of Python" for protocol in range(2, 6)},
}


class Readable(Protocol):
    """A file that hands out as many bytes as it is asked for, or fewer."""

    def read(self, size: int, /) -> bytes: ...


@contextmanager
def open_vectors(path: Path, member: str = "") -> Iterator[io.BufferedReader]:
    """Open a text, a compressed text, or a text in an archive, whatever its name ends in, to be read from the beginning to the
    end.

    >>> with open_vectors(Path(__file__).parent.parent / "data" / "glove.mini.20d.txt") as file:
    ...     file.readline()[:13]
    b'. 1.632 1.445'

    Parameters
    ----------
    member : the name of the text in a .zip or .tar; not needed if there is only one

    Raises
    ------
    ValueError : the file is of another format (which is named); an archive has several texts and no `member` is given, or
                 does not have this one (its texts are listed)
    READ_ERRORS : what Python says of a file that can't be read
    """
    with open(path, "rb", buffering=0) as raw:
        start = raw.read(4)
        raw.seek(0)
        if start in (b"PK\x03\x04", b"PK\x05\x06"):  # the second: an empty .zip
            with zipfile.ZipFile(raw) as archive:
                sizes = {info.filename: info.file_size for info in archive.infolist() if not info.is_dir()}
                name = _choose(list(sizes), path, member)
                with archive.open(name) as packed, _progress_bar(packed, name, sizes[name]) as file:
                    yield _as_text(file, path / name)
        elif tarfile.is_tarfile(path):
            with tarfile.open(path) as tar:
                members = {info.name: info for info in tar if info.isfile()}
                name = _choose(list(members), path, member)
                packed_file = tar.extractfile(members[name])
                assert packed_file is not None  # it is a file, says `isfile`
                with packed_file, _progress_bar(packed_file, name, members[name].size) as file:
                    yield _as_text(file, path / name)
        else:
            if member:
                raise ValueError(f"{path} is not an archive, so it has no {member!r}")
            with _progress_bar(raw, path.name, path.stat().st_size) as file:
                yield _as_text(file, path)


def _choose(names: list[str], path: Path, member: str) -> str:
    """The name of the text to read in an archive: the `member` that was asked for, or the only one there is."""
    if member in names:
        return member
    visible = [name for name in names if not name.startswith("__MACOSX/") and not Path(name).name.startswith(".")]
    texts = [name for name in visible if name.lower().endswith((".txt", ".vec"))]
    candidates = texts or visible
    listed = ", ".join(f"{path.name}/{name}" for name in candidates[:12]) + ", …" * (len(candidates) > 12)
    if not candidates:
        raise ValueError(f"{path}: has no file in it, expected {EXPECTED}")
    if member:
        raise ValueError(f"{path}: has no {member!r}, expected one of its files: {listed}")
    if len(candidates) > 1:
        raise ValueError(f"{path}: has {len(candidates)} files, expected the name of one of them after a slash: {listed}")
    return candidates[0]


def _as_text(file: io.BufferedReader, where: Path) -> io.BufferedReader:
    """The text itself, unpacked if it is compressed. A file that is known to be something else is refused."""
    start = file.peek(32)[:32]
    for signature, unpack in ((GZIP, _unpack_gz), (BZIP2, _unpack_bz2), (XZ, _unpack_xz)):
        if signature.match(start):
            return _as_text(unpack(file), where)
    for beginning, name in OTHER_FORMATS.items():
        if start.startswith(beginning):
            raise ValueError(f"{where}: is {name}; expected {EXPECTED}")
    return file


def _unpack_gz(file: io.BufferedReader) -> io.BufferedReader:
    """What is in a .gz, read through a buffer: `gzip` alone hands out its lines ten times more slowly."""
    return io.BufferedReader(gzip.GzipFile(fileobj=file, mode="rb"), BUFFER_SIZE)


def _unpack_bz2(file: io.BufferedReader) -> io.BufferedReader:
    return io.BufferedReader(bz2.BZ2File(file), BUFFER_SIZE)


def _unpack_xz(file: io.BufferedReader) -> io.BufferedReader:
    return io.BufferedReader(lzma.LZMAFile(file), BUFFER_SIZE)


class _Watched(io.RawIOBase):
    """A file that tells a progress bar how far it has been read."""

    def __init__(self, file: Readable, bar: tqdm):
        self._file, self._bar = file, bar

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        room = memoryview(buffer)
        data = self._file.read(len(room))
        room[: len(data)] = data
        self._bar.update(len(data))
        return len(data)


@contextmanager
def _progress_bar(file: Readable, label: str, total: int | None) -> Iterator[io.BufferedReader]:
    """Read a file through a buffer, with a progress bar on stderr if that takes more than a second.

    >>> with _progress_bar(io.BytesIO(b"i 1 2\\n"), "a file", total=6) as buffered:
    ...     buffered.readline()
    b'i 1 2\\n'
    """
    with tqdm(total=total, desc=label, unit="B", unit_scale=True, delay=1, leave=False) as bar:
        yield io.BufferedReader(_Watched(file, bar), BUFFER_SIZE)
