"""Explanations in a notebook, once they are switched on: first what an error means, then the learner's own lines.

What explains is loaded with the first error: a notebook that has none does not wait for it.
"""

import linecache
import sys
import warnings
from collections.abc import Callable
from html import escape
from traceback import walk_tb
from types import FrameType, SimpleNamespace, TracebackType
from typing import Any

# What is switched on now, what stood there before, and the error whose explanation was shown last.
_running = SimpleNamespace(shell=None, showwarning=None, showtraceback=None, plain=None, explained=None)


def explain_errors(on: bool = True) -> None:
    """Show an explanation above the traceback of every such error, and beneath such warnings, from now on.

    >>> explain_errors()
    explain_errors works in a notebook or in IPython; elsewhere call explain_error(error) where you catch one.

    Of an error that is explained, the traceback shows your own lines; torch's are folded below. `%tb` shows all of them. An
    error still stops the notebook, and nothing else changes.

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
        if _running.shell._showtraceback is _running.showtraceback:
            _running.shell._showtraceback = _running.plain
        _running.shell = _running.showtraceback = None
    if on:
        shell.events.register("post_run_cell", _after_cell)
        _running.shell, _running.showwarning, _running.plain = shell, warnings.showwarning, shell._showtraceback
        warnings.showwarning = _show_warning
        # IPython shows each traceback through this method: also that of a script, or of a line that is timed.
        shell._showtraceback = _running.showtraceback = _explaining(shell, shell._showtraceback)


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _explaining(shell: Any, plain: Callable[..., None]) -> Callable[..., None]:
    """What shows a traceback in the place of `plain`."""

    def show_traceback(kind: type[BaseException], error: BaseException, lines: list[str]) -> None:
        # Somebody's %tb wants all of the traceback. Somebody else may still call this one when it is switched off.
        asked_again = error is _running.explained
        if shell is not _running.shell or asked_again or not _show(error):
            return plain(kind, error, lines)
        try:
            own = _own_lines(error)
            way = _folded_way(error, own)
            lines = shell.InteractiveTB.structured_traceback(kind, error, own, tb_offset=0) if own else lines
        except Exception:
            way = None
        plain(kind, error, lines)
        if way is not None:
            _display(way)

    return show_traceback


def _own_lines(error: BaseException) -> TracebackType | None:
    """The traceback with the learner's own frames alone."""
    from .source import steps_of

    parts, traceback, own = [], error.__traceback__, None
    for step in steps_of(traceback):
        assert traceback is not None  # a step for each part
        if not step.in_a_package:
            parts.append(traceback)
        traceback = traceback.tb_next
    for part in reversed(parts):
        own = TracebackType(own, part.tb_frame, part.tb_lasti, part.tb_lineno)
    return own


def _folded_way(error: BaseException, own: TracebackType | None) -> dict[str, str]:
    """All calls from the learner's first line to the error, folded; in a terminal, how to see them."""
    way: list[str] = []
    for frame, number in walk_tb(error.__traceback__):
        if way or own is None or frame is own.tb_frame:
            code, module = frame.f_code, frame.f_globals.get("__name__", "")
            line = linecache.getline(code.co_filename, number, frame.f_globals).strip()
            way.append(f"{module}, line {number}, in {escape(code.co_name)}: <b>{escape(line)}</b>")
    summary = "<summary>where it came from: the whole traceback</summary>"
    html = f'<details style="margin:6px 0">{summary}<p data-way="true">{"<br/>".join(way)}</p></details>'
    return {"text/plain": "%tb shows the whole traceback.", "text/html": html}


def show_folded(error: BaseException) -> None:
    """Show the whole traceback of an error, folded, below what was said about it."""
    _display(_folded_way(error, _own_lines(error)))


def _after_cell(result: Any) -> None:
    error = result.error_in_exec
    if error is not None and error is not _running.explained:  # somebody else's handler has shown it, in its own way
        _show(error)


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
) -> None:
    _running.showwarning(message, category, filename, lineno, file, line)
    if _running.shell is not None and file is None:
        _show(message, sys._getframe(1))


def _show(trouble: Any, running: FrameType | None = None) -> bool:
    """Show an explanation if there is one. A mistake of ours must never hide the traceback from a learner."""
    try:
        from .explain import explain_error, explain_running

        explanation = explain_error(trouble) if running is None else explain_running(trouble, running)
        if explanation is None:
            return False
        shown = {"text/plain": repr(explanation), "text/html": explanation._repr_html_()}
    except Exception:
        return False
    _running.explained = trouble
    _display(shown)
    return True


def _display(shown: dict[str, str]) -> None:
    from IPython.display import display

    display(shown, raw=True)
