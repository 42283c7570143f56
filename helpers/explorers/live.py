"""The pattern that every explorer follows, controls -> state -> views; and the progress bar of a long computation.

Each view is one `widgets.HTML`. When a control moves, the state is computed once, and the text of each view is set again.
There is no `Output` and no `interact`: nothing flickers, nothing is sent that did not change, and a picture follows the
slider as fast as the kernel answers. This is the only module that imports ipywidgets; it uses only what versions 7.7 and 8
have in common.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any, Protocol, TypeVar

import ipywidgets as widgets

from ..pictures.picture import Picture
from .marks import mark_changes, without_keys

# The controls stay in view while a long explorer is scrolled. JupyterLab hides what leaves an output, and would hold them there.
# On a narrow page they would cover what they change: there only the one that was touched last stays in view.
# On a dark page a picture is dark, too: black and white change places, and a colour stays the colour it is.
# After a restart of the kernel the picture stays, and a sentence takes the place of the controls, which are dead.
# A table that is higher than the screen keeps its headings and its total in view, and says that it scrolls, where the browser
# can tell. A picture that is cut begins around what is chosen in it: it snaps there once, and then scrolls freely. On a wide page
# nothing is cut, and an animation would cost 4 ms of each move.
_STYLE_SHEET = """<style>
.unrolled-controls { position: sticky; top: 0; z-index: 2; max-height: 40vh; background: var(--jp-layout-color0, Canvas); }
:is(.jp-Cell-outputArea, .jp-OutputArea-child, .jp-OutputArea-output, .widget-vbox):has(.unrolled-controls)
    { overflow: visible; min-width: 0; }
.widget-vbox:has(> .unrolled-controls) .widget-html-content { min-width: 0; }
:is([data-jp-theme-light="false"], [theme="dark"]) :is(.jp-OutputArea-output, .jupyter-widgets)
    :is(svg[role="img"], img[src^="data:image"]) { filter: invert(.9) hue-rotate(180deg); }
.widget-vbox:has(> .unrolled-controls), .widget-vbox:has(> .unrolled-controls) *
    { &.jupyter-widgets-disconnected::before { display: none; } }
.widget-vbox > .unrolled-controls.jupyter-widgets-disconnected
    { &::before { display: block; font: inherit; color: inherit;
                  content: "The kernel was restarted. Run this cell again to move the controls."; }
      > * { display: none; } }
.unrolled-pale { opacity: .35; }
.unrolled-changed { background: rgba(204,121,167,.22) !important; }
span.unrolled-changed { font-weight: 700; }
.unrolled-changed th { text-shadow: .04em 0, -.04em 0; } /* a bold font would make the column wider */
.unrolled-changed td:last-child::after { content: "◂ changed"; white-space: nowrap; }
.widget-html-content
    { > p { min-height: 3em; } /* a second line moves nothing */
      > pre:has(> [data-key]) { min-height: 9em; } /* nor does a sixth line of code */
      :is(th, td) { white-space: nowrap; padding-inline: 6px !important; }
      > div:has(> table) { max-height: 64vh; }
      tr:first-child > *, tr[data-key$=" total"] > * { position: sticky; top: 0; background: var(--jp-layout-color0, Canvas); }
      tr[data-key$=" total"] > * { top: auto; bottom: 0; }
      tr.unrolled-changed[data-key$=" total"] > * { background-image: linear-gradient(rgba(204,121,167,.22) 0 0); } }
@media (max-width: 900px) { .widget-html-content > div:has(> svg) { animation: unrolled-begin 1ms; } }
@media (max-width: 600px) { .widget-html-content > div:has(> svg) { animation-name: unrolled-turned; } } /* so it begins again */
@keyframes unrolled-begin { from, to { scroll-snap-type: x mandatory; } }
@keyframes unrolled-turned { from, to { scroll-snap-type: x mandatory; } }
@supports (animation-timeline: scroll())
    { tr[data-key$=" total"] > :nth-child(2)::after { content: "↕ Scroll to see all."; visibility: hidden;
        animation: unrolled-cut linear both; animation-timeline: scroll(y); } }
