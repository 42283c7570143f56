"""helpers.words.vector_sources and helpers.words.downloads against a server that does everything wrong, on this machine."""

import dataclasses
import gzip
import hashlib
import itertools
import os
import random
import re
import subprocess
import sys
import threading
import time
import zipfile
from array import array
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from torchnlp.word_to_vector import GloVe

from helpers.words import downloads, vector_files, vector_sources
from helpers.words.glove import load_glove
from helpers.words.vector_sources import RELEASES, find_vectors

ROOT = Path(__file__).parent.parent
DIM, COUNT = 50, 4000
OK = b"HTTP/1.1 200 OK\r\n"


def make_text(count=COUNT, dim=DIM, promised=None):
    rows = random.Random(0)
    lines = [b"%d %d" % (promised or count, dim)]
    lines += [b"w%d %s" % (i, b" ".join(b"%.5f" % (4 * rows.random() - 2) for _ in range(dim))) for i in range(count)]
    return b"\n".join(lines) + b"\n"


TEXT = make_text()
PACKED = gzip.compress(TEXT, mtime=0)
NUMBERS = {line.split()[0].decode(): line.split()[1:] for line in TEXT.splitlines()[1:]}


class Server:
    """Answers each request with what `answer`, an iterable of bytes, gives; counts requests."""

    def __init__(self):
        self.requests, self.answer = 0, whole
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests += 1
                try:
                    for part in outer.answer():
                        self.wfile.write(part)
                except ConnectionError:
                    pass  # the client has enough
                self.close_connection = True

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.http.server_port}/{{name}}.gz"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()


def with_length(body):
    return [OK + b"Content-Length: %d\r\n\r\n" % len(body), body]


def whole():
    return with_length(PACKED)


@pytest.fixture
def server(monkeypatch, tmp_path):
    """The server, the address set, the cache empty, and what it has taken for the file that was published."""
    server = Server()
    monkeypatch.setenv("UNROLLED_GLOVE_URL", server.address)
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    md5 = hashlib.md5(PACKED).hexdigest()
    monkeypatch.setitem(RELEASES, "6B.50d", dataclasses.replace(RELEASES["6B.50d"], md5=md5))
    yield server
    server.http.shutdown()
    server.http.server_close()


def kept(tmp_path):
    return sorted(path for path in (tmp_path / "cache").rglob("*") if path.is_file())


def kept_words(tmp_path):
    return [path for path in kept(tmp_path) if path.suffix == ".txt"]


def right(vectors, words):
    """These words, with exactly the numbers of the source."""
    return vectors.values == {word: array("f", map(float, NUMBERS[word])) for word in words}


# The server does as it should


def test_the_file_is_fetched_once_and_words_that_were_found_are_kept(server, tmp_path, monkeypatch):
    wanted = ["w7", "w60", "w3"]
    assert right(find_vectors("6B.50d", wanted), wanted) and server.requests == 1
    assert [path.suffix for path in kept(tmp_path)] == [".txt", ".gz"]
    assert (tmp_path / "cache" / "glove" / "glove-wiki-gigaword-50.gz").read_bytes() == PACKED
    assert right(find_vectors("6B.50d", wanted[:2]), wanted[:2]) and len(kept_words(tmp_path)) == 2
    monkeypatch.setattr(vector_sources, "published_file", None)  # the same words need no file
    assert right(find_vectors("6B.50d", reversed(wanted)), wanted) and server.requests == 1


def test_learners_get_torchnlps_object(server):
    vectors = load_glove("6B.50d", ["w1", "w2", "Paris", "paris"])
    assert isinstance(vectors, GloVe) and vectors.dim == DIM and str(vectors) == "6B.50d"
    assert vectors["w2"].tolist() == pytest.approx([float(x) for x in NUMBERS["w2"]])
    assert vectors.missing == ("Paris", "paris")
    with pytest.raises(KeyError, match="'w3' is not one of the 2 words of 6B.50d"):
        vectors["w3"]


