"""What is said about a typed guess: right, what differs, or what is asked for, where it is no such answer."""

from collections.abc import Sequence
from typing import Any

from ..wording import plural
from .answers import UNITS, is_right, read_numbers, word, yes_or_no
from .differences import shape_difference


def ask_back(guess: str, answer: Any, offered: Sequence[str] = ()) -> str:
    """What is asked for, where the guess is of another kind, or none of the letters offered; empty where it is of the right kind.

    >>> ask_back("maybe", True), ask_back("a lot", 10), ask_back("the same", (5, 2)), ask_back("4, 2", (5, 2))
    ('yes or no, please.', 'a number in digits, please.', 'two numbers, please, as (7, 3).', '')
    >>> ask_back("e", "b"), ask_back("e", "b", offered="abc"), ask_back("C", "b", offered="abc")
    ('', 'a, b or c, please.', '')
    """
    if is_right(guess, answer):
        return ""
    if isinstance(answer, bool):
        return "yes or no, please." if yes_or_no(guess) is None else ""
    if isinstance(answer, str):
        letters = sum(map(str.isalpha, word(guess, answer)))
        if len(answer) == 1:  # one of the answers of a list
            fits = letters == 1 and (not offered or any(is_right(guess, letter) for letter in offered))
            return "" if fits else f"{', '.join(offered[:-1])} or {offered[-1]}, please." if offered else "a letter, please."
        return "" if letters else "a word, please."
    numbers = read_numbers(guess, answer)
    if isinstance(answer, Sequence):
        return "" if len(numbers) > 1 or len(numbers) == len(answer) else f"{_how_many(len(answer))}, please{_sample(answer)}."
    return "" if len(numbers) == 1 else "one number, please." if numbers else "a number in digits, please."


def what_differs(guess: str, answer: Any, axes: Sequence[str] = ()) -> str:
    """What is wrong with a guess of the right kind, and one hint where the mistake is a typical one; never the answer.

    >>> what_differs("(2, 5, 4)", (5, 2, 4), ("L", "N", "H_out"))
    'axis 0 (L) is not 2, axis 1 (N) is not 5; the other is right. These are the right sizes in another order.'
    >>> what_differs("7", 5), what_differs("(5, 4)", (5, 2, 4))
    ('your number is too large.', 'you give 2 numbers, and the shape has 3.')
    """
    if isinstance(answer, (bool, str)):
        return ""
    if not isinstance(answer, Sequence):
        return "" if is_right(guess, answer) else too_far(read_numbers(guess, answer), answer)
    sizes = [int(number) if number.is_integer() else number for number in read_numbers(guess, answer)]
    if len(sizes) == len(answer) and sizes == [*answer]:
        return ""
    return shape_difference(sizes, answer, axes)


def about_wrong_axis(sizes: Sequence[float], answer: Any, about: Sequence[str]) -> str:
    """What the first wrong axis of a shape is, where something is known about each; empty where there is no such axis.

    >>> about_wrong_axis((5, 3), (5, 2), ["Axis 0 is time.", "Axis 1 is the batch."])
    'Axis 1 is the batch.'
    """
    if not isinstance(answer, Sequence) or len(sizes) != len(answer):
        return ""
    return next((sentence for size, right, sentence in zip(sizes, answer, about) if size != right), "")


def too_far(given: Sequence[float], answer: float) -> str:
    """On which side of the answer a wrong number is.

    >>> too_far([7], 5), too_far([], 5)
    ('your number is too large.', '')
    """
    return f"your number is too {'large' if given[0] > answer else 'small'}." if len(given) == 1 else ""


def _how_many(count: int) -> str:
    words = ("no", *UNITS)
    return f"{words[count]} number{'s' * (count != 1)}" if count < len(words) else plural(count, "number")


def _sample(answer: Sequence[Any]) -> str:
    """Another shape of as many axes, without a number of the answer; of a longer list only its beginning."""
    count = len(answer)
    shown = ", ".join([str(size) for size in (7, 3, 9, 11, 12, 13) if size not in answer][: min(count, 3)])
    return f", as ({shown}{', ...' if count > 3 else ',' if count == 1 else ''})" if count else ", as ()"