@keyframes unrolled-cut { from, to { visibility: visible; } }
@media (max-width: 600px)
    { .widget-vbox:has(> .unrolled-controls) { flex-flow: row wrap; > * { width: 100%; } }
      .widget-vbox > .unrolled-controls { display: contents; }
      .widget-vbox:has(svg, table) > .unrolled-controls > :focus-within /* an answer's feedback would be covered */
        { position: sticky; top: 0; z-index: 2; background: var(--jp-layout-color0, Canvas); }
      .widget-html-content { :is(th, td) { min-width: 0 !important; padding-inline: 4px !important; }
        td:not(:last-child) { white-space: normal; } > p { min-height: 4.5em; } }
      .widget-box:has(svg) .widget-html-content /* there a sentence needs five lines, an equation six, and code eleven */
        { > p { min-height: 6.5em; line-height: 1.3 !important; } > pre { min-height: 9em; }
          > pre:has(> [data-key]) { min-height: 16.5em; } } }
</style>"""


class HasHtml(Protocol):
    """What a notebook can show: a `Picture`, a `Table`."""

    def _repr_html_(self) -> str: ...


View = Callable[[Any], HasHtml | str]  # from the state to what is shown
V = TypeVar("V", bound=View)
T = TypeVar("T")


def full_width(view: V) -> V:
    """Mark a view that gets a row of its own; on a wide page the texts and tables behind a picture stand beside it.

    >>> Explorer("squares", {}, lambda: 9, [full_width(lambda n: f"n is {n}")]).widget.children[2].children[0].layout.width
    '100%'
    """
    vars(view)["full_width"] = True
    return view


class Explorer:
    """Controls beside live views of one state.

    >>> explorer = Explorer("squares", {"n": slider("n", 3, 1, 9)}, lambda n: n * n, [lambda square: f"n*n is {square}"])
    >>> explorer.controls["n"].value = 4
    >>> explorer.html
    ['n*n is 16']

    Parameters
    ----------
    name        : what is explored; shown where no kernel runs
    controls    : the widgets, by the name of the argument that each of them sets
    compute     : from the values of the controls, as keyword arguments, to the state that all views show
    views       : each from the state to a Picture, a Table or HTML text; see also `full_width`. Parts of it that have a
                  `data-key` are marked when they change.
    static_html : from the state to the HTML text that is stored in place of the views, for readers without a kernel
    heading     : HTML text above the controls
    played      : the name of the slider that play and pause buttons move; "" for none
    above       : views above the controls, such as a question that a control answers
    folded      : further views, beneath a line that opens them: what moving a control changes must fit on one screen
    is_slow     : whether the views are pale while the next state is computed
    largest     : from the state to the largest value that a slider has in it, by the name of its control
    page        : the controls that also move on a page, where no kernel runs, and the values that each of them takes there, or
                  None for all its values; None for all controls with all their values. See `frames`.

    Where a kernel runs, it is shown as a live widget; a stored or exported notebook shows its first pictures and tables.
    """

    def __init__(
        self,
        name: str,
        controls: Mapping[str, widgets.Widget],
        compute: Callable[..., Any],
        views: Sequence[View],
        static_html: Callable[[Any], str] | None = None,
        heading: str = "",
        played: str = "",
        largest: Callable[[Any], Mapping[str, int]] = lambda state: {},
        folded: Sequence[View] = (),
        is_slow: bool = False,
        page: Mapping[str, Sequence[Any] | None] | None = None,
        above: Sequence[View] = (),
    ) -> None:
        self.name, self.controls, self._compute, self._largest = name, controls, compute, largest
        self.views, self.folded, self.played, self.page = [*above, *views, *folded], len(folded), played, page
        self._static_html = static_html or self._first_views
        self._is_slow = is_slow
        self.state: Any = None
        self._shown: list[str] = []  # what the views show, without marks
        widths = ["100%" if hasattr(view, "full_width") else None for view in self.views]
        # Content that is wider than the page, or as high as the screen, scrolls in its own pane; the page never grows wider.
        room = dict(max_width="100%", max_height="68vh", margin="0 18px 4px 0", overflow="auto")
        self._panes = [widgets.HTML(layout=widgets.Layout(width=width, **room)) for width in widths]
        self._update()
        for control in controls.values():
            control.observe(self._update, names="value")
        moved = [*controls.values(), *([player(controls[played])] if played else [])]
        row = widgets.Box(moved, layout=widgets.Layout(flex_flow="row wrap", align_items="center"))
        row.add_class("unrolled-controls")
        head = widgets.HTML(_STYLE_SHEET + heading, layout=widgets.Layout(display=None if heading else "none"))
        first, last = len(above), len(above) + len(views)
        over = [_arranged(self._panes[:first])] if above else []
        below = [_arranged(self._panes[first:last])]
        if folded:
            below.append(widgets.Accordion([_arranged(self._panes[last:])], selected_index=None))
            below[-1].set_title(0, "code and shapes")
        self.widget = widgets.VBox([head, *over, row, *below])

    @property
    def html(self) -> list[str]:
        """What each view shows now."""
        return [pane.value for pane in self._panes]

    def at(self, **values: Any) -> tuple[Any, list[str], Mapping[str, int]]:
        """The state at these values of the controls, the HTML of each view, and the largest values of the sliders.

        >>> Explorer("squares", {"n": slider("n", 3, 1, 9)}, lambda n: n * n, [lambda square: f"n*n is {square}"]).at(n=5)
        (25, ['n*n is 25'], {})

        No control moves, and nothing is marked. The controls that are not named keep their values.
        """
        now = {name: control.value for name, control in self.controls.items()}
        state = self._compute(**now | values)
        return state, [_inline_html(view(state)) for view in self.views], self._largest(state)

    def _update(self, change: Any = None) -> None:
        for pane in self._panes if self._is_slow else []:
            pane.add_class("unrolled-pale")
        try:
            state, shown, largest = self.at()
            for name, high in largest.items():
                too_high = self.controls[name].value > high
                self.controls[name].max = high
                if too_high:
                    return  # the slider has moved to its new end, and all is shown for that value
            self.state = state
        except Exception as error:  # only the kernel's log would contain it: show it in the explorer too
            message = f"{type(error).__name__}: {error}"
            self._panes[0].value = f'<pre data-failed="true" style="color:#D55E00">{escape(message)}</pre>'
            raise
        before, self._shown = self._shown, shown
        for pane, html in zip(self._panes, mark_changes(shown, before)):
            pane.value = html  # ipywidgets does not send an unchanged text again
            pane.remove_class("unrolled-pale")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {
            "text/plain": repr(self),
            "text/html": self._static_html(self.state),
            **_widget_view(self.widget),
        }

    def _first_views(self, state: Any) -> str:
        shown = [view(state) for view in self.views]
        body = without_keys("".join(view if isinstance(view, str) else view._repr_html_() for view in shown))
        return f'<p style="opacity:.75">Explorer: {escape(self.name)}. Run this notebook to move its sliders.</p>{body}'

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={control.value!r}" for name, control in self.controls.items())
        return f"Explorer: {self.name} ({values})"


def _arranged(panes: Sequence[widgets.Widget]) -> widgets.Widget:
    """The views in their order. What stands beside what depends on the page's width alone, so nothing jumps."""
    cells: list[widgets.Widget] = []
    for pane in panes:
        if pane.layout.width == "100%":
            cells.append(pane)
        elif "<svg" in pane.value or "<img" in pane.value:
            pane.layout.flex = _share("50%", at_least=1300)
            cells.append(pane)
        elif cells and isinstance(cells[-1], widgets.VBox):
            cells[-1].children += (pane,)
        else:
            beside = bool(cells) and cells[-1].layout.width != "100%"  # a picture
            if beside:
                cells[-1].layout.flex = _share("min(52%, 760px)", at_least=900)
            cells.append(
                widgets.VBox([pane], layout=widgets.Layout(flex=_share("48%", at_least=900, grow=1) if beside else "1 1 100%"))
            )
    return widgets.Box(cells, layout=widgets.Layout(flex_flow="row wrap", align_items="flex-start"))


