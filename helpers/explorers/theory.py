"""The explorers of the equation itself: one neuron, two neurons, and a network that is unrolled."""

import re
from collections.abc import Sequence
from typing import Any

from ..pictures.picture import Picture
from ..pictures.plane import draw_plane
from ..pictures.rolled import MOST_STEPS, draw_rolled
from . import views
from .live import Explorer, View, dropdown, slider, textbox
from .snippets import neuron_code, two_neurons_code
from .views import CallState

SIGNAL_LENGTH = 12  # steps
SIGNALS = {  # what a neuron can read
    "impulse": [1.0] + [0.0] * (SIGNAL_LENGTH - 1),
    "step": [0.0] * 2 + [1.0] * (SIGNAL_LENGTH - 2),
    "alternating": [1.0, -1.0] * (SIGNAL_LENGTH // 2),
    "set, later reset": [1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0],
    "five taps": [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
}


def explore_neuron() -> Explorer:
    """One neuron, which has three parameters and a nonlinearity: see how long it remembers, and what it can count or keep.

    >>> explorer = explore_neuron()
    >>> explorer.controls["w_hh"].value = 0.0
    >>> float(explorer.state.trace.hidden[0, 0, 1, 0, 0])  # no memory: after one step the impulse is gone
    0.0
    >>> explorer.controls["own"].value = "1, 0, -1"
    >>> explorer.state.trace.input[:, 0, 0].tolist()
    [1.0, 0.0, -1.0]

    Views: its equation, its response to the chosen input or to typed numbers, its code and its shapes.
    """
    controls = {
        "w_ih": slider("w_ih", 1.0, -2.0, 2.0, 0.1),
        "w_hh": slider("w_hh", 0.9, -1.5, 1.5, 0.1),
        "bias": slider("bias", 0.0, -1.0, 1.0, 0.1),
        "nonlinearity": dropdown("nonlinearity", ["tanh", "relu"]),
        "signal": dropdown("input", list(SIGNALS)),
        "own": textbox("your own input", hint="numbers, such as 1 0 0 -1"),
    }

    def compute(w_ih: float, w_hh: float, bias: float, nonlinearity: str, signal: str, own: str) -> CallState:
        # A slider at 0.3 has the value 0.30000000000000004, and one at 0 may have -1.4e-15: + 0.0 turns −0.0 into 0.0.
        w_ih, w_hh, bias = (round(value, 1) + 0.0 for value in (w_ih, w_hh, bias))
        return CallState.from_code(neuron_code(w_ih, w_hh, bias, nonlinearity, _typed_numbers(own) or SIGNALS[signal]))

    shown: list[View] = [views.neuron_equation, views.response_picture]
    folded: list[View] = [views.marked_code, views.marked_shapes]
    page: dict[str, Sequence[Any]] = {
        "w_ih": (-1.0, 0.5, 1.0),
        "w_hh": [round(0.1 * i, 1) for i in range(-15, 16)],
        "nonlinearity": ("tanh", "relu"),
        "signal": [*SIGNALS],
    }
    return Explorer("one neuron and its memory", controls, compute, shown, folded=folded, page=page)


def _typed_numbers(typed: str) -> list[float]:
    """The first numbers in a text, each from -100 to 100; what is no number is passed over."""
    numbers = map(float, re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", typed.replace("−", "-")))
    return [max(-100.0, min(100.0, number)) for number in numbers][: 2 * SIGNAL_LENGTH]


def explore_two_neurons() -> Explorer:
    """Two neurons whose `W_hh` turns and scales their state: the state as a point that moves in a plane.

    >>> explorer = explore_two_neurons()
    >>> explorer.controls["turn"].value = 90
    >>> print(explorer.state.code.split("\\n")[0])
    angle = torch.deg2rad(torch.tensor(90.0))

    Views: the path of the state after one tap, the code and the shapes.
    """
    controls = {
        "scale": slider("scale", 0.9, 0.0, 1.5, 0.1),
        "turn": slider("turn (degrees)", 30, 0, 180),
        "steps": slider("steps", SIGNAL_LENGTH, 1, 2 * SIGNAL_LENGTH),
    }

    def compute(scale: float, turn: int, steps: int) -> CallState:
        return CallState.from_code(two_neurons_code(round(scale, 1) + 0.0, turn, steps))

    def path(state: CallState) -> Picture:
        return draw_plane(state.trace)

    shown: list[View] = [path, views.marked_code]
    scales, steps = [round(0.1 * i, 1) for i in range(16)], (1, 2, 3, 4, 6, 8, 12, 16, 24)
    page = dict(scale=scales, turn=range(0, 181, 30), steps=steps)
    return Explorer(
        "two neurons and their path", controls, compute, shown, played="steps", folded=[views.marked_shapes], page=page
    )


def explore_unrolling() -> Explorer:
    """The same network rolled up, and unrolled over as many steps as you choose.

    >>> explorer = explore_unrolling()
    >>> explorer.controls["steps"].value = 4
    >>> "h[3]" in explorer.html[0]
    True
    """
    controls = {"steps": slider("steps unrolled", 1, 0, MOST_STEPS)}
    return Explorer("a network that is unrolled", controls, lambda steps: steps, [draw_rolled], played="steps")
