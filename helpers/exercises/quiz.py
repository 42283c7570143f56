"""The quiz: shape questions that get harder, a score for each topic, and what to read again; `python start.py quiz` plays it."""

import io
import sys
from collections.abc import Callable
from itertools import count
from random import Random

from .answers import is_right
from .questions import LEVELS, TOPICS, Question, ask

INSTRUCTIONS = """Predict the shapes that torch gives. Type what belongs in place of the ?, such as (5, 2, 4) or 5 2 4.
Press Enter alone to see the answer, or type q to end the quiz and see your score."""


class Quiz:
    """One game: two right answers in a row raise the level, a wrong answer lowers it.

    >>> quiz = Quiz(seed=0)
    >>> quiz.question(1).level
    1
    >>> for number in (1, 2):
    ...     quiz.count(number, right=True)
    >>> quiz.level, quiz.question(3).level
    (2, 2)

    Parameters
    ----------
    seed : the same seed and answers give the same questions; None: different ones each time
    """

    def __init__(self, seed: int | None = None) -> None:
        self._seed = Random().random() if seed is None else seed
        self._questions: dict[int, Question] = {}
        self.counted: dict[int, bool] = {}
        self.level, self._streak = 1, 0

    def question(self, number: int) -> Question:
        """The question with this number; a new one has the current level, and differs from all others."""
        if number not in self._questions:
            rng, asked = Random(f"{self._seed} {number}"), {question.text for question in self._questions.values()}
            fresh = (ask(self.level, rng) for _ in count())
            self._questions[number] = next(question for question in fresh if question.text not in asked)
        return self._questions[number]

    def count(self, number: int, right: bool) -> None:
        """Count the answer to a question; only the first answer counts."""
        if number in self.counted:
            return
        self.counted[number] = right
        self._streak = self._streak + 1 if right else 0
        if not right:
            self.level = max(1, self.level - 1)
        elif self._streak % 2 == 0:
            self.level = min(LEVELS, self.level + 1)

    def report(self) -> list[str]:
        """The score of each topic, the weakest first; and what to read again where fewer than 4 of 5 answers were right.

        >>> Quiz(seed=0).report()
        ['No question is answered yet.']
        """
        if not self.counted:
            return ["No question is answered yet."]
        score: dict[str, list[bool]] = {}
        for number, right in self.counted.items():
            score.setdefault(self._questions[number].topic.name, []).append(right)
        lines = [f"{sum(self.counted.values())} of {len(self.counted)} right, level {self.level} of {LEVELS}"]
        for name, answers in sorted(score.items(), key=lambda topic: sum(topic[1]) / len(topic[1])):
            advice = f": {reading_advice(name)}" if sum(answers) < 0.8 * len(answers) else ""
            lines.append(f"{sum(answers)} of {len(answers)} {name}{advice}")
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
            typed = read("\n> ").strip()
            if typed.casefold() in ("q", "quit", "exit"):
                break
            right = is_right(typed, question.answer)
            quiz.count(number, right)
            print("✓ Right." if right else f"✗ It is {question.answer}; {reading_advice(question.topic.name)}.")
    except (EOFError, KeyboardInterrupt):
        print()
    print("\n" + "\n".join(quiz.report()))


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal may be unable to show ✓ and ✗
    if len(sys.argv) > 2 or not all(word.isdecimal() for word in sys.argv[1:]):
        sys.exit(f"quiz takes an integer, for the same questions each time, or nothing: given {' '.join(sys.argv[1:])!r}.")
    play(Quiz(int(sys.argv[1]) if sys.argv[1:] else None))
