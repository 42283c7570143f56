"""helpers.words.cache: what was stored comes back whole, or does not come back. Faults are in test_vector_sources.py."""

import os
import subprocess
import sys
from pathlib import Path

import pooch
import pytest

from helpers.words import cache
from helpers.words.cache import file_name, folder, open_stored, store


def content(path):
    file = open_stored(path)
    if file is None:
        return None
    with file:
        return file.read()


def test_it_comes_back_as_it_was(tmp_path):
    path = tmp_path / "new" / "folder" / "stored.txt"
    assert open_stored(path) is None
    store(path, [b"one\n", b"", b"two\n"])
    assert content(path) == b"one\ntwo\n"
    store(path, iter([b"three\n"]))
    assert content(path) == b"three\n"
    store(path, [])
    assert content(path) == b""
    assert list(path.parent.iterdir()) == [path]


def test_every_cut_and_every_wrong_byte_is_noticed(tmp_path):
    path = tmp_path / "stored.txt"
    store(path, [b"a 1 2\n"])
    data = path.read_bytes()
    for place in range(len(data)):
        for harmed in (data[:place], data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]):
            path.write_bytes(harmed)
            assert open_stored(path) is None


def test_all_or_nothing(tmp_path):
    """An exception while the lines are made leaves the old file and nothing else."""

    def lines():
        yield b"new\n"
        raise KeyboardInterrupt

    path = tmp_path / "stored.txt"
    store(path, [b"old\n"])
    with pytest.raises(KeyboardInterrupt):
        store(path, lines())
    assert content(path) == b"old\n" and list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_being_read_elsewhere(tmp_path, monkeypatch):
    """Windows then refuses to replace it: no harm if it is whole."""

    def refuse(part, path):
        raise PermissionError(13, "used by another process")

    path = tmp_path / "stored.txt"
    monkeypatch.setattr(cache.os, "replace", refuse)
    with pytest.raises(PermissionError):
        store(path, [b"new\n"])
    monkeypatch.undo()
    store(path, [b"old\n"])
    monkeypatch.setattr(cache.os, "replace", refuse)
    store(path, [b"new\n"])
    assert content(path) == b"old\n" and list(tmp_path.iterdir()) == [path]


def test_an_open_file_stays_what_it_was_when_another_takes_its_place(tmp_path):
    path = tmp_path / "stored.txt"
    store(path, [b"old\n"])
    with open_stored(path) as file:
        if os.name != "nt":
            store(path, [b"new\n"])
        assert file.read() == b"old\n"


def test_other_users_may_read_it(tmp_path):
    """As far as this user's umask lets them; `tempfile` would shut them out."""
    store(tmp_path / "stored.txt", [b"a\n"])
    (tmp_path / "plain.txt").write_bytes(b"a\n")
    assert (tmp_path / "stored.txt").stat().st_mode == (tmp_path / "plain.txt").stat().st_mode


def test_names_tell_contents_apart():
    names = [file_name("a", "bc"), file_name("a", "b", "c"), file_name("a", ["bc"]), file_name("b", "bc")]
    assert len(set(names)) == 4 and file_name("a", "bc") == names[0]
    assert file_name("../é b:c" * 20, "\ud800").startswith(".._b_c.._b_c") and len(file_name("x" * 999)) < 90


def test_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path))
    assert folder() == tmp_path
    monkeypatch.setenv("UNROLLED_CACHE", "~/mine")
    assert folder() == Path.home() / "mine"
    monkeypatch.delenv("UNROLLED_CACHE")
    assert folder() == pooch.os_cache("unrolled") and folder().is_absolute()


def test_it_needs_no_torch():
    code = "import sys; from helpers.words import cache, downloads; print('torch' in sys.modules, 'requests' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent, capture_output=True, text=True)
    assert run.stdout.split() == ["False", "False"], run.stderr
