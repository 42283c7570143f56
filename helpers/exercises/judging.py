"""From an exercise and an answer to a finding: whether it is right, what differs, and which typical mistake it is."""

import dis
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

import torch
from torch import nn

from .answers import means, plain, told
from .cases import CASES, Case
from .differences import difference, same, shape_difference, with_article
from .exercise import Exercise, Predict, Write
from .sandbox import SECONDS, Outcome, OutOfTime, attempt, undisturbed


@dataclass(frozen=True)
class Finding:
    """Whether an answer is right (None: there is none yet), what is said of it, the hint that fits, a note.

    >>> Finding(True, "4 is right.").right
    True
    """

    right: bool | None
    said: str
    fitting: str = ""
    note: str = ""


def judge(exercise: Exercise, answer: Any) -> Finding:
    """Judge an answer; nothing the learner's code does comes out of here.

    >>> two = Predict("99.1", "What is 1 + 1?", lambda: 2, {11: "Add, do not append."}, ())
    >>> judge(two, 11)
    Finding(right=False, said='11 is not it.', fitting='Add, do not append.', note='')
    >>> judge(two, ...).said
    'What is 1 + 1?'
    """
    if answer is ... or unanswered(exercise, answer):
        return Finding(None, exercise.question)
    with undisturbed():  # torch's own networks draw their weights, too
        return _prediction(exercise, answer) if isinstance(exercise, Predict) else _function(exercise, answer)


def unanswered(exercise: Exercise, answer: Any) -> bool:
    """Whether a function is still as the notebook gives it: nothing but `...`, or the bug untouched.

    >>> two = Predict("99.1", "", None, {}, ())
    >>> unanswered(two, lambda x: ...), unanswered(two, lambda x: 2)
    (True, False)
    """
    if not is_written(answer):
        return False
    steps = what_it_does(answer)
    if isinstance(exercise, Write) and exercise.bug and steps == what_it_does(exercise.bug):
        return True
    return all(name in NOTHING and value in (None, ...) for name, value in steps)


def is_written(answer: Any) -> bool:
    """Whether an answer is a function written in Python, whose steps can be looked at.

    >>> is_written(lambda x: x), is_written(len), is_written(5)
    (True, False, False)
    """
    return isinstance(answer, (FunctionType, MethodType)) and isinstance(getattr(answer, "__code__", None), CodeType)


# What the function `def f(): ...` is made of, in whichever version of Python.
NOTHING = {"RESUME", "LOAD_CONST", "LOAD_COMMON_CONSTANT", "RETURN_CONST", "RETURN_VALUE"}
# Python compiles a call differently where it sees the import of the module that is called; that is no other function.
ALIKE = {"LOAD_METHOD": "LOAD_ATTR"}
IGNORED = {"CACHE", "NOP", "PRECALL", "PUSH_NULL"}
COUNTED = ("LOAD_CONST", "RETURN_CONST", "LOAD_SMALL_INT", "BINARY_OP")  # whose number matters; elsewhere it is a place


def what_it_does(function: Any) -> list[tuple[str, Any]]:
    """The steps of a function, with the names and constants in them: the same wherever and however often it is written.

    >>> what_it_does(lambda x: x + 1) == what_it_does(lambda x: x + 1) != what_it_does(lambda x: x + 2)
    True
    """
    return _steps(function.__code__)


def _steps(code: CodeType) -> list[tuple[str, Any]]:
    found = []
    for step in dis.get_instructions(code):
        if step.opname not in IGNORED:
            value = step.argval if not isinstance(step.argval, int) or step.opname in COUNTED else None
            value = _steps(value) if isinstance(value, CodeType) else value
            found.append((ALIKE.get(step.opname, step.opname), value))
    return found


def _prediction(exercise: Predict, answer: Any) -> Finding:
    truth, given = plain(exercise.truth()), _readable(answer)
    wanted = "a shape, such as (5, 2, 4)" if isinstance(truth, tuple) else f"a {_kind(truth)}"
    if given is None:
        its = ": its .shape is what is asked" if isinstance(answer, torch.Tensor) else ""
        return Finding(False, f"given {_named(answer)}, expected {wanted}{its}.")
    if means(given, truth):
        return Finding(True, f"{told(truth)} is what torch gives.")
    fitting = next((hint for wrong, hint in exercise.wrong.items() if means(given, wrong)), "")
    if isinstance(truth, tuple) and isinstance(given, tuple) and all(isinstance(size, int) for size in given):
        return Finding(False, shape_difference(given, truth, exercise.axes), fitting)
    return Finding(False, f"{_short(given)} is not it.", fitting)


def _readable(answer: Any) -> Any:
    """Numbers, shapes and texts as Python's own; None for whatever no such answer can be."""
    if isinstance(answer, torch.Tensor) and (answer.dim() > 1 or answer.is_meta):
        return None
    try:
        given = _within_reach(plain(answer))
    except Exception:  # an object with a tolist of its own
        return None
    flat = given if isinstance(given, tuple) else (given,)
    return given if len(flat) < 20 and all(isinstance(part, (bool, int, float, str)) for part in flat) else None


