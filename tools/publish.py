"""Say in every notebook and in the README where the course is published: what `python start.py publish` does.

    python start.py publish https://github.com/<owner>/<name>    at a new address, or instead of an older one
    python start.py publish                                      once more at the same address, after an edit
    python start.py publish --remove                             nowhere: every file is again what it was before

The address is kept in one place, pyproject.toml: `[project.urls]`. With it and the version, each notebook gets badges, which
open it in Colab, in Binder or in a JupyterHub (by nbgitpuller). It also gets some lines at the top of its first code cell. They
install the helpers of this version where they are missing. The README gets the badges too. Colab, Binder and these lines use
the tag of the version, such as v0.2.0, so that a notebook and its helpers always fit. Create this tag after your commit. For a
trial, the address may also be a folder of this computer that contains the repository (file:///...). Then the notebooks get the
lines and no badges, and the address is not kept.
"""

import json
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).resolve().parent.parent
BRANCH = "main"  # what nbgitpuller follows: a class gets what changes during the term
EXPECTED = "expected a public repository such as https://github.com/<owner>/<name>, which is what Colab and Binder open"

GITHUB = re.compile(r"(?:https://github\.com/|git@github\.com:)([A-Za-z0-9](?:-?[A-Za-z0-9])*)/([A-Za-z0-9._-]+?)(?:\.git)?/?")
FOLDER = re.compile(r"file:///[^\s\"'\\]+")

# What is stamped, so that it can be found again. A badge's picture travels in the notebook, which may be read without network.
BADGES = re.compile(r"<!-- published -->\n.*?<!-- /published -->\n\n", re.DOTALL)
BADGES_AT_END = re.compile(r"\n\n<!-- published -->\n.*?<!-- /published -->", re.DOTALL)
BOOTSTRAP = re.compile(r"\A# Published: .*?\n\n", re.DOTALL)
REPOSITORY = re.compile(r'^Repository = "(.*)"\n', re.MULTILINE)

# Another package called helpers may be on the learner's path, or an older version of the course's; either may be imported
# already. So the lines ask for UNROLLED, which only the course's helpers have, and import them past all that is in the way.
# torch is named as pip knows it: what is 2.14.1 to pip may call itself torch.__version__ == "2.14.1+cu130".
LINES = """\
# Published: a kernel without this version of the course's helpers, such as Colab's, fetches it.
import contextlib, importlib.metadata, subprocess, sys
with contextlib.suppress(Exception, SystemExit):  # none may be here, or another package's
    import helpers
if getattr(sys.modules.get("helpers"), "UNROLLED", None) != "{version}":
    course = "git+{address}@v{version}"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input"]
    wanted = [course, f"torch=={{importlib.metadata.version('torch')}}"]  # torch stays as it is
    if subprocess.run(pip + wanted, capture_output=True).returncode:
        raise SystemExit("The course's helpers could not be fetched: no network, torch before 2.9, "
                         f"or nothing at that address. What pip says: %pip install {{course}}")
    for name in [name for name in sys.modules if name.partition(".")[0] == "helpers"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    sys.path.insert(0, str(importlib.metadata.distribution("unrolled").locate_file("")))
    import helpers
    del sys.path[0]

"""


class Release(NamedTuple):
    """What is published: a version of the course, at an address."""

    address: str
    version: str

    @property
    def tag(self) -> str:
        return f"v{self.version}"


