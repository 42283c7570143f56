"""The explorers of sentences: for any typed text, what they show is well-formed, small and true."""

import re
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree

import pytest
import torch
from effort import effort
from explorer_sweep import require_well_formed
from hypothesis import given, settings
from hypothesis import strategies as st
from test_diagrams import complaints
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from helpers import draw_padded, explore_packing, explore_reviews, explore_sentence, load_glove, pack, progress
from helpers.explorers.sentence_views import MOST_TOKENS, packed_staircase, padded_grid
from helpers.explorers.sentences import MOST_STEPS

NOTES, FINAL, CODE, GRID, STAIRCASE = range(5)
BOXES = ("text0", "text1", "text2")
LONG = [("love " * 10_000).strip(), "x" * 100_000, "🙂" * 10_000, "grelda " * 10_000]
HOSTILE = ["<script>alert(1)</script>", "I love <img src=x onerror=alert(1)> you", "</pre></svg><script>", "&lt;b&gt; \" '"]


@pytest.fixture(scope="module")
def vectors():
    return load_glove()


@pytest.fixture
def batch(vectors):
    return explore_packing(vectors=vectors)


class Judge(nn.Module):
    """A classifier without training: the tests do not depend on its answers."""

    def __init__(self, words):
        super().__init__()
        self.embedding, self.rnn, self.decide = nn.Embedding(words, 5), nn.RNN(5, 4), nn.Linear(4, 1)

    def forward(self, packed):
        return self.decide(self.rnn(packed._replace(data=self.embedding(packed.data)))[1][-1])


@pytest.fixture(scope="module")
def index(vectors):
    return vectors.token_to_index


@pytest.fixture(scope="module")
def judge(index):
    torch.manual_seed(0)
    return Judge(len(index))


@pytest.fixture
def sentence(vectors):
    return explore_sentence("I love you", vectors)


@pytest.fixture(params=["a sentence", "a batch", "a packed batch", "a review"])
def typed(request, vectors, judge, index):
    """Each explorer with a text box: (the explorer, its first box, how many tokens it reads)."""
    if request.param == "a sentence":
        explorer = explore_sentence(vectors=vectors)
    elif request.param == "a review":
        explorer = explore_reviews(judge, index)
    else:
        explorer = explore_packing(vectors=vectors)
        explorer.controls["packed"].value = "packed" in request.param
    box = next(iter(explorer.controls.values()))
    return explorer, box, MOST_STEPS if "batch" in request.param else MOST_TOKENS


def check(explorer):
    require_well_formed(explorer)
    assert re.search(r"<svg |<p", "".join(explorer.html))


# ---- whatever is typed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", LONG)
def test_a_very_long_text_is_quick_and_said_to_be_long(typed, text):
    explorer, box, most = typed
    assert effort(lambda: setattr(box, "value", text)) < 40  # it is below 6
    check(explorer)
    assert sum(map(len, explorer.html)) < 200_000  # what is sent to the browser stays small
    if not text.startswith("x"):
        assert f"10000 tokens; the first {most} are read" in explorer.html[0]


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_is_shown_as_text(typed, text):
    explorer, box, _ = typed
    box.value = text
    check(explorer)
    tags = {element.tag for html in explorer.html for element in ElementTree.fromstring(f"<div>{html}</div>").iter()}
    assert not {tag for tag in tags if tag.rpartition("}")[2] in ("script", "img", "i")}
    everything = "".join(explorer.html) + explorer._repr_mimebundle_()["text/html"]
    assert "<script" not in everything and "onerror" not in re.sub(r">[^<]*<", "><", everything)


def test_controls_are_named(typed):
    assert all(control.description for control in typed[0].controls.values())


# ---- one sentence ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "   ", "\t", "\u00a0"])
def test_an_empty_sentence_is_explained(sentence, text):
    sentence.controls["text"].value = text
    check(sentence)
    assert "Nothing to read yet" in sentence.html[0] and sentence.html[1:] == ["", "", ""]
    sentence.controls["text"].value = "I love you"  # and one can go on from there
    check(sentence)
    assert "<svg" in sentence.html[1] and "unrolled-changed" not in sentence.html[3]


@pytest.mark.parametrize("text, unknown", [("I love snarks 😀", ["snarks", "😀"]), ("grelda", ["grelda"])])
def test_unknown_words_are_named(sentence, text, unknown):
    sentence.controls["text"].value = text
    check(sentence)
    assert list(sentence.state.sentence.unknown) == unknown
    assert f"No vector for: {', '.join(unknown)}." in sentence.html[0]


def test_a_sentence_of_unknown_words_only_is_explained(sentence):
    sentence.controls["text"].value = "grelda snarks"
    assert "L=0" in sentence.html[0] and sentence.html[1:] == ["", "", ""]


def test_each_known_word_is_a_step(sentence, vectors):
    sentence.controls["text"].value = "you love"
    assert sentence.state.trace.shapes.L == 2 and f"(L=2, N=1, H_in={vectors.dim})" in sentence.html[3]
    assert sentence.html[3].count("unrolled-changed") == 2  # of input and output
    assert all(f">{word}</text>" in sentence.html[1] for word in ("you", "love"))


