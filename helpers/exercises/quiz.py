"""The quiz: shape questions that get harder, a score for each topic, and what to read again; `python start.py quiz` plays it."""

import io
import sys
from collections.abc import Callable
from itertools import count
from random import Random

from ..wording import capitalised
from .answers import format_answer, is_right, plain, read_numbers
from .guesses import ask_back, what_differs
from .questions import LEVELS, TOPICS, Question, ask

INSTRUCTIONS = """Predict the shapes that torch gives. Type what belongs in place of the ?, such as (5, 2, 4) or 5 2 4.
You have two tries for each question, and the second one counts half. Type "show" to see the answer, "help" to read
this again, or "q" to end the quiz and see your score."""


class Quiz:
    """One game: two right answers in a row raise the level, a wrong answer lowers it; the second try counts half.

    >>> quiz = Quiz(seed=0)
    >>> quiz.question(1).level
    1
    >>> for number in (1, 2):
    ...     quiz.count(number, points=1)
    >>> quiz.level, quiz.question(3).level
    (2, 2)

    Parameters
    ----------
    seed : the same seed and answers give the same questions; None: different ones each time
    """

    def __init__(self, seed: int | None = None) -> None:
        self._seed = Random().random() if seed is None else seed
        self._questions: dict[int, Question] = {}
        self.counted: dict[int, float] = {}
        self._tries: dict[int, set[str | tuple[float, ...]]] = {}  # the different wrong answers to each question
        self.level, self._streak = 1, 0

    def question(self, number: int) -> Question:
        """The question with this number; a new one has the current level, and differs from all others."""
        if number not in self._questions:
            rng, asked = Random(f"{self._seed} {number}"), {question.text for question in self._questions.values()}
            fresh = (ask(self.level, rng) for _ in count())
            self._questions[number] = next(question for question in fresh if question.text not in asked)
        return self._questions[number]

    def answer(self, number: int, typed: str) -> tuple[bool, str]:
        """Judge what was typed: whether the question is done, and what is said. What is no such answer is no try.

        >>> quiz = Quiz(seed=0)
        >>> quiz.answer(1, "what?")[0], quiz.counted
        (False, {})
        >>> quiz.answer(1, str(quiz.question(1).answer))[0], quiz.counted
        (True, {1: 1})
        """
        question = self.question(number)
        tries = self._tries.setdefault(number, set())
        if is_right(typed, question.answer):
            self.count(number, points=0.5 if tries else 1)
            return True, f"✓ Right. {question.why}"
        if typed.casefold().strip("\"'?") in ("help", "h"):
            return False, f"{capitalised(ask_back('?', question.answer))} You can {reading_advice(question.topic.name)}."
        if asked := ask_back(typed, question.answer):
            return False, capitalised(asked)
        tries.add(tuple(read_numbers(typed, question.answer)) or plain(typed))  # the same answer again is no second try
        if len(tries) == 1 and number not in self.counted:
            return False, f"✗ Not yet: {what_differs(typed, question.answer)} The second try counts half."
        return True, f"✗ {self.show(number)}"

    def show(self, number: int) -> str:
        """The answer with its reason; from now on the question counts as wrong, unless it was counted before."""
        self.count(number, points=0)
        question = self.question(number)
        return f"It is {format_answer(question.answer)}. {question.why}"

    def leave(self, number: int) -> None:
        """Go on to another question: this one counts as wrong only if a wrong answer was given."""
        if self._tries.get(number):
            self.count(number, points=0)

    def count(self, number: int, points: float) -> None:
        """Count a question, once: 1 point for the first try, 0.5 for the second, 0 for a wrong answer."""
        if number in self.counted:
            return
        self.counted[number] = points
        self._streak = self._streak + 1 if points == 1 else 0
        if not points:
            self.level = max(1, self.level - 1)
        elif self._streak and self._streak % 2 == 0:
            self.level = min(LEVELS, self.level + 1)

    def report(self) -> list[str]:
        """The score of each topic, the weakest first; and what to read again where fewer than 4 of 5 answers were right.

        >>> Quiz(seed=0).report()
        ['No question is answered yet.']
        """
        if not self.counted:
            return ["No question is answered yet."]
        score: dict[str, list[float]] = {}
        for number, points in self.counted.items():
            score.setdefault(self._questions[number].topic.name, []).append(points)
        lines = [f"{sum(self.counted.values()):g} of {len(self.counted)} right, level {self.level} of {LEVELS}"]
        for name, answers in sorted(score.items(), key=lambda topic: sum(topic[1]) / len(topic[1])):
            advice = f" {capitalised(reading_advice(name))}." if sum(answers) < 0.8 * len(answers) else ""
            lines.append(f"{name}: {sum(answers):g} of {len(answers)} right.{advice}")
        return lines


def reading_advice(topic: str) -> str:
    """What to read again about a topic.

    >>> reading_advice("one sequence, no batch")
    'read again in notebook 03, "One sequence, no batch: (L, H_in)"'
    """
    return f'read again in notebook {TOPICS[topic].notebook}, "{TOPICS[topic].section}"'


def play(quiz: Quiz, read: Callable[[str], str] = input) -> None:
    """Play in a terminal until `q`, Ctrl-C or the end of the input, and print the score.

    >>> play(Quiz(seed=0), read=lambda prompt: "q")
    Predict the shapes that torch gives...
    No question is answered yet.
    """
    print(INSTRUCTIONS)
    try:
        for number in count(1):
            question = quiz.question(number)
            print(f"\nQuestion {number}, level {question.level}: {question.topic.name}\n")
            print("    " + question.text.replace("\n", "\n    "))
            if not _ask_until_done(quiz, number, read):
                break
    except (EOFError, KeyboardInterrupt):
        print()
    print("\n" + "\n".join(quiz.report()))


def _ask_until_done(quiz: Quiz, number: int, read: Callable[[str], str]) -> bool:
    """Read answers until the question is done; False if the game should end."""
    done = False
    while not done:
        typed = read("\n> ").strip()
        word = typed.casefold().strip("\"'?")
        if word in ("q", "quit", "exit"):
            return False
        if word in ("help", "h"):
            said = INSTRUCTIONS
        elif not typed:
            said = 'Type a shape, or "show" to see the answer.'
        elif word == "show":
            done, said = True, quiz.show(number)
        else:
            done, said = quiz.answer(number, typed)
        print(said)
    if quiz.counted[number] < 1:
        print(f"You can {reading_advice(quiz.question(number).topic.name)}.")
    return True


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal may be unable to show ✓ and ✗
    if len(sys.argv) > 2 or not all(word.isdecimal() for word in sys.argv[1:]):
        sys.exit(f"quiz takes an integer, for the same questions each time, or nothing: given {' '.join(sys.argv[1:])!r}.")
    play(Quiz(int(sys.argv[1]) if sys.argv[1:] else None))
