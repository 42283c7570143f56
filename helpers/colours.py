"""The colour and the mark of every tensor, the same in all pictures and tables of the course.

The hues are those of Okabe and Ito, which colour-blind readers can tell apart. What enters the network is blue, what recurs
is orange. A mark and a label always repeat what the colour says.
"""

from dataclasses import dataclass
from functools import cache, cached_property


@dataclass(frozen=True)
class Role:
    """How one kind of tensor looks wherever it is drawn.

    >>> H.symbol, H.colour, H.tint
    ('h', '#D55E00', '#F7DFCC')

    Source: Okabe & Ito, "Color Universal Design", 2008.
    """

    symbol: str
    colour: str  # stroke: the full hue
    mark: str  # the outline that repeats what the colour says

    @cached_property
    def tint(self) -> str:
        """The colour of an area: 20 % of the hue on white."""
        return mix("#FFFFFF", self.colour, 0.2)

    @cached_property
    def ink(self) -> str:
        """The colour of a text: the hue, darkened until it is legible on white (contrast 4.5)."""
        shades = (mix(self.colour, "#000000", share / 20) for share in range(20))
        return next(shade for shade in shades if contrast(shade, PAPER) >= 4.5)


def mix(a: str, b: str, share: float) -> str:
    """The colour `share` of the way from `a` to `b`.

    >>> mix("#000000", "#FFFFFF", 0.5)
    '#808080'
    """
    pairs = zip(_rgb(a), _rgb(b))
    return "#" + "".join(f"{round(p + (q - p) * share):02X}" for p, q in pairs)


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


X = Role("x", "#0072B2", "rounded square")
W_IH = Role("W_ih", "#56B4E9", "edge or grid")
H = Role("h", "#D55E00", "circle")
W_HH = Role("W_hh", "#E69F00", "edge or grid")
OUTPUT = Role("output", "#009E73", "solid frame")
H_N = Role("h_n", "#222222", "dashed frame")
BIAS = Role("b", "#555555", "thin strip")
ROLES = (X, W_IH, H, W_HH, OUTPUT, H_N, BIAS)

TEXT, QUIET, PAPER = "#222222", "#6B6B6B", "#FFFFFF"
WRONG = "#B3261E"  # what differs or does not match: contrast 6.5 on white; a mark or a word always says it too
INK = "#000000"  # on a coloured cell: #222222 would not be legible on the middle shades, and neither would white

# Values: purple above zero, olive below, white at zero. Neither hue belongs to a role.
POSITIVE, NEGATIVE = "#7B2D8E", "#77740A"


def role_of(name: str) -> Role:
    """The role of a tensor, by its name in torch.

    >>> [role_of(n).symbol for n in ("input", "h_0", "weight_ih_l0", "weight_hh_l1_reverse", "bias_hh_l0", "h_n")]
    ['x', 'h', 'W_ih', 'W_hh', 'b', 'h_n']

    Raises
    ------
    ValueError : no tensor of a call of an RNN has this name.
    """
    roles = {"input": X, "h_0": H, "c_0": H, "output": OUTPUT, "h_n": H_N, "c_n": H_N}
    roles |= {"weight_ih": W_IH, "weight_hh": W_HH, "bias_ih": BIAS, "bias_hh": BIAS}
    key = name.partition("_l")[0]
    if key not in roles:
        raise ValueError(f"name: given {name!r}, expected one of {', '.join(roles)}")
    return roles[key]


def value_colour(value: float, limit: float = 1.0) -> str:
    """The colour of one number: white at 0, purple towards `+limit`, olive towards `-limit`.

    >>> value_colour(0.0), value_colour(5.0), value_colour(-1.0)
    ('#FFFFFF', '#7B2D8E', '#77740A')

    Parameters
    ----------
    limit : the absolute value (> 0) at which and beyond which the colour is full. NaN is grey.
    """
    if value != value:
        return "#DDDDDD"
    # In steps of 1/20: more shades cannot be told apart, all cells of one colour are drawn as one path, and a rounding
    # difference between machines does not change a stored picture.
    return _shade(round(min(20.0, max(-20.0, 20.0 * value / limit))))


@cache
def _shade(step: int) -> str:
    return mix("#FFFFFF", POSITIVE if step > 0 else NEGATIVE, abs(step) / 20)


@cache
def text_on(fill: str) -> str:
    """Black or white, whichever is more legible on `fill`.

    >>> text_on("#FFFFFF"), text_on("#7B2D8E")
    ('#000000', '#FFFFFF')

    Source: WCAG 2.2, relative luminance and contrast ratio.
    """
    return INK if contrast(fill, INK) >= contrast(fill, PAPER) else PAPER


def contrast(a: str, b: str) -> float:
    """The contrast ratio of two colours, from 1 (the same) to 21 (black on white).

    >>> round(contrast("#000000", "#FFFFFF"))
    21

    Source: WCAG 2.2, "contrast ratio".
    """
    light, dark = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (c / 255 for c in _rgb(colour))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
