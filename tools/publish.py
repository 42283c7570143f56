"""Say in every notebook and in the README where the course is published: what `python start.py publish` does.

    python start.py publish https://github.com/<owner>/<name>    at a new address, or instead of an older one
    python start.py publish                                      once more at the same address, after an edit
    python start.py publish --remove                             nowhere: every file is again what it was before

The address is kept in one place, pyproject.toml: `[project.urls]`. From it each notebook gets badges, which open it in
Colab, in Binder or in a JupyterHub (by nbgitpuller), and some lines at the top of its first code cell, which install the
helpers wherever they are missing; the README gets the badges too. An address may also be a folder of this computer that
holds the repository (file:///...): for a trial, with the lines and without the badges, kept nowhere else.
"""

import json
import re
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).resolve().parent.parent
BRANCH = "main"
EXPECTED = "expected a public repository such as https://github.com/<owner>/<name>, which is what Colab and Binder open"

GITHUB = re.compile(r"(?:https://github\.com/|git@github\.com:)([A-Za-z0-9](?:-?[A-Za-z0-9])*)/([A-Za-z0-9._-]+?)(?:\.git)?/?")
FOLDER = re.compile(r"file:///[^\s\"'\\]+")

# What is stamped, so that it can be found again. A badge's picture travels in the notebook, which may be read without network.
BADGES = re.compile(r"<!-- published -->\n.*?<!-- /published -->\n\n", re.DOTALL)
BADGES_AT_END = re.compile(r"\n\n<!-- published -->\n.*?<!-- /published -->", re.DOTALL)
BOOTSTRAP = re.compile(r"\A# Published: .*?\n\n", re.DOTALL)
REPOSITORY = re.compile(r'^Repository = "(.*)"\n', re.MULTILINE)

# torch is named as pip knows it: what is 2.14.1 to pip may call itself torch.__version__ == "2.14.1+cu130".
LINES = """\
# Published: a kernel that lacks the course's helpers, such as Colab's, fetches them.
import importlib.metadata, importlib.util, subprocess, sys
if not importlib.util.find_spec("helpers"):
    course = "git+{address}@{branch}"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input"]
    wanted = [course, f"torch=={{importlib.metadata.version('torch')}}"]  # torch stays as it is
    if subprocess.run(pip + wanted, capture_output=True).returncode:
        raise SystemExit("The course's helpers could not be fetched: no network, torch before 2.9, "
                         f"or nothing at that address. What pip says: %pip install {{course}}")

"""


class Unpublished(Exception):
    """One sentence: why nothing was written."""


def main(arguments, root=ROOT):
    """Stamp the files below `root`; return the exit code."""
    project = root / "pyproject.toml"
    try:
        text = project.read_text(encoding="utf-8")
        address = None if arguments == ["--remove"] else choose(arguments, known_address(text))
    except Unpublished as failure:
        print(failure, file=sys.stderr)
        return 1
    write(project, stamp_project(text, address if badges(address, "", str) else None))  # a folder is no address to packagers
    write(root / "README.md", stamp_page((root / "README.md").read_text(encoding="utf-8"), address))
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        write(path, stamp_notebook(path.read_text(encoding="utf-8"), address, path.name))
    print(f"published at {address}" if address else "published nowhere")
    return 0


def write(path, text):
    if path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8", newline="\n")


def choose(arguments, known):
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


def known_address(project):
    return tomllib.loads(project)["project"].get("urls", {}).get("Repository")


def stamp_project(text, address):
    """pyproject.toml with the address, in a table of its own unless there is one for other addresses."""
    text = REPOSITORY.sub("", text)
    text = text.replace("[project.urls]\n\n", "")
    if address is None:
        return text
    line = f'Repository = "{address}"\n'
    if "[project.urls]\n" in text:
        return text.replace("[project.urls]\n", "[project.urls]\n" + line)
    return text.replace("[project.optional-dependencies]\n", f"[project.urls]\n{line}\n[project.optional-dependencies]\n")


def stamp_page(text, address):
    """The README with badges for the first notebook beneath its title."""
    text = BADGES.sub("", text)
    marks = badges(address, "00_start_here.ipynb", lambda name: f"docs/badges/{name}.svg")
    return text.replace("\n\n", f"\n\n{marks}\n\n", 1) if marks else text


def stamp_notebook(text, address, name):
    """A notebook's file with badges in its first cell of prose and the lines in its first cell of code, and no new cell:
    the numbers of the cells, which are stored with their outputs, stay right."""
    notebook = json.loads(text)
    first = {cell["cell_type"]: cell for cell in reversed(notebook["cells"])}
    prose, code = first["markdown"], first["code"]
    marks = badges(address, name, picture)
    rewrite(prose, lambda source: BADGES_AT_END.sub("", source) + (f"\n\n{marks}" if marks else ""))
    lines = LINES.format(address=address, branch=BRANCH) if address else ""
    rewrite(code, lambda source: lines + BOOTSTRAP.sub("", source))
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def rewrite(cell, change):
    cell["source"] = change("".join(cell["source"])).splitlines(keepends=True)


def picture(name):
    svg = (ROOT / "docs" / "badges" / f"{name}.svg").read_text(encoding="utf-8").strip()
    return "data:image/svg+xml," + re.sub(r"[^A-Za-z0-9/=:.,-]", lambda found: f"%{ord(found[0]):02X}", svg)


def badges(address, name, image):
    """Markdown: three pictures, each a link that opens the notebook; empty where no service could."""
    parts = urlsplit(address or "")
    if parts.netloc != "github.com":
        return ""
    folder = parts.path.rsplit("/", 1)[1]
    pull = {"repo": address, "branch": BRANCH, "urlpath": f"lab/tree/{folder}/notebooks/{name}"}
    links = {
        "colab": ("Open in Colab", f"https://colab.research.google.com/github{parts.path}/blob/{BRANCH}/notebooks/{name}"),
        "binder": (
            "Open in Binder",
            f"https://mybinder.org/v2/gh{parts.path}/{BRANCH}?" + urlencode({"urlpath": f"lab/tree/notebooks/{name}"}),
        ),
        # Which hub is yours is for you to say: this page asks, and makes the link that you can hand to a class.
        "nbgitpuller": ("Open in a JupyterHub", f"https://nbgitpuller.readthedocs.io/en/latest/link.html?{urlencode(pull)}"),
    }
    lines = [f"[![{text}]({image(service)})]({target})" for service, (text, target) in links.items()]
    return "\n".join(["<!-- published -->", *lines, "<!-- /published -->"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
