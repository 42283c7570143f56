"""helpers.words.kept_files: what was kept comes back whole, or does not come back. Faults are in test_vector_sources.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.words import kept_files
from helpers.words.kept_files import folder, keep, name_for, open_kept


def content(path):
    file = open_kept(path)
    if file is None:
        return None
    with file:
        return file.read()


def test_it_comes_back_as_it_was(tmp_path):
    path = tmp_path / "new" / "folder" / "kept.txt"
    assert open_kept(path) is None
    keep(path, [b"one\n", b"", b"two\n"])
    assert content(path) == b"one\ntwo\n"
    keep(path, iter([b"three\n"]))
    assert content(path) == b"three\n"
    keep(path, [])
    assert content(path) == b""
    assert list(path.parent.iterdir()) == [path]


def test_every_cut_and_every_wrong_byte_is_noticed(tmp_path):
    path = tmp_path / "kept.txt"
    keep(path, [b"a 1 2\n"])
    data = path.read_bytes()
    for place in range(len(data)):
        for harmed in (data[:place], data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]):
            path.write_bytes(harmed)
            assert open_kept(path) is None


def test_all_or_nothing(tmp_path):
    """An exception while the lines are made leaves the old file and nothing else."""

    def lines():
        yield b"new\n"
        raise KeyboardInterrupt

    path = tmp_path / "kept.txt"
    keep(path, [b"old\n"])
    with pytest.raises(KeyboardInterrupt):
        keep(path, lines())
    assert content(path) == b"old\n" and list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_being_read_elsewhere(tmp_path, monkeypatch):
    """Windows then refuses to replace it: no harm if it is whole."""

    def refuse(part, path):
        raise PermissionError(13, "used by another process")

    path = tmp_path / "kept.txt"
    monkeypatch.setattr(kept_files.os, "replace", refuse)
    with pytest.raises(PermissionError):
        keep(path, [b"new\n"])
    monkeypatch.undo()
    keep(path, [b"old\n"])
    monkeypatch.setattr(kept_files.os, "replace", refuse)
    keep(path, [b"new\n"])
    assert content(path) == b"old\n" and list(tmp_path.iterdir()) == [path]


def test_an_open_file_stays_what_it_was_when_another_takes_its_place(tmp_path):
    path = tmp_path / "kept.txt"
    keep(path, [b"old\n"])
    with open_kept(path) as file:
        if os.name != "nt":
            keep(path, [b"new\n"])
        assert file.read() == b"old\n"


def test_other_users_may_read_it(tmp_path):
    """As far as this user's umask lets them; `tempfile` would shut them out."""
    keep(tmp_path / "kept.txt", [b"a\n"])
    (tmp_path / "plain.txt").write_bytes(b"a\n")
    assert (tmp_path / "kept.txt").stat().st_mode == (tmp_path / "plain.txt").stat().st_mode


def test_names_tell_contents_apart():
    names = [name_for("a", "bc"), name_for("a", "b", "c"), name_for("a", ["bc"]), name_for("b", "bc")]
    assert len(set(names)) == 4 and name_for("a", "bc") == names[0]
    assert name_for("../é b:c" * 20, "\ud800").startswith(".._b_c.._b_c") and len(name_for("x" * 999)) < 90


@pytest.mark.parametrize(
    "platform, environment, expected",
    [
        ("linux", {"HOME": "/home/ann"}, "/home/ann/.cache/unrolled"),
        ("linux", {"HOME": "/home/ann", "XDG_CACHE_HOME": "/var/x"}, "/var/x/unrolled"),
        ("darwin", {"HOME": "/Users/ann"}, "/Users/ann/Library/Caches/unrolled"),
        ("win32", {"LOCALAPPDATA": "/AppData/Local"}, "/AppData/Local/unrolled/Cache"),
        ("darwin", {"HOME": "/home/ann", "UNROLLED_CACHE": "/mine"}, "/mine"),
        ("linux", {"HOME": "/home/ann", "UNROLLED_CACHE": "~/mine"}, "/home/ann/mine"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="paths as they are written elsewhere")
def test_the_folder(monkeypatch, platform, environment, expected):
    monkeypatch.setattr(kept_files.sys, "platform", platform)
    monkeypatch.setattr(kept_files.os, "environ", environment)
    assert folder() == Path(expected)


def test_it_needs_nothing_but_the_standard_library():
    code = "import sys; from helpers.words import kept_files, downloads; print('torch' in sys.modules, 'tqdm' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent, capture_output=True, text=True)
    assert run.stdout.split() == ["False", "False"], run.stderr
