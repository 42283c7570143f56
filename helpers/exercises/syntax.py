"""The syntax tree of a learner's function, without what does not change what it does, such as its name and its comments."""

import ast
import inspect
import warnings
from dataclasses import dataclass
from functools import lru_cache, partial
from types import CodeType, FunctionType, MethodType
from typing import Any

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class Syntax:
    """What a function's source says: its parameters and its statements.

    >>> read_syntax(lambda x: ...).is_blank
    True

    Parameters
    ----------
    text     : the tree as text, to be compared
    is_blank : whether nothing is written yet: the body is empty but for `...`, `pass`, a docstring or `return None`
    """

    text: str
    is_blank: bool


def read_syntax(function: object) -> Syntax | None:
    """The syntax of a function, or None where its source is unknown or in doubt, as with different lambdas on one line.

    >>> def doubled(x: float) -> float:
    ...     "The same function, although it has a name, a docstring and annotations."
    ...     return 2 * x  # and a comment
    >>> read_syntax(doubled) == read_syntax(lambda x: 2 * x)
    True
    >>> print(read_syntax(len), read_syntax(eval("lambda x: ...")))
    None None

    A decorator counts by what it returns: `__wrapped__` is not followed. An object counts by its `__call__`, and a
    `functools.partial` without arguments by its function.
    """
    code = code_that_runs(function)
    found = {_normalised(definition) for definition in _definitions(code)} if code else set()
    return found.pop() if len(found) == 1 else None


def code_that_runs(function: Any) -> CodeType | None:
    """The code that a call runs; None where it was not written in Python, or where arguments are already given.

    >>> code_that_runs(read_syntax).co_name, code_that_runs(len)
    ('read_syntax', None)
    """
    if isinstance(function, partial) and not function.args and not function.keywords:
        return code_that_runs(function.func)
    if not isinstance(function, (FunctionType, MethodType)):
        function = getattr(type(function), "__call__", None)  # noqa: B004  an object of a class with a method __call__
    function = function.__func__ if isinstance(function, MethodType) else function
    return function.__code__ if isinstance(function, FunctionType) else None


def _definitions(code: CodeType) -> list[Definition]:
    """Every definition that this code can come from: several lambdas may share a line."""
    try:
        lines, _ = inspect.findsource(code)  # all lines of the file or cell: those of a lambda alone may be no Python
        nodes = _definitions_in("".join(lines))
    except (OSError, SyntaxError, ValueError, IndexError, RecursionError):  # no source, or a file that has changed since
        return []
    return [node for node in nodes if _first_line(node) == code.co_firstlineno and _name(node) == code.co_name]


@lru_cache(maxsize=4)  # each exercise of a cell asks for the same source
def _definitions_in(source: str) -> list[Definition]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python has warned about this source when it first read it
        return [node for node in ast.walk(ast.parse(source)) if isinstance(node, Definition)]


def _first_line(node: Definition) -> int:
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _name(node: Definition) -> str:
    return "<lambda>" if isinstance(node, ast.Lambda) else node.name


def _normalised(node: Definition) -> Syntax:
    """Without name, decorators, annotations and docstring; a lambda reads as the function that returns its expression."""
    for argument in ast.walk(node.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    body = [ast.Return(node.body)] if isinstance(node, ast.Lambda) else _without_docstring(node.body)
    return Syntax("\n".join(map(ast.dump, [node.args, *body])), all(map(_does_nothing, body)))


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    return body[1:] if isinstance(first, ast.Expr) and _is_constant(first.value, str) else body


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.Return, ast.Expr)):
        return statement.value is None or _is_constant(statement.value, type(None), type(...))
    return isinstance(statement, ast.Pass)


def _is_constant(node: ast.expr, *types: type) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, types)
