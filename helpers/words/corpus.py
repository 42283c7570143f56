"""The sentences that the bundled word vectors learned from, written from the templates in `helpers/data/mini_corpus.toml`."""

import random
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

T = TypeVar("T")
FILE = Path(__file__).parent.parent / "data" / "mini_corpus.toml"


class CorpusTopic(NamedTuple):
    """A topic of the small world.

    weight    : how often a document is about it, relative to the other topics
    gaps      : the rows of words that fill each gap; a key such as "paris france" names the gaps that one row fills
    sentences : the sentences, with their gaps in braces
    """

    weight: int
    gaps: dict[str, list[str]]
    sentences: list[str]


def documents(count: int = 12_000, seed: int = 0) -> list[list[str]]:
    """`count` short texts, each a list of words.

    >>> print(*documents(count=1)[0][:20])
    the colour of the jacket is yellow , not white . she wore a yellow jacket and a white shoe

    The same seed gives the same texts on every machine. The only random source is `random.Random(seed).random()`, and Python
    promises not to change the numbers that it returns.
    """
    chance = random.Random(seed).random

    def pick(items: list[T]) -> T:
        return items[int(chance() * len(items))]

    by_weight = [topic for topic in TOPICS for _ in range(topic.weight)]
    texts = []
    for _ in range(count):
        topic = pick(by_weight)
        drawn: dict[str, list[str]] = {}
        said: list[str] = []
        for _ in range(2 + int(chance() * 3)):
            said.append(pick([sentence for sentence in topic.sentences if sentence not in said]))
        texts.append(" ".join(fill_gaps(sentence, topic, drawn, pick) for sentence in said).split())
    return texts


def fill_gaps(sentence: str, topic: CorpusTopic, drawn: dict[str, list[str]], pick: Callable[[list[str]], str]) -> str:
    """The sentence with words in its gaps; `drawn` remembers the rows that the document has drawn for each gap so far.

    >>> fill_gaps("the {cat} and the {cat2}", CorpusTopic(1, {"cat": ["cat", "dog"]}, []), {}, lambda rows: rows[-1])
    'the dog and the cat'
    """

    def word(gap: re.Match[str]) -> str:
        name, place = gap[1], int(gap[2] or 1)
        names = next(names for names in topic.gaps if name in names.split())
        taken = drawn.setdefault(names, [])
        while len(taken) < place:
            taken.append(pick([row for row in topic.gaps[names] if row not in taken]))
        return taken[place - 1].split()[names.split().index(name)]

    return re.sub(r"{([a-z]+)(\d?)}", word, sentence)


def _load() -> tuple[dict[str, list[str]], list[CorpusTopic]]:
    """The named lists of rows, and the topics."""
    file = tomllib.loads(FILE.read_text(encoding="utf-8"))
    rows = {name: [row.strip() for row in text.split(",")] for name, text in file["rows"].items()}
    topics = []
    for topic in file["topic"]:
        lists = {gap: [names] if isinstance(names, str) else names for gap, names in topic["gaps"].items()}
        gaps = {gap: [row for name in names for row in rows[name]] for gap, names in lists.items()}
        texts = [*(file["shared"][name] for name in topic["shared"]), topic["sentences"]]
        topics.append(CorpusTopic(topic["weight"], gaps, [line for text in texts for line in text.splitlines()]))
    return rows, topics


ROWS, TOPICS = _load()
