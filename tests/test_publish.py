"""`start.py publish`, on copies: nothing here knows, or needs, a real address."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import publish
import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = ["pyproject.toml", "README.md", *(f"notebooks/{path.name}" for path in sorted((ROOT / "notebooks").glob("*.ipynb")))]
ADDRESS, OLDER = "https://github.com/no-one/un.rolled_2", "https://github.com/somebody/older"
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
VERSION = tomllib.loads(PROJECT)["project"]["version"]


@pytest.fixture
def copy(tmp_path):
    """A course that is published nowhere."""
    (tmp_path / "notebooks").mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    publish.main(["--remove"], tmp_path)
    return tmp_path


def read(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def first_cells(path):
    cells = nbformat.read(path, as_version=4).cells
    return cells[0].source, next(cell for cell in cells if cell.cell_type == "code").source


def test_what_is_committed_says_where_it_is_published():
    """Nowhere, or wherever pyproject.toml says: in both cases every file agrees."""
    address = publish.known_address(PROJECT)
    release = publish.Release(address, VERSION) if address else None
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert publish.stamp_page(readme, release) == readme
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert publish.stamp_notebook(text, release, path.name) == text, path.name


def test_every_file_is_stamped_from_one_address(copy):
    before = read(copy)
    assert publish.main([ADDRESS], copy) == 0
    assert tomllib.loads((copy / "pyproject.toml").read_text())["project"]["urls"] == {"Repository": ADDRESS}
    assert all(b"no-one/un.rolled_2" in text for text in read(copy).values())
    for path in (copy / "notebooks").glob("*.ipynb"):
        prose, code = first_cells(path)
        targets = re.findall(r"\[!\[Open in [^]]+\]\((data:image/svg[^)]+)\)\]\(([^)]+)\)", prose)
        assert [re.match("https://([^/]+)", target)[1] for _, target in targets] == [
            "colab.research.google.com",
            "mybinder.org",
            "nbgitpuller.readthedocs.io",
        ]
        assert all(path.name in target and "no-one" in target and "un.rolled_2" in target for _, target in targets)
        assert all(f"/v{VERSION}" in target for _, target in targets[:2])  # a class follows the branch, by nbgitpuller
        assert f"git+{ADDRESS}@v{VERSION}" in code and compile(code, path.name, "exec")
        assert max(map(len, code.splitlines())) <= 100
        old, new = (json.loads(text)["cells"] for text in (before[f"notebooks/{path.name}"], path.read_bytes()))
        assert [cell | {"source": 0} for cell in old] == [cell | {"source": 0} for cell in new]  # no new cell, no new number
        nbformat.validate(nbformat.read(path, as_version=4))
    readme = (copy / "README.md").read_text(encoding="utf-8")
    images = re.findall(r"\]\((docs/badges/[^)]+)\)", readme)
    assert len(images) == 3 and all((ROOT / image).is_file() for image in images)


def test_publishing_twice_is_publishing_once(copy):
    publish.main([ADDRESS], copy)
    once = read(copy)
    assert publish.main([ADDRESS + ".git"], copy) == 0 and read(copy) == once
    assert publish.main([], copy) == 0 and read(copy) == once


def test_a_new_version_takes_the_place_of_the_older_one(copy):
    publish.main([ADDRESS], copy)
    project = (copy / "pyproject.toml").read_text(encoding="utf-8")
    (copy / "pyproject.toml").write_text(project.replace(f'version = "{VERSION}"', 'version = "9.8.7"'), encoding="utf-8")
    assert publish.main([], copy) == 0
    code = first_cells(copy / "notebooks" / "03_input_and_h0_shapes.ipynb")[1]
    assert "@v9.8.7" in code and VERSION not in code


def test_a_new_address_leaves_nothing_of_an_older_one(copy):
    publish.main([ADDRESS], copy)
    once = read(copy)
    publish.main([OLDER], copy)
    assert not any(b"no-one" in text for text in read(copy).values())
    publish.main([ADDRESS], copy)
    assert read(copy) == once


@pytest.mark.parametrize("address", [ADDRESS, "file:///some/folder"])
def test_remove_takes_out_every_byte(copy, address):
    before = read(copy)
    publish.main([address], copy)
    assert read(copy) != before
    assert publish.main(["--remove"], copy) == 0 and read(copy) == before


def test_other_addresses_of_the_project_are_left_alone():
    text = '[project]\nname = "x"\n\n[project.urls]\nHomepage = "https://example.org"\n\n[project.optional-dependencies]\n'
    stamped = publish.stamp_project(text, ADDRESS)
    assert tomllib.loads(stamped)["project"]["urls"] == {"Homepage": "https://example.org", "Repository": ADDRESS}
    assert publish.stamp_project(stamped, None) == text


@pytest.mark.parametrize(
    "arguments",
    [
        ["http://github.com/a/b"],
        ["https://github.com/a"],
        ["https://github.com/a/b/tree/main"],
        ["https://gitlab.com/a/b"],
        ["https://github.com.example.org/a/b"],
        ["https://github.com/<owner>/<name>"],
        ["https://github.com/-a/b"],
        ["https://github.com/a/b c"],
        ["https://github.com/a/.."],
        ["https://user:secret@github.com/a/b"],
        [""],
        ["github"],
        ["https://github.com/a/b\nimport os"],
        ['https://github.com/a/b"'],
        ["file:///a'b"],
        ["file:///a\nb"],
        ["--help-me"],
        ["https://github.com/a/b", "https://github.com/a/c"],
        [],
    ],
    ids=repr,
)
def test_a_bad_address_is_refused_in_one_sentence(copy, capsys, arguments):
    before = read(copy)
    capsys.readouterr()
    assert publish.main(arguments, copy) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and told.endswith(".\n")
    assert "expected a public repository" in told or "one address" in told
    assert read(copy) == before


def test_the_command_itself_runs_from_anywhere(copy):
    """Not on this checkout: a copy with the tool in it."""
    (copy / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "publish.py", copy / "tools")
    shutil.copytree(ROOT / "docs" / "badges", copy / "docs" / "badges")
    done = subprocess.run([sys.executable, copy / "tools" / "publish.py", ADDRESS], cwd="/", capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"published at {ADDRESS}: commit, then `git tag v{VERSION}` and push both\n")
    assert ADDRESS in (copy / "notebooks" / "00_start_here.ipynb").read_text(encoding="utf-8")
