"""The one pattern of every explorer, controls -> configuration -> state -> views; and the bar of a long computation.

A view is one `widgets.HTML`; moving a control computes the state once and writes each view's text anew. No `Output`, no
`interact`: nothing flickers, nothing is redrawn that did not change, and a picture follows the slider as fast as the
kernel answers. This is the only module that imports ipywidgets; it uses only what versions 7.7 and 8 share.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets

from ..pictures.picture import Picture

View = Callable[[Any, Any], Any]  # (state, the state before or None) -> Picture, Table or HTML text


def wide(view: View) -> View:
    """Mark a view that takes a row of its own; the others stand side by side where the page is wide enough.

    >>> wide(lambda new, old: "a sentence").wide
    True
    """
    view.wide = True
    return view


class Explorer:
    """Controls beside live views of one state.

    >>> explorer = Explorer("squares", {"n": slider("n", 3, 1, 9)}, lambda n: n * n, [lambda new, old: f"n*n is {new}"])
    >>> explorer.controls["n"].value = 4
    >>> explorer.html
    ['n*n is 16']

    Parameters
    ----------
    name     : what is explored; shown where there is no kernel to bring it to life
    controls : the widgets, by the name of the argument they set
    compute  : from the controls' values, as keywords, to the state that all views look at
    views    : each from (state, state before) to a Picture, a Table or HTML text
    still    : from the state to the HTML text to store in place of the views, for readers without a kernel
    heading  : HTML text above the controls
    extras   : widgets that only move the controls, such as a `player`

    Displayed, it is a live widget; in a stored or exported notebook it is the first picture, with its tables.
    """

    def __init__(
        self,
        name: str,
        controls: Mapping[str, widgets.Widget],
        compute: Callable[..., Any],
        views: Sequence[View],
        still: Callable[[Any], str] | None = None,
        heading: str = "",
        extras: Sequence[widgets.Widget] = (),
    ) -> None:
        self.name, self.controls, self._compute, self._views, self._still = name, controls, compute, views, still
        self.state: Any = None
        widths = ["100%" if hasattr(view, "wide") else None for view in views]
        # What is wider than the page scrolls in its own pane; the page itself never does.
        room = dict(max_width="100%", margin="0 18px 4px 0", overflow="auto hidden")
        self._panes = [widgets.HTML(layout=widgets.Layout(width=width, **room)) for width in widths]
        self._update()
        for control in controls.values():
            control.observe(self._update, names="value")
        row = widgets.Layout(flex_flow="row wrap", align_items="center")
        panes = widgets.Box(self._panes, layout=widgets.Layout(flex_flow="row wrap", align_items="flex-start"))
        above = [widgets.HTML(heading)] if heading else []
        self.widget = widgets.VBox([*above, widgets.Box([*controls.values(), *extras], layout=row), panes])

    @property
    def html(self) -> list[str]:
        """What each view shows now."""
        return [pane.value for pane in self._panes]

    def _update(self, change: Any = None) -> None:
        before = self.state
        try:
            self.state = self._compute(**{name: control.value for name, control in self.controls.items()})
            shown = [_live(view(self.state, before)) for view in self._views]
        except Exception as error:  # a callback's exception is otherwise lost in the kernel's log: show it where it happened
            words = f"{type(error).__name__}: {error}"
            self._panes[0].value = f'<pre data-failed="true" style="color:#D55E00">{escape(words)}</pre>'
            raise
        for pane, html in zip(self._panes, shown):
            pane.value = html  # an unchanged text is not sent again

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {
            "text/plain": repr(self),
            "text/html": self._still(self.state) if self._still else self._first_pictures(),
            **_widget_view(self.widget),
        }

    def _first_pictures(self) -> str:
        views = [view(self.state, None) for view in self._views]
        body = "".join(view if isinstance(view, str) else view._repr_html_() for view in views)
        return f'<p style="opacity:.75">Explorer: {escape(self.name)}. Run this notebook to move its sliders.</p>{body}'

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={control.value!r}" for name, control in self.controls.items())
        return f"Explorer: {self.name} ({values})"


def _widget_view(widget: widgets.Widget) -> dict[str, Any]:
    place = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return {"application/vnd.jupyter.widget-view+json": place}


class _Bar:
    """A progress bar in a notebook; in a stored one, where nothing moves, only its name."""

    def __init__(self, name: str, widget: widgets.Widget) -> None:
        self.name, self.widget = name, widget

    def __repr__(self) -> str:
        return self.name

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": self.name, **_widget_view(self.widget)}


def progress(items: Iterable, name: str) -> Iterable:
    """The items one by one, with tqdm's progress bar above the cell's output while they are worked on.

    >>> [2 * n for n in progress(range(3), "doubling")]
    doubling
    [0, 2, 4]
    """
    from IPython.display import display
    from tqdm.notebook import tqdm

    bar = tqdm(items, desc=name, display=False)
    bar.container.layout = widgets.Layout(width="100%", flex_flow="row wrap")  # on a narrow page it needs two lines
    display(_Bar(name, bar.container))
    return bar


def _live(view: Any) -> str:
    """A view's HTML in a live widget."""
    if isinstance(view, Picture):
        return view.inline()
    return view if isinstance(view, str) else view._repr_html_()


_STYLE = {"description_width": "initial"}
_ROOM = {"margin": "2px 14px 2px 2px"}


def slider(name: str, value: float, low: float, high: float, step: float = 1) -> widgets.Widget:
    """A slider whose value can also be typed; whole numbers if `step` is one.

    >>> slider("L", 3, 1, 8).max
    8
    """
    kind = widgets.IntSlider if isinstance(step, int) else widgets.FloatSlider
    limits = dict(min=low, max=high, step=step, description=name)
    return kind(value=value, style=_STYLE, layout=widgets.Layout(width="300px", **_ROOM), **limits)


def player(steps: widgets.Widget) -> widgets.Widget:
    """Play and pause buttons that move a slider; the browser links the two by itself.

    >>> player(slider("t", 0, 0, 4)).max
    4
    """
    play = widgets.Play(value=steps.value, min=steps.min, max=steps.max, step=1, interval=700, description="play")
    widgets.jslink((play, "value"), (steps, "value"))
    return play


def switch(name: str, value: bool = False) -> widgets.Widget:
    """A check box.

    >>> switch("bias", True).value
    True
    """
    return widgets.Checkbox(value=value, description=name, indent=False, layout=widgets.Layout(width="auto", **_ROOM))


def choice(name: str, options: Sequence[str], value: str | None = None) -> widgets.Widget:
    """One of a few words.

    >>> choice("nonlinearity", ["tanh", "relu"]).value
    'tanh'
    """
    layout = widgets.Layout(width="210px", **_ROOM)
    return widgets.Dropdown(options=options, value=value or options[0], description=name, style=_STYLE, layout=layout)


def words(name: str, value: str = "", hint: str = "") -> widgets.Widget:
    """A line of text; what is typed counts at once.

    >>> words("sentence", "I love you").value
    'I love you'
    """
    layout = widgets.Layout(width="520px", max_width="calc(100% - 16px)", **_ROOM)  # less its own margins
    return widgets.Text(value=value, placeholder=hint, description=name, style=_STYLE, layout=layout)
