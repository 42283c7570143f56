"""The house keeps its order: who may import whom, who alone may import what is slow, and that every name explains itself."""

import ast
import doctest
import fnmatch
import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import helpers

FOLDER = Path(helpers.__file__).parent
PACKAGES = sorted(".".join(path.parent.relative_to(FOLDER).parts) for path in FOLDER.glob("*/**/__init__.py"))
MODULES = sorted(
    ".".join(path.relative_to(FOLDER).with_suffix("").parts)
    for folder in ("", *PACKAGES)
    for path in (FOLDER / folder.replace(".", "/")).glob("*.py")
    if path.stem != "__init__"
)
ROOT = FOLDER.parent
# The table in CONTRIBUTING.md gives the order of the modules; a row such as `exercises/e??_*` is several modules.
TABLE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("\n## helpers")[2].partition("\n## ")[0]
ROWS = [
    name.replace("/", ".") for names in re.findall(r"^\| (`.*?) \|", TABLE, re.MULTILINE) for name in re.findall("`(.+?)`", names)
]
ORDER = [module for row in ROWS for module in fnmatch.filter(MODULES, row)]
ONLY_IMPORTER = {"ipywidgets": "explorers.live", "matplotlib": "pictures.plots", "torchnlp": "words.glove"}
SLOW = ("torch", "matplotlib", "ipywidgets", "torchnlp", "helpers.words.sentences")  # torch brings tqdm itself


def parse(module):
    return ast.parse((FOLDER / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))


def imported(tree, module="colours"):
    """Every module that the code of helpers' `module` imports, also inside functions; our own as `helpers.x.y`.

    What stands under `if TYPE_CHECKING:` never runs, so it imports nothing.
    """
    found, waiting, here = set(), [tree], ["helpers", *module.split(".")]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = ".".join([*here[: -node.level], *filter(None, [node.module])]) if node.level else node.module
            # `from ..rnn import shapes` and `from helpers import trace` name a module or a public name
            inside = origin == "helpers" or origin.removeprefix("helpers.") in PACKAGES
            found |= {_home(origin, alias.name) for alias in node.names} if inside else {origin}
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)
    return found


def _home(package, name):
    return f"helpers.{helpers.PUBLIC[name]}" if name in helpers.PUBLIC else f"{package}.{name}"


def tops(module):
    return {name.partition(".")[0] for name in imported(parse(module), module)}


def test_imports_are_found_wherever_they_stand():
    code = """
from .shapes import Shape
from ..pictures import svg
from ..colours import H
if TYPE_CHECKING:
    import torchnlp
def f():
    from helpers import trace
    import matplotlib.pyplot as plt
"""
    ours = {"helpers.rnn.shapes", "helpers.pictures.svg", "helpers.colours", "helpers.rnn.traces"}
    assert imported(ast.parse(code), "rnn.traces") == ours | {"matplotlib.pyplot"}


def test_every_module_on_disk_has_its_place_in_the_order():
    assert sorted(ORDER) == MODULES and all(fnmatch.filter(MODULES, row) for row in ROWS)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_above(module):
    above = {f"helpers.{name}" for name in ORDER[: ORDER.index(module)]}
    ours = {name for name in imported(parse(module), module) if name.partition(".")[0] == "helpers"}
    assert ours <= above


def test_two_things_never_share_a_name():
    homes = {}
    for module in MODULES:
        for node in parse(module).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(module)
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


@pytest.mark.parametrize("package", ONLY_IMPORTER)
def test_one_module_alone_imports(package):
    assert [module for module in MODULES if package in tops(module)] == [ONLY_IMPORTER[package]]


def loaded_by(code):
    """Which of the slow packages a fresh Python has loaded after `code`."""
    report = f"import sys; print(*[name for name in {SLOW} if name in sys.modules])"
    run = [sys.executable, "-c", f"{code}\n{report}"]
    done = subprocess.run(run, capture_output=True, text=True, cwd=FOLDER.parent, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_helpers_alone_imports_nothing_slow():
    assert loaded_by("import helpers") == set()


def test_a_picture_and_an_explorer_of_networks_need_neither_matplotlib_nor_words():
    code = """
import torch
from helpers import draw_unrolled, explore_constructor, trace
draw_unrolled(trace(torch.nn.RNN(3, 4), torch.ones(5, 2, 3)))
explore_constructor()
"""
    assert loaded_by(code) == {"torch", "ipywidgets"}


@pytest.mark.parametrize("name, module", helpers.PUBLIC.items())
def test_a_public_name_explains_itself(name, module):
    assert name in dir(helpers)
    thing = getattr(helpers, name)
    assert thing is getattr(import_module(f"helpers.{module}"), name)
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(thing) or "")
    assert any(example.want for example in examples), f"{name}: its docstring has no example with a result"


def test_an_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(AttributeError, match="no attribute 'draw_rolled'.*draw_unrolled"):
        _ = helpers.draw_rolled


@pytest.mark.parametrize("module", ["__init__", *(f"{package}.__init__" for package in PACKAGES), *MODULES])
def test_a_module_stays_readable_and_says_what_it_is(module):
    tree = parse(module)
    assert ast.get_docstring(tree)
    assert max((node.end_lineno for node in tree.body), default=0) <= 350
