"""Pictures in a notebook, always with an alternative text that says what they show."""

import base64
import io
from dataclasses import dataclass, replace
from html import escape
from typing import Any


@dataclass(frozen=True)
class Picture:
    """An SVG drawing (or a PNG) together with its alternative text.

    >>> Picture("<svg/>", alt="an empty drawing", width=10)._repr_html_()[:50]
    '<div style="overflow-x:auto"><img alt="an empty dr'

    In a notebook it becomes an `<img>`: JupyterLab and exported HTML keep its alternative text. It is shown in a notebook that
    is not trusted yet, and it cannot run a script.

    Parameters
    ----------
    data   : the text of an SVG, or the bytes of a PNG
    width  : the natural width, in CSS pixels
    height : the natural height; None for a picture that is never live
    least  : on a narrow page it shrinks to this width and then scrolls: if it were smaller, its text would be illegible
    chosen : how far from the left the emphasised part is, in CSS pixels: where a live picture is cut, it begins around this part
    """

    data: str | bytes
    alt: str
    width: int
    height: int | None = None
    least: int = 480
    chosen: float | None = None

    @property
    def data_url(self) -> str:
        if isinstance(self.data, bytes):
            return "data:image/png;base64," + base64.b64encode(self.data).decode()
        # Only what a quoted attribute and a URL need is percent-encoded, so that the stored notebook stays readable.
        unsafe = {"%": "%25", "#": "%23", '"': "%22", "<": "%3C", ">": "%3E", "&": "%26", "\n": "%0A"}
        return "data:image/svg+xml," + "".join(unsafe.get(c, c) for c in self.data)

    @property
    def style(self) -> str:
        return self._style(f"{self.width}px", self.least)

    def _style(self, width: str, least: int) -> str:
        return f"width:{width};max-width:100%;min-width:{min(self.width, least)}px;height:auto;display:block"

    def _repr_html_(self) -> str:
        image = f'<img alt="{escape(self.alt)}" style="{self.style};border-radius:6px" src="{self.data_url}">'
        return _scrolled(image, min(self.width, self.least))

    def inline(self) -> str:
        """The HTML of the picture in a live view: the SVG itself, so that hovering over a cell shows its value.

        >>> Picture("<svg/>", alt="an empty drawing", width=10, height=20).inline()[:28]
        '<div style="overflow-x:auto;'

        A PNG has no parts to hover over, so it stays an `<img>`.
        """
        if isinstance(self.data, bytes) or self.height is None:
            return self._repr_html_()
        # In a low window a tall picture shrinks, to three quarters at most, so that it stays on one screen with its controls.
        # Its width shrinks with it, which leaves room for a table beside it.
        lowest = self.width * 3 // 4
        width = f"min({self.width}px,max({37 * self.width / self.height:.1f}vh,{lowest}px))"
        least = min(self.least, lowest)
        style = self._style(width, least)
        if self.chosen is not None:
            # Where it is cut, it is as wide as `least`: the pane, see live.py, snaps to these pixels. A page has a script.
            share = self.chosen / self.width
            left = round(share * least)
            style += f";--chosen:{share:.2f};scroll-snap-align:center;scroll-margin:0 {left - least}px 0 {-left}px"
        # A picture that gets wider than its page shrinks, and what is below it stays. On a phone most are at three quarters.
        low, high = f"{self.height * 3 // 4}px", f"{self.height}px"
        room = f";min-height:clamp({low},(100vw - 600px)*999,min({high},max(37vh,{low})))"
        return _scrolled(f'<svg style="{style}"{self.data.removeprefix("<svg")}', least, room)

    def __repr__(self) -> str:
        return f"Picture: {self.alt}"


def _scrolled(drawing: str, least: int, room: str = "") -> str:
    """The drawing in a pane of its own, and a line that says there is more to the right of it.

    The line has a height only where the page is narrower than the picture, whose least width is given.
    """
    closed = f"margin-bottom:clamp(-20px,(100% - {least}px)*-999,0px)"  # per cent of the page's width
    opened = f"max-width:clamp(0px,({least}px - 100%)*999,100%)"
    cue = f'<div style="{closed};{opened};height:20px;overflow:hidden;font-size:12px">↔ Scroll sideways to see the rest.</div>'
    return f'<div style="overflow-x:auto{room}">{drawing}</div>{cue}'


def show(figure: Any, alt: str | None = None) -> None:
    """Show a picture or a matplotlib figure with its alternative text.

    >>> show(Picture("<svg/>", alt="an empty drawing", width=10))
    Picture: an empty drawing

    Parameters
    ----------
    figure : a Picture, or a matplotlib Figure
    alt    : what the figure shows, for readers who cannot see it; None takes `figure.alt`

    Raises
    ------
    TypeError : figure is neither of them.
    ValueError : there is no alternative text.
    """
    from IPython.display import display

    if not isinstance(figure, Picture) and not hasattr(figure, "savefig"):
        raise TypeError(f"figure: given {type(figure).__name__}, expected a Picture or a matplotlib Figure")
    alt = getattr(figure, "alt", "") if alt is None else alt
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"alt: given {alt!r}, expected a sentence that says what the picture shows")
    display(replace(figure, alt=alt) if isinstance(figure, Picture) else as_png(figure, alt))


def as_png(figure: Any, alt: str) -> Picture:
    """A matplotlib figure as a picture.

    >>> from helpers import plot_accuracies
    >>> as_png(plot_accuracies({"guessing": [0.5]}), "a dot at 0.5").width
    520
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=200, facecolor="white")  # shown at half size: sharp on any screen
    return Picture(buffer.getvalue(), alt, round(figure.get_figwidth() * 100))