def _share(width: str, at_least: int, grow: int = 0) -> str:
    """A part of a row, or the whole of it where the page has less than `at_least` pixels. The margin is 18px."""
    return f"{grow} 1 max({width} - 18px, ({at_least}px - 100%) * 999)"


def _widget_view(widget: widgets.Widget) -> dict[str, Any]:
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return {"application/vnd.jupyter.widget-view+json": view}


class _ProgressBar:
    """A progress bar in a running notebook; a stored notebook, in which nothing moves, shows only its name."""

    def __init__(self, name: str, widget: widgets.Widget) -> None:
        self.name, self.widget = name, widget

    def __repr__(self) -> str:
        return self.name

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": self.name, **_widget_view(self.widget)}


def progress(items: Iterable[T], name: str, total: int | None = None) -> Iterable[T]:
    """Iterate over the items, with tqdm's progress bar above the output of the cell; `total` is needed if they have no len.

    >>> [2 * n for n in progress(range(3), "doubling")]
    doubling
    [0, 2, 4]
    """
    from IPython.display import display
    from tqdm.notebook import tqdm

    bar = tqdm(items, desc=name, total=total, display=False)
    bar.container.layout = widgets.Layout(width="100%", flex_flow="row wrap")  # on a narrow page it needs two lines
    display(_ProgressBar(name, bar.container))
    shown: Iterable[T] = bar
    return shown


