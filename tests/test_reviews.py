"""helpers.words.reviews: labels right by a rule of its own, nothing shared between the sets, no label told by the frame."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest

import helpers
from helpers import everyday_reviews, load_glove, make_reviews
from helpers.words.reviews import KINDS, SLOT, _draw, read_grammar

GRAMMAR = read_grammar()
UNSEEN = {word for words in GRAMMAR.unseen.values() for word in words}
SIDE = {
    word: side
    for lists in (GRAMMAR.opinions, GRAMMAR.unseen)
    for side, name in enumerate(("bad", "good"))
    for word in lists[name]
}


@pytest.fixture(scope="module")
def reviews():
    return make_reviews()


def everything(reviews):
    return [*reviews.train, *reviews.validation, *(review for some in reviews.tests.values() for review in some)]


def test_no_sentence_comes_twice_so_no_two_sets_share_one(reviews):
    texts = [review.text for review in everything(reviews)]
    assert len(set(texts)) == len(texts) == 30000 + 400 + 6 * 400


@pytest.mark.parametrize("seed", range(3))
def test_the_label_is_what_the_sentence_says(seed):
    """Plain: the side of its adjectives. Negated: the opposite. Two negations: the side again."""
    tests = make_reviews(train=2, validation=2, seed=seed).tests
    for kind, turned in (("plain", 0), ("negated", 1), ("double", 0)):
        for review in tests[kind]:
            said = {SIDE[word] for word in review.words if word in SIDE and "as the book" not in review.text}
            assert said <= {(review.label + turned) % 2}, review
        assert sum(word in SIDE for review in tests[kind] for word in review.words) > 200


def test_the_twins_of_a_pair_have_the_same_words_and_opposite_labels(reviews):
    pairs = reviews.tests["pair"]
    for one, other in zip(pairs[::2], pairs[1::2], strict=True):
        assert Counter(one.words) == Counter(other.words) and (one.label, other.label) == (1, 0)


def test_labels_are_balanced_whatever_is_around_the_opinion(reviews):
    for part in ("opening", "closing"):
        for words in GRAMMAR.around[part]:
            labels = [review.label for review in reviews.train if words in review.text]
            assert len(labels) > 100 and abs(sum(labels) / len(labels) - 0.5) < 0.02, words
    assert all(sum(review.label for review in some) == len(some) / 2 for some in (reviews.train, *reviews.tests.values()))


def test_unseen_adjectives_and_two_negations_are_in_their_test_alone(reviews):
    trained = {word for review in (*reviews.train, *reviews.validation) for word in review.words}
    assert not trained & UNSEEN
    assert all(set(review.words) & UNSEEN for review in reviews.tests["unseen"])
    assert not any("never not" in review.text or "wasn't that" in review.text for review in reviews.train)


def test_each_slot_of_a_sentence_has_words():
    for sentences in GRAMMAR.sentences.values():
        for sentence in sentences:
            assert SLOT.findall(sentence) and "{" not in SLOT.sub("", sentence)
            assert all(name in GRAMMAR.neutral or name in GRAMMAR.opinions for name, _ in SLOT.findall(sentence)), sentence
    lists = [*GRAMMAR.opinions.values(), *GRAMMAR.unseen.values()]
    assert all(len(words) == len(set(words)) for words in lists) and set(KINDS) < set(GRAMMAR.sentences)


def test_the_bundled_vectors_know_every_word(reviews):
    vectors = load_glove()
    assert {word for review in everything(reviews) for word in review.words if word not in vectors} == set()


def test_lengths_differ_enough_for_padding_to_matter(reviews):
    lengths = [len(review.words) for review in reviews.train]
    assert min(lengths) <= 3 and max(lengths) >= 20


def test_a_seed_gives_the_same_reviews_and_another_seed_others():
    few = dict(train=50, validation=10, test=10)
    assert make_reviews(**few) == make_reviews(**few) != make_reviews(**few, seed=1)


def test_more_than_there_are_is_refused():
    with pytest.raises(ValueError, match="test: given 2 reviews, expected at most 0: the grammar repeats itself"):
        _draw("test", ["nothing to exchange"], 2, {}, lambda: 0.5, set())


@pytest.mark.parametrize("name", ["train", "validation", "test"])
@pytest.mark.parametrize("count", [0, 3, -2, 2.0, "2"])
def test_an_impossible_number_is_refused_by_name(name, count):
    with pytest.raises(ValueError, match=f"{name}: given {count!r}, expected an even number"):
        make_reviews(**{name: count})


def test_the_everyday_sentences_are_those_that_were_written_first():
    """They were written before the grammar and before any training: to change them now would be to train on them."""
    file = Path(helpers.__file__).parent / "data" / "everyday_reviews.txt"
    told = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert (
        hashlib.sha256("\n".join(told).encode()).hexdigest() == "986441f83a13343e4ed74e3a0a6442e725ff1ffbdf6d473d061c78d2434f4608"
    )
    assert sum(review.label for review in everyday_reviews()) == 20 == len(everyday_reviews()) / 2
