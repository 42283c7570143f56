"""Short labelled reviews from a small grammar: praise or blame, wherever in the sentence the opinion is.

    plain     the film was very good                                            one opinion
    negated   honestly, nobody found it boring                                  the opposite of its adjective
    pair      the acting was bad, but the film was good                         two opinions, and the order decides
    verbs     slow at first, but it won me over, said my friend                   the opinion is in a verb

`helpers/data/reviews.toml` has the sentences and the words. Each sentence there says praise. Two reviews, the twins, are made
of it. The first says praise. In the second, each word of the left list of a pair is exchanged for a word of the right list, and
the other way round. So the second says blame. Therefore no pattern, opening, closing or length tells the label, and the twins
of "pair" have the same words.
"""

import random
import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .sentences import tokenize

DATA = Path(__file__).parent.parent / "data"
KINDS = ("plain", "negated", "pair", "verbs")  # what the networks are trained on
BARE = {"opening": 0.5, "closing": 0.3, "end": 0.0}  # the fraction of sentences without an opening, without a closing
SLOT = re.compile(r"\{([a-z_]+?)(_too|_again)?\}")
Lists = dict[str, list[str]]
Chance = Callable[[], float]


class Review(NamedTuple):
    """A sentence and its label: 1 for praise, 0 for blame."""

    text: str
    label: int

    @property
    def words(self) -> list[str]:
        return tokenize(self.text)


class Reviews(NamedTuple):
    """train : to train on; validation : to decide when to stop; tests : kind by kind, looked at in the end"""

    train: list[Review]
    validation: list[Review]
    tests: dict[str, list[Review]]


class Grammar(NamedTuple):
    neutral: Lists
    opinions: Lists  # of both sides: what "good" can be, what "bad" can be, …
    opposite: dict[str, str]  # good: bad, bad: good, …
    unseen: Lists
    sentences: Lists
    around: Lists


@cache
def read_grammar() -> Grammar:
    """The grammar of the reviews.

    >>> read_grammar().opposite["loved"], read_grammar().sentences["plain"][4]
    ('hated', 'what a {good} {film}')
    """
    parts = tomllib.loads((DATA / "reviews.toml").read_text(encoding="utf-8"))
    opinions, opposite = _both_sides(parts["pairs"])
    unseen, _ = _both_sides(parts["unseen"])
    return Grammar(parts["any"], opinions, opposite, unseen, parts["sentences"], parts["around"])


def make_reviews(train: int = 30000, validation: int = 400, test: int = 400, seed: int = 0) -> Reviews:
    """Reviews to train on, reviews to decide when to stop, and reviews of each kind to test on. No sentence comes twice.

    >>> train, validation, tests = make_reviews(train=100, validation=20, test=10)
    >>> len(train), len(validation), {kind: len(reviews) for kind, reviews in tests.items()}
    (100, 20, {'plain': 10, 'negated': 10, 'pair': 10, 'verbs': 10, 'double': 10, 'unseen': 10})
    >>> for review in tests["pair"][4:6]:
    ...     print(review.label, review.text)
    1 i appreciated it, but the critics hated it. i saw it yesterday!
    0 i hated it, but the critics appreciated it. i saw it yesterday!

    Parameters
    ----------
    train, validation : how many reviews; even, because twins stay together
    test : how many reviews of each kind; even

    Returns
    -------
    train, validation : of all four kinds, mixed; twins stand one after the other
    tests : "plain", "negated", "pair", "verbs"; "double", two negations, which training never shows; and
            "unseen", of the kinds that have adjectives, with those that training never shows

    Raises
    ------
    ValueError : a number that is not even or below 2, or more reviews than the grammar has; names it.
    """
    for name, count in (("train", train), ("validation", validation), ("test", test)):
        if not isinstance(count, int) or count < 2 or count % 2:
            raise ValueError(f"{name}: given {count!r}, expected an even number, at least 2")
    grammar, chance, seen = read_grammar(), random.Random(seed).random, set[str]()
    every = [sentence for kind in KINDS for sentence in grammar.sentences[kind]]
    with_adjective = [sentence for sentence in every if "{good" in sentence or "{bad" in sentence]
    mixed = _draw("train, validation", every, train + validation, grammar.opinions, chance, seen)
    tests = {kind: _draw("test", grammar.sentences[kind], test, grammar.opinions, chance, seen) for kind in (*KINDS, "double")}
    tests["unseen"] = _draw("test", with_adjective, test, grammar.opinions | grammar.unseen, chance, seen)
    return Reviews(mixed[:train], mixed[train:], tests)


def everyday_reviews() -> list[Review]:
    """Forty sentences as people type them, written before the grammar and before any training.

    >>> len(everyday_reviews()), everyday_reviews()[20]
    (40, Review(text="I can't recommend this.", label=0))
    """
    lines = (DATA / "everyday_reviews.txt").read_text(encoding="utf-8").splitlines()
    return [Review(line[2:], int(line[0])) for line in lines if not line.startswith("#")]


def _draw(name: str, sentences: list[str], count: int, opinions: Lists, chance: Chance, seen: set[str]) -> list[Review]:
    """`count` reviews that were not drawn before."""
    reviews: list[Review] = []
    for _ in range(50 * count):
        if len(reviews) == count:
            return reviews
        twins = _say(_pick(sentences, chance), opinions, chance)
        texts = {review.text for review in twins}
        if len(texts) == 2 and not texts & seen:
            seen |= texts
            reviews += twins
    raise ValueError(f"{name}: given {count} reviews, expected at most {len(reviews)}: the grammar repeats itself")


def _say(sentence: str, opinions: Lists, chance: Chance) -> list[Review]:
    """The twins of a sentence: praise, and blame."""
    grammar = read_grammar()
    around = {part: "" if chance() < BARE[part] else _pick(choices, chance) for part, choices in grammar.around.items()}
    praise, blame = dict[str, str](), dict[str, str]()
    for name, again in SLOT.findall(sentence):
        if name in grammar.neutral:
            praise[name] = blame[name] = _pick(grammar.neutral[name], chance)
        elif name + again not in praise:
            other = grammar.opposite[name]
            this, that = (_pick([w for w in opinions[side] if w not in praise.values()], chance) for side in (name, other))
            praise |= {name + again: this, other + again: that}
            blame |= {name + again: that, other + again: this}
    frame = f"{around['opening']} {sentence}{around['closing']}{around['end']}"
    return [Review(_filled(frame, words), label) for words, label in ((praise, 1), (blame, 0))]


def _filled(frame: str, words: Mapping[str, str]) -> str:
    text = re.sub(r" +", " ", SLOT.sub(lambda slot: words[slot[1] + (slot[2] or "")], frame))
    return re.sub(r"\ba (?=[aeiou])", "an ", re.sub(r" (?=[,.!]|$)", "", text.strip()))


def _pick(choices: list[str], chance: Chance) -> str:
    return choices[int(chance() * len(choices))]  # of all random functions only random() is the same in every Python


def _both_sides(pairs: dict[str, dict[str, list[list[str]]]]) -> tuple[Lists, dict[str, str]]:
    lists, opposite = Lists(), dict[str, str]()
    for left, partner in pairs.items():
        for right, (praise, blame) in partner.items():
            lists |= {left: praise, right: blame}
            opposite |= {left: right, right: left}
    return lists, opposite
