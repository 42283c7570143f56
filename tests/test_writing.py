"""A network that writes: count models, sampling, the picture and the explorer; and notebook 12 with other seeds."""

import math
import re
from xml.etree import ElementTree

import pytest
import torch
from effort import effort
from explorer_sweep import require_well_formed
from stored import NOTEBOOKS, code_cells, read
from torch import nn

from helpers import NgramModel, documents, draw_next_words, explore_writing
from helpers.explorers.writers import WRITTEN
from helpers.generation import END, next_probabilities, write_words

NOTEBOOK = next(path for path in NOTEBOOKS if path.name.startswith("12"))
WORDS = [word for text in documents(200) for word in [*text, END]]


class Chain(nn.Module):
    """A language model without training: a small RNN with random weights."""

    def __init__(self, vocabulary):
        super().__init__()
        torch.manual_seed(0)
        self.embedding, self.rnn = nn.Embedding(len(vocabulary), 8), nn.RNN(8, 16)
        self.next_word = nn.Linear(16, len(vocabulary))

    def forward(self, ids, h=None):
        output, h = self.rnn(self.embedding(ids), h)
        return 3 * self.next_word(output), h


VOCABULARY = sorted({*WORDS})


# ---- count models ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_the_probabilities_of_a_count_model_sum_to_1_whatever_comes_before(n):
    model = NgramModel(WORDS, n)
    for before in ([], ["the"], ["we", "saw"], ["never", "said", "so"], ["of", "we", "saw", "the", "king", "and"]):
        assert math.fsum(model.probability(word, before) for word in VOCABULARY) == pytest.approx(1)


def test_a_count_model_is_the_formula_of_witten_and_bell():
    model = NgramModel("a b a b a c".split(), 2)
    one = {"a": (3 + 3 / 3) / (6 + 3), "b": (2 + 3 / 3) / (6 + 3), "c": (1 + 3 / 3) / (6 + 3)}
    for word, count in (("a", 0), ("b", 2), ("c", 1)):  # after a: twice b, once c
        assert model.probability(word, ["c", "a"]) == pytest.approx((count + 2 * one[word]) / (3 + 2))
        assert model.probability(word, ["c"]) == pytest.approx(one[word])  # c is the last word: nothing follows


def test_perplexity_is_e_to_the_cross_entropy():
    model, text = NgramModel(WORDS, 3), WORDS[50:90]
    given = [model.probability(word, text[:i]) for i, word in enumerate(text) if i]
    loss = nn.functional.nll_loss(torch.tensor(given).log()[:, None], torch.zeros(39, dtype=torch.long))
    assert model.perplexity(text) == pytest.approx(loss.exp().item(), rel=1e-5)


