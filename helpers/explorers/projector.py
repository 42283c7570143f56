"""Large type for the back row: one switch for all pictures, tables and explorers of a notebook."""

from math import isfinite

LARGEST = 4


class _Style:
    def __init__(self, times: float) -> None:
        self.times = times

    def __repr__(self) -> str:
        return f"Pictures, tables and explorers are {self.times:g} times as large as usual."

    def _repr_html_(self) -> str:
        # The page's own zoom would enlarge the menus too. What is then too wide scrolls within its cell.
        rule = f".jp-OutputArea-child > .jp-OutputArea-output {{ zoom: {self.times:g}; }}"
        return f"<style>@media screen {{ {rule} }}</style><p>{self!r}</p>"


def projector(times: float = 1.5) -> None:
    """Show everything beneath the cells larger, in the whole notebook: pictures, tables, numbers, explorers.

    >>> projector()
    Pictures, tables and explorers are 1.5 times as large as usual.

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
