"""The tests with other packages than the pinned ones: what `python start.py runtimes [names...]` does.

    python start.py runtimes oldest    the lowest versions that pyproject.toml admits
    python start.py runtimes colab     the kernel and widgets that Colab has
    python start.py runtimes newest    whatever is newest today

Each name gets an environment of its own in build/runtimes/. It takes up to 8 GB on Linux, where torch brings its CUDA
libraries. An environment that exists is used again. All tests run there but those of the browser. It ends with a table of what
was tried.
"""

import argparse
import datetime
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "runtimes"
SHOWN = ["python", "torch", "numpy", "matplotlib", "ipywidgets", "ipython", "ipykernel"]
# These tests are left out. The pinned JupyterLab makes the browser's pages, and the pins hold only where they are installed.
LEFT_OUT = [
    "--ignore=tests/test_browser.py",
    "--ignore=tests/test_site.py",
    "--ignore=tests/test_packages.py",
    "--ignore=tests/test_code_quality.py",
    "--deselect=tests/test_projector.py::test_explorers_are_larger_and_their_sliders_still_meet_the_mouse",
]
# The package google-colab itself asks for these of ipython and ipykernel; the others are those last seen there
# (github.com/googlecolab/backend-info, pip-freeze.txt), but for torch, which is the pinned one.
COLAB = [
    "ipywidgets==7.7.1",
    "ipython==7.34.0",
    "ipykernel==6.17.1",
    "jupyter-client==7.4.9",
    "traitlets==5.7.1",
    "numpy==2.0.2",
    "matplotlib==3.10.0",
    "torch==2.13.0",
]


def lowest(bounds: list[str]) -> list[str]:
    """The lowest release that each lower bound admits, with its latest repairs.

    >>> lowest(["torch>=2.9", "ipywidgets>=7.7.1,<9"])
    ['torch==2.9.*', 'ipywidgets==7.7.1.*']
    """
    found = [
        (bound.name, part.version) for bound in map(Requirement, bounds) for part in bound.specifier if part.operator == ">="
    ]
    return [f"{name}=={version}.*" for name, version in found]


def wanted(name: str) -> list[str]:
    """What pip is asked for: the course, what opens and tests it, and what the runtime says beyond that."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    course = [*project["dependencies"], *project["optional-dependencies"]["course"]]
    kernel = [pin for pin in COLAB if pin.startswith(("ipython", "ipykernel", "jupyter-client", "traitlets"))]
    return course + {"newest": [], "colab": COLAB, "oldest": lowest(project["dependencies"]) + kernel}[name]


def make(name: str) -> Path:
    """The Python of the environment `name`, made if it is not there yet, and brought up to what is wanted today."""
    folder = BUILD / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done, asked = folder / "installed.txt", wanted(name)
    if not done.exists():  # an interrupted installation is made again
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    elif done.read_text(encoding="utf-8").split("\n") == asked:
        return python
    print(f"Installing the packages of {name!r} into {folder}.", flush=True)
    done.unlink(missing_ok=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--editable", ROOT, *asked], check=True)
    done.write_text("\n".join(asked), encoding="utf-8")
    return python


def versions(python: Path) -> list[str]:
    ask = f"import sys, importlib.metadata as m; print(sys.version.split()[0], *map(m.version, {SHOWN[1:]!r}))"
    return subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.split()


def run_tests(python: Path, options: list[str]) -> tuple[int, str]:
    """Run the suite there; pytest's code, and its last line, such as `2758 passed in 275.01s`."""
    command = [str(python), "-m", "pytest", "-q", "-rf", "--tb=short", *LEFT_OUT, *options]
    # The kernels of the notebooks are started by name: the environment's own must be the one that is found.
    own = {
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "JUPYTER_PATH": str(python.parents[1] / "share" / "jupyter"),
        "COLUMNS": "1000",  # so that the reason of a failure is complete
    }
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | own, stdout=subprocess.PIPE, text=True)
    lines = []
    assert process.stdout is not None  # it is the pipe
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.append(line.strip())
    outcome = re.sub(r"^=+ | =+$", "", next(filter(None, reversed(lines)), "nothing was run"))
    return process.wait(), outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], "oldest", "colab", "newest"], default=[], metavar="name")
    parser.add_argument("--pytest", default="", metavar="OPTIONS", help="further options for pytest, in one string")
    chosen = parser.parse_args()
    codes, rows = [], []
    for name in chosen.names or ["oldest", "colab", "newest"]:
        python = make(name)
        code, outcome = run_tests(python, chosen.pytest.split())
        codes.append(code)
        rows.append([name, *versions(python), outcome])
    print(f"\n{datetime.date.today()}\n\n| {' | '.join(['runtime', *SHOWN, 'tests'])} |\n|{' --- |' * (len(SHOWN) + 2)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