@pytest.mark.parametrize(
    "wrong, said",
    [
        (lambda: NgramModel([], 2), "words: given none, expected at least one"),
        (lambda: NgramModel(["a"], 0), "n: given 0, expected a whole number >= 1"),
        (lambda: NgramModel(["a"], 1).probability("b", []), "word: given 'b'"),
        (lambda: NgramModel(["a"], 1).perplexity(["a"]), "words: given 1"),
        (lambda: next_probabilities(torch.zeros(3), -1), "temperature: given -1"),
        (lambda: write_words(Chain("ab¶"), ["a", "b", END], ["c"]), "beginning: given 'c'"),
        (lambda: write_words(Chain("ab"), ["a", "b"]), "vocabulary: given 2 words"),
        (lambda: draw_next_words([], {"RNN": []}), "words: given none"),
        (lambda: draw_next_words(["a"], {}), "probabilities: given 0 columns, expected 1 to 3"),
        (lambda: draw_next_words(["a"], {"RNN": [1.5]}), "RNN: given"),
        (lambda: draw_next_words(["a"], {"RNN": [0.5, 0.5]}), "RNN: given"),
        (lambda: explore_writing(Chain("ab"), ["a", "b"]), "vocabulary: given 2 words"),
    ],
)
def test_what_cannot_be_is_refused(wrong, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        wrong()


@pytest.mark.parametrize(
    "wrong, said",
    [
        (lambda: NgramModel("a b", 2), "words: given 'a b', expected a list of words"),
        (lambda: NgramModel(["a", 1], 2), "words: given ['a', 1], expected a list of words"),
        (lambda: NgramModel(["a"], 1.5), "n: given 1.5, expected a whole number >= 1"),
        (lambda: NgramModel(["a"], 1).perplexity("aa"), "words: given 'aa', expected a list of words"),
    ],
)
def test_a_count_model_refuses_what_is_not_words_or_a_whole_number(wrong, said):
    with pytest.raises(TypeError, match=re.escape(said)):
        wrong()
    assert NgramModel((word for word in "ab"), 1).vocabulary == {"a", "b"}  # a generator is a list of words too


# ---- sampling -------------------------------------------------------------------------------------------------------


def test_words_are_drawn_as_often_as_they_are_probable():
    logits = torch.tensor([2.0, 1.0, 0.0])
    words = write_words(lambda ids, h: (logits.expand(*ids.shape, 3), h), ["a", "b", END], count=4000, temperature=0.7)
    drawn = [words.count(word) / 4000 for word in ("a", "b", END)]
    assert drawn == pytest.approx((logits / 0.7).softmax(-1).tolist(), abs=0.03)


def test_each_drawn_word_is_the_next_input_and_the_state_comes_back():
    model, calls = Chain(VOCABULARY), []

    def remember(ids, h):
        calls.append((ids[:, 0].tolist(), h))
        return model(ids, h)

    words = write_words(remember, VOCABULARY, ["the", "king"], count=5, temperature=1.5, seed=3)
    ids = [[VOCABULARY.index(word) for word in some] for some in ([END, "the", "king"], *([word] for word in words))]
    assert [read for read, _ in calls] == ids and calls[0][1] is None
    at_once, _ = model(torch.tensor([[i] for some in ids for i in some]))
    assert torch.allclose(model(torch.tensor(ids[-1:]), calls[-1][1])[0], at_once[-1:], atol=1e-5)


def test_a_seed_draws_the_same_text_and_another_seed_another():
    model = Chain(VOCABULARY)
    one, again, other = (write_words(model, VOCABULARY, seed=seed) for seed in (0, 0, 1))
    assert one == again != other
    assert write_words(model, VOCABULARY, temperature=0) == write_words(model, VOCABULARY, temperature=0, seed=1)


# ---- the picture and the explorer -------------------------------------------------------------------------------------


def test_a_bar_is_as_long_as_its_probability_and_stands_beside_its_word():
    drawn = draw_next_words(["tea", "coffee", "<b>"], {"RNN": [0.5, 0.25, 0.0], "trigram": [0.1, 0.9, 0.0]})
    assert drawn.alt.endswith("RNN: tea ≈0.50, coffee ≈0.25, <b> ≈0.00; trigram: tea ≈0.10, coffee ≈0.90, <b> ≈0.00.")
    elements = list(ElementTree.fromstring(drawn.data).iter())
    bars = [(float(e.get("y")), float(e.get("width"))) for e in elements if e.tag.endswith("rect") and len(e)]
    words = {e.text: float(e.get("y")) for e in elements if e.tag.endswith("text")}
    assert [width / bars[0][1] for _, width in bars[:2] + bars[3:5]] == pytest.approx([1, 0.5, 0.2, 1.8], abs=0.01)
    assert [y for y, _ in bars] == [words[word] - 12 for word in ("tea", "coffee", "<b>")] * 2
    assert drawn.width <= 720


@pytest.fixture
def explorer():
    return explore_writing(Chain(VOCABULARY), VOCABULARY, "the king")


def test_the_bars_are_the_likeliest_words_after_the_beginning(explorer):
    ids = torch.tensor([[VOCABULARY.index(word)] for word in (END, "the", "king")])
    probabilities = (Chain(VOCABULARY)(ids)[0][-1, 0] / 0.8).softmax(-1)
    best = probabilities.topk(8)
    assert list(explorer.state.likeliest) == [VOCABULARY[i] for i in best.indices.tolist()]
    assert list(explorer.state.likeliest.values()) == pytest.approx(best.values.tolist(), abs=1e-5)
    explorer.controls["temperature"].value = 0.0
    assert list(explorer.state.likeliest.values()) == [1.0] + [0.0] * 7


def test_a_contraction_is_one_word_as_in_the_texts():
    explorer = explore_writing(Chain("abc"), ["it", "wasn't", END], "It wasn’t")
    assert explorer.state.known == ["it", "wasn't"] and not explorer.state.unknown


def test_a_word_that_is_not_in_the_vocabulary_is_named_and_left_out(explorer):
    before = explorer.state.written
    explorer.controls["beginning"].value = "the <b>snark</b> king"
    require_well_formed(explorer)
    assert "Not in the vocabulary: &lt;, b, &gt;, snark" in explorer.html[0] and explorer.state.known == ["the", "king"]
    assert explorer.state.written == before  # the same words are read


@pytest.mark.parametrize("text", ["", "king " * 10_000, "x" * 100_000, "🙂" * 1000])
def test_any_beginning_is_read_quickly_and_shown(explorer, text):
    assert effort(lambda: setattr(explorer.controls["beginning"], "value", text)) < 40  # it is below 6
    require_well_formed(explorer)
    assert len(explorer.state.written) == WRITTEN and sum(map(len, explorer.html)) < 20_000


def test_what_is_stored_of_it_has_the_mark(explorer):
    page = explorer._repr_mimebundle_()["text/html"]
    text, (alt,) = re.sub("<[^>]*>", "", page), re.findall('alt="([^"]*)"', page)
    assert f"the king ≈ {' '.join(explorer.state.written)}" in text
    assert alt.endswith(f"≈ {', '.join(explorer.state.likeliest)}")


# ---- notebook 12 ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lesson():
    """What the cells of notebook 12 define, up to the training."""
    from IPython.core.interactiveshell import InteractiveShell

    shell, made = InteractiveShell(), {}
    for cell in code_cells(read(NOTEBOOK)):
        if "writer, perplexities = train_writer(" in cell.source:
            break
        if "predict(" not in cell.source and "show(" not in cell.source:
            exec(shell.transform_cell(cell.source), made)
    made["progress"] = lambda items, name: items
    return made


def test_the_notebooks_loop_trains_and_carries_its_state(lesson):
    torch.manual_seed(0)
    writer, pieces = lesson["Writer"](), lesson["chunks"](lesson["training"][:1000], 4, 5)
    with torch.no_grad():
        x, y = (torch.cat(parts) for parts in zip(*pieces))
        whole = nn.functional.cross_entropy(writer(x)[0].flatten(0, 1), y.flatten()).exp().item()
        assert lesson["read"](writer, pieces) == pytest.approx(whole, rel=1e-5)
        assert lesson["read"](writer, pieces, carry=False) != pytest.approx(whole, rel=1e-5)


@pytest.mark.sweep
def test_with_five_seeds_the_rnn_beats_the_count_models_and_its_memory_is_why(lesson):
    trigram, fivegram = lesson["counted"]["trigram"], lesson["counted"]["5-gram"]
    looks_back = [
        cell.source for cell in code_cells(read(NOTEBOOK)) if "def after(" in cell.source or "def chance_of(" in cell.source
    ]
    for seed in range(5):
        lesson["writer"], perplexities = lesson["train_writer"](N=24, L=16, seed=seed)
        _, short = lesson["train_writer"](N=128, L=3, carry=False, seed=seed)
        assert perplexities[-1] <= 0.75 * trigram < trigram < short[-1], seed
        assert perplexities[-1] < fivegram, seed
        for source in looks_back:
            exec(source.split("\n\n\n")[0], lesson)  # the function alone
        queen = lesson["chance_of"]("the king and the queen", ". of")
        door = lesson["chance_of"]("came to the door , and", "he she")
        assert queen["RNN"] > 0.8 and queen["5-gram"] < 0.6, (seed, queen)
        assert all(0.4 < chance < 0.6 for chance in door.values()), (seed, door)