_SCROLLS = '<div style="overflow-x:auto">'  # around a table that may be too wide


def _inline_html(view: HasHtml | str) -> str:
    """The HTML of a view in a live widget: a picture is inline SVG, whose cells show their value under the mouse."""
    if isinstance(view, Picture):
        return view.inline()
    html = view if isinstance(view, str) else view._repr_html_()
    return html.replace(_SCROLLS, _SCROLLS.replace("<div", '<div tabindex="0"'))  # the keyboard can scroll it, too


_STYLE = {"description_width": "initial"}
_SPACING = {"margin": "2px 14px 2px 2px"}


def slider(name: str, value: float, low: float, high: float, step: float = 1) -> widgets.Widget:
    """A slider whose value can also be typed; it moves in integers if `step` is an integer.

    >>> slider("L", 3, 1, 8).max
    8
    """
    kind = widgets.IntSlider if isinstance(step, int) else widgets.FloatSlider
    limits = dict(min=low, max=high, step=step, description=name)
    return kind(value=value, style=_STYLE, layout=widgets.Layout(width="300px", **_SPACING), **limits)


def player(steps: widgets.Widget) -> widgets.Widget:
    """Play and pause buttons that move a slider; the browser itself links the two.

    >>> player(slider("t", 0, 0, 4)).max
    4
    """
    play = widgets.Play(value=steps.value, min=steps.min, max=steps.max, step=1, interval=700, description="play")
    widgets.jslink((play, "value"), (steps, "value"))
    return play


def checkbox(name: str, value: bool = False) -> widgets.Widget:
    """A checkbox.

    >>> checkbox("bias", True).value
    True
    """
    return widgets.Checkbox(value=value, description=name, indent=False, layout=widgets.Layout(width="auto", **_SPACING))


def dropdown(name: str, options: Sequence[str] | Sequence[int]) -> widgets.Widget:
    """A menu of a few options, of which the first is chosen.

    >>> dropdown("nonlinearity", ["tanh", "relu"]).value
    'tanh'
    """
    layout = widgets.Layout(width="210px", **_SPACING)
    return widgets.Dropdown(options=options, value=options[0], description=name, style=_STYLE, layout=layout)


def button(name: str) -> widgets.Widget:
    """A button that is down when its value is True; what it does sets it back to False, and it comes up again.

    >>> button("next").value
    False
    """
    return widgets.ToggleButton(value=False, description=name, layout=widgets.Layout(width="auto", **_SPACING))


def textbox(name: str, value: str = "", hint: str = "", on_enter: bool = False) -> widgets.Widget:
    """A line of text, which is read while it is being typed, or only when Enter is pressed.

    >>> textbox("sentence", "I love you").value
    'I love you'
    """
    layout = widgets.Layout(width="520px", max_width="calc(100% - 16px)", **_SPACING)  # 16px: its own margins
    return widgets.Text(
        value=value, placeholder=hint, description=name, style=_STYLE, layout=layout, continuous_update=not on_enter
    )
