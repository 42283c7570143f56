"""Large type for the back row: one switch for all that a notebook shows, the prose and the code too."""

from math import isfinite

LARGEST = 4


class _Style:
    def __init__(self, times: float) -> None:
        self.times = times

    def __repr__(self) -> str:
        return f"This notebook is {self.times:g} times as large as usual."

    def _repr_html_(self) -> str:
        # The page's own zoom would enlarge the menus too. What is then too wide scrolls within its cell. In an editor only the
        # letters grow, because it works out for itself where the mouse is.
        shown = f".jp-OutputArea-child > .jp-OutputArea-output, .jp-MarkdownCell .jp-MarkdownOutput {{ zoom: {self.times:g}; }}"
        code = f".jp-InputArea-editor .cm-editor.cm-editor {{ font-size: calc({self.times:g} * var(--jp-code-font-size)); }}"
        return f"<style>@media screen {{ {shown} {code} }}</style><p>{self!r}</p>"


def projector(times: float = 1.5) -> None:
    """Show the whole notebook larger: prose, code, and all that stands beneath the cells.

    >>> projector()
    This notebook is 1.5 times as large as usual.

    Parameters
    ----------
    times : how many times as large as usual, over 0 and at most 4; 1 switches it off again. Change it and run the cell again.

    Raises
    ------
    ValueError : times is no such number.

    Source: CSS Viewport Module, "zoom". It acts in JupyterLab and Jupyter Notebook.
    """
    from IPython.display import display

    if isinstance(times, bool) or not isinstance(times, (int, float)) or not (isfinite(times) and 0 < times <= LARGEST):
        raise ValueError(f"times: given {times!r}, expected a number over 0 and at most {LARGEST}, such as 1.5")
    display(_Style(times))
