"""A published notebook fetches the helpers of its version wherever they are missing, leaves torch alone, and runs to its end.

Nothing is downloaded. The quick tests run the lines with a pip that only copies a folder. The sweep fetches a repository from a
file:// address into a fresh environment, which sees the packages that are installed here, all but the course's own.
`start.py runtimes colab` does the same with Colab's own versions.
"""

import json
import os
import shutil
import site
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import publish
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from sweeps import thinned

ROOT = Path(__file__).resolve().parent.parent
NAME = "00_start_here.ipynb"
FETCHED = ["helpers", "notebooks", "README.md", "LICENSE", "pyproject.toml"]
# No network, and no build environment, which would want one.
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
OLD_VERSION = "0.1.99"

# What else may be called helpers in the kernel of a learner.
OTHERS = {
    "nothing": {},
    "a module": {"helpers.py": "def trace(): ..."},
    "a module that fails": {"helpers.py": "1 / 0"},
    "a script that ends": {"helpers.py": "raise SystemExit(0)"},
    "a folder": {"helpers/notes.txt": ""},
    "a package": {"helpers/__init__.py": f"__version__ = {VERSION!r}; from . import colours", "helpers/colours.py": ""},
    "an older course": {"helpers/__init__.py": f"UNROLLED = {OLD_VERSION!r}"},
    "a course from before UNROLLED": {"helpers/__init__.py": "def __getattr__(name): raise AttributeError(name)"},
}
PIP = f"""
import shutil, sys
from pathlib import Path
site = Path(__file__).parents[1]
(site / "asked.txt").write_text(" ".join(sys.argv[1:]))
shutil.copytree({str(ROOT / "helpers")!r}, site / "helpers")
"""
ASK = """
import helpers, helpers.colours
print(helpers.UNROLLED, helpers.colours.__file__, *filter(None, sys.path), sep="\\n")
"""


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def run_lines(folder):
    """Run the lines in a Python whose path is `folder`/beside, then `folder`/site; return what ASK prints."""
    path = [str(folder / name) for name in ("beside", "site")]
    code = publish.LINES.format(address="https://github.com/no-one/unrolled", version=VERSION) + ASK
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path)}
    done = subprocess.run([sys.executable, "-S", "-c", code], env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    version, file, *after = done.stdout.splitlines()
    assert after[:2] == path  # the lines leave the path as it was
    return version, Path(file)


@pytest.fixture
def kernel(tmp_path):
    """A folder for `run_lines`, with a pip that copies the course and a torch that only pip knows."""
    write(tmp_path / "site" / "pip", {"__init__.py": "", "__main__.py": PIP})
    for name, version in (("torch", "2.14.1"), ("unrolled", VERSION)):
        write(tmp_path / "site" / f"{name}.dist-info", {"METADATA": f"Name: {name}\nVersion: {version}\n"})
    return tmp_path


@pytest.mark.parametrize("files", thinned(OTHERS.values(), every=5), ids=OTHERS)
def test_the_lines_fetch_the_course_whatever_else_is_called_helpers(kernel, files):
    write(kernel / "beside", files)
    assert run_lines(kernel) == (VERSION, kernel / "site" / "helpers" / "colours.py")
    asked = (kernel / "site" / "asked.txt").read_text(encoding="utf-8")
    assert asked.endswith(f" git+https://github.com/no-one/unrolled@v{VERSION} torch==2.14.1")


def test_the_lines_fetch_nothing_where_the_course_is(kernel):
    shutil.copytree(ROOT / "helpers", kernel / "beside" / "helpers")
    assert run_lines(kernel) == (VERSION, kernel / "beside" / "helpers" / "colours.py")
    assert not (kernel / "site" / "asked.txt").exists()


def git(folder, *arguments):
    settings = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.invalid", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True, env=os.environ | OFFLINE)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The course as it would be fetched, in an older version and in this one, published at a folder of this computer."""
    folder = tmp_path_factory.mktemp("repository")
    for name in FETCHED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    git(folder, "init")
    for version in (OLD_VERSION, VERSION):
        for name in ("pyproject.toml", "helpers/__init__.py"):
            text = (ROOT / name).read_text(encoding="utf-8")
            (folder / name).write_text(text.replace(f'"{VERSION}"', f'"{version}"'), encoding="utf-8")
        publish.main([folder.as_uri()], folder)
        for arguments in (["add", "."], ["commit", "-m", version], ["tag", f"v{version}"]):
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
    return subprocess.run([python, "-P", "-c", ask], capture_output=True, text=True).stdout.split()


def shown(cell):
    """What the cell shows, by kind: the first output of a folded answer is empty, and a printed text may come in parts."""
    kinds = [output.get("name", output.output_type) for output in cell.outputs if output.get("data", output.get("text")) != {}]
    return [kind for kind, before in zip(kinds, [None, *kinds], strict=False) if kind != "stdout" or before != "stdout"]


@pytest.mark.sweep
@pytest.mark.parametrize("there", ["nothing", "an older course, and a module beside"])
def test_a_bare_kernel_fetches_the_helpers_and_runs_to_the_end(repository, bare, there):
    python, empty = bare
    if there != "nothing":
        write(empty, OTHERS["a module"])
        older = f"git+{repository.as_uri()}@v{OLD_VERSION}"
        subprocess.run([python, "-P", "-m", "pip", "install", "--quiet", "--no-deps", older], check=True)
        assert installed(python, "unrolled")[0] == OLD_VERSION
    torch, beside = installed(python, "torch"), list(empty.iterdir())
    notebook = nbformat.read(repository / "notebooks" / NAME, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("import google.colab, helpers; print(helpers.__file__)"))
    *cells, asked = [cell for cell in run(notebook, empty).cells if cell.cell_type == "code"]
    fetched = Path(asked.outputs[0].text.strip())
    assert python.parent.parent in fetched.parents  # not this checkout's
    assert fetched.with_name("py.typed").is_file()
    assert installed(python, "torch") == torch and installed(python, "unrolled")[0] == VERSION
    stored = [cell for cell in nbformat.read(ROOT / "notebooks" / NAME, as_version=4).cells if cell.cell_type == "code"]
    assert [shown(cell) for cell in cells] == [shown(cell) for cell in stored]
    assert set(empty.iterdir()) - {empty / "__pycache__"} == set(beside)


@pytest.mark.sweep
def test_an_address_that_leads_nowhere_is_told_in_one_sentence(repository, bare, tmp_path):
    text = (repository / "notebooks" / NAME).read_text(encoding="utf-8")
    nowhere = (tmp_path / "nowhere").as_uri()
    notebook = nbformat.reads(publish.stamp_notebook(text, publish.Release(nowhere, VERSION), NAME), as_version=4)
    with pytest.raises(CellExecutionError) as failure:
        run(notebook, bare[1])
    assert failure.value.ename == "SystemExit"
    told = failure.value.evalue
    assert told.startswith("The course's helpers could not be fetched") and told.endswith(
        f"%pip install git+{nowhere}@v{VERSION}"
    )
    assert "\n" not in told
