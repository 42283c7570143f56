"""helpers.words.sentences: any text becomes tokens, tokens become one time step each, and nothing unknown goes unsaid."""

import re
import unicodedata

import pytest
import torch
from effort import effort
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

from helpers.words.glove import load_glove
from helpers.words.sentences import Sentence, embed, tokenize


@pytest.fixture(scope="module")
def vectors():
    return load_glove("mini")


@pytest.mark.parametrize(
    "text, tokens",
    [
        ("I love you", ["i", "love", "you"]),
        ("It wasn't good; it was BORING!", ["it", "was", "n't", "good", ";", "it", "was", "boring", "!"]),
        ("it wasn’t", ["it", "was", "n't"]),
        ("I can't, you won't; she's here, they'd've left", "i ca n't , you wo n't ; she 's here , they 'd 've left".split()),
        ("it was n't the dogs' : it 's o'clock", "it was n't the dogs ' : it 's o'clock".split()),  # cut already
        ("the letter 's' and rock 'n' roll", "the letter ' s ' and rock ' n ' roll".split()),
        ("a well-made 3.5 of 1,000 - no.", "a well - made 3.5 of 1,000 - no .".split()),
        ("'quoted'", ["'", "quoted", "'"]),
        ("Cafe\u0301 au lait", ["café", "au", "lait"]),
        ("a\tb\nc\u00a0d", ["a", "b", "c", "d"]),
        ("well... ..", ["well", "...", ".", "."]),
        ("nice😀😀", ["nice", "😀", "😀"]),
        ("👩‍🚀👍🏽❤️🇫🇷🇮🇹", ["👩‍🚀", "👍🏽", "❤️", "🇫🇷", "🇮🇹"]),
        ("<script>alert(1)</script>", ["<", "script", ">", "alert", "(", "1", ")", "<", "/", "script", ">"]),
        ("1️⃣ ≠ 2", ["1️⃣", "≠", "2"]),
        ("नमस्ते, दुनिया!", ["नमस्ते", ",", "दुनिया", "!"]),  # Hindi: vowel signs, a joined consonant
        ("வணக்கம் உலகம்", ["வணக்கம்", "உலகம்"]),  # Tamil
        ("ยินดีที่ได้รู้จัก", ["ยินดีที่ได้รู้จัก"]),  # Thai: vowels and tones above and below; no spaces between words
        ("السَّلَامُ عَلَيْكُمْ", ["السَّلَامُ", "عَلَيْكُمْ"]),  # Arabic with its vowels
        ("שָׁלוֹם עוֹלָם", ["שָׁלוֹם", "עוֹלָם"]),  # Hebrew with its points
        ("می\u200cخواهم", ["می\u200cخواهم"]),  # Persian: a joiner inside the word
        ("𞤀𞤣𞤤𞤢𞤥𞥆", ["𞤢𞤣𞤤𞤢𞤥𞥆"]),  # Adlam, whose letters lie beyond the first 65,536; in lower case
        ("", []),
        (" \n ", []),
    ],
)
def test_tokens(text, tokens):
    assert tokenize(text) == tokens


def test_tokens_follow_the_vectors(vectors):
    """What they have whole stays whole; what they know nothing of is not cut, or "haven't" would lose its "not"."""
    text = "it wasn't well-made , somebody's haven't"
    assert tokenize(text, vectors) == "it wasn't well - made , somebody's haven't".split()
    assert tokenize(text, load_glove()) == "it was n't well-made , somebody 's have n't".split()
    assert embed("I don't", load_glove()).known == ("i", "do", "n't") and embed("I don't", vectors).known == ("i", "don't")


@given(st.text())
@example("\u200d\ufe0f")
@example("İ")
@example("\U0001f1eb")
@example("a''b'")
@example("\ud800")
def test_any_text_is_taken_apart_and_nothing_is_lost(text):
    tokens = tokenize(text)
    assert all(token and not re.search(r"\s", token) for token in tokens)
    straight = unicodedata.normalize("NFC", text.lower().replace("’", "'"))
    assert "".join(tokens) == re.sub(r"\s", "", straight)


