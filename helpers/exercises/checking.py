"""check(number, answer): the one function of the exercises that a learner meets."""

import re
from typing import Any

from . import about_beginnings, about_layers, about_mistakes, about_sentences, about_shapes, about_training
from .exercise import Exercise
from .judging import is_written, judge, what_it_does
from .verdict import Verdict

GROUPS = (about_beginnings, about_shapes, about_layers, about_sentences, about_training, about_mistakes)
EXERCISES: dict[str, Exercise] = {exercise.number: exercise for group in GROUPS for exercise in group.EXERCISES}
TITLES = {
    "00": "start_here",
    "01": "rnn_theory",
    "02": "constructor_arguments",
    "03": "input_and_h0_shapes",
    "04": "single_step_and_sequence",
    "05": "layers_and_directions",
    "06": "sentences_as_vectors",
    "07": "batches_of_sentences",
    "08": "train_a_classifier",
    "09": "gradients_through_time",
    "10": "silent_mistakes_and_loud_errors",
    "11": "cpu_and_cuda",
}
_tries: dict[str, list[str]] = {}  # of each exercise the wrong answers so far, each once


def check(number: str, answer: Any) -> Verdict:
    """Is this the answer to an exercise? Said with what differs, and one more hint for each new wrong answer.

    >>> check("03.1", (32, 20, 64))
    03.1 ✓ Right: (32, 20, 64) is what torch gives.
    >>> check("02.2", ...)
    02.2 ○ Not answered yet: The same network. What is the shape of weight_ih_l1?

    Parameters
    ----------
    number : of the exercise, as in its notebook
    answer : a shape, number or word in any spelling; or a function, which is tried on random sizes beside torch

    The same answer gives the same verdict, however often the cell is run.

    Raises
    ------
    ValueError : there is no exercise of this number.
    """
    if not isinstance(number, str) or number not in EXERCISES:
        first, last = min(EXERCISES), max(EXERCISES)
        raise ValueError(f"number: given {number!r}, expected one from {first!r} to {last!r}, as in the notebook")
    exercise = EXERCISES[number]
    finding = judge(exercise, answer)
    hints: list[str] = []
    if finding.right is False:
        where = f"The solution is in {solution_path(number)}."
        earned = _which_try(number, answer)
        hints = list(dict.fromkeys(filter(None, [finding.fitting, *exercise.hints, where])))[:earned]
    return Verdict(number, exercise.kind, finding.right, finding.said, hints, finding.note)


def solution_path(number: str) -> str:
    """Where the model solution of an exercise stands.

    >>> solution_path("03.1")
    'solutions/03_input_and_h0_shapes.py'
    """
    return f"solutions/{number[:2]}_{TITLES[number[:2]]}.py"


def _which_try(number: str, answer: Any) -> int:
    """The place of this wrong answer among all so far, from 1; one that was given before keeps its place."""
    tries, mark = _tries.setdefault(number, []), _mark(answer)
    if mark not in tries:
        tries.append(mark)
    return tries.index(mark) + 1


def _mark(answer: Any) -> str:
    """What makes an answer another answer: its value, or what a function does."""
    if callable(answer):
        return repr(what_it_does(answer)) if is_written(answer) else type(answer).__name__
    try:
        return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(answer))[:1000]
    except Exception:  # an object whose repr fails
        return type(answer).__name__
