"""The hidden state of two neurons as a point that moves in a plane."""

from itertools import pairwise

from ..colours import QUIET, H
from ..rnn.traces import Trace, require_trace
from .picture import Picture
from .svg import line, svg_picture, tag, text

SIDE, MARGIN = 300, 34  # of the square from -1 to 1


def draw_plane(trace: Trace) -> Picture:
    """Draw the path of a state of two features: feature 0 to the right, feature 1 upwards, from h_0 to the last step.

    >>> import torch
    >>> from helpers import trace
    >>> draw_plane(trace(torch.nn.RNN(1, 2), torch.zeros(3, 1)))
    Picture: The path of a hidden state of two features over 3 steps, from (0.00, 0.00) to ...

    Raises
    ------
    TypeError : trace is not a Trace.
    ValueError : the network has more than one layer or direction, or its state has not two features.
    """
    require_trace(trace)
    s = trace.shapes
    if (s.H_out, s.num_layers, s.D) != (2, 1, 1):
        raise ValueError(
            f"trace: given H_out={s.H_out}, num_layers={s.num_layers}, D={s.D}, expected 2 features, 1 layer, 1 direction"
        )
    states = [trace.h_0[0, 0, 0].tolist(), *trace.hidden[0, 0, :, 0].tolist()]
    limit = max(1.0, *(abs(value) for state in states for value in state))

    def spot(state: list[float]) -> tuple[float, float]:
        return MARGIN + (1 + state[0] / limit) * SIDE / 2, MARGIN + (1 - state[1] / limit) * SIDE / 2

    middle, end = MARGIN + SIDE / 2, MARGIN + SIDE
    parts = [tag("rect", x=MARGIN, y=MARGIN, width=SIDE, height=SIDE, fill="none", stroke="#DDDDDD")]
    parts += [
        line(MARGIN, middle, end, middle, "#CCCCCC", 1, head=False),
        line(middle, MARGIN, middle, end, "#CCCCCC", 1, head=False),
    ]
    parts += [line(*spot(a), *spot(b), H.colour, 1.5) for a, b in pairwise(states) if a != b]
    for t, state in enumerate(states):
        x, y = spot(state)
        name = "h_0" if t == 0 else f"h[{t - 1}]"
        tip = tag("title", f"{name} = ({state[0]:.3f}, {state[1]:.3f})")
        parts.append(tag("circle", tip, cx=x, cy=y, r=6, fill=H.tint, stroke=H.colour, stroke_width=2))
        if t in (0, 1, len(states) - 1):
            parts.append(text(x + 9, y - 8, name, size=11, fill=H.ink))
    parts.append(text(end - 4, middle + 15, "feature 0", size=11, fill=QUIET, text_anchor="end"))
    parts.append(text(middle + 6, MARGIN + 12, "feature 1", size=11, fill=QUIET))
    parts.append(text(MARGIN, end + 16, f"−{limit:.3g}", size=11, fill=QUIET, text_anchor="middle"))
    parts.append(text(end, end + 16, f"{limit:.3g}", size=11, fill=QUIET, text_anchor="middle"))
    (x0, y0), (x1, y1) = states[0], states[-1]
    alt = f"The path of a hidden state of two features over {s.L} steps, from ({x0:.2f}, {y0:.2f}) to ({x1:.2f}, {y1:.2f})."
    return svg_picture(SIDE + 2 * MARGIN, SIDE + 2 * MARGIN, parts, alt)
