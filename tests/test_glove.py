"""helpers.words.glove and the bundled vectors: reproducible, offline, checked, and honest about what they do not know."""

import multiprocessing
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import make_mini_glove
import pytest
import torch
from torchnlp.word_to_vector import GloVe

from helpers.checks import require_words
from helpers.words.corpus import ROWS, TOPICS, documents
from helpers.words.glove import analogy, load_glove, neighbours, similarity
from helpers.words.vector_sources import MINI

GOOD, BAD = ({*ROWS[side], *ROWS[f"{side}_of_stories"], *ROWS[f"{side}_of_food"]} for side in ("good", "bad"))


@pytest.fixture(scope="module")
def vectors():
    return load_glove("mini")


@pytest.fixture
def small(tmp_path):
    """A function that writes a GloVe file of its own and returns its path."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "small.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


# The bundled file


@pytest.mark.sweep
def test_the_bundled_file_is_what_its_script_makes():
    """In a process of its own, where NumPy has one thread: several only wait for each other."""
    run = subprocess.run([sys.executable, make_mini_glove.__file__, "--check"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_check_notices_one_changed_digit(tmp_path, monkeypatch, capsys):
    changed = tmp_path / "changed.txt"
    changed.write_bytes(MINI.read_bytes()[:-2] + b"x\n")
    monkeypatch.setattr(make_mini_glove, "make", lambda seed: MINI.read_bytes())
    for path, code, says in [(changed, 1, "DIFFERS"), (MINI, 0, "the same")]:
        assert make_mini_glove.main(["--check", "--out", str(path)]) == code and says in capsys.readouterr().out


@pytest.mark.sweep
def test_training_does_not_depend_on_the_last_place():
    """Another processor rounds sums differently; the three printed decimals must not notice."""
    words, X = make_mini_glove.cooccurrence(documents())
    nudge = 1 + 1e-15 * torch.sign(torch.randn(*X.shape, generator=torch.Generator().manual_seed(0))).numpy()
    nudged, J = make_mini_glove.fit(X * nudge)
    assert make_mini_glove.as_text(words, nudged).encode() == MINI.read_bytes()
    assert J[-1] < J[0] / 50


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.sentences[0])
def test_topics_can_be_filled(topic):
    gaps = {gap for sentence in topic.sentences for gap in re.findall(r"{([a-z]+)\d?}", sentence)}
    assert gaps <= {name for names in topic.gaps for name in names.split()}
    assert len(topic.sentences) >= 4  # a document says up to four different ones
    assert all(len(row.split()) == len(names.split()) for names, rows in topic.gaps.items() for row in rows)


def test_vocabulary(vectors):
    wanted = """i you he she we they love like hate not never very really but and , . ! wasn't don't king queen man
        woman boy girl prince princess paris france rome italy dog cat lion apple bread coffee red blue one two three
        ten monday june winter morning yesterday film movie book food hello""".split()
    assert [word for word in wanted if word not in vectors] == []
    assert len(GOOD & set(vectors.index_to_token)) >= 35 and len(BAD & set(vectors.index_to_token)) >= 35
    assert not GOOD & BAD


# What the vectors know


@pytest.mark.parametrize(
    "a, b, c, answer",
    [
        ("king", "man", "woman", "queen"),
        ("queen", "woman", "man", "king"),
        ("prince", "boy", "girl", "princess"),
        ("actor", "man", "woman", "actress"),
        ("brother", "he", "she", "sister"),
        ("paris", "france", "italy", "rome"),
        ("tokyo", "japan", "spain", "madrid"),
        ("berlin", "germany", "poland", "warsaw"),
    ],
)
def test_analogies_that_hold(vectors, a, b, c, answer):
    assert analogy(vectors, a, b, c, k=1)[0][0] == answer


def test_analogies_that_do_not(vectors):
    """The course says so: without the usual exclusion the answer is the question, and some answers are wrong."""
    assert analogy(vectors, "king", "man", "woman", exclude=False)[0][0] == "king"
    assert analogy(vectors, "uncle", "man", "woman")[0][0] != "aunt"


@pytest.mark.parametrize(
    "word, expected",
    [
        ("king", {"queen"}),
        ("love", {"adore", "admire", "like"}),
        ("hate", {"dislike", "despise"}),
        ("coffee", {"tea", "milk", "water", "juice", "wine"}),
        ("dog", {"puppy", "kitten", "cat"}),
        ("film", {"movie", "play", "series", "story", "novel", "show", "comedy", "book"}),
        ("monday", set(ROWS["days"])),
        ("piano", set(ROWS["music"])),
        ("lion", set(ROWS["wild"])),
    ],
)
def test_nearest_words(vectors, word, expected):
    nearest = {near for near, _ in neighbours(vectors, word, k=min(3, len(expected)))}
    assert nearest <= expected


def test_adjectives_keep_company_with_their_side(vectors):
    """So that a classifier can judge an adjective it never saw in training by its neighbours."""
    for word in GOOD | BAD:
        own, other = (GOOD, BAD) if word in GOOD else (BAD, GOOD)
        nearest = {near for near, _ in neighbours(vectors, word, k=5)}
        assert len(nearest & own) >= 4 and not nearest & other, (word, nearest)


# Neighbours, similarity, analogy


def test_neighbours_are_the_largest_cosines(vectors):
    table, query = vectors.vectors.double(), vectors["film"].double()
    cosines = (table @ query / table.norm(dim=1) / query.norm()).sort(descending=True)
    expected = [(vectors.index_to_token[i], value) for value, i in zip(*map(torch.Tensor.tolist, cosines))]
    assert expected[0][0] == "film"
    for (word, cosine), (right, value) in zip(neighbours(vectors, "film", k=9), expected[1:10], strict=True):
        assert word == right and cosine == pytest.approx(value, abs=1e-6)
    assert neighbours(vectors, vectors["film"], k=1)[0] == ("film", pytest.approx(1))
    assert len(neighbours(vectors, "film", k=10_000)) == len(vectors) - 1


def test_similarity_and_analogy_are_the_arithmetic_they_name(vectors):
    assert similarity(vectors, "cat", "cat") == pytest.approx(1)
    assert similarity(vectors, "cat", "dog") == similarity(vectors, "dog", "cat")
    assert dict(neighbours(vectors, "cat", k=10_000))["dog"] == pytest.approx(similarity(vectors, "cat", "dog"))
    by_hand = neighbours(vectors, vectors["king"] - vectors["man"] + vectors["woman"], k=4)
    assert analogy(vectors, "king", "man", "woman", k=4, exclude=False) == by_hand
    assert (
        analogy(vectors, "king", "man", "woman", k=2)
        == [
            pair
            for pair in neighbours(vectors, vectors["king"] - vectors["man"] + vectors["woman"], k=5)
            if pair[0] not in ("king", "man", "woman")
        ][:2]
    )


@pytest.mark.parametrize(
    "ask, name",
    [
        (lambda vectors: vectors["quean"], "vectors[...]"),
        (lambda vectors: vectors[["king", "quean"]], "vectors[...]"),
        (lambda vectors: neighbours(vectors, "quean"), "word_or_vector"),
        (lambda vectors: similarity(vectors, "king", "quean"), "b"),
        (lambda vectors: analogy(vectors, "king", "man", "quean"), "c"),
    ],
)
@pytest.mark.parametrize("kind", [KeyError, ValueError])
def test_an_unknown_word_is_named_with_close_spellings(vectors, ask, name, kind):
    with pytest.raises(kind, match=rf"^{re.escape(name)}: 'quean' is not one of the 658 words .*close spellings: queen"):
        ask(vectors)


@pytest.mark.parametrize(
    "ask, error, message",
    [
        (lambda v: neighbours(v, "king", k=0), ValueError, "k: given 0"),
        (lambda v: neighbours(v, "king", k=2.5), TypeError, "k: given 2.5"),
        (lambda v: neighbours(v, "king", k=True), ValueError, "k: given True"),
        (lambda v: neighbours(v, torch.zeros(3)), ValueError, r"given a tensor of shape \(3,\), expected \(H_in=20,\)"),
        (lambda v: neighbours(v, None), TypeError, "word_or_vector: given None"),
        (lambda v: similarity(v, "king", ["man"]), TypeError, r"b: given \['man'\], expected a word"),
        (lambda v: neighbours(None, "king"), TypeError, "vectors: given NoneType, expected word vectors"),
        (lambda v: similarity("king", "queen", v), TypeError, "vectors: given str, expected"),  # the vectors come first
        (lambda v: analogy({}, "king", "man", "woman"), TypeError, "vectors: given dict"),
        (lambda v: v[3], TypeError, r"vectors\[...\]: given 3"),
        (lambda v: v[[["king"]]], ValueError, "is not one"),
    ],
)
def test_wrong_arguments(vectors, ask, error, message):
    with pytest.raises(error, match=message):
        ask(vectors)


# Loading


def test_it_is_torchnlps_own_object_and_reads_what_torchnlp_reads(vectors, tmp_path):
    class Plain(GloVe):
        url = {"mini": None}

    (tmp_path / "glove.mini.20d.txt").write_bytes(MINI.read_bytes())
    plain = Plain("mini", 20, cache=str(tmp_path))
    assert isinstance(vectors, GloVe) and vectors.dim == plain.dim == 20 and vectors.missing == ()
    assert vectors.index_to_token == plain.index_to_token and torch.equal(vectors.vectors, plain.vectors)
    assert torch.equal(vectors[["king", "queen"]], plain[["king", "queen"]])


def test_no_network_no_bar_and_nothing_left_behind(monkeypatch, tmp_path, capfd):
    def cut(*args, **kwargs):
        raise AssertionError("the network was touched")

    for variable in ("TMPDIR", "HOME", "XDG_CACHE_HOME", "UNROLLED_CACHE"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)  # so that it looks at TMPDIR
    monkeypatch.chdir(tmp_path)
    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, cut)
    assert len(load_glove()) == 7078 and len(load_glove("mini")) == 658
    assert list(tmp_path.rglob("*")) == []
    assert capfd.readouterr() == ("", "")


def test_rubbish_where_torchnlp_would_look_is_not_read(monkeypatch, tmp_path, vectors):
    """A cut text and a broken .pt, in the current folder and in torchnlp's usual cache folder."""
    (tmp_path / ".word_vectors_cache").mkdir()
    for folder in (tmp_path, tmp_path / ".word_vectors_cache"):
        for name in ("glove.mini.20d.txt", "glove.words.20d.txt"):
            (folder / name).write_text("king 1 2")
            (folder / f"{name}.pt").write_bytes(b"broken")
    monkeypatch.chdir(tmp_path)
    assert torch.equal(load_glove("mini").vectors, vectors.vectors)


