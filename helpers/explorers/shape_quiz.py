"""The quiz about shapes in a notebook, with as many questions as a learner wants."""

from dataclasses import dataclass
from html import escape

from ..exercises.answers import format_answer, is_right
from ..exercises.questions import Question
from ..exercises.quiz import Quiz
from .live import Explorer, button, checkbox, full_width, textbox
from .predictions import feedback


def explore_quiz(seed: int | None = None) -> Explorer:
    """Endless questions about shapes: they get harder, torch computes the answers, and a score says what to read again.

    >>> quiz = explore_quiz(seed=0)
    >>> quiz.controls["guess"].value = str(quiz.state.question.answer)
    >>> "Right" in quiz.html[1], quiz.html[2]
    (True, '1 of 1 right, level 1 of 6<br/>output and h_n: 1 of 1 right.')

    Parameters
    ----------
    seed : with a seed, the questions are the same each time; with None they differ

    The answer is judged when Enter is pressed. The second try counts half; a question counts as wrong when both tries were
    wrong, when the answer was shown before, or when it was left after a wrong answer. A question that was left without an
    answer does not count. In a terminal: `python start.py quiz`.
    """
    controls = {
        "guess": textbox("your answer", hint="as (5, 2, 4), then Enter", on_enter=True),
        "reveal": checkbox("show the answer"),
        "forward": button("next question"),
    }
    game = _Game(Quiz(seed))

    def compute(guess: str, reveal: bool, forward: bool) -> _QuizState:
        if forward and not game.is_moving:
            game.is_moving = True  # each of these three calls this function again
            controls["guess"].value, controls["reveal"].value, controls["forward"].value = "", False, False
            game.go_on()
            guess, reveal = "", False
        return game.state(guess, reveal)

    return Explorer("shape quiz", controls, compute, [_feedback, _score], _static_question, page={}, above=[_question])


@dataclass
class _QuizState:
    question: Question
    sentence: str
    report: list[str]


class _Game:
    """A quiz, the number of the question that is asked, and what was said about the last answer to it."""

    def __init__(self, quiz: Quiz) -> None:
        self.quiz, self.number, self.is_moving = quiz, 1, False
        self.judged, self.sentence = "", ""

    def go_on(self) -> None:
        self.quiz.leave(self.number)
        self.number, self.is_moving = self.number + 1, False
        self.judged, self.sentence = "", ""

    def state(self, guess: str, reveal: bool) -> _QuizState:
        asked, typed = self.quiz.question(self.number), guess.strip()
        if typed != self.judged and not self.is_moving:  # once for each answer, also while other controls move
            self.judged, self.sentence = typed, self.quiz.answer(self.number, typed)[1] if typed else ""
        shown = reveal and not self.is_moving and not is_right(typed, asked.answer)
        return _QuizState(asked, self.quiz.show(self.number) if shown else self.sentence, self.quiz.report())


@full_width
def _question(state: _QuizState) -> str:
    question = state.question
    heading = f"<b>Level {question.level}: {escape(question.topic.name)}</b>"
    room = "clamp(10.5em,(600px - 100vw)*999,16.5em)"  # seven lines; on a phone they are wrapped
    return f'{heading}<pre style="white-space:pre-wrap;margin:4px 0;min-height:{room}">{escape(question.text)}</pre>'


@full_width
def _feedback(state: _QuizState) -> str:
    return feedback(state.sentence)


@full_width
def _score(state: _QuizState) -> str:
    return "<br/>".join(map(escape, state.report))


def _static_question(state: _QuizState) -> str:
    answer = f"<details><summary>the answer</summary>{format_answer(state.question.answer)}</details>"
    return f"{_question(state)}{answer}<p>Run this notebook for more; they get harder.</p>"
