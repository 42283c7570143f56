"""From an exception to what is wrong and how to mend it; once switched on, beneath every traceback of a notebook."""

import sys
import warnings
from types import SimpleNamespace
from typing import Any

from .calls import Step, find_call, live_steps, steps_of
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
    """
    if isinstance(error, warnings.WarningMessage):
        error = error.message
    steps = steps_of(getattr(error, "__traceback__", None))
    if isinstance(error, Warning):
        return explain_warning(str(error), find_call(steps))
    explanation = _explain(error, steps) if isinstance(error, KINDS) else None
    beneath = getattr(error, "__cause__", None)
    return explanation if explanation or beneath is None else explain_error(beneath)


def _explain(error: BaseException, steps: list[Step]) -> Explanation | None:
    returned = explain_returned(error, steps)
    if returned is not None:
        return returned
    call = find_call(steps, str(error))
    if call is None:
        return explain_backward(steps, str(error))
    return next(filter(None, (check(call) for check in CHECKS[call.kind])), None)


# What is switched on now, what stood there before, and the last error that was looked at.
_running = SimpleNamespace(shell=None, showwarning=None, seen=None)


def explain_errors(on: bool = True) -> None:
    """Show an explanation beneath the traceback of every such error, and beneath such warnings, from now on.

    >>> explain_errors()
    explain_errors works in a notebook or in IPython; elsewhere call explain_error(error) where you catch one.

    Nothing else changes: the traceback stays torch's own, and an error still stops the notebook.

    Parameters
    ----------
    on : False switches it off
    """
    shell = _shell()
    if shell is None:
        print(
            "explain_errors works in a notebook or in IPython; elsewhere call explain_error(error) where you catch one."
        )
        return
    if _running.shell is not None:
        _running.shell.events.unregister("post_run_cell", _after_cell)
        if warnings.showwarning is _show_warning:
            warnings.showwarning = _running.showwarning
        _running.shell = _running.seen = None
    if on:
        # After a cell its error is still at hand, traceback and all. So neither the traceback nor another handler of
        # exceptions is touched.
        shell.events.register("post_run_cell", _after_cell)
        _running.shell, _running.showwarning, _running.seen = shell, warnings.showwarning, _last_error()
        warnings.showwarning = _show_warning


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _last_error() -> BaseException | None:
    """The error whose traceback was shown last, by Python's own book-keeping."""
    return getattr(sys, "last_value", None)


def _after_cell(result: Any) -> None:
    error, last = result.error_in_exec, _last_error()
    if error is None and last is not _running.seen:
        error = last  # `%run script.py` shows a traceback, and then ends as if nothing had been
    _running.seen = last
    if error is not None:
        _show(lambda: explain_error(error))


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    _running.showwarning(message, category, filename, lineno, file, line)
    if _running.shell is not None and file is None:
        # A warning has no traceback, but the lines that caused it are still running.
        steps = [s for s in live_steps(sys._getframe(1)) if s.frame.f_code.co_filename != warnings.__file__]
        _show(lambda: explain_warning(str(message), find_call(steps)))


def _show(explain: Any) -> None:
    """Show an explanation if there is one. A mistake of ours must never stand between a learner and the traceback."""
    from IPython.display import display

    try:
        explanation = explain()
        if explanation is None:
            return
        shown = {"text/plain": repr(explanation), "text/html": explanation._repr_html_()}
    except Exception:
        return
    display(shown, raw=True)
