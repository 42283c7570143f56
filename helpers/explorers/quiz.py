"""Predict first, then check: the question a learner answers before running on; and questions without end."""

from dataclasses import dataclass
from html import escape
from typing import Any

from ..exercises.answers import example, is_right, plain, told
from ..exercises.questions import Question
from ..exercises.quiz import Quiz
from .live import Explorer, slider, switch, wide, words


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


def explore_quiz(seed: int | None = None) -> Explorer:
    """Questions about shapes without end: they get harder, torch knows the answers, and a score tells what to read again.

    >>> quiz = explore_quiz(seed=0)
    >>> quiz.controls["guess"].value = str(quiz.state.question.answer)
    >>> "Right" in quiz.html[1], quiz.html[2]
    (True, '1 of 1 right, level 1 of 6<br/>1 of 1 output and h_n')

    Parameters
    ----------
    seed : the same questions each time; None: others each time

    Move to the next question with the slider. A question counts once: as right when the answer is typed, as wrong when it
    was shown before, or left with a wrong one. Also in a terminal: `python start.py quiz`.
    """
    game = _Game(Quiz(seed))
    controls = {
        "question": slider("question", 1, 1, 100),
        "guess": words("your answer", hint=example(())),
        "reveal": switch("show the answer"),
    }
    game.clear = lambda: [setattr(controls[name], "value", value) for name, value in (("guess", ""), ("reveal", False))]
    return Explorer("shape quiz", controls, game.move, [_asked, _judged, _score], _still_question)


@dataclass
class _Turn:
    """What the views of the quiz look at."""

    question: Question
    said: str
    report: list[str]


class _Game:
    """A quiz moved by three controls: the number of the question, what is typed, and whether the answer is shown."""

    def __init__(self, quiz: Quiz) -> None:
        self.quiz, self.number, self.typed, self.clear = quiz, 1, "", list

    def move(self, question: int, guess: str, reveal: bool) -> _Turn:
        if question != self.number:
            if self.typed:
                self.quiz.count(self.number, right=False)  # left with a wrong answer; a right one is counted already
            self.number, guess, reveal = question, "", False
            self.clear()
        self.typed, asked = guess.strip(), self.quiz.question(question)
        right = bool(self.typed) and is_right(guess, asked.answer)
        if right or reveal:
            self.quiz.count(question, right and not reveal)
        said = "✓ Right" if right else "✗ Not yet" if self.typed else ""
        return _Turn(asked, f"{said} The answer is {told(asked.answer)}".strip() if reveal else said, self.quiz.report())


@wide
def _asked(turn: _Turn, old: _Turn | None) -> str:
    question = turn.question
    heading = f"<b>Level {question.level}: {escape(question.topic.name)}</b>"
    return f'{heading}<pre style="white-space:pre-wrap;margin:4px 0">{escape(question.text)}</pre>'


@wide
def _judged(turn: _Turn, old: _Turn | None) -> str:
    return f'<p style="margin:0;min-height:1.4em"><b>{escape(turn.said)}</b></p>'


@wide
def _score(turn: _Turn, old: _Turn | None) -> str:
    return "<br/>".join(map(escape, turn.report))


def _still_question(turn: _Turn) -> str:
    answer = f"<details><summary>the answer</summary>{told(turn.question.answer)}</details>"
    return f"{_asked(turn, None)}{answer}<p>Run this notebook for more; they get harder.</p>"
