"""helpers.words.vector_files and vector_lines: a file of word vectors is read, or is refused in one sentence that says what it is."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile

import pytest

from helpers.words.glove import load_glove
from helpers.words.vector_sources import find_vectors

TEXT = b"a 1 -2.5\nb 3 4\n"
VALUES = {"a": [1, -2.5], "b": [3, 4]}


def zipped(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def tarred(files, mode="w"):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def binary(dim=50):
    """The binary format of word2vec."""
    return b"2 %d\n" % dim + b"".join(word + struct.pack(f"{dim}f", *range(dim)) + b"\n" for word in (b"the ", b"in "))


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A function that writes a file and returns its path."""
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / "cache"))

    def write(data, name="vectors"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


READ = {
    "a header": b"2 2\n" + TEXT,
    "a header with a tab": b"2\t2\n" + TEXT,
    "a byte order mark": b"\xef\xbb\xbf" + TEXT,
    "a byte order mark and a header": b"\xef\xbb\xbf2 2\n" + TEXT,
    "line ends of Windows": TEXT.replace(b"\n", b"\r\n"),
    "spaces at the end": TEXT.replace(b"\n", b" \n"),
    "a tab after the word": b"a\t1 -2.5\nb\t3 4\n",
    "tabs everywhere": TEXT.replace(b" ", b"\t"),
    "a space, then tabs": b"a 1\t-2.5\nb 3\t4\n",
    "spaces and tabs by turns": b"a 1 -2.5\nb\t3\t4\n",
    "aligned columns": b"a  1.0 -2.5\nb  3.0  4.0\n",
    "exponents, signs and short decimals": b"a 1e0 -25E-1\nb +3. .4e+1\n",
    "a word twice": TEXT + b"a 7 7\n",
    "gzip": gzip.compress(TEXT),
    "gzip in two parts": gzip.compress(TEXT[:5]) + gzip.compress(TEXT[5:]),
    "bzip2": bz2.compress(TEXT),
    "xz": lzma.compress(TEXT),
    "a zip": zipped({"glove.txt": TEXT}),
    "a zip with a folder, made on a Mac": zipped({"glove/glove.txt": TEXT, "__MACOSX/._glove.txt": b"\0\5\x16\7"}),
    "a zip with a .vec": zipped({"wiki.vec": TEXT, "LICENSE": b"a licence"}),
    "a zip with a name in capitals": zipped({"GLOVE.TXT": TEXT}),
    "a zip with a .gz": zipped({"glove.gz": gzip.compress(TEXT)}),
    "a tar": tarred({"glove.txt": TEXT}),
    "a tar.gz with a folder": tarred({"glove/glove.txt": TEXT, "glove/README": b"read me"}, "w:gz"),
    "a tar.bz2": tarred({"glove.txt": TEXT}, "w:bz2"),
    "a tar.xz": tarred({"glove.vec": TEXT}, "w:xz"),
}


@pytest.mark.parametrize("kind", READ)
def test_a_file_is_read(written, kind):
    path = written(READ[kind])
    found = find_vectors(path).values
    assert {word: [*row] for word, row in found.items()} == VALUES and list(found) == ["a", "b"]
    for wanted in ("a", "b"):
        assert {word: [*row] for word, row in find_vectors(path, [wanted]).values.items()} == {wanted: VALUES[wanted]}


REFUSED = {  # and whether it is also refused when only the last word of the file is wanted
    "another count of numbers": ("a 1 2\nb 3\n", "line 2: has 1 numbers, expected 2", True),
    "one number too many": ("a 1 2\nb 3 4 5\n", "line 2: has 3 numbers, expected 2", True),
    "a number too few, with tabs": ("a\t1\t2\nb\t3\n", "line 2: has 1 numbers, expected 2", True),
    "a word that ends in a number": ("a 1 2\nb c 1 2\nb 7 1 2\n", "line 3: has 3 numbers, expected 2", True),
    "a first word that ends in a number": ("No 1 0.5 2\nb 3 4\n", "line 2: has 2 numbers, expected 3", True),
    "no line end": ("a 1 2\nb 3 4", "line 2: has no line end; the file may be cut short", True),
    "cut after a word": ("a 1 2\nb\n", "line 2: has 0 numbers", True),
    "an empty line": ("a 1 2\n\nb 3 4\n", "line 2: expected a word and its numbers, given ''", False),
    "a space before the word": (" 1 2\n", "line 1: expected a word and its numbers, given ' 1 2'", True),
    "old line ends of a Mac": ("a 1 2\rb 3 4\r", r"line 1: has \r inside, expected lines that end in \n", True),
    "a word in place of a number": ("a 1 2\nb 1 two\n", "line 2: 'two' is not a number", True),
    "a word in place of a number, in line 1": ("a 1 null 2 3\nb 1 2 3 4\n", "line 1: 'null' is not a number", True),
    "a number with an underscore": ("a 1 2\nb 1_0 2\n", "line 2: '1_0' is not a number", True),
    "a minus sign of typography": ("a 1 2\nb 1 \u22122\n", "line 2: '\u22122' is not a number", True),
    "decimal commas": ("a 0,1 0,2\nb 0,3 0,4\n", "written with a decimal point, given 'a 0,1 0,2'", True),
    "commas between": ("a,0.1,0.2\nb,0.3,0.4\n", "separated by spaces or tabs and .*, given 'a,0.1,0.2'", True),
    "names of columns": ("word\tx\ty\na\t1\t2\n", "line 1: 'x' is not a number", True),
    "numbers without words": ("0.1 0.2 0.3\n0.4 0.5 0.6\n", "expected a word and at least 2 numbers, given '0.1 0.2 0.3'", True),
    "nan": ("a 1 2\nb 1 nan\n", "line 2: 'b' has a number that is not finite", True),
    "infinite": ("a 1 2\nb 1 -inf\n", "line 2: 'b' has a number that is not finite", True),
    "too large for float32": ("a 1 2\nb 1 1e39\n", "line 2: 'b' has a number that is not finite", True),
    "only a count": ("400000\n", "line 1: expected a word and its numbers", True),
    "a header of more numbers": ("400000 50\na 1 2\n", "line 2: has 2 numbers, expected 50", True),
    "a header of more words": ("3 2\na 1 2\nb 3 4\n", "has 2 words, its first line promises 3; it may be cut short", False),
    "a header of fewer words": ("1 2\na 1 2\nb 3 4\n", "has 2 words, its first line promises 1", False),
    "one number for each word": ("2 1\na 1\nb 2\n", "line 1: promises 1 numbers for each word", True),
    "Latin-1": (b"a 1 2\ncaf\xe9 1 2\n", r"line 2: the word b'caf\\xe9' is not UTF-8 .name the `words`", False),
    "nothing": ("", "has no words", True),
    "only a header": ("0 50\n", "has no words", True),
    "a long line": (b"a" + b" 1" * (1 << 19) + b"\n", "line 1: is too long for a word and its numbers", True),
    "UTF-16": ("a 1 2\n".encode("utf-16"), "is UTF-16 text; expected a UTF-8 text with one word", True),
    "UTF-16 without a mark": ("a 1 2\n".encode("utf-16-le"), "line 1: is not UTF-8 text; the file may be UTF-16", True),
    "word2vec binary": (binary(), "line 2: is not UTF-8 text; .* binary, such as word2vec's .bin", True),
    "random bytes": (bytes(range(128, 256)) * 40, "line 1: is not UTF-8 text", True),
    "a web page": ("<!DOCTYPE html>\n<p>404</p>\n", "is a web page; expected a UTF-8 text", True),
    "a web page in a gz": (gzip.compress(b"<html>\n"), "is a web page; expected", True),
    "a pointer of Git LFS": ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a pointer of Git LFS", True),
    "a pickle": (b"\x80\x04\x95\x00", "is a pickle of Python; expected", True),
    "a NumPy array": (b"\x93NUMPY\x01\x00", "is an array of NumPy", True),
    "zstd": (b"\x28\xb5\x2f\xfd\x04", "is compressed as .zst, which Python cannot open", True),
    "a zip with two texts": (
        zipped({"a.txt": TEXT, "b.txt": TEXT}),
        "has 2 files, .* after a slash: vectors/a.txt, vectors/b.txt",
        True,
    ),
    "a zip with other files": (zipped({"a.pkl": TEXT, "b.bin": TEXT}), "has 2 files, .*: vectors/a.pkl, vectors/b.bin", True),
    "an empty zip": (zipped({}), "has no file in it, expected a UTF-8 text", True),
    "a tar with two texts": (tarred({"a.txt": TEXT, "b.vec": TEXT}), "has 2 files, .*: vectors/a.txt, vectors/b.vec", True),
    "a cut zip": (zipped({"a.txt": TEXT})[:-30], "can't be read .*zip.*; is it whole", True),
    "a cut gz": (gzip.compress(TEXT)[:-12], "can't be read .*ended before", True),
    "a cut bz2": (bz2.compress(TEXT)[:-12], "can't be read .*ended before", True),
    "a cut xz": (lzma.compress(TEXT)[:-12], "can't be read .*ended before", True),
    "a cut tar": (tarred({"a.txt": TEXT * 99})[:900], "can't be read .*unexpected end|has no line end", True),
    "a harmed xz": (lzma.compress(TEXT)[:20] + b"xx" + lzma.compress(TEXT)[22:], "can't be read .*[Cc]orrupt", True),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_is_refused_in_one_sentence(written, kind):
    data, message, even_for_one_word = REFUSED[kind]
    path = written(data)
    for words in (None, ["b", "not there"]) if even_for_one_word else (None,):
        with pytest.raises(ValueError, match=message.replace("\\r", "\\\\r").replace("\\n", "\\\\n")) as error:
            load_glove(path, words)
        said = str(error.value)
        assert said.startswith(f"{path}") and "\n" not in said and len(said) < len(str(path)) + 300


def test_words_with_spaces_words_that_are_numbers_and_words_that_are_not_utf8(written):
    """As they are in GloVe 840B, and in files that were once Latin-1."""
    path = written(
        b". . . 1 2\n. 3 4\n2019 5 6\nat name@domain.com 7 8\ncaf\xe9 7 8\nx\xc2\xa0y 9 9\ncaf\xc3\xa9 1 1\nR$ 0,00 2 2\n"
    )
    words = [". . .", ".", "2019", "at name@domain.com", "x\u00a0y", "café", "R$ 0,00"]
    found = find_vectors(path, [*words, "caf", "at"])
    assert [[*row] for row in found.values.values()] == [[1, 2], [3, 4], [5, 6], [7, 8], [9, 9], [1, 1], [2, 2]]
    assert list(found.values) == words and found.missing == ("caf", "at")
    assert list(find_vectors(written("new york\t1\t2\nNo 1\t3\t4\n")).values) == ["new york", "No 1"]
    assert list(find_vectors(written(b"caf\xe9 1 2\nb 3 4\n"), ["b"]).values) == ["b"]  # also in the first line


def test_a_cut_line_is_noticed_though_nobody_wants_its_word(written):
    with pytest.raises(ValueError, match="line 3: has no line end; the file may be cut short"):
        find_vectors(written("a 1 2\nb 3 4\nc 5 6"), ["b", "d"])


@pytest.mark.parametrize(
    "data", [zipped({"one.txt": TEXT, "two.txt": b"c 1 2\n"}), tarred({"one.txt": TEXT, "two.txt": b"c 1 2\n"}, "w:gz")]
)
def test_a_member_of_an_archive(written, data):
    path = written(data, "glove.zip")
    for source in (path / "two.txt", f"{path}/two.txt"):
        assert list(find_vectors(source).values) == ["c"] and find_vectors(source).name == "two.txt"
    with pytest.raises(ValueError, match="has no 'six.txt', expected one of its files: glove.zip/one.txt, glove.zip/two.txt"):
        find_vectors(path / "six.txt")
    with pytest.raises(ValueError, match="is not an archive, so it has no 'b'"):
        find_vectors(written(TEXT) / "b")


@pytest.mark.parametrize("source", ["a" * 300, "king queen " * 100, "no/such/folder", "", "a\0b", ".", b"mini", 5, None])
def test_what_is_not_a_source_is_refused_by_name(source):
    """Also where the system itself refuses to look: a name that is too long for a file."""
    with pytest.raises(ValueError, match='^source: given .*, expected "bundled"'):
        load_glove(source)


def test_a_folder_is_called_a_folder(tmp_path):
    with pytest.raises(ValueError, match=f"given '{tmp_path}', which is a folder, expected"):
        load_glove(tmp_path)