@given(
    st.lists(
        st.sampled_from(["do", "n't", "'s", "3.5", "...", "good", ",", "!", "😀", "👩‍🚀", "🇫🇷", "7", "é", "हिन्दी", "ไทย", "عَرَبِيّ"])
    )
)
def test_tokens_stay_whole(tokens):
    assert tokenize(" ".join(tokens)) == tokens


@pytest.mark.parametrize("wrong", [None, torch.zeros(3), {"i": [1.0, 2.0]}])
def test_not_vectors(wrong):
    with pytest.raises(TypeError, match="^vectors: given .*, expected word vectors, as from load_glove"):
        embed("i love you", wrong)


@pytest.mark.parametrize("wrong", [None, 3, b"bytes"])
def test_not_a_text(wrong, vectors):
    with pytest.raises(TypeError, match="text: given"):
        tokenize(wrong)
    with pytest.raises(TypeError, match="text_or_tokens: given"):
        embed(wrong, vectors)
    with pytest.raises(TypeError, match="text_or_tokens: given list"):
        embed(["i", wrong], vectors)


def test_one_row_a_known_token_in_order(vectors):
    sentence = embed("You love zorbs , zorbs love Grelda .", vectors)
    assert sentence.tokens == ("you", "love", "zorbs", ",", "zorbs", "love", "grelda", ".")
    assert sentence.unknown == ("zorbs", "grelda")
    assert sentence.known == ("you", "love", ",", "love", ".")
    assert sentence.input.shape == (5, 1, 20) and sentence.input.dtype == torch.float32
    for t, word in enumerate(sentence.known):
        assert torch.equal(sentence.input[t, 0], vectors[word])
    output, h_n = nn.RNN(20, 3)(sentence.input)
    assert output.shape == (5, 1, 3)


def test_tokens_instead_of_a_text(vectors):
    by_text, by_tokens = embed("i love you", vectors), embed(["i", "love", "you"], vectors)
    assert torch.equal(by_text.input, by_tokens.input)
    assert by_tokens.text == "i love you" and by_tokens.tokens == by_text.tokens
    assert embed(("I",), vectors).unknown == ("I",)  # taken as they are


@pytest.mark.parametrize("text", ["", "   ", "😀", "Xyzzy plugh"])
def test_nothing_known_gives_no_time_step(text, vectors):
    sentence = embed(text, vectors)
    assert sentence.input.shape == (0, 1, 20) and sentence.known == ()
    assert sentence.unknown == sentence.tokens


def test_the_table_is_safe(vectors):
    before = vectors["love"]
    embed("love", vectors).input.zero_()
    assert torch.equal(vectors["love"], before) and before.any()


def test_a_sentence_does_not_change(vectors):
    sentence = embed("i love you", vectors)
    assert isinstance(sentence, Sentence)
    with pytest.raises(AttributeError):
        sentence.text = "i hate you"
    assert "tensor" not in repr(sentence)


@pytest.mark.parametrize(
    "text",
    ["good boring zorb don't , " * 2000, "zorb" * 5000, "'a" * 5000, "👩‍🚀" * 5000, " ".join(f"zorb{i}" for i in range(10_000))],
    ids=["10,000 words", "one long", "apostrophes", "emoji", "all unknown"],
)
def test_a_long_text_takes_little_time_and_in_proportion(text, vectors):
    whole = effort(*[lambda: embed(text, vectors)] * 5)
    tenth = effort(*[lambda: embed(text[: len(text) // 10], vectors)] * 5)
    assert whole < 10  # it is about 3
    # Ten times the text takes about ten times as long; what looks back at each word takes a hundred times.
    assert whole < 30 * tenth
