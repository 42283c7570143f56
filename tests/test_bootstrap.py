"""A published notebook in a bare kernel, as on Colab: it fetches the helpers, leaves torch alone, and runs to its end.

Nothing is downloaded: the repository is a folder reached by a file:// address, and the fresh environment sees the packages
that are installed here, all but the course's own. `start.py runtimes colab` does the same with Colab's own versions.
"""

import json
import os
import shutil
import site
import subprocess
import sys
from pathlib import Path

import nbformat
import publish
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
NAME = "00_start_here.ipynb"
FETCHED = ["helpers", "notebooks", "README.md", "LICENSE", "pyproject.toml"]
# No network, and no build environment, which would want one.
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def git(folder, *arguments):
    settings = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.invalid", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True, env=os.environ | OFFLINE)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The course as it would be fetched, published at a folder of this computer."""
    folder = tmp_path_factory.mktemp("repository")
    for name in FETCHED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    publish.main([folder.as_uri()], folder)
    for arguments in (["init"], ["add", "."], ["commit", "-m", "the course"]):
        git(folder, *arguments)
    return folder


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A fresh environment, with a module `google.colab` as Colab has; its kernel is the one that notebooks get."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ask = [python, "-c", "import site; print(site.getsitepackages()[-1])"]
    packages = Path(subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip())
    # A folder named in a .pth file is searched, but its own .pth files, where the editable `helpers` stands, are not read.
    (packages / "lent.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    (packages / "google" / "colab").mkdir(parents=True)
    (packages / "google" / "colab" / "__init__.py").write_text("", encoding="utf-8")
    kernels = tmp_path / "jupyter" / "kernels" / "bare"
    kernels.mkdir(parents=True)
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernels / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "bare", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    for name, value in OFFLINE.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "empty").mkdir()
    return python, tmp_path / "empty"


def run(notebook, folder):
    """Run a notebook with nothing beside it; return it with its outputs."""
    client = NotebookClient(notebook, timeout=120, kernel_name="bare", resources={"metadata": {"path": folder}})
    return client.execute()


def installed(python, name):
    ask = f"import importlib.metadata as m; print(m.version({name!r}), m.distribution({name!r}).locate_file(''))"
    return subprocess.run([python, "-c", ask], capture_output=True, text=True).stdout.split()


def test_a_bare_kernel_fetches_the_helpers_and_runs_to_the_end(repository, bare):
    python, empty = bare
    torch, missing = installed(python, "torch"), installed(python, "helpers")
    assert torch and not missing
    notebook = nbformat.read(repository / "notebooks" / NAME, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("import google.colab, helpers; print(helpers.__file__)"))
    *cells, asked = [cell for cell in run(notebook, empty).cells if cell.cell_type == "code"]
    assert str(python.parent.parent) in asked.outputs[0].text  # not this checkout's
    assert installed(python, "torch") == torch
    stored = [cell for cell in nbformat.read(ROOT / "notebooks" / NAME, as_version=4).cells if cell.cell_type == "code"]
    assert [len(cell.outputs) for cell in cells] == [len(cell.outputs) for cell in stored]
    assert list(empty.iterdir()) == []


def test_an_address_that_leads_nowhere_is_told_in_one_sentence(repository, bare, tmp_path):
    text = (repository / "notebooks" / NAME).read_text(encoding="utf-8")
    nowhere = (tmp_path / "nowhere").as_uri()
    notebook = nbformat.reads(publish.stamp_notebook(text, nowhere, NAME), as_version=4)
    with pytest.raises(CellExecutionError) as failure:
        run(notebook, bare[1])
    assert failure.value.ename == "SystemExit"
    told = failure.value.evalue
    assert told.startswith("The course's helpers could not be fetched") and told.endswith(f"%pip install git+{nowhere}@main")
    assert "\n" not in told
