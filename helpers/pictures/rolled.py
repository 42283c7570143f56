"""One network drawn twice: rolled up, with a loop, and unrolled, step after step."""

from ..checks import require_index
from ..colours import QUIET, W_HH, W_IH, H, X
from .picture import Picture
from .svg import line, svg_picture, tag, text

R, GAP, LEFT, STATE_Y, INPUT_Y = 19, 60, 46, 74, 148
MOST_STEPS = 8


def draw_rolled(steps: int) -> Picture:
    """Draw an RNN with its loop, and beside it the first steps of the same network, unrolled.

    >>> draw_rolled(3)
    Picture: An RNN with its loop, and beside it 3 of its steps, unrolled: the same W_ih and W_hh at each step.

    Parameters
    ----------
    steps : how many steps are unrolled, 0 to 8

    Raises
    ------
    ValueError : steps is not an integer from 0 to 8.
    """
    require_index("steps", steps, MOST_STEPS + 1)
    parts = [text(LEFT, 20, "rolled up", size=13, font_weight=700, text_anchor="middle")]
    parts += _node(LEFT, "x[t]", "h[t]")
    loop = f"M{LEFT + R - 4} {STATE_Y - 11}C{LEFT + 66} {STATE_Y - 62} {LEFT + 66} {STATE_Y + 62} {LEFT + R - 2} {STATE_Y + 14}"
    parts.append(tag("path", d=loop, fill="none", stroke=W_HH.colour, stroke_width=2))
    parts.append(line(LEFT + R + 5, STATE_Y + 19, LEFT + R - 5, STATE_Y + 11, W_HH.colour))
    parts.append(text(LEFT + 54, STATE_Y + 4, "W_hh", size=11, fill=W_HH.ink))
    start = LEFT + 196
    if steps:
        parts.append(text(start - 20, 20, "unrolled", size=13, font_weight=700))
        parts.append(text(LEFT + 100, STATE_Y + 6, "=", size=22, fill=QUIET))
        parts += [text(start - R - 26, STATE_Y + 4, "h_0", size=12, fill=H.ink, text_anchor="end")]
    for t in range(steps):
        x = start + t * GAP
        parts += _node(x, f"x[{t}]", f"h[{t}]")
        parts.append(line(x - GAP + R, STATE_Y, x - R, STATE_Y, W_HH.colour))
        parts.append(text(x - GAP / 2, STATE_Y - R - 4, "W_hh", size=10, fill=W_HH.ink, text_anchor="middle"))
    shown = f"and beside it {steps} of its steps, unrolled: the same W_ih and W_hh at each step." if steps else "and no step yet."
    return svg_picture(start + MOST_STEPS * GAP - 4, 190, parts, f"An RNN with its loop, {shown}")


def _node(x: float, read: str, state: str) -> list[str]:
    """A state above its input, with the arrow between them."""
    return [
        tag("circle", cx=x, cy=STATE_Y, r=R, fill=H.tint, stroke=H.colour, stroke_width=2),
        tag("rect", x=x - R, y=INPUT_Y - R, width=2 * R, height=2 * R, rx=7, fill=X.tint, stroke=X.colour, stroke_width=2),
        line(x, INPUT_Y - R, x, STATE_Y + R, W_IH.colour),
        text(x + 5, (INPUT_Y + STATE_Y) / 2 + 4, "W_ih", size=10, fill=W_IH.ink),
        text(x, STATE_Y + 4, state, size=11, text_anchor="middle"),
        text(x, INPUT_Y + 4, read, size=11, text_anchor="middle"),
    ]
