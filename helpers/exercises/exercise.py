"""What an exercise is: a question, the truth as torch gives it, typical wrong answers, and hints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .cases import Case


def call(function: Callable, *arguments: Any) -> Any:
    """The usual way to use an answer: call it."""
    return function(*arguments)


@dataclass(frozen=True)
class Predict:
    """A shape, number, word, or yes or no to be told beforehand.

    >>> Predict("99.1", "What is 2 + 3?", lambda: 5, {6: "That is 2 * 3."}, ("Use your fingers.",)).kind
    'predict'

    Parameters
    ----------
    truth : runs torch, and returns the answer; nobody writes it down
    wrong : typical wrong answers, each with the hint that fits it
    hints : for any wrong answer, one more at each try
    axes  : the names of the answer's axes, where it is a shape
    """

    number: str
    question: str
    truth: Callable[[], Any]
    wrong: Mapping[Any, str]
    hints: Sequence[str]
    axes: Sequence[str] = ()

    @property
    def kind(self) -> str:
        return "predict a shape" if len(self.axes) > 1 else "predict"  # one axis: a row of numbers, as batch_sizes


@dataclass(frozen=True)
class Write:
    """A function to be written, or one with a bug to be mended; tried on random sizes beside torch.

    Parameters
    ----------
    signature : what the function is called, and with what
    make      : from a Case to the arguments of one call
    truth     : a function that does it with torch
    wrong     : typical wrong functions, each with the hint that fits it
    hints     : for any wrong function, one more at each try
    axes      : the names of the result's axes
    bug       : the function as it stands in the notebook, where its bug is to be found
    use       : how a function is used on the arguments, where one call would not tell
    changes   : whether it may change its arguments, as training must
    """

    number: str
    question: str
    signature: str
    make: Callable[[Case], tuple]
    truth: Callable
    wrong: Sequence[tuple[Callable, str]]
    hints: Sequence[str]
    axes: Sequence[str] = ()
    bug: Callable | None = None
    use: Callable = field(default=call)
    changes: bool = False

    @property
    def kind(self) -> str:
        return "find the bug" if self.bug else "write the lines"


Exercise = Predict | Write
