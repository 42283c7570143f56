"""check(number, answer): the only function of the exercises that a learner calls."""

import re
from typing import Any

from . import (
    e00_start_here,
    e01_rnn_theory,
    e02_constructor_arguments,
    e03_input_and_h0_shapes,
    e04_single_step_and_sequence,
    e05_layers_and_directions,
    e06_sentences_as_vectors,
    e07_batches_of_sentences,
    e08_train_a_classifier,
    e09_gradients_through_time,
    e10_silent_mistakes_and_loud_errors,
    e11_where_the_time_goes,
    e12_a_network_that_writes,
    e13_gates,
)
from .exercise import Exercise
from .judging import judge
from .syntax import read_syntax
from .verdict import Verdict

NOTEBOOKS = (
    e00_start_here,
    e01_rnn_theory,
    e02_constructor_arguments,
    e03_input_and_h0_shapes,
    e04_single_step_and_sequence,
    e05_layers_and_directions,
    e06_sentences_as_vectors,
    e07_batches_of_sentences,
    e08_train_a_classifier,
    e09_gradients_through_time,
    e10_silent_mistakes_and_loud_errors,
    e11_where_the_time_goes,
    e12_a_network_that_writes,
    e13_gates,
)
EXERCISES: dict[str, Exercise] = {exercise.number: exercise for module in NOTEBOOKS for exercise in module.EXERCISES}
_wrong_answers: dict[str, list[str]] = {}  # for each exercise, the different wrong answers so far


def check(number: str, answer: Any) -> Verdict:
    """Check an answer to an exercise: the verdict says what differs, and has one more hint after each new wrong answer.

    >>> check("03.1", (32, 20, 64))
    03.1 ✓ Right: (32, 20, 64) is what torch gives.
    >>> check("02.2", ...)
    02.2 ○ Not answered yet: The same network. What is the shape of weight_ih_l1?

    Parameters
    ----------
    number : of the exercise, as in its notebook
    answer : a shape, number or word, written in any way; or a function, which is called with random sizes and compared
             with torch. Stop a function that never ends with the notebook's stop button: the verdict says which line it was in.

    The same answer always gets the same verdict, no matter how often the cell is run.

    Raises
    ------
    ValueError : there is no exercise with this number.
    """
    if not isinstance(number, str) or number not in EXERCISES:
        first, last = min(EXERCISES), max(EXERCISES)
        raise ValueError(f"number: given {number!r}, expected one from {first!r} to {last!r}, as in the notebook")
    exercise = EXERCISES[number]
    judgement = judge(exercise, answer)
    hints: list[str] = []
    if judgement.right is False and not judgement.complete:  # hints would be of another mistake than the learner's own error
        last_hint = f"The solution is in {solution_path(number)}."
        shown = _attempt_number(number, _fingerprint(answer, judgement.sentence))
        hints = list(dict.fromkeys(filter(None, [judgement.hint, *exercise.hints, last_hint])))[:shown]
    return Verdict(number, exercise.kind, judgement.right, judgement.sentence, hints, judgement.note)


def solution_path(number: str) -> str:
    """The path of the model solution of an exercise.

    >>> solution_path("03.1")
    'solutions/03_input_and_h0_shapes.py'
    """
    module = next(module for module in NOTEBOOKS if any(exercise.number == number for exercise in module.EXERCISES))
    return f"solutions/{module.__name__.rpartition('.e')[2]}.py"


def _attempt_number(number: str, fingerprint: str) -> int:
    """The position of this wrong answer among the different ones so far, from 1; a repeated one keeps its position."""
    known = _wrong_answers.setdefault(number, [])
    if fingerprint not in known:
        known.append(fingerprint)
    return known.index(fingerprint) + 1


def _fingerprint(answer: Any, sentence: str) -> str:
    """The same text for the same answer: a value as it prints, a function by what it gets wrong and by its syntax.

    Both, because the syntax can be unknown, and misses a change in what the function calls.
    """
    try:
        text = f"{sentence} {read_syntax(answer)}" if callable(answer) else repr(answer)[:1000]
    except Exception:  # an object whose own repr fails
        return type(answer).__name__
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)