class Unpublished(Exception):
    """One sentence: why nothing was written."""


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Stamp the files below `root`; return the exit code."""
    project = root / "pyproject.toml"
    try:
        text = project.read_text(encoding="utf-8")
        address = None if arguments == ["--remove"] else choose(arguments, known_address(text))
    except Unpublished as failure:
        print(failure, file=sys.stderr)
        return 1
    release = Release(address, tomllib.loads(text)["project"]["version"]) if address else None
    write(project, stamp_project(text, address if can_be_opened(release) else None))  # a folder is no address to packagers
    write(root / "README.md", stamp_page((root / "README.md").read_text(encoding="utf-8"), release))
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        write(path, stamp_notebook(path.read_text(encoding="utf-8"), release, path.name))
    print(f"published at {address}: commit, then `git tag {release.tag}` and push both" if release else "published nowhere")
    return 0


def write(path: Path, text: str) -> None:
    if path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8", newline="\n")


def choose(arguments: list[str], known: str | None) -> str:
    """The address to publish at: the one given, else the known one.

    >>> choose(["git@github.com:ada/unrolled.git"], None)
    'https://github.com/ada/unrolled'
    """
    if len(arguments) > 1 or arguments[:1] and arguments[0].startswith("-"):
        raise Unpublished(f"publish takes one address, or --remove: given {' '.join(arguments)!r}.")
    given = arguments[0] if arguments else known
    if given is None:
        raise Unpublished(f"pyproject.toml knows no address yet: {EXPECTED}.")
    found = GITHUB.fullmatch(given)
    if found and found[2] not in (".", "..", ".git"):
        return f"https://github.com/{found[1]}/{found[2]}"
    if FOLDER.fullmatch(given):
        return given
    raise Unpublished(f"No badge can lead to {given!r}: {EXPECTED}.")


def known_address(project: str) -> str | None:
    address: str | None = tomllib.loads(project)["project"].get("urls", {}).get("Repository")
    return address


def stamp_project(text: str, address: str | None) -> str:
    """pyproject.toml with the address, in a table of its own unless there is one for other addresses."""
    text = REPOSITORY.sub("", text)
    text = text.replace("[project.urls]\n\n", "")
    if address is None:
        return text
    line = f'Repository = "{address}"\n'
    if "[project.urls]\n" in text:
        return text.replace("[project.urls]\n", "[project.urls]\n" + line)
    return text.replace("[project.optional-dependencies]\n", f"[project.urls]\n{line}\n[project.optional-dependencies]\n")


def stamp_page(text: str, release: Release | None) -> str:
    """The README with badges for the first notebook beneath its title."""
    text = BADGES.sub("", text)
    marks = badges(release, "00_start_here.ipynb", lambda name: f"docs/badges/{name}.svg")
    return text.replace("\n\n", f"\n\n{marks}\n\n", 1) if marks else text


def stamp_notebook(text: str, release: Release | None, name: str) -> str:
    """A notebook's file with badges in its first cell of prose and the lines in its first cell of code. No cell is added, so
    the stored numbers of the cells stay right."""
    notebook = json.loads(text)
    first = {cell["cell_type"]: cell for cell in reversed(notebook["cells"])}
    prose, code = first["markdown"], first["code"]
    marks = badges(release, name, picture)
    rewrite(prose, lambda source: BADGES_AT_END.sub("", source) + (f"\n\n{marks}" if marks else ""))
    lines = LINES.format(**release._asdict()) if release else ""
    rewrite(code, lambda source: lines + BOOTSTRAP.sub("", source))
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def rewrite(cell: dict[str, Any], change: Callable[[str], str]) -> None:
    cell["source"] = change("".join(cell["source"])).splitlines(keepends=True)


def picture(name: str) -> str:
    svg = (ROOT / "docs" / "badges" / f"{name}.svg").read_text(encoding="utf-8").strip()
    return "data:image/svg+xml," + re.sub(r"[^A-Za-z0-9/=:.,-]", lambda found: f"%{ord(found[0]):02X}", svg)


def can_be_opened(release: Release | None) -> bool:
    """Whether hosted services can open the release: they read from GitHub alone."""
    return release is not None and urlsplit(release.address).netloc == "github.com"


def badges(release: Release | None, name: str, image: Callable[[str], str]) -> str:
    """Markdown: three pictures, each a link that opens the notebook; empty where no service could."""
    if release is None or not can_be_opened(release):
        return ""
    path = urlsplit(release.address).path
    folder = path.rsplit("/", 1)[1]
    pull = {"repo": release.address, "branch": BRANCH, "urlpath": f"lab/tree/{folder}/notebooks/{name}"}
    links = {
        "colab": ("Open in Colab", f"https://colab.research.google.com/github{path}/blob/{release.tag}/notebooks/{name}"),
        "binder": (
            "Open in Binder",
            f"https://mybinder.org/v2/gh{path}/{release.tag}?" + urlencode({"urlpath": f"lab/tree/notebooks/{name}"}),
        ),
        # Which hub is yours is for you to say: this page asks, and makes the link that you can hand to a class.
        "nbgitpuller": ("Open in a JupyterHub", f"https://nbgitpuller.readthedocs.io/en/latest/link.html?{urlencode(pull)}"),
    }
    lines = [f"[![{text}]({image(service)})]({target})" for service, (text, target) in links.items()]
    return "\n".join(["<!-- published -->", *lines, "<!-- /published -->"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