def test_words_that_cannot_be_there_are_not_searched_for(server):
    """6B is all lower case, and has contractions in two parts. An apostrophe alone is no reason: o'neill is a word."""
    nowhere = ("Paris", "don't", "it's", "you're", "we'll")
    with pytest.raises(ValueError, match="words: 6B.50d has none of .'Paris'"):
        find_vectors("6B.50d", nowhere)
    assert server.requests == 0
    assert find_vectors("6B.50d", [*nowhere, "o'neill", "n't", "w1"]).missing == (*nowhere, "o'neill", "n't")


def test_everything(server, tmp_path):
    for _ in range(2):
        assert right(find_vectors("6B.50d", everything=True), NUMBERS)
    assert server.requests == 1 and [path.suffix for path in kept(tmp_path)] == [".gz"]


def no_length():
    return [OK + b"\r\n", PACKED]


def in_chunks():
    yield OK + b"Transfer-Encoding: chunked\r\n\r\n"
    for start in range(0, len(PACKED), 10_000):
        part = PACKED[start : start + 10_000]
        yield b"%x\r\n%s\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


@pytest.mark.parametrize("answer", [no_length, in_chunks])
def test_a_file_of_unknown_length(server, answer):
    server.answer = answer
    assert right(find_vectors("6B.50d", ["w9", f"w{COUNT - 1}"]), ["w9", f"w{COUNT - 1}"])
    assert right(find_vectors("6B.50d", everything=True), NUMBERS)


