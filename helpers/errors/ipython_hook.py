"""Explanations beneath the tracebacks of a notebook, once they are switched on.

What explains is loaded with the first error: a notebook that has none does not wait for it.
"""

import sys
import warnings
from types import FrameType, SimpleNamespace
from typing import Any

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
        print("explain_errors works in a notebook or in IPython; elsewhere call explain_error(error) where you catch one.")
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
        _running.shell, _running.showwarning, _running.seen = shell, warnings.showwarning, getattr(sys, "last_value", None)
        warnings.showwarning = _show_warning


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _after_cell(result: Any) -> None:
    error, last = result.error_in_exec, getattr(sys, "last_value", None)  # whose traceback was shown last
    if error is None and last is not _running.seen:
        error = last  # `%run script.py` shows a traceback, and then ends as if nothing had been
    _running.seen = last
    if error is not None:
        _show(error)


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
) -> None:
    _running.showwarning(message, category, filename, lineno, file, line)
    if _running.shell is not None and file is None:
        _show(message, sys._getframe(1))


def _show(trouble: Any, running: FrameType | None = None) -> None:
    """Show an explanation if there is one. A mistake of ours must never hide the traceback from a learner."""
    try:
        from .explain import explain_error, explain_running

        explanation = explain_error(trouble) if running is None else explain_running(trouble, running)
        if explanation is None:
            return
        shown = {"text/plain": repr(explanation), "text/html": explanation._repr_html_()}
    except Exception:
        return
    from IPython.display import display

    display(shown, raw=True)
