"""Predict first, then check: the question a learner answers before running on."""

import math
import re
from collections.abc import Sequence
from html import escape
from typing import Any

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
    answer = _bare(answer)
    right = _told(answer)

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
    controls = {"guess": words("your answer", hint=_example(answer)), "reveal": switch("show the answer")}
    return Explorer(f"predict: {question}", controls, verdict, [view], still, heading)


def is_right(guess: str, answer: Any) -> bool:
    """Whether a typed guess means the answer, however it is spelled.

    >>> [is_right(g, (5, 2, 4)) for g in ("(5, 2, 4)", "5x2x4", "torch.Size([5, 2, 4])", "(L=5, N=2, H=4)", "5, 4, 2")]
    [True, True, True, True, False]
    >>> is_right("Yes!", True), is_right("0.333", 1 / 3), is_right("Tanh ", "tanh"), is_right("20 numbers", 20)
    (True, True, True, True)
    """
    typed = guess.strip().rstrip(".!?").casefold()
    if isinstance(answer, bool):
        return typed in (("yes", "y", "true") if answer else ("no", "n", "false"))
    if isinstance(answer, str):
        return typed.strip("'\"") == answer.casefold()
    if isinstance(answer, float) and typed.count(",") == 1 and "." not in typed:
        typed = typed.replace(",", ".")  # 0,5 is a half, too
    numbers = _numbers(typed)
    expected = list(answer) if isinstance(answer, Sequence) else [answer]
    if not numbers:  # no number is the answer only where the answer has none, as the shape ()
        return not expected and not re.sub(r"[()\[\]\s]|torch\.size", "", typed)
    return len(numbers) == len(expected) and all(map(_close, numbers, expected))


def _close(typed: float, answer: float) -> bool:
    """Whole numbers exactly, others to the three digits that are asked for."""
    return typed == answer if isinstance(answer, int) else math.isclose(typed, answer, rel_tol=1e-3, abs_tol=5e-4)


def _bare(answer: Any) -> Any:
    """A number or list of Python's own, also where torch or NumPy gave one."""
    return answer.tolist() if hasattr(answer, "tolist") else answer


def _numbers(typed: str) -> list[float]:
    """The numbers in what was typed, whatever stands around them: brackets, crosses, names of axes, units.

    >>> _numbers("torch.Size([4, 7])"), _numbers("(h_out=4, h_in=7)"), _numbers("row 3")
    ([4.0, 7.0], [4.0, 7.0], [3.0])
    """
    # Letters and what follows them within a name (h_n, l0, conv2d) belong to the name, not to the answer.
    bare = re.sub(r"(?<![\d.])[^\W\d]\w*", " ", typed.replace("x", " ").replace("×", " ").replace("−", "-"))
    return [float(number) for number in re.findall(r"-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?", bare)]


def _told(answer: Any) -> str:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if isinstance(answer, (int, str)):
        return str(answer)
    if isinstance(answer, float):
        return f"{answer:.3f}"
    numbers = isinstance(answer, Sequence) and not isinstance(answer, bytes)
    if numbers and all(isinstance(part, (int, float)) for part in answer):
        return "(" + ", ".join(map(_told, answer)) + ("," if len(answer) == 1 else "") + ")"
    raise TypeError(f"answer: given {type(answer).__name__}, expected a number, a shape, a bool or a word")


def _example(answer: Any) -> str:
    if isinstance(answer, bool):
        return "yes or no"
    return "a word" if isinstance(answer, str) else "a number" if isinstance(answer, (int, float)) else "as (5, 2, 4)"
