"""From an exception to what is wrong and how to mend it: which rules are asked, in which order."""

import reprlib
import warnings
from types import FrameType

from .calls import find_call
from .code import Step, live_steps, steps_of
from .explanations import Explanation
from .rules.backward import explain_backward
from .rules.calling import check_device, check_kind, check_signature, check_steps, check_type
from .rules.inputs import check_axes, check_size
from .rules.lengths import check_batch_sizes, check_lengths, check_padded, check_unpad
from .rules.making import check_made, check_making
from .rules.padding import check_by_hand, check_options, check_packed, check_sequences
from .rules.returned import explain_returned
from .rules.state_sizes import check_state_device, check_state_shape, check_state_type
from .rules.states import check_state_axes, check_state_kind
from .rules.warned import explain_warning

# In the order in which torch looks, so that the first rule that is broken is the one torch complained about.
CHECKS = {
    "forward": [
        check_signature,
        check_kind,
        check_made,
        check_axes,
        check_state_kind,
        check_state_axes,
        check_type,
        check_size,
        check_batch_sizes,
        check_state_shape,
        check_device,
        check_state_device,
        check_state_type,
        check_steps,
    ],
    "make": [check_making],
    "pack": [
        check_by_hand,
        check_packed,
        check_batch_sizes,
        check_sequences,
        check_options,
        check_padded,
        check_lengths,
        check_unpad,
    ],
}
KINDS = (RuntimeError, ValueError, TypeError, AttributeError, IndexError, AssertionError)


def explain_error(error: BaseException | warnings.WarningMessage) -> Explanation | None:
    """Say what a caught error of a recurrent network means, and which line of code mends it.

    >>> import torch
    >>> from torch import nn
    >>> rnn, x = nn.RNN(3, 4), torch.zeros(5, 2, 7)
    >>> try:
    ...     rnn(x)
    ... except RuntimeError as error:
    ...     print(explain_error(error))
    The last axis of the input is H_in: as many features as the network's input_size, 3.
      given     input (L=5, N=2, H_in=7)
      expected  input (L, N, H_in=3)
      cause     The data have 7 features at each step, the network was made for 3.
      mend      rnn = nn.RNN(7, 4)
      where     Where the network is made

    Parameters
    ----------
    error : an exception as it was caught, with its traceback; or a warning, as `warnings.catch_warnings(record=True)`
            keeps it. Of `raise ... from error` the error beneath is looked at, too

    Returns
    -------
    Explanation : if an nn.RNN, LSTM, GRU, RNNCell, LSTMCell or GRUCell raised it (called or made), or a function of
        torch.nn.utils.rnn, or a backward() through one of them, or whatever was given all that such a network
        returns, (output, h_n), in the place of one tensor; else None

    Nothing is run or changed. What is wrong is read from the arguments themselves, found in the traceback; texts of
    messages serve only where the arguments do not tell, since they change between versions of torch.

    Raises
    ------
    TypeError : error is no exception, but its text, say, or its class.
    """
    if isinstance(error, warnings.WarningMessage):
        error = error.message
    if not isinstance(error, BaseException):
        given = reprlib.repr(error)
        raise TypeError(f"error: given {given}, expected an exception as it was caught, as in `except RuntimeError as error`")
    looked_at: list[BaseException] = []
    while error is not None and not any(error is other for other in looked_at):  # `raise error from error` goes in a circle
        explanation = _explain_one(error)
        if explanation is not None:
            return explanation
        looked_at.append(error)
        error = error.__cause__
    return None


def _explain_one(error: BaseException) -> Explanation | None:
    steps = steps_of(error.__traceback__)
    if isinstance(error, Warning):
        return explain_warning(str(error), find_call(steps))
    return _explain(error, steps) if isinstance(error, KINDS) else None


def explain_running(warning: Warning | str, frame: FrameType) -> Explanation | None:
    """A warning has no traceback, but the lines that caused it are still running."""
    steps = [step for step in live_steps(frame) if step.frame.f_code.co_filename != warnings.__file__]
    return explain_warning(str(warning), find_call(steps))


def _explain(error: BaseException, steps: list[Step]) -> Explanation | None:
    returned = explain_returned(error, steps)
    if returned is not None:
        return returned
    call = find_call(steps, str(error))
    if call is None:
        return explain_backward(steps, str(error))
    return next(filter(None, (check(call) for check in CHECKS[call.kind])), None)