def _within_reach(given: Any) -> Any:
    """Whole numbers that no tensor could count as infinite: Python refuses to print them, or to compare them with others."""
    if isinstance(given, tuple):
        return tuple(map(_within_reach, given))
    too_large = isinstance(given, int) and given.bit_length() > 63
    return given if not too_large else math.inf if given > 0 else -math.inf


def _function(exercise: Write, answer: Any) -> Finding:
    if not callable(answer):
        return Finding(False, f"given {_named(answer)}, expected the function {exercise.signature} itself.")
    # torch goes first: what it loads late must not be counted as the learner's time.
    expected = [_tried(exercise, exercise.truth, number)[0] for number in range(CASES)]
    outcome = attempt(lambda: [_tried(exercise, answer, number) for number in range(CASES)])
    note = _note(outcome)
    if isinstance(outcome.error, OutOfTime):
        return Finding(False, f"it was still running after {SECONDS:.0f} seconds.", "Does each loop end?", note)
    if outcome.error is not None:
        return Finding(False, f"it ended with {_told_error(outcome.error)}", note=note)
    results = outcome.value
    if any(result is ... for result, _ in results):
        return Finding(None, exercise.question)
    off = [number for number in range(CASES) if not _agrees(results[number][0], expected[number])]
    if off:
        what = _what_differs(results[off[0]][0], expected[off[0]], exercise)
        return Finding(False, f"for {Case(off[0]).sizes}, {what}", _fitting(exercise, results), note)
    changed = next((changed for _, changed in results if changed), "")
    if changed:
        return Finding(False, f"the result is right, but {changed} was changed on the way.", "Work on a copy of it.", note)
    return Finding(True, f"as torch, for {CASES} random sizes.", note=note)


class _Unwritten(BaseException):
    """The function gives back `...`: it is not finished."""


def _tried(exercise: Write, function: Callable, number: int) -> tuple[Any, str]:
    """What the function gives in one case, or the error it raises; and which argument it has changed."""
    arguments, untouched = exercise.make(Case(number)), exercise.make(Case(number))

    def listened(*given: Any) -> Any:
        if (result := function(*given)) is ...:
            raise _Unwritten  # whatever `use` would have made of it
        return result

    try:
        result = exercise.use(listened, *arguments)
    except _Unwritten:
        return ..., ""
    except Exception as error:
        return error, ""
    names = exercise.signature.partition("(")[2].rstrip(")").split(", ")
    changed = [name for name, now, then in zip(names, arguments, untouched) if not _unchanged(now, then)]
    return _kept(result), "" if exercise.changes or not changed else changed[0]


def _kept(result: Any) -> Any:
    """The result as it is now: a view of an argument could still be written to."""
    return result.detach().clone() if isinstance(result, torch.Tensor) else result


def _unchanged(now: Any, then: Any) -> bool:
    if isinstance(now, nn.Module):
        now, then = list(now.state_dict().values()), list(then.state_dict().values())
    if isinstance(now, list):
        return len(now) == len(then) and all(map(_unchanged, now, then))
    if isinstance(now, torch.Tensor):
        return now.dtype == then.dtype and torch.equal(now, then)
    return now == then


def _agrees(result: Any, expected: Any) -> bool:
    if isinstance(result, Exception) or isinstance(expected, Exception):
        return type(result) is type(expected) and result.args == expected.args
    return same(result, expected)


def _what_differs(result: Any, expected: Any, exercise: Write) -> str:
    if isinstance(result, Exception):
        return f"it raised {_told_error(result)}"
    return difference(result, expected, exercise.axes)


def _fitting(exercise: Write, results: list) -> str:
    """The hint of the typical mistake that gives just these results."""

    def matches(wrong: Callable) -> bool:
        return all(_agrees(result, _tried(exercise, wrong, number)[0]) for number, (result, _) in enumerate(results))

    return next((hint for wrong, hint in exercise.wrong if attempt(partial(matches, wrong)).value), "")


def _note(outcome: Outcome) -> str:
    notes = []
    if outcome.printed:
        notes.append(f"It printed {outcome.printed} lines; call it yourself to see them.")
    if outcome.seeded:
        notes.append("It set or drew global random numbers; they were put back.")
    return " ".join(notes)


def _told_error(error: BaseException) -> str:
    try:
        first = (str(error).strip().splitlines() or [""])[0]
    except Exception:  # an error whose own text fails
        first = ""
    return f"{type(error).__name__}" + (f": {first[:160].rstrip('.')}." if first else ".")


def _kind(truth: Any) -> str:
    return "yes or no" if isinstance(truth, bool) else "word" if isinstance(truth, str) else "number"


def _named(answer: Any) -> str:
    return "None" if answer is None else with_article(type(answer).__name__)


def _short(given: Any) -> str:
    text = str(given)
    return text if len(text) <= 40 else text[:37] + "..."
