"""Predict first, then check: the question a learner answers before running on."""

from html import escape
from typing import Any

from ..exercises.answers import example, is_right, plain, told
from .live import Explorer, switch, words


def predict(question: str, answer: Any) -> Explorer:
    """Ask a question; a typed answer is checked at once, and the right one stays folded until it is wanted.

    >>> asked = predict("What is 2 + 3?", 5)
    >>> asked.controls["guess"].value = "5"
    >>> "Right" in asked.html[0]
    True

    Parameters
    ----------
    question : one sentence
    answer   : a number, a shape (any sequence of numbers), a yes or no (bool) or a word. Best computed by the cell
               itself, so that it can't be wrong. Whole numbers count exactly, others to three digits.

    Raises
    ------
    ValueError : the question is empty.
    TypeError : the answer is none of these.
    """
    if not isinstance(question, str) or not question.strip():
        raise ValueError(f"question: given {question!r}, expected a sentence")
    answer = plain(answer)
    right = told(answer)

    def verdict(guess: str, reveal: bool) -> str:
        if guess.strip():
            good = is_right(guess, answer)
            said = f"✓ Right: {right}" if good else "Not yet."
            return said if good or not reveal else f"{said} The answer is {right}"
        return f"The answer is {right}" if reveal else ""

    def view(said: str, old: str | None) -> str:
        return f'<p style="margin:0;min-height:1.4em"><b>{escape(said)}</b></p>'

    def still(said: str) -> str:
        asked = f"<summary><b>Predict:</b> {escape(question)}</summary>"
        return f"<details>{asked}<p>The answer is <b>{escape(right)}</b></p></details>"

    heading = f"<b>Predict:</b> {escape(question)}"
    controls = {"guess": words("your answer", hint=example(answer)), "reveal": switch("show the answer")}
    return Explorer(f"predict: {question}", controls, verdict, [view], still, heading)
