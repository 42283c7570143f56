"""The quiz about shapes in a notebook, with as many questions as a learner wants."""

from dataclasses import dataclass
from html import escape

from ..exercises.answers import example, format_answer, is_right
from ..exercises.questions import Question
from ..exercises.quiz import Quiz
from .live import Explorer, checkbox, full_width, slider, textbox
from .predictions import feedback


def explore_quiz(seed: int | None = None) -> Explorer:
    """Endless questions about shapes: they get harder, torch computes the answers, and a score says what to read again.

    >>> quiz = explore_quiz(seed=0)
    >>> quiz.controls["guess"].value = str(quiz.state.question.answer)
    >>> "Right" in quiz.html[1], quiz.html[2]
    (True, '1 of 1 right, level 1 of 6<br/>1 of 1 output and h_n')

    Parameters
    ----------
    seed : with a seed, the questions are the same each time; with None they differ

    The slider moves to the next question. Each question counts once: as right when the right answer is typed, as wrong when
    the answer was shown before, or when a wrong answer was left. In a terminal: `python start.py quiz`.
    """
    controls = {
        "question": slider("question", 1, 1, 100),
        "guess": textbox("your answer", hint=example(())),
        "reveal": checkbox("show the answer"),
    }
    game = _Game(Quiz(seed))

    def compute(question: int, guess: str, reveal: bool) -> _QuizState:
        if question != game.number:
            # Each of these two lines calls this function again. While the number is the old one, that counts no new answer.
            controls["guess"].value = guess = ""
            controls["reveal"].value = reveal = False
            game.leave_for(question)
        return game.answer(guess, reveal)

    views = [_question, _feedback, _score]
    return Explorer("shape quiz", controls, compute, views, _static_question)


@dataclass
class _QuizState:
    question: Question
    sentence: str
    report: list[str]


class _Game:
    """A quiz, the number of the question that is asked, and the answer that was typed last."""

    def __init__(self, quiz: Quiz) -> None:
        self.quiz, self.number, self.typed = quiz, 1, ""

    def leave_for(self, number: int) -> None:
        if self.typed:
            self.quiz.count(self.number, right=False)  # a right answer was counted before, and only the first one counts
        self.number, self.typed = number, ""

    def answer(self, guess: str, reveal: bool) -> _QuizState:
        self.typed, asked = guess.strip(), self.quiz.question(self.number)
        right = bool(self.typed) and is_right(guess, asked.answer)
        if right or reveal:
            self.quiz.count(self.number, right and not reveal)
        sentence = "✓ Right" if right else "✗ Not yet" if self.typed else ""
        return _QuizState(
            asked, f"{sentence} The answer is {format_answer(asked.answer)}".strip() if reveal else sentence, self.quiz.report()
        )


@full_width
def _question(state: _QuizState) -> str:
    question = state.question
    heading = f"<b>Level {question.level}: {escape(question.topic.name)}</b>"
    return f'{heading}<pre style="white-space:pre-wrap;margin:4px 0">{escape(question.text)}</pre>'


@full_width
def _feedback(state: _QuizState) -> str:
    return feedback(state.sentence)


@full_width
def _score(state: _QuizState) -> str:
    return "<br/>".join(map(escape, state.report))


def _static_question(state: _QuizState) -> str:
    answer = f"<details><summary>the answer</summary>{format_answer(state.question.answer)}</details>"
    return f"{_question(state)}{answer}<p>Run this notebook for more; they get harder.</p>"
