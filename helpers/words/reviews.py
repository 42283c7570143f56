"""Short labelled reviews from a small grammar: praise or blame, which often only the order of the words can tell.

    plain     the film was good                      1    praise
    negated   the film was not good                  0    blame
    pair      the film was not good , it was boring  0    the same words,
              the film was not boring , it was good  1    and the opposite label
    double    the film was never not good            1    two negations; kept for the end, nothing trains on them

All sentences of a kind are numbered, and some numbers are drawn, none of them twice. So no sentence is repeated, what
is tested was never trained on, and to ask for more than there are is an error, not an endless search.
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

Adjectives = tuple[tuple[str, ...], tuple[str, ...]]  # of praise, of blame

# How a sentence begins sets its length, from 4 words to 19: without short and long ones, padding would do no harm.
OPENINGS = (
    "",
    "yesterday",
    "people say that",
    "she told me that",
    "we all said that",
    "i will always remember that",
    "on saturday we went to the theatre , and",
    "i saw it with my friend last night , and",
)
THINGS = ("the film", "the movie", "the book", "the story", "the play", "the show", "the comedy", "the series")
PRAISE = (
    "good",
    "great",
    "excellent",
    "wonderful",
    "brilliant",
    "fantastic",
    "amazing",
    "perfect",
    "delightful",
    "pleasant",
    "beautiful",
    "splendid",
    "impressive",
    "exciting",
    "funny",
    "clever",
    "moving",
    "charming",
    "gripping",
    "interesting",
)
BLAME = (
    "bad",
    "terrible",
    "awful",
    "horrible",
    "poor",
    "dreadful",
    "disappointing",
    "mediocre",
    "unpleasant",
    "useless",
    "weak",
    "nasty",
    "lousy",
    "annoying",
    "boring",
    "dull",
    "stupid",
    "silly",
    "predictable",
    "confusing",
)
# No sentence to train on has one of these.
UNSEEN_PRAISE = (
    "superb",
    "lovely",
    "marvellous",
    "nice",
    "terrific",
    "outstanding",
    "fascinating",
    "thrilling",
    "touching",
    "witty",
    "fine",
    "original",
)
UNSEEN_BLAME = (
    "ugly",
    "miserable",
    "disgusting",
    "pathetic",
    "worthless",
    "horrid",
    "tedious",
    "lifeless",
    "clumsy",
    "dreary",
    "shallow",
    "tiresome",
)
NEGATIONS = ("was not", "wasn't", "was never")
# What comes after the opening and the thing; and whether {a} means what it says (1) or the opposite (0).
PATTERNS = {
    "plain": [(f"{was} {{a}}", 1) for was in ("was", "was very", "was really", "was so")],
    "negated": [(f"{was} {{a}}", 0) for was in NEGATIONS],
    "pair": [
        *((f"{was} {{a}} , it was {{b}}", 0) for was in NEGATIONS),
        *((f"was {{a}} {but} {{b}}", 1) for but in (", not", "and never")),
    ],
    "double": [(f"{was} not {{a}}", 1) for was in ("was never", "wasn't")],
}


class Review(NamedTuple):
    """A sentence with spaces between its tokens, and its label: 1 for praise, 0 for blame."""

    text: str
    label: int

    @property
    def words(self) -> list[str]:
        return self.text.split()


def make_reviews(train: int = 400, test: int = 200, seed: int = 0) -> tuple[list[Review], dict[str, list[Review]]]:
    """Reviews to train on, and other ones to test on, kind by kind.

    >>> train, tests = make_reviews()
    >>> len(train), {kind: len(reviews) for kind, reviews in tests.items()}
    (1200, {'plain': 200, 'negated': 200, 'pair': 200, 'unseen': 200, 'double': 200})
    >>> for review in tests["pair"][2:4]:
    ...     print(review.label, review.text)
    0 the show was never moving , it was mediocre
    1 the show was never mediocre , it was moving

    Parameters
    ----------
    train : of each of the kinds plain, negated and pair, how many; even, as the two of a pair stay together
    test  : of each kind of test, how many; even

    Returns
    -------
    train : the three kinds one after the other; shuffle before you train
    tests : "plain", "negated", "pair" (both of a pair, one after the other), "unseen" (plain and negated, of adjectives
            that are not in train) and "double"

    Raises
    ------
    ValueError : a number that is not even or below 2, or more than the grammar can say; names it and the largest.
    """
    for name, count in (("train", train), ("test", test)):
        if not isinstance(count, int) or count < 2 or count % 2:
            raise ValueError(f"{name}: given {count!r}, expected an even number, at least 2")
    chance, seen, tests = random.Random(seed).random, [], {}
    for kind in ("plain", "negated", "pair"):
        both = _draw(kind, (train, test), (PRAISE, BLAME), chance)
        seen += both[:train]
        tests[kind] = both[train:]
    unseen = UNSEEN_PRAISE, UNSEEN_BLAME
    tests["unseen"] = [r for kind in ("plain", "negated") for r in _draw(kind, (0, test // 2), unseen, chance)]
    tests["double"] = _draw("double", (0, test), (PRAISE, BLAME), chance)
    return seen, tests


def _draw(kind: str, counts: tuple[int, int], adjectives: Adjectives, chance: Callable[[], float]) -> list[Review]:
    """`sum(counts)` different reviews of one kind."""
    praise, blame = map(len, adjectives)
    sizes = [len(PATTERNS[kind]), len(OPENINGS), len(THINGS), *([praise, blame] if kind == "pair" else [praise + blame])]
    together = 2 if kind == "pair" else 1  # how many reviews one drawn number stands for
    size, count = math.prod(sizes), sum(counts) // together
    if count > size:
        most = f"at most {size * together} {kind} reviews together"
        raise ValueError(f"train, test: given {counts[0]} and {counts[1]}, expected {most}")
    # Of all of Python's random functions only random() promises the same numbers in every version.
    numbers = sorted(range(size), key=lambda _: chance())[:count]
    return [review for choices in zip(*np.unravel_index(numbers, sizes)) for review in _say(kind, choices, adjectives)]


def _say(kind: str, choices: Sequence[int], adjectives: Adjectives) -> list[Review]:
    """The review, or the pair, that the choices stand for: of a pattern, an opening, a thing and one or two adjectives."""
    pattern, as_said = PATTERNS[kind][choices[0]]
    frame = f"{OPENINGS[choices[1]]} {THINGS[choices[2]]} {pattern}".strip()
    praises, blames = adjectives
    if kind == "pair":
        good, bad = praises[choices[3]], blames[choices[4]]
        return [Review(frame.format(a=good, b=bad), as_said), Review(frame.format(a=bad, b=good), 1 - as_said)]
    adjective, praise = (*praises, *blames)[choices[3]], int(choices[3] < len(praises))
    return [Review(frame.format(a=adjective), praise if as_said else 1 - praise)]
