"""A logarithmic axis, and the points on it: a ring, or a triangle that points to a value beyond the axis."""

from collections.abc import Callable

from ..colours import QUIET, Role
from .svg import escape_text, line, tag, text

LIGHT = "#E2E2E2"


def draw_axis(powers: range, height: Callable[[float], float], left: float, width: float, one: str = LIGHT) -> list[str]:
    """A line across the drawing for each of some powers of ten, with its name on the left.

    >>> parts = draw_axis(range(-4, 1, 2), lambda power: -10 * power, left=64, width=600)
    >>> [name for name in ("1e−4", "1e−2", "1e0", "1") if any(f">{name}<" in part for part in parts)]
    ['1e−4', '1e−2', '1']

    Parameters
    ----------
    powers : the exponents, from the lowest line to the highest
    height : y, from an exponent
    one    : the colour of the line of 1
    """
    parts = []
    for power in powers:
        y = height(power)
        parts.append(line(left, y, left + width, y, LIGHT if power else one, 1, head=False))
        name = f"1e{power}".replace("-", "−") if power else "1"
        parts.append(text(left - 8, y + 4, name, size=11, fill=QUIET, text_anchor="end"))
    return parts


def draw_point(x: float, y: float, power: float, powers: range, tip: str, role: Role) -> str:
    """A ring, or a triangle that points up or down where the power is above or below those of the axis.

    >>> from helpers.colours import H
    >>> "circle" in draw_point(0, 0, -2.5, range(-4, 1, 2), "t=0", H), "h8l-4 8z" in draw_point(0, 0, -9, range(-4, 1, 2), "", H)
    (True, True)

    Parameters
    ----------
    power : the logarithm of the value, to the base of 10; infinity and minus infinity are beyond each axis
    """
    style = dict(fill=role.tint, stroke=role.colour, stroke_width=1.5)
    title = tag("title", escape_text(tip))
    beyond = int(power > powers[-1]) - int(power < powers[0])
    if beyond:
        return tag("path", title, d=f"M{x - 4:g} {y:g}h8l-4 {-8 * beyond}z", **style)
    return tag("circle", title, cx=x, cy=y, r=4, **style)
