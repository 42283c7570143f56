"""helpers.words.reviews: labels right by a rule of its own, nothing shared between training and test, an end to the sampling."""

import re

import pytest

from helpers import load_glove, make_reviews
from helpers.words.reviews import BLAME, OPENINGS, PATTERNS, PRAISE, THINGS, UNSEEN_BLAME, UNSEEN_PRAISE

SIDE = dict.fromkeys((*PRAISE, *UNSEEN_PRAISE), 1) | dict.fromkeys((*BLAME, *UNSEEN_BLAME), 0)
NEGATION = {"not", "never", "wasn't"}


@pytest.fixture(scope="module")
def reviews():
    return make_reviews()


def opinions(text):
    """What each adjective says, its side turned by every negation that stands before it in its own clause."""
    for clause in re.split(r" , | and ", text):
        turned = 0
        for word in clause.split():
            turned += word in NEGATION
            if word in SIDE:
                yield (SIDE[word] + turned) % 2


def everything(reviews):
    train, tests = reviews
    return [*train, *(review for kind in tests.values() for review in kind)]


@pytest.mark.parametrize(
    "text, said",
    [
        ("the film was good", [1]),
        ("the film was not good , it was boring", [0, 0]),
        ("the film was never not good", [1]),
        ("yesterday the film wasn't dull", [1]),
    ],
)
def test_the_rule_that_tests_the_labels(text, said):
    assert list(opinions(text)) == said


@pytest.mark.parametrize("seed", range(5))
def test_every_label_is_what_the_sentence_says(seed):
    for review in everything(make_reviews(seed=seed)):
        assert set(opinions(review.text)) == {review.label}, review


def test_no_sentence_comes_twice_so_training_and_test_share_none(reviews):
    texts = [review.text for review in everything(reviews)]
    assert len(set(texts)) == len(texts) == 2200


def test_the_two_of_a_pair_share_their_words_and_stay_together(reviews):
    train, tests = reviews
    for pairs in (tests["pair"], train[800:]):
        for one, other in zip(pairs[::2], pairs[1::2], strict=True):
            assert sorted(one.words) == sorted(other.words) and one.label != other.label


def test_each_kind_is_what_it_says(reviews):
    train, tests = reviews
    negations = {kind: {sum(word in NEGATION for word in r.words) for r in tests[kind]} for kind in tests}
    assert negations == {"plain": {0}, "negated": {1}, "pair": {1}, "unseen": {0, 1}, "double": {2}}
    seen = {word for review in train for word in review.words}
    assert not seen & {*UNSEEN_PRAISE, *UNSEEN_BLAME}
    for review in tests["unseen"]:
        assert set(review.words) & {*UNSEEN_PRAISE, *UNSEEN_BLAME}


def test_both_labels_are_about_equally_frequent(reviews):
    train, tests = reviews
    for kind in (train, *tests.values()):
        assert 0.4 < sum(review.label for review in kind) / len(kind) < 0.6


def test_lengths_differ_enough_for_padding_to_matter(reviews):
    lengths = [len(review.words) for review in reviews[0]]
    assert min(lengths) == 4 and max(lengths) == 19


def test_the_bundled_vectors_know_every_word():
    vectors = load_glove("mini")
    patterns = [pattern for kind in PATTERNS.values() for pattern, _ in kind]
    for text in (*PRAISE, *UNSEEN_PRAISE, *BLAME, *UNSEEN_BLAME, *OPENINGS, *THINGS, *patterns):
        assert [word for word in re.sub(r"{[ab]}", "", text).split() if word not in vectors] == []


def test_a_seed_gives_the_same_reviews_and_another_seed_others(reviews):
    assert make_reviews() == reviews and make_reviews(seed=1) != reviews


def test_all_there_are_can_be_had_and_not_one_more():
    train, tests = make_reviews(train=7480, test=200)  # 7680 negated sentences, and not one more
    assert len({review.text for review in train}) == 3 * 7480 and len(tests["negated"]) == 200
    with pytest.raises(ValueError, match="given 7482 and 200, expected at most 7680 negated reviews"):
        make_reviews(train=7482, test=200)


@pytest.mark.parametrize("name, count", [("train", 0), ("train", 3), ("test", -2), ("test", 2.0), ("test", "2")])
def test_an_impossible_number_is_refused_by_name(name, count):
    with pytest.raises(ValueError, match=f"{name}: given {count!r}, expected an even number"):
        make_reviews(**{name: count})