@pytest.mark.sweep
@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=60))
def test_whatever_is_typed_as_a_sentence_is_shown(vectors, text):
    explorer = explore_sentence("I love you", vectors)
    explorer.controls["text"].value = text
    for html in explorer.html:
        assert "data-failed" not in html and "<script" not in html
    if text.isprintable():  # XML has no way to write the others
        check(explorer)


def test_words_from_right_to_left_stand_in_the_order_of_time(vectors):
    html = explore_sentence("مرحبا بالعالم", vectors).html[0]
    assert html.count("<bdi ") == html.count("</bdi>") == 2


def test_an_emoji_of_several_characters_is_shown_as_one(vectors):
    assert ">👩\u200d🚀</bdi>" in explore_sentence("👩\u200d🚀", vectors).html[0]
    assert ">U+200D</bdi>" in explore_sentence("\u200d", vectors).html[0]  # alone it would not be seen


# ---- a batch --------------------------------------------------------------------------------------------------------


def test_padded_the_shorter_rows_are_wrong_and_packed_none_is(batch):
    assert "2 of 3 rows differ: hello, i love you." in batch.html[FINAL]
    assert batch.html[STAIRCASE] == "" and "padding too" in batch.html[NOTES]
    batch.controls["packed"].value = True
    assert "All rows are the same." in batch.html[FINAL]
    assert "batch_sizes 3, 2, 2, 1, 1, 1, 1, 1, 1" in batch.html[STAIRCASE] and "staircase" in batch.html[NOTES]
    check(batch)


@pytest.mark.parametrize("packed", [False, True])
def test_the_code_shown_gives_the_h_n_shown(batch, packed):
    batch.controls["packed"].value = packed
    state = batch.state
    torch.manual_seed(0)
    made = dict(
        rnn=nn.RNN(state.padded.size(2), state.h_n.size(1)),
        pad_sequence=pad_sequence,
        pack_padded_sequence=pack_padded_sequence,
        sentences=[s.input[:, 0] for s in state.sentences],
    )
    exec(unescape(re.sub(r"<[^>]*>", "", batch.html[CODE])), made)
    assert torch.allclose(made["h_n"][0], state.h_n, atol=1e-6)
    assert torch.equal(made["padded"], state.padded)


def test_another_sentence_changes_the_grid_the_staircase_and_h_n(batch):
    batch.controls["packed"].value = True
    before = batch.html
    batch.controls["text0"].value = "hello you"
    assert all(batch.html[view] != before[view] for view in (GRID, STAIRCASE, FINAL, CODE))
    assert batch.state.lengths == [2, 9, 3] and ">you</text>" in batch.html[STAIRCASE]


def test_an_empty_sentence_is_left_out_in_words(batch):
    batch.controls["text1"].value = "  "
    check(batch)
    assert "Sentence 1 has no words, so it is left out." in batch.html[NOTES]
    assert batch.state.lengths == [1, 3] and "In the pictures, n=0 is sentence 0, n=1 is sentence 2." in batch.html[NOTES]
    for box in BOXES:
        batch.controls[box].value = ""
    check(batch)
    assert "nothing to read" in batch.html[NOTES] and batch.html[1:] == [""] * 4
    batch.controls["text0"].value = "hello"
    check(batch)
    assert "All rows are the same." in batch.html[FINAL]


def test_unknown_words_are_named_and_left_out(batch):
    batch.controls["text2"].value = "I love snarks 😀"
    assert "Sentence 2: no vector for snarks, 😀; left out, not read as zeros." in batch.html[NOTES]
    assert batch.state.lengths == [1, 9, 2]
    batch.controls["text2"].value = "snarks"
    assert "Sentence 2 has no word left" in batch.html[NOTES] and batch.state.lengths == [1, 9]
    check(batch)


@pytest.mark.sweep
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(max_size=40), min_size=2, max_size=4), packed=st.booleans())
def test_whatever_is_typed_as_a_batch_is_shown(vectors, texts, packed):
    explorer = explore_packing(texts, vectors)
    explorer.controls["packed"].value = packed
    for html in explorer.html:
        assert "data-failed" not in html and "<script" not in html
    if all(text.isprintable() for text in texts):
        check(explorer)
    if packed and explorer.state.sentences:
        assert torch.allclose(explorer.state.h_n, explorer.state.alone, atol=1e-5)


WORDS = st.sampled_from("i love you the film was not good , it boring hello king internationalization".split())


@pytest.mark.sweep
@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.lists(WORDS, max_size=14), min_size=2, max_size=4))
def test_what_is_drawn_fits_its_paper(vectors, texts):
    state = explore_packing([" ".join(words) for words in texts], vectors).state
    if state.sentences:
        assert complaints(padded_grid(state)) == [] and complaints(packed_staircase(replace(state, packed=True))) == []
        assert padded_grid(state).data == draw_padded(state.padded, state.lengths, state.labels).data


