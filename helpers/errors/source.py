"""The learner's own code around an error: the frames of a traceback, the line in them, and what its names stand for."""

import ast
import dataclasses
import linecache
import sysconfig
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, islice
from pathlib import Path
from types import FrameType, ModuleType, TracebackType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

_TORCH = (str(Path(torch.__file__).parent), "<frozen", "<__array_function__")
_PACKAGES = (*_TORCH, sysconfig.get_paths()["stdlib"], str(Path(__file__).parents[1]))
COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)
WHOLES = (list, tuple, nn.ModuleList, nn.Sequential)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Frame(NamedTuple):
    """One frame on the way to the error, and where in its code it was."""

    frame: FrameType
    instruction: int
    file: str
    function: str
    owner: Any  # what `self` is there
    in_torch: bool
    in_a_package: bool


def steps_of(origin: TracebackType | FrameType | None) -> list[Frame]:
    """The frames of a traceback, or those that are running just now (a warning comes from them), outermost first."""
    steps, running, following = [], isinstance(origin, FrameType), origin
    while following is not None:
        if isinstance(following, TracebackType):
            frame, instruction, following = following.tb_frame, following.tb_lasti, following.tb_next
        else:
            frame, instruction, following = following, following.f_lasti, following.f_back
        file, owner = frame.f_code.co_filename, frame.f_locals.get("self")
        where = file.startswith(_TORCH), "-packages" in file or file.startswith(_PACKAGES)
        steps.append(Frame(frame, instruction, file, frame.f_code.co_name, owner, *where))
    return steps[::-1] if running else steps


@dataclass(frozen=True, eq=False)
class Line:
    """The learner's line: the values of its names and, where the source is at hand, its syntax tree."""

    names: dict[str, Any]  # the local names first
    source: str = ""  # the whole file or cell
    tree: ast.AST = field(default_factory=ast.Pass)
    statement: ast.stmt | None = None
    node: ast.expr | None = None  # the part of the statement that failed: a call, out.shape, out[-1]
    parameters: frozenset[str] = frozenset()  # of the function that the line is in

    @property
    def call(self) -> ast.Call | None:
        return self.node if isinstance(self.node, ast.Call) else None

    def text(self, node: ast.AST) -> str:
        return ast.get_source_segment(self.source, node) or ast.unparse(node)

    def around(self, node: ast.AST | None) -> list[ast.AST]:
        """What a node is inside of, the innermost first."""
        parents, found = parents_in(self.tree), []
        while node is not None and (node := parents.get(node)) is not None:
            found.append(node)
        return found

    def statement_of(self, node: ast.AST) -> ast.stmt | None:
        return next((n for n in (node, *self.around(node)) if isinstance(n, ast.stmt)), None)

    def assigned(self, target: ast.AST | str) -> list[ast.expr]:
        """What is assigned to a name of the line's own function, or to an attribute anywhere in the file, in that order."""
        code = target if isinstance(target, str) else ast.unparse(target)
        kept = [s for s in ast.walk(self.tree) if isinstance(s, ast.Assign) and code in map(ast.unparse, s.targets)]
        here = self.function_of(self.statement)
        kept = [s for s in kept if "." in code or self.function_of(s) is here]
        return [s.value for s in sorted(kept, key=lambda s: s.lineno)]

    def function_of(self, node: ast.AST | None) -> ast.AST | None:
        return next((outer for outer in self.around(node) if isinstance(outer, FUNCTIONS)), None)

    def loops(self) -> list[ast.For | ast.While]:
        """The loops around the line in its own function, the innermost first."""
        outer = self.around(self.statement)
        here = next((i for i, node in enumerate(outer) if isinstance(node, (*FUNCTIONS, ast.ClassDef))), len(outer))
        return [node for node in outer[:here] if isinstance(node, (ast.For, ast.While))]

    def given_again(self, node: ast.AST) -> bool:
        """Whether this may be another value next time: a parameter, an attribute, or a name that a loop around assigns."""
        kept = any(isinstance(part, ast.Attribute) for part in ast.walk(node))
        stored = {part for loop in self.loops() for part in stored_in(loop)}
        return kept or bool(names_in(node) & (stored | self.parameters))

    def has_none(self) -> bool:
        """Whether the file gives something the value None, if only as a default."""
        parents = parents_in(self.tree)
        none = [n for n in ast.walk(self.tree) if isinstance(n, ast.Constant) and n.value is None]
        return any(not isinstance(parents[n], (ast.Compare, ast.Call)) for n in none)

    def assigned_here(self, node: ast.AST) -> bool:
        """Whether the line gives a name in this part of it another value, for the next round of its loop."""
        looped = self.loops() and not isinstance(self.statement, (ast.For, ast.While))
        return bool(looped and self.statement and names_in(node) & stored_in(self.statement))

    def value(self, node: ast.AST | None) -> Any:
        """The value of a name in the line (plain, dotted or an item); None for all else. It runs no code of the learner."""
        if isinstance(node, ast.Name):
            rounds = [
                g for outer in self.around(node) for g in getattr(outer, "generators", ()) if node.id in stored_in(g.target)
            ]
            whole = self.value(rounds[0].iter) if rounds else None
            return next(iter(whole), None) if isinstance(whole, WHOLES) else self.names.get(node.id)
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Attribute):
            return attribute(self.value(node.value), node.attr)
        whole, key = (self.value(node.value), self.value(node.slice)) if isinstance(node, ast.Subscript) else (None, None)
        if isinstance(whole, (dict, nn.ModuleDict)):
            return dict(whole.items()).get(key) if isinstance(key, (str, int)) else None
        parts = [*whole] if isinstance(whole, WHOLES) else []
        return parts[key] if isinstance(key, int) and -len(parts) <= key < len(parts) else None

    def name_of(self, wanted: Any) -> str | None:
        """How the learner can write a module: its name, or its place in a named one; the name of a loop's round last."""
        rounds = {name for loop in self.loops() if isinstance(loop, ast.For) for name in stored_in(loop.target)}
        modules = {k: v for k, v in self.names.items() if is_module(v) and not k.startswith("_")}
        places = [(name, place, part) for name, whole in modules.items() for place, part in whole.named_modules()]
        for name, place, part in sorted(places, key=lambda found: (found[0] in rounds, bool(found[1]))):
            if part is wanted:
                return name + "".join(f"[{p}]" if p.isdigit() else f".{p}" for p in place.split(".") if p)
        return None

    def spell(self, full: str) -> str | None:
        """How to write this name of torch's with what was imported: "torch.nn.RNN" as "nn.RNN"; None if nothing was."""
        parts = full.split(".")
        values = [*accumulate(parts[1:], getattr, initial=torch)]
        for depth in reversed(range(len(parts))):
            for name, value in self.names.items():
                if value is values[depth] and not name.startswith("_"):
                    return ".".join([name, *parts[depth + 1 :]])
        return None


