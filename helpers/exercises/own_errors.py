"""The error that a learner's own code raised, in one sentence."""

from linecache import getline
from traceback import walk_tb
from typing import Any

from ..wording import shorten
from .syntax import code_that_runs


def describe_error(error: BaseException, answer: Any) -> str:
    """The error that a learner's function raised, and its own line where it did so.

    >>> describe_error(ValueError("no word is left."), lambda x: x)
    'it raised ValueError: no word is left.'
    """
    try:
        first = (str(error).strip().splitlines() or [""])[0]
    except Exception:  # an error whose own text fails
        first = ""
    said = f": {shorten(first, 130).rstrip('.')}" if first else ""
    return f"it raised {type(error).__name__}{said}.{own_line(error, answer)}"


def own_line(error: BaseException, answer: Any) -> str:
    """The last line of the learner's own file or cell that the error came through; empty where there is none.

    >>> own_line(ValueError(), len)
    ''
    """
    code, own = code_that_runs(answer), None
    for frame, number in walk_tb(error.__traceback__):
        if code and frame.f_code.co_filename == code.co_filename:
            own = number
    if code is None or own is None:
        return ""
    line = shorten(getline(code.co_filename, own).strip(), 60)
    return f" Your line: {line}" if line else f" It is in your line {own}."
