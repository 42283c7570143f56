"""How many minutes a notebook takes somebody who works through it alone: `python tools/reading_time.py [number ...]`.

It counts what there is to do: words to read, lines of code, explorers to move, exercises, guesses. Named by its number, such
as 03, a notebook is printed section by section.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
EACH = {  # minutes
    "words": 0.01,  # 100 words a minute: slowly, because there is something to think about, and a picture to look at
    "lines": 0.08,  # of code: five seconds each
    "explorers": 2,
    "exercises": 2,
    "guesses": 0.5,
}


def main(numbers: list[str]) -> int:
    print(f"{'':<42}", *(f"{kind:>9}" for kind in EACH), "  minutes")
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if not numbers or path.name[:2] in numbers:
            cells = nbformat.read(path, as_version=4).cells
            parts = sections(cells).items() if numbers else ()
            for name, found in (*parts, (path.stem, cells)):
                print(f"{name[:42]:<42}", *(f"{counts(found)[kind]:>9}" for kind in EACH), f"{minutes(found):>9.1f}")
    return 0


def minutes(cells: Iterable[Mapping[str, str]]) -> float:
    """What the cells of a notebook, or of a part of it, take.

    >>> minutes([{"cell_type": "markdown", "source": "word " * 100}, {"cell_type": "code", "source": "explore_steps(rnn, x)"}])
    3.08
    """
    return sum(EACH[kind] * count for kind, count in counts(cells).items())


def counts(cells: Iterable[Mapping[str, str]]) -> Counter[str]:
    """How many there are of each kind of thing to do."""
    found: Counter[str] = Counter()
    for cell in cells:
        text = cell["source"]
        if cell["cell_type"] == "markdown":
            found += Counter(words=word_count(text), guesses=text.count("**Guess"))
        else:
            for kind, call in {"explorers": r"explore\w*", "exercises": "check", "guesses": "predict"}.items():
                found[kind] += len(re.findall(rf"^{call}\(", text, re.M))
            found["lines"] += sum(bool(line.strip()) for line in text.splitlines())
    return found


def word_count(text: str) -> int:
    """The words to read: no formulas, addresses or tables.

    >>> word_count("An RNN, $h_t$, is [here](01_rnn_theory.ipynb).")
    4
    """
    told = "\n".join(line for line in text.splitlines() if not line.startswith("|"))
    return len(re.findall(r"\w+", re.sub(r"\$.*?\$|\]\([^()]*\)", "", told)))


def sections(cells: Iterable[Mapping[str, str]]) -> dict[str, list[Mapping[str, str]]]:
    """{heading: its cells}; a text with a heading in its middle is cut there. What stands above the first is under "".

    >>> text = {"cell_type": "markdown", "source": "the end of one" + chr(10) + "## Another" + chr(10) + "begins"}
    >>> {heading: len(found) for heading, found in sections([text]).items()}
    {'': 1, 'Another': 1}
    """
    found: dict[str, list[Mapping[str, str]]] = {"": []}
    for cell in cells:
        text = cell["source"]
        cut = re.split(r"^## +(.+)$", text, flags=re.M) if cell["cell_type"] == "markdown" else [text]
        for heading, part in zip(["", *cut[1::2]], cut[::2]):
            if heading:
                found[heading.strip()] = []
            found[[*found][-1]].append({"cell_type": cell["cell_type"], "source": part})
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