def is_module(value: Any) -> bool:
    return isinstance(value, nn.Module) and "_modules" in vars(value)


def attribute(owner: Any, name: str) -> Any:
    """An attribute that can be read without running a property of the learner's."""
    if isinstance(owner, Tensor):
        return getattr(owner, name, None) if name == "forward" else None
    if isinstance(owner, ModuleType) or isinstance(owner, tuple) and name in getattr(owner, "_fields", ()):
        return getattr(owner, name, None)
    kept = getattr(owner, "__dict__", {})
    for inside in (kept, *(kept[part] for part in ("_parameters", "_buffers", "_modules") if is_module(owner))):
        if name in inside:
            return inside[name]
    found = getattr(type(owner), name, None)
    return (found if isinstance(owner, type) else getattr(owner, name, None)) if callable(found) else None


def names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def stored_in(node: ast.AST) -> set[str]:
    """The names that a statement, or a block with all that is in it, gives a value to."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def line_of(steps: list[Frame]) -> Line:
    """The deepest line that is the learner's own; without any tree if all of them are a package's."""
    step = next((step for step in reversed(steps) if not step.in_a_package), None)
    return line_at(step) if step else Line({})


def line_at(step: Frame) -> Line:
    frame, code = step.frame, step.frame.f_code
    names = {**frame.f_locals, **{k: v for k, v in frame.f_globals.items() if k not in frame.f_locals}}
    source = "".join(linecache.getlines(step.file, frame.f_globals))
    tree = _parsed(source)
    if tree is None:
        return Line(names)
    place = next(islice(code.co_positions(), max(step.instruction, 0) // 2, None), None)
    parts = [n for n in ast.walk(tree) if isinstance(n, (ast.expr, ast.stmt))]
    there = [n for n in parts if (n.lineno, n.end_lineno, n.col_offset, n.end_col_offset) == place]
    node = next((n for n in there if isinstance(n, ast.expr)), None)
    parameters = frozenset(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    line = Line(names, source, tree, None, node, parameters)
    return dataclasses.replace(line, statement=line.statement_of(there[0])) if there else line


@lru_cache(maxsize=8)
def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source) if source.strip() else None
    except (SyntaxError, ValueError):
        return None


@lru_cache(maxsize=8)
def parents_in(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    return {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
