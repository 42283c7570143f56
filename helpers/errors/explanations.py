"""What is said about an error: the rule, what was given, what was expected, the causes, and the line that fixes it."""

from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from ..pictures.picture import Picture
from ..pictures.sides import Side, culprit, draw_sides
from ..wording import shorten

PLACES = {"instead": "Instead of this line", "after": "After this line"}


class Fix(NamedTuple):
    """A piece of code and where it goes; without any code there is no fix that is certain.

    >>> bool(Fix()), bool(Fix("output, h_n = rnn(x.float())"))
    (False, True)
    """

    code: str = ""
    place: str = "instead"  # a key of PLACES
    at: str = ""  # the learner's line that it belongs to
    lines: tuple[int, int] = (0, 0)  # first and last number of that line in its file or cell; 0 if unknown

    def __bool__(self) -> bool:
        return bool(self.code)


@dataclass(frozen=True, repr=False)
class Explanation:
    """One error explained. Prints as text; in a notebook it is a table with a picture.

    >>> from helpers.pictures.sides import axes_of
    >>> given, expected = Side("input", axes_of(["L", "H_in"], L=5, H_in=7)), Side("input", axes_of(["L", "H_in"], H_in=3))
    >>> Explanation("The last axis is H_in.", (given,), (expected,), "The input has other features.", Fix("rnn(x[:, :3])"))
    The last axis is H_in.
      given     input (L=5, H_in=7)
      expected  input (L, H_in=3)
      cause     The input has other features.
      fix       rnn(x[:, :3])
    """

    rule: str
    sides_given: tuple[Side, ...]
    sides_expected: tuple[Side, ...]
    cause: str  # the likeliest first
    fix: Fix = Fix()

    @property
    def given(self) -> str:
        return "; ".join(map(str, self.sides_given))

    @property
    def expected(self) -> str:
        return "; ".join(map(str, self.sides_expected))

    @property
    def where(self) -> str:
        """Where the fix goes, with the learner's own line."""
        at = " ".join(self.fix.at.split())
        return f"{PLACES[self.fix.place]}: {shorten(at, 90)}" if at else ""

    def _rows(self) -> list[tuple[str, str]]:
        rows = [("given", self.given), ("expected", self.expected), ("cause", self.cause), ("fix", self.fix.code)]
        return [(name, words) for name, words in [*rows, ("where", self.where)] if words]

    def __repr__(self) -> str:
        said = (f"  {name:8}  {words}".replace("\n", "\n" + " " * 12) for name, words in self._rows())
        return "\n".join([self.rule, *said])

    def _repr_html_(self) -> str:
        code = '<code style="white-space:pre-wrap;overflow-wrap:anywhere;color:inherit;background:transparent">{}</code>'
        body = "".join(
            f'<tr style="background:transparent"><th scope="row" style="{_CELL};white-space:nowrap">{name.capitalize()}</th>'
            f'<td style="{_CELL};overflow-wrap:anywhere">'
            f"{escape(words) if name in ('cause', 'where') else code.format(escape(words))}</td></tr>"
            for name, words in self._rows()
        )
        rule = f'<p style="margin:0 0 4px;color:inherit"><b>{escape(self.rule)}</b></p>'
        table = f'<table style="border-collapse:collapse;color:inherit;font-size:13px;margin:4px 0">{body}</table>'
        return f'<div style="{_FRAME}">{rule}{self.picture._repr_html_()}{table}</div>'

    @property
    def picture(self) -> Picture:
        """Given above, expected below; what is wrong is red and has a cross."""
        return draw_sides(self.sides_given, self.sides_expected)


class Rule(NamedTuple):
    """A rule that is broken: the argument it is about, what was given, and what is expected.

    >>> Rule("lengths", "Each sequence has a length.", "[2, 0]", ">= 1 each").explained("One is empty.").given
    'lengths [2, 0]'
    """

    argument: str
    rule: str
    given: str | Side | tuple[Side, ...]  # in words, or tensors with their axes
    expected: str | Side | tuple[Side, ...]

    def explained(self, cause: str, fix: Fix = Fix()) -> Explanation:  # noqa: B008
        given = culprit(self.argument, self.given) if isinstance(self.given, str) else self.given
        expected = Side(self.argument, note=self.expected) if isinstance(self.expected, str) else self.expected
        given, expected = ((side,) if isinstance(side, Side) else side for side in (given, expected))
        return Explanation(self.rule, given, expected, cause, fix)


# Colours are the page's own: the explanation must be readable in light and dark themes alike.
_FRAME = "border-left:4px solid #C4574F;padding:4px 0 4px 12px;margin:6px 0;color:inherit;max-width:720px;line-height:1.45"
_CELL = "text-align:left;vertical-align:top;padding:2px 10px 2px 0;color:inherit"
