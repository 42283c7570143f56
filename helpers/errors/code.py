"""The learner's own code around an error: the frames of a traceback, the line in them, its names, calls and loops."""

import ast
import linecache
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

import torch

_TORCH = str(Path(torch.__file__).parent)
_PYTHON = sysconfig.get_paths()["stdlib"]


class Step(NamedTuple):
    """One frame on the way to the error, and where in its code it stood."""

    frame: FrameType
    line: int
    instruction: int

    @property
    def in_torch(self) -> bool:
        return self.frame.f_code.co_filename.startswith((_TORCH, "<frozen", "<__array_function__"))

    @property
    def owner(self) -> Any:
        return self.frame.f_locals.get("self")

    def runs(self, module: Any, *names: str) -> bool:
        """Whether this frame runs one of these functions of torch's file `module`."""
        code = self.frame.f_code
        return code.co_filename == module.__file__ and (not names or code.co_name in names)


@dataclass(frozen=True, eq=False)
class Code:
    """The learner's own line: its namespace and, where the source is at hand, the statement and the call in it."""

    names: dict[str, Any]
    file: str = ""
    statement: ast.stmt | None = None
    node: ast.expr | None = None  # the part of it that failed: a call, out.shape, out[-1]
    source: str = ""  # the whole file or cell
    parameters: tuple[str, ...] = ()  # what the function it stands in is given

    @property
    def call(self) -> ast.Call | None:
        return self.node if isinstance(self.node, ast.Call) else None

    @property
    def text(self) -> str:
        return self.segment(self.statement) if self.statement else ""

    def segment(self, node: ast.AST) -> str:
        return ast.get_source_segment(self.source, node) or ast.unparse(node)


def steps_of(traceback: TracebackType | None) -> list[Step]:
    """The frames of a traceback, outermost first."""
    steps = []
    while traceback is not None:
        steps.append(Step(traceback.tb_frame, traceback.tb_lineno, traceback.tb_lasti))
        traceback = traceback.tb_next
    return steps


def live_steps(frame: FrameType | None) -> list[Step]:
    """The frames that are running just now, outermost first: where a warning comes from."""
    steps = []
    while frame is not None:
        steps.append(Step(frame, frame.f_lineno, frame.f_lasti))
        frame = frame.f_back
    return steps[::-1]


def learners_step(steps: list[Step]) -> Step:
    """The deepest line that is the learner's, rather than a package's; the deepest of all if there is none."""
    files = ((step, step.frame.f_code.co_filename) for step in reversed(steps))
    return next((s for s, file in files if "site-packages" not in file and not file.startswith(_PYTHON)), steps[-1])


def code_at(step: Step) -> Code:
    names = {**step.frame.f_globals, **step.frame.f_locals}
    file = step.frame.f_code.co_filename
    source = "".join(linecache.getlines(file, step.frame.f_globals))
    tree = _parsed(source)
    if tree is None:
        return Code(names, file)
    place = _place(step.frame.f_code, step.instruction)
    statement = _statement(tree, step.line, place)
    parts = (n for n in ast.walk(statement) if isinstance(n, ast.expr)) if statement else ()
    node = next((n for n in parts if (n.lineno, n.end_lineno, n.col_offset, n.end_col_offset) == place), None)
    inside = step.frame.f_code
    given = inside.co_varnames[: inside.co_argcount + inside.co_kwonlyargcount]
    return Code(names, file, statement, node, source, given)


def code_of(steps: list[Step]) -> Code | None:
    """The learner's own line in these frames; None if all of them are torch's."""
    own = [step for step in steps if not step.in_torch]
    return code_at(learners_step(own)) if own else None


@lru_cache(maxsize=8)
def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source) if source.strip() else None
    except SyntaxError:
        return None


def _place(code: CodeType, instruction: int) -> tuple:
    """Where in the source an instruction stands, as ast counts: first line, last line, first column, last column."""
    places = list(code.co_positions())
    return places[instruction // 2] if 0 <= instruction // 2 < len(places) else (None,) * 4


def _statement(tree: ast.AST, line: int, place: tuple) -> ast.stmt | None:
    """The innermost statement around an instruction; around its line, if no more is known."""
    where = (line, 0) if place[2] is None else (place[0], place[2])
    around = [n for n in ast.walk(tree) if isinstance(n, ast.stmt) and n.lineno <= where[0] <= (n.end_lineno or 0)]
    nearer = [n for n in around if _start(n) <= where <= (n.end_lineno or 0, n.end_col_offset or 0)]
    return max(nearer or around, key=_start, default=None)


def _start(node: ast.stmt) -> tuple[int, int]:
    return (node.lineno, node.col_offset)


def value_of(node: ast.AST, code: Code) -> Any:
    """What a name in the learner's line stands for, plain or dotted; None for all else: nothing is run but the looking up."""
    if isinstance(node, ast.Name):
        return code.names.get(node.id)
    return getattr(value_of(node.value, code), node.attr, None) if isinstance(node, ast.Attribute) else None


def statements(code: Code) -> Iterator[ast.stmt]:
    """Every statement of the learner's file or cell."""
    tree = _parsed(code.source)
    return (node for node in ast.walk(tree) if isinstance(node, ast.stmt)) if tree else iter(())


def loops(code: Code) -> list[ast.stmt]:
    """The loops around the learner's line in its function, the innermost first: what stands in them is done again."""
    line = code.statement.lineno if code.statement else 0
    around = [s for s in statements(code) if s.lineno <= line <= (s.end_lineno or 0)]
    begins = max((s.lineno for s in around if isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef))), default=0)
    found = [s for s in around if isinstance(s, (ast.For, ast.While)) and s.lineno > begins]
    return sorted(found, key=lambda s: s.lineno, reverse=True)


def targets(statement: ast.AST) -> set[str]:
    """The names that a statement, or a block with all that is in it, gives a value to."""
    parts = (ast.Name, ast.Attribute, ast.Subscript)
    return {ast.unparse(n) for n in ast.walk(statement) if isinstance(n, parts) and isinstance(n.ctx, ast.Store)}
