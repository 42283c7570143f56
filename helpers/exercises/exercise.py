"""What an exercise is: a question, the right answer as torch computes it, typical wrong answers, and hints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from .cases import Case

Function = Callable[..., Any]
Arguments = tuple[Any, ...]


class Network(Protocol):
    """What the exercises use of an nn.RNN; the calls of a Module itself have no types.

    A packed batch gives a packed output, but no exercise uses one.
    """

    input_size: int
    hidden_size: int
    num_layers: int
    bidirectional: bool
    batch_first: bool

    def __call__(self, x: Tensor | PackedSequence, h: Tensor | None = None, /) -> tuple[Tensor, Tensor]: ...

    def to(self, dtype: torch.dtype, /) -> "Network": ...

    def state_dict(self) -> dict[str, Tensor]: ...


Layer = Callable[[Tensor], Tensor]  # what the exercises use of an nn.Linear


def call(function: Function, *arguments: Any) -> Any:
    """The usual way to use an answer: call it."""
    return function(*arguments)


@dataclass(frozen=True)
class Predict:
    """A question whose answer the learner predicts: a shape, a number, a word, or yes or no.

    >>> Predict("99.1", "What is 2 + 3?", lambda: 5, {6: "That is 2 * 3."}, ("Count on your fingers.",)).kind
    'predict'

    Parameters
    ----------
    truth : runs torch and returns the answer, so that the answer is never written down
    wrong : typical wrong answers, each with the hint that fits it
    hints : for any wrong answer; one more is shown after each
    axes  : the names of the answer's axes, where it is a shape
    about : what each axis is: the first wrong one is explained where the answer is no typical one
    """

    number: str
    question: str
    truth: Callable[[], Any]
    wrong: Mapping[Any, str]
    hints: Sequence[str]
    axes: Sequence[str] = ()
    about: Sequence[str] = ()

    @property
    def kind(self) -> str:
        return "predict a shape" if len(self.axes) > 1 else "predict"  # with one axis it is a list of numbers, as batch_sizes


@dataclass(frozen=True, eq=False)  # each is itself alone, so that what it gives can be kept
class Write:
    """A function that the learner writes, or whose bug the learner fixes; it is called with random sizes and compared with torch.

    >>> Write("99.2", "Double x.", "double(x)", lambda case: (case.tensor(3),), lambda x: 2 * x, [], ()).kind
    'write the lines'

    Parameters
    ----------
    signature : the function's name and parameters
    make      : makes the arguments of one call from a Case, one for each parameter
    truth     : a function that does the same with torch
    also      : other functions whose results are right too
    wrong     : typical wrong functions, each with the hint that fits it
    hints     : for any wrong function; one more is shown after each
    axes      : the names of the result's axes
    bug       : the function with the bug, as it is in the notebook
    use       : what to do with a function and its arguments, where a single call would not show the mistake
    mutates   : whether the function may change its arguments, as a training step must
    """

    number: str
    question: str
    signature: str
    make: Callable[[Case], Arguments]
    truth: Function
    wrong: Sequence[tuple[Function, str]]
    hints: Sequence[str]
    axes: Sequence[str] = ()
    bug: Function | None = None
    use: Function = field(default=call)
    mutates: bool = False
    also: Sequence[Function] = ()

    @property
    def kind(self) -> str:
        return "find the bug" if self.bug else "write the lines"


Exercise = Predict | Write
