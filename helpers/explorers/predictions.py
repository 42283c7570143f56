"""Predict first, then check: the question that a learner answers before running the next cell."""

from collections.abc import Sequence
from html import escape
from typing import Any

from ..exercises.answers import as_python, example, format_answer, is_right
from ..exercises.guesses import ask_back, what_differs
from ..rnn.shapes import Shape
from ..wording import capitalised
from .live import Explorer, checkbox, textbox


def predict(question: str, answer: Any) -> Explorer:
    """Ask a question; a typed answer is checked at once, and the right one stays hidden until the learner wants it.

    >>> asked = predict("What is 2 + 3?", 5)
    >>> asked.controls["guess"].value = "5"
    >>> "Right" in asked.html[0]
    True

    Parameters
    ----------
    question : one sentence
    answer   : a number, a shape (any sequence of numbers), a yes or no (bool) or a word. It is best computed by the cell
               itself, so that it can't be wrong. Integers are compared exactly, other numbers to three digits.

    Raises
    ------
    ValueError : the question is empty.
    TypeError : the answer is none of these.
    """
    if not isinstance(question, str) or not question.strip():
        raise ValueError(f"question: given {question!r}, expected a sentence")
    axes = answer.names if isinstance(answer, Shape) else ()
    answer = as_python(answer)
    right = format_answer(answer)

    def judge(guess: str, reveal: bool) -> str:
        if guess.strip():
            good = is_right(guess, answer)
            said = f"✓ Right: {right}" if good else react(guess, answer, axes)
            return said if good or not reveal else f"{said} The answer is {right}"
        return f"The answer is {right}" if reveal else ""

    def static_html(said: str) -> str:
        asked = f"<summary><b>Predict:</b> {escape(question)}</summary>"
        return f"<details>{asked}<p>The answer is <b>{escape(right)}</b></p></details>"

    heading = f"<b>Predict:</b> {escape(question)}"
    controls = {"guess": textbox("your answer", hint=example(answer)), "reveal": checkbox("show the answer")}
    return Explorer(f"predict: {question}", controls, judge, [feedback], static_html, heading, page={})


def react(guess: str, answer: Any, axes: Sequence[str] = ()) -> str:
    """What is said about a guess that is not right: what is asked for, or what differs.

    >>> react("maybe", True), react("7", 5), react("(5, 4)", (5, 2))
    ('Yes or no, please.', 'Not yet: your number is too large.', 'Not yet: axis 1 is not 4; the other is right.')
    """
    if asked := ask_back(guess, answer):
        return capitalised(asked)
    differs = what_differs(guess, answer, axes)
    return f"Not yet: {differs}" if differs else "Not yet."


def feedback(said: str) -> str:
    """The lines below an answer. Its paragraph has room for two of them while it is empty, so the page does not jump.

    >>> feedback("Right")
    '<p style="margin:0;line-height:150%"><b>Right</b></p>'
    """
    return f'<p style="margin:0;line-height:150%"><b>{escape(said)}</b></p>'
