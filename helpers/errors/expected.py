"""An error that is made on purpose: first what it says and means, and the traceback folded below."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from traceback import walk_tb

from .explain import explain_error
from .explanations import Explanation


@dataclass(frozen=True)
class ExpectedError:
    """What is shown of an error: its message, the explanation if there is one, and the functions it came through."""

    message: str
    explanation: Explanation | None
    way: list[str]

    def __repr__(self) -> str:
        return "\n".join([self.message, *([repr(self.explanation)] if self.explanation else [])])

    def _repr_html_(self) -> str:
        message = f'<p style="font-family:monospace;margin:0 0 6px"><b>{escape(self.message)}</b></p>'
        explained = self.explanation._repr_html_() if self.explanation else ""
        way = "<br/>".join(map(escape, self.way))
        folded = f'<details style="margin:6px 0"><summary>where it came from</summary><p data-way="true">{way}</p></details>'
        return message + explained + folded * bool(self.way)


@contextmanager
def expect_error() -> Iterator[None]:
    """Show the error that the lines of the block raise, and let the notebook go on.

    >>> import torch
    >>> with expect_error():
    ...     torch.stack([torch.zeros(2), torch.zeros(3)])
    RuntimeError: stack expects each tensor to be equal size, but got [2] at entry 0 and [3] at entry 1
    >>> with expect_error():
    ...     torch.nn.RNN(7, 4)(torch.zeros(5, 2, 3))  # doctest: +ELLIPSIS
    RuntimeError: input.size(-1) must be equal to input_size. Expected 7, got 3
    The last axis of the input is H_in, the features of a time step: this network has input_size=7.
      given     input (L=5, N=2, H_in=3)
      ...
    >>> with expect_error():
    ...     output, h_n = torch.nn.RNN(3, 4)(torch.zeros(5, 2, 3))
    This time there was no error.

    The explanation of `explain_error` follows the message. Below it, the calls that the traceback lists are folded.
    """
    from IPython.display import display

    try:
        yield
    except Exception as error:
        frames = [frame for frame, _ in walk_tb(error.__traceback__)][1:]  # the first is this function
        way = [f"{frame.f_globals.get('__name__', '')}: {frame.f_code.co_name}" for frame in frames]
        inside = [step for step in way if not step.startswith("__main__")]
        display(ExpectedError(f"{type(error).__name__}: {error}", explain_error(error), inside))
    else:
        print("This time there was no error.")