def test_no_cache_to_break_when_the_source_changes(small):
    assert load_glove(small("a 1 2\n"))["a"].tolist() == [1, 2]
    assert load_glove(small("a 3 4\n"))["a"].tolist() == [3, 4]


def load_and_sum(_):
    return float(load_glove("mini").vectors.double().sum())


@pytest.mark.sweep
def test_processes_at_once(vectors):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(load_and_sum, range(6), chunksize=1) == [load_and_sum(0)] * 6


def test_words_filter(vectors):
    some = load_glove("mini", ["queen", "xylophone", "king", "queen", "abacus"])
    assert some.missing == ("xylophone", "abacus")
    assert set(some.index_to_token) == {"king", "queen"} and len(some) == 2
    assert torch.equal(some["queen"], vectors["queen"])
    assert load_glove("mini", (word for word in ["king"])).missing == ()


@pytest.mark.parametrize("words", ["king", 5, ["king", 5], [["king"]]])
def test_words_must_be_a_list_of_words(words):
    for call in (lambda: load_glove("mini", words), lambda: require_words("words", words)):
        with pytest.raises(TypeError, match="words: given .*expected a list of words"):
            call()


@pytest.mark.parametrize("words", [[], ["xylophone"]])
def test_none_of_the_words(words):
    with pytest.raises(ValueError, match="words: glove.mini.20d.txt has none of"):
        load_glove("mini", words)


def test_lookups_are_copies(vectors):
    king = vectors["king"]
    vectors["king"].zero_()
    vectors[["king"]].zero_()
    assert torch.equal(vectors["king"], king) and king.any()
    assert vectors[[]].shape == (0, 20)
    assert "king" in vectors and "quean" not in vectors and 5 not in vectors


def test_a_file_of_ones_own(small):
    path = small("é 1 -2.5\n\u00a0x 3 4e-1\r\n# 0 0 \n")
    for source in (path, str(path)):
        loaded = load_glove(source)
        assert loaded.index_to_token == ["é", "\u00a0x", "#"]
        assert loaded.vectors.tolist() == [[1, -2.5], [3, pytest.approx(0.4)], [0, 0]]
    assert load_glove(small("a 1 2\nb 3 4\nc broken"), words=["b"]).index_to_token == ["b"]  # reading stops at the last


@pytest.mark.parametrize("source", ["6B", "6B.60d", "no/such/file.txt", "~nobody/x", "\0", "", None, 5, ["mini"], "."])
def test_a_wrong_source(source):
    with pytest.raises(ValueError, match='^source: given .*, expected "bundled", "mini", "6B.50d", .* or the path of an'):
        load_glove(source)