def test_it_follows_where_the_server_sends_it(server):
    answers = iter([[b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"], whole()])
    server.answer = lambda: next(answers)
    assert right(find_vectors("6B.50d", ["w9"]), ["w9"]) and server.requests == 2


def test_the_published_files():
    assert list(RELEASES) == ["6B.50d", "6B.100d", "6B.200d", "6B.300d"]
    assert all(name == f"6B.{release.dim}d" for name, release in RELEASES.items())
    assert RELEASES["6B.50d"].size == 69_182_535 and RELEASES["6B.50d"].md5 == "c289bc5d7f2f02c6dc9f2f9b67641813"
    assert RELEASES["6B.300d"].url == (
        "https://github.com/RaRe-Technologies/gensim-data/releases/download/glove-wiki-gigaword-300/glove-wiki-gigaword-300.gz"
    )


def test_either_words_or_everything(server):
    with pytest.raises(ValueError, match=r"words: given None, .* in '6B.50d', or everything=True to .* \(69 MB\)"):
        find_vectors("6B.50d")
    for source in ("6B.50d", "mini"):
        with pytest.raises(ValueError, match="everything: given True and words too"):
            find_vectors(source, ["w1"], everything=True)
    assert server.requests == 0


# The server does something wrong


def slowly(first, rest):
    """`first` at once, then a byte of the rest now and then."""
    yield first
    for byte in rest:
        time.sleep(0.05)
        yield bytes([byte])


OTHER = r"is not the published file, whose md5 is .* \(does this network ask you to log in first"
STALLED = "fewer than 65,536 bytes in 0.3 seconds|timed out"
FAULTS = {
    "not found": (lambda: [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"], "404 Client Error: Not Found"),
    "broken": (lambda: [b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"], "500 Server Error: Oh"),
    "leads in circles": (
        lambda: [b"HTTP/1.1 302 X\r\nLocation: /\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"],
        "Exceeded 30 redirects",
    ),
    "a page": (lambda: [OK + b"Content-Type: text/html; charset=utf-8\r\n\r\n<html>"], OTHER),
    "a page without a type": (lambda: with_length(b"<html>Log in</html>"), OTHER),
    "a packed page": (lambda: with_length(gzip.compress(b"<html>\n<h1>Log in</h1>\n")), OTHER),
    "nothing": (lambda: [], "closed connection without response"),
    "an empty file": (lambda: with_length(b""), OTHER),
    "no web server": (lambda: [b"SSH-2.0-OpenSSH_9.6\r\n"], "BadStatusLine.*SSH-2.0"),
    "breaks off": (lambda: [whole()[0], PACKED[: len(PACKED) // 2]], r"IncompleteRead\(\d+ bytes read, \d+ more expected"),
    "breaks off at the last byte": (lambda: [with_length(PACKED)[0], PACKED[:-1]], "IncompleteRead|ended prematurely"),
    "breaks off, no length": (lambda: [OK + b"\r\n", PACKED[: len(PACKED) // 2]], OTHER),
    "breaks off in a chunk": (lambda: list(in_chunks())[:9], "IncompleteRead|ended prematurely"),
    "says too small a length": (lambda: with_length(PACKED[:-9]), OTHER),
    "wrong bytes": (lambda: with_length(random.Random(0).randbytes(100_000)), OTHER),
    "wrong bytes inside": (lambda: with_length(PACKED[:90_000] + bytes(999) + PACKED[90_999:]), OTHER),
    "one wrong bit": (lambda: with_length(PACKED[:-6] + bytes([PACKED[-6] ^ 1]) + PACKED[-5:]), OTHER),
    "other numbers": (lambda: with_length(gzip.compress(make_text(count=9, dim=100))), OTHER),
    "a shorter file": (lambda: with_length(gzip.compress(make_text(count=900))), OTHER),
    "a shortened file": (lambda: with_length(gzip.compress(make_text(count=900, promised=COUNT))), OTHER),
    "silence": (lambda: slowly(b"", b"HTTP/1.1 200 OK"), STALLED),
    "a slow beginning": (lambda: slowly(OK + b"X: ", b"x" * 99), STALLED),
    "a slow trickle": (lambda: slowly(*whole()), STALLED),
    "stops half-way": (lambda: slowly(whole()[0] + PACKED[: len(PACKED) // 2], PACKED), STALLED),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param({"words": ["w9", "w3999", "not there"]}, id="words"),
        pytest.param({"everything": True}, id="all", marks=pytest.mark.sweep),
    ],
)
def test_a_fault_is_named_and_nothing_of_it_stays(server, tmp_path, monkeypatch, fault, ask):
    server.answer, message = FAULTS[fault]
    with monkeypatch.context() as hurry:
        if message == STALLED:
            hurry.setattr(downloads, "STALL_TIMEOUT", 0.3)
        began = time.monotonic()
        with pytest.raises(ConnectionError, match=message) as error:
            find_vectors("6B.50d", **ask)
        assert time.monotonic() - began < 20  # as long as a download that says nothing is waited for outside of this test
    said = str(error.value)
    assert "\n" not in said and said.startswith("6B.50d: http://127.0.0.1:") and 'offline? use "mini"' in said
    assert kept(tmp_path) == []
    server.answer, requests = whole, server.requests
    for _ in range(2):
        assert right(find_vectors("6B.50d", **ask), NUMBERS if "everything" in ask else ["w9", "w3999"])
    assert server.requests == requests + 1


@pytest.mark.parametrize(
    "address, message",
    [
        ("http://127.0.0.1:9/x", "refused"),
        ("nonsense", "Invalid URL"),
        ("http://[", "Failed to parse"),
        ("http:///x", "No host supplied"),
    ],
)
def test_no_server(server, monkeypatch, address, message):
    monkeypatch.setenv("UNROLLED_GLOVE_URL", address)
    with pytest.raises(ConnectionError, match=f"^6B.50d: {re.escape(address)}: .*{message}.*offline"):
        find_vectors("6B.50d", ["w1"])


def test_a_download_that_was_given_up_ends(server, tmp_path, monkeypatch):
    """As soon as something arrives that nobody waits for any more, or nothing for too long; its file is deleted."""
    before = threading.active_count()
    server.answer = lambda: itertools.chain([whole()[0], PACKED[:90_000]], (time.sleep(1) or PACKED[90_000:] for _ in range(1)))
    monkeypatch.setattr(downloads, "STALL_TIMEOUT", 0.3)
    with pytest.raises(ConnectionError, match="fewer than|timed out"):
        find_vectors("6B.50d", ["w1"])
    wait_for(lambda: threading.active_count() <= before and not kept(tmp_path))


# What is kept


@pytest.fixture
def asked(server, tmp_path):
    """Words that were found and kept, and the file that keeps them."""
    words = [f"w{i}" for i in range(0, 300, 3)]
    assert right(find_vectors("6B.50d", words), words)
    return words, kept_words(tmp_path)[0]


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"",
        lambda data: data[:1],
        lambda data: data[:64],
        lambda data: data[:65],
        lambda data: data[:70],
        lambda data: data[: len(data) // 2],
        lambda data: data[: data.index(b"\nw150\t") + 1],
        lambda data: data[:-1],
        lambda data: data + b"x 1 2\n",
        lambda data: flipped(data, 3),
        lambda data: flipped(data, 66),
        lambda data: flipped(data, 5000),
        lambda data: b"\xff" * len(data),
        lambda data: bytes(10**6),
    ],
)
def test_a_harmed_file_is_noticed_and_made_anew(server, asked, harm):
    words, path = asked
    data = path.read_bytes()
    path.write_bytes(harm(data))
    assert right(find_vectors("6B.50d", words), words)
    assert path.read_bytes() == data and server.requests == 1


def test_a_file_under_another_name_is_not_served(server, asked, tmp_path):
    words, path = asked
    find_vectors("6B.50d", ["w1"])
    (other,) = set(kept_words(tmp_path)) - {path}
    path.write_bytes(other.read_bytes())
    assert right(find_vectors("6B.50d", words), words)


def test_a_file_that_was_whole_is_still_checked_line_by_line(server, asked, monkeypatch):
    """Even with a checksum that fits."""
    words, path = asked
    lines = path.read_bytes().split(b"\n")[1:]
    for wrong in (lines[:-2] + [b""], [*lines[:3], lines[3].replace(b"\t", b"\tnan ", 1), *lines[4:]]):
        vector_sources.cache.store(path, [b"\n".join(wrong)])
        assert right(find_vectors("6B.50d", words), words)
    assert server.requests == 1


def test_a_full_disk(server, tmp_path, monkeypatch):
    class Full:
        def __init__(self, file):
            self.file, self.room = file, 3000

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, data):
            self.room -= len(data)
            if self.room < 0:
                raise OSError(28, "No space left on device")
            return self.file.write(data)

    def open_full(path, mode="r", **kwargs):
        file = open(path, mode, **kwargs)
        return Full(file) if "x" in mode else file

    monkeypatch.setattr(vector_sources.cache, "open", open_full, raising=False)
    words = [f"w{i}" for i in range(50)]
    with pytest.warns(UserWarning, match="can't be cached .*No space left.*free some space, or set UNROLLED_CACHE"):
        assert right(find_vectors("6B.50d", words), words)
    assert [path.suffix for path in kept(tmp_path)] == [".gz"]
    monkeypatch.undo()


def test_a_folder_that_is_none(server, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.warns(UserWarning, match="can't be cached .*set UNROLLED_CACHE to a folder that you may write to"):
        assert right(find_vectors("6B.50d", ["w1"]), ["w1"])


def run_python(code, **more):
    """Start a Python that has this test's environment and the course on its path; without torch, so quickly."""
    release = repr(RELEASES["6B.50d"]).replace("Release", "vector_sources.Release")  # with the checksum of the test's own file
    start = "from helpers.words import vector_sources\nfrom helpers.words.vector_sources import cache, find_vectors\n"
    code = f"{start}vector_sources.RELEASES['6B.50d'] = {release}\n{code}"
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, **more)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit for the size of a file")
def test_a_limit_for_the_size_of_a_file(server, tmp_path):
    """The nearest to a full disk that needs no rights: the system itself refuses to write on."""
    process = run_python("""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
try:
    find_vectors("6B.50d", ["w1"])
except ConnectionError as error:
    print(error)
""")
    assert "[Errno 27] File too large" in process.communicate(timeout=60)[0]
    assert kept(tmp_path) == []


def test_killed_while_it_downloads(server, tmp_path):
    server.answer = lambda: slowly(whole()[0] + PACKED[:100_000], PACKED)
    process = run_python("""find_vectors("6B.50d", ["w3999"])""")
    wait_for(lambda: kept(tmp_path))
    process.kill()
    process.communicate(timeout=60)
    (left_behind,) = kept(tmp_path)
    server.answer = whole
    assert right(find_vectors("6B.50d", ["w3999"]), ["w3999"])
    assert left_behind.exists()  # it could still be in use
    os.utime(left_behind, (0, 0))
    assert right(find_vectors("6B.50d", ["w2"]), ["w2"])
    assert [path.suffix for path in kept(tmp_path)] == [".txt", ".txt", ".gz"]


def test_killed_while_it_writes(server, tmp_path):
    process = run_python("""
import time
cache.os.replace = lambda *_: time.sleep(99)
find_vectors("6B.50d", ["w1", "w2"])
""")
    wait_for(lambda: any(path.suffix == ".part" and path.stat().st_size for path in kept(tmp_path)))
    process.kill()
    process.communicate(timeout=60)
    (left_behind,) = (path for path in kept(tmp_path) if path.suffix == ".part")
    assert right(find_vectors("6B.50d", ["w1", "w2"]), ["w1", "w2"])
    assert left_behind.exists()  # it could still be in use
    os.utime(left_behind, (0, 0))
    assert right(find_vectors("6B.50d", ["w2"]), ["w2"])
    assert {path.suffix for path in kept(tmp_path)} == {".gz", ".txt"}


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.sweep
def test_eight_processes_at_once_and_someone_who_harms_the_files(server, tmp_path):
    processes = [
        run_python(
            """
words = [f"w{i}" for i in range(0, 400, 2)]
print({hash(tuple(numbers.tobytes() for numbers in find_vectors("6B.50d", words).values.values())) for _ in range(30)})
""",
            env={**os.environ, "PYTHONHASHSEED": "0", "TQDM_DISABLE": "1"},
            stderr=subprocess.PIPE,
        )
        for _ in range(8)
    ]
    harms, harmed = random.Random(0), 0
    while any(process.poll() is None for process in processes):
        for path in kept(tmp_path):
            if path.suffix == ".txt" and harms.random() < 0.2:
                with open(path, "r+b") as file:
                    file.truncate(harms.randrange(9000))
                    harmed += 1
        time.sleep(0.01)
    assert harmed > 3
    answers = [process.communicate() for process in processes]
    assert len({said for said, _ in answers}) == 1 and answers[0][0].count(",") == 0, answers
    assert all(errors == "" for _, errors in answers) and len(answers[0][0]) > 5
    assert right(find_vectors("6B.50d", ["w1"]), ["w1"]) and server.requests < 8 * 30 + 2


@pytest.mark.skipif(os.name == "nt", reason="chmod says nothing about folders on Windows")
@pytest.mark.parametrize("readable", [True, False])
def test_a_cache_of_another_user(server, monkeypatch, readable):
    """What another user kept is read where that may be, found anew where not, and never harmed."""
    words = [f"w{i}" for i in range(0, 300, 3)]
    with TemporaryDirectory() as place:
        monkeypatch.setenv("UNROLLED_CACHE", place)
        assert right(find_vectors("6B.50d", words), words)
        (path,) = Path(place, "glove").glob("*.txt")
        assert (path.parent / "glove-wiki-gigaword-50.gz").stat().st_mode & 0o044 == 0o044
        data = path.read_bytes()
        path.chmod(0o644 if readable else 0o000)
        with another_user(Path(place), path.parent):
            if readable:
                assert right(find_vectors("6B.50d", words), words) and server.requests == 1
            for ask in (["w1"],) if readable else (["w1"], words):
                with pytest.warns(UserWarning, match="Permission denied.*set UNROLLED_CACHE"):
                    assert right(find_vectors("6B.50d", ask), ask)
        path.chmod(0o644)
        assert len([*path.parent.iterdir()]) == 2 and path.read_bytes() == data and server.requests == 1


@contextmanager
def another_user(*folders):
    """Root becomes nobody for a while; anyone else loses the right to write in the folders, which is as much."""
    root = os.geteuid() == 0
    for folder in folders:
        folder.chmod(0o555)
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for folder in folders:
            folder.chmod(0o755)


# Files of one's own


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A function that writes a file and returns its path; whatever its size and age, what is found in it is kept."""
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(vector_sources, "MIN_CACHED_SIZE", 0)
    monkeypatch.setattr(vector_sources, "MIN_AGE", -1)

    def write(name, data):
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return write


def packed_with(tmp_path, **texts):
    with zipfile.ZipFile(tmp_path / "glove.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(f"{name}.txt", text)
    return tmp_path / "glove.zip"


@pytest.mark.parametrize("data", [TEXT, PACKED])
def test_what_is_found_in_a_file_is_cached(own, tmp_path, data):
    path = own("a", data)
    assert right(find_vectors(str(path)), NUMBERS)
    assert right(find_vectors(path, ["w3", "w3999", "w3"]), ["w3", "w3999"])
    assert right(find_vectors(path, ["w3999", "w3"]), ["w3", "w3999"])  # in another order, but the same words
    assert find_vectors(path, ["w3", "other"]).missing == ("other",)
    assert len(kept(tmp_path)) == 2


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:10],
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2] + bytes(99) + data[len(data) // 2 + 99 :],
    ],
)
@pytest.mark.parametrize("kind", ["gz", "zip"])
def test_a_broken_archive(own, tmp_path, harm, kind):
    path = own("a.gz", PACKED) if kind == "gz" else packed_with(tmp_path, one=TEXT)
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(ValueError, match=re.escape(str(path))) as error:
        find_vectors(path, ["w3", "not there"])
    assert "\n" not in str(error.value) and kept(tmp_path) == []


def test_a_changed_file_is_read_anew(own):
    """Also when size and time are the same, as a program leaves them that copies times too."""
    path, text = own("a.txt", TEXT), TEXT
    for _ in range(3):
        first = find_vectors(path, ["w3"]).values["w3"][0]
        assert first == pytest.approx(float(text.split(b"\nw3 ")[1].split()[0]))
        before, place = path.stat(), text.index(b"\nw3 ") + 8  # a digit of its first number
        text = text[:place] + b"%d" % ((int(text[place : place + 1]) + 1) % 10) + text[place + 1 :]
        time.sleep(0.02)  # so that the system's clock, which ticks up to each 10 ms, has another time for this change
        path.write_bytes(text)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_size == before.st_size


def test_a_file_that_changes_while_it_is_read(own, tmp_path, monkeypatch):
    path = own("a.txt", TEXT)

    def change(*args, read=vector_sources.checked_lines):
        yield from read(*args)
        path.write_bytes(TEXT + b"\n")

    monkeypatch.setattr(vector_sources, "checked_lines", change)
    with pytest.raises(ValueError, match="was changed while it was read; load it again"):
        find_vectors(path, ["w3"])
    assert kept(tmp_path) == []


def test_small_files_fresh_files_and_whole_files_are_not_kept(own, tmp_path, monkeypatch):
    path = own("a.txt", TEXT)
    find_vectors(path)
    find_vectors("mini", ["king"])
    for name, value in (("MIN_CACHED_SIZE", len(TEXT)), ("MIN_AGE", 60)):
        with monkeypatch.context() as one:
            one.setattr(vector_sources, name, value)
            assert right(find_vectors(path, ["w3"]), ["w3"])
    assert kept(tmp_path) == []


def test_a_bar_when_it_takes_long(own, monkeypatch, capsys):
    path = own("a.txt", TEXT)
    find_vectors(path)
    assert capsys.readouterr().err == ""
    at_once = {"delay": 0, "mininterval": 0}
    monkeypatch.setattr(vector_files, "tqdm", lambda bar=vector_files.tqdm, **how: bar(**{**how, **at_once}))
    find_vectors(path)
    assert re.search(r"a.txt: +(9\d|100)%", capsys.readouterr().err)