@pytest.mark.parametrize("texts", [[], ["one"], ["a"] * 5, "text"])
def test_a_batch_has_two_to_four_sentences(texts, vectors):
    with pytest.raises(ValueError, match="texts: given .*, expected 2 to 4 sentences"):
        explore_packing(texts, vectors)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda v: explore_sentence(5, v), TypeError, "text: given int, expected a string"),
        (lambda v: explore_sentence("hi", torch.ones(3)), TypeError, "vectors: given Tensor, expected word vectors"),
        (lambda v: explore_sentence("hi", {}), TypeError, "vectors: given dict"),  # none were taken for the bundled ones
        (lambda v: explore_packing(5, v), ValueError, "texts: given 5, expected 2 to 4 sentences"),
        (lambda v: explore_packing([1, 2], v), ValueError, r"texts: given \[1, 2\], expected 2 to 4 sentences"),
        (lambda v: explore_packing(["a", "b"], 3), TypeError, "vectors: given int"),
        (
            lambda v: explore_reviews(len, v.token_to_index),
            TypeError,
            "model: given builtin_function_or_method, expected an nn.Module",
        ),
        (lambda v: explore_reviews(torch.nn.Identity(), None), TypeError, "index: given NoneType"),
        (lambda v: explore_reviews(torch.nn.Identity(), v.token_to_index, 5), TypeError, "text: given int"),
        (
            lambda v: explore_reviews(torch.nn.Identity(), v.token_to_index),
            TypeError,
            "model: it gives PackedSequence, expected a tensor",
        ),
    ],
)
def test_what_cannot_be_explored_is_refused_by_name(vectors, call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call(vectors)


def test_a_model_of_nan_is_judged_as_no_number(vectors):
    class Broken(torch.nn.Module):
        def forward(self, batch):
            return torch.full((int(batch.batch_sizes[0]),), torch.nan)

    explorer = explore_reviews(Broken(), vectors.token_to_index, "a good film")
    assert "it is no number" in explorer.html[1] and not re.search(r"<rect[^>]*'-?nan", explorer.html[1])


# ---- a review -------------------------------------------------------------------------------------------------------


def test_each_known_word_gets_its_verdict(judge, index):
    explorer = explore_reviews(judge, index, "it was grelda good")
    state = explorer.state
    assert state.known == ("it", "was", "good") and len(state.after) == 3
    whole = torch.sigmoid(judge(pack([torch.tensor([index[word] for word in state.known])]))).item()
    assert state.after[-1] == pytest.approx(whole, abs=1e-6)
    assert "No vector for: grelda." in explorer.html[0] and f"good {whole:.2f}. In the end" in explorer.html[1]
    explorer.controls["text"].value = "it was boring"
    assert "boring" in explorer.html[1]
    *before, last = re.findall(r"<rect [^>]*fill='(#\w+)' stroke='#\w+'", explorer.html[1])
    assert before == ["#EEEEEE"] * 2 and last != "#EEEEEE"  # only the verdict at the end counts
    check(explorer)


@pytest.mark.parametrize("text, said", [("", "Nothing to read yet"), ("grelda", "No word left to read")])
def test_a_review_of_no_words_is_explained(judge, index, text, said):
    explorer = explore_reviews(judge, index, text)
    check(explorer)
    assert said in explorer.html[0] and explorer.html[1] == ""
    assert said in explorer._repr_mimebundle_()["text/html"]


def test_the_stored_page_of_a_trained_network_names_no_digit_of_it(judge, index):
    """They differ from machine to machine, and the stored outputs are compared."""
    page = explore_reviews(judge, index)._repr_mimebundle_()["text/html"]
    (alt,) = re.findall(r'<img alt="([^"]*)"', page)
    assert unescape(alt).startswith("Reading 7 words: i ca n't recommend") and not re.search(r"\d\.\d", alt)
    assert "<svg" not in page and 'src="data:image/png;base64,' in page


# ---- all, and the progress bar ---------------------------------------------------------------------------------------


def test_a_reader_without_a_kernel_sees_the_first_pictures(batch, sentence):
    for explorer, count in ((batch, 2), (sentence, 1)):
        images = re.findall(r'<img alt="([^"]*)"', explorer._repr_mimebundle_()["text/html"])
        assert len(images) == count and all(len(alt) > 40 for alt in images)
    assert batch._repr_mimebundle_()["text/plain"].startswith("Explorer: a batch, padded or packed (text0='hello'")


def test_exploring_leaves_the_random_state_alone_and_does_not_depend_on_it(judge, index, vectors):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    batch, sentence = explore_packing(vectors=vectors).html, explore_sentence(vectors=vectors).html
    explore_reviews(judge, index)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert explore_packing(vectors=vectors).html == batch and explore_sentence(vectors=vectors).html == sentence


def test_progress_passes_everything_on_and_stores_only_its_name(capsys, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    assert list(progress(iter("abc"), "three letters")) == ["a", "b", "c"]
    printed = capsys.readouterr()
    assert printed.out == printed.err == ""  # stored outputs hold no trace of how long it took
    bundle = shown[0]._repr_mimebundle_()
    assert bundle.pop("text/plain") == "three letters" and [*bundle] == ["application/vnd.jupyter.widget-view+json"]
