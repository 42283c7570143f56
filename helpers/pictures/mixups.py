"""Pictures of mix-ups: the order in which a call reads a batch, the owner of each element, and where two results differ."""

import reprlib
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, prod

import numpy as np
from torch import Tensor

from ..checks import require_numbers, require_rows
from ..colours import PAPER, QUIET, TEXT, H, X
from ..wording import abbreviate, plural, shorten
from .cells import colour_limit, number_cell
from .picture import Picture
from .svg import line, svg_picture, tag, text

# One colour per sequence of a batch. None is the colour of a role, and the number of the sequence is written in the cell.
SEQUENCE_COLOURS = ("#EBC9DA", "#F7F0A6", "#D3D3D3", "#C9E4C5", "#F6CDB5", "#C8D6F2")
MAX_OWNER_ROWS = 12  # in a table of owners
MAX_TABLE_SIZE = 6  # rows, or columns, of a table of numbers
TABLE_LEFT = 66  # where its numbers begin
GAP = 18  # where rows or columns are left out
RELATIVE_TOLERANCE = 1e-4  # as a fraction of the largest number: well above rounding, well below the effect of a mistake


def draw_reading(sentences: Sequence[Sequence[str]], time: str = "across", taken: str = "") -> Picture:
    """Draw a batch with one row per sequence, and the path of the memory when a call reads it.

    The labels say what the call reads: if time is "down", each column is a sequence to it.

    >>> draw_reading(["I love you".split(), "you love I".split()], time="down")
    Picture: A call that reads 3 sequences of 2 steps. The memory runs down, from one row into the next: I → you; ...

    Parameters
    ----------
    sentences : for each sequence its words (or other names of steps), at most 12. All have the same number of words, and an
        empty word is padding.
    time  : "across" if time is read as intended, "down" if batch and time are swapped
    taken : the state that is used as the answer: that of the "last" column, of the "last word" of each row, or "" for none

    Raises
    ------
    TypeError : sentences are not lists of words.
    ValueError : the sequences have different lengths or more than 12 words, there are none, or time or taken is none of these.
    """
    rows = require_rows("sentences", sentences)
    _require_reading(rows, time, taken)
    N, L, h, left, top, gap_y = len(rows), len(rows[0]), 30, 86, 40, 26
    gap_x = 20 if L <= 6 else 12
    w = min(72, (632 - gap_x * L) / L)
    spot = {(n, t): (left + t * (w + gap_x), top + n * (h + gap_y)) for n in range(N) for t in range(L)}
    row, column = ("sequence", "step") if time == "across" else ("step", "sequence")
    parts = [text(10, top + n * (h + gap_y) + 20, f"{row} {n}", fill=QUIET) for n in range(N)]
    parts += [text(spot[0, t][0] + w / 2, 24, f"{column} {t}", fill=QUIET, text_anchor="middle") for t in range(L)]
    chosen = _used_states(rows, taken)
    for (n, t), (x, y) in spot.items():
        parts.append(_word_box(x, y, w, h, rows[n][t], SEQUENCE_COLOURS[n % len(SEQUENCE_COLOURS)], (n, t) in chosen))
        if time == "across" and t + 1 < L:
            parts.append(line(x + w + 1, y + h / 2, x + w + gap_x - 1, y + h / 2, H.colour))
        if time == "down" and n + 1 < N:
            parts.append(line(x + w / 2, y + h + 1, x + w / 2, y + h + gap_y - 1, H.colour))
    width, height = left + L * (w + gap_x) - gap_x + 14, top + N * (h + gap_y) - gap_y + 14
    return svg_picture(width, height, parts, _reading_alt(rows, time, chosen))


def _require_reading(rows: list[list[str]], time: str, taken: str) -> None:
    if not rows or not 1 <= len(rows[0]) <= 12 or any(len(row) != len(rows[0]) for row in rows):
        given = ", ".join(str(len(row)) for row in rows) or "no"
        raise ValueError(f"sentences: given rows of {given} words, expected rows of one length, 1 to 12; '' is padding")
    if time not in ("across", "down"):
        raise ValueError(f"time: given {time!r}, expected 'across' or 'down'")
    if taken not in ("", "last", "last word"):
        raise ValueError(f"taken: given {taken!r}, expected 'last', 'last word' or ''")


def _used_states(rows: list[list[str]], taken: str) -> set[tuple[int, int]]:
    ends = [len(row) - 1 for row in rows]
    if taken == "last word":
        ends = [max((t for t, word in enumerate(row) if word), default=0) for row in rows]
    return set(enumerate(ends)) if taken else set()


def _word_box(x: float, y: float, w: float, h: float, word: str, fill: str, chosen: bool) -> str:
    """One step of one sequence: a word on the colour of its sequence, or a dashed box for padding."""
    empty = dict(fill=PAPER, stroke=QUIET, stroke_dasharray="3 3")
    style = dict(fill=fill, stroke=X.colour, stroke_width=1.5) if word else empty
    box = tag("rect", x=x, y=y, width=w, height=h, rx=7, **style)
    shown = shorten(word, max(int(w // 8), 2)) if word else "padding" if w >= 50 else ""
    size, fill = (13, TEXT) if word else (11, QUIET)
    name = text(x + w / 2, y + h / 2 + 5, shown, size=size, fill=fill, text_anchor="middle")
    frame = dict(x=x - 4, y=y - 4, width=w + 8, height=h + 8, rx=9, fill="none", stroke=TEXT, stroke_width=2.5)
    return box + name + (tag("rect", **frame, stroke_dasharray="6 3") if chosen else "")


def _reading_alt(rows: list[list[str]], time: str, chosen: set[tuple[int, int]]) -> str:
    chains = rows if time == "across" else [list(column) for column in zip(*rows)]
    way = "across, along each row" if time == "across" else "down, from one row into the next"
    told = "; ".join(" → ".join(word or "padding" for word in chain) for chain in chains)
    size = f"{plural(len(chains), 'sequence')} of {plural(len(chains[0]), 'step')}"
    alt = f"A call that reads {size}. The memory runs {way}: {told}."
    ends = ", ".join(f"{rows[n][t] or 'padding'} in row {n}" for n, t in sorted(chosen))
    return alt + (f" A dashed frame marks the state that is used: {ends}." if ends else "")


def draw_owners(**tables: Tensor) -> Picture:
    """Draw to which sequence each element belongs: apply your own reshape to the numbers of the sequences.

    >>> import torch
    >>> owner = torch.tensor([0, 1]).view(1, 2, 1).expand(2, 2, 3)  # h_n's shape (D*num_layers, N, H_out)
    >>> draw_owners(view=owner.reshape(2, -1))
    Picture: Whose numbers: view, row 0 holds 3 of sequence 0, 3 of sequence 1; row 1 holds ...

    Parameters
    ----------
    tables : (N, features) of integers >= 0, each by the name to write above it

    Raises
    ------
    TypeError : a table does not consist of numbers. The message names it.
    ValueError : there is no table, or one has another shape, type or range. The message names it.
    """
    if not tables:
        raise ValueError("tables: given none, expected at least one, as view=owner.view(N, -1)")
    arrays = {name.replace("_", " "): _require_owner_table(name, table) for name, table in tables.items()}
    parts, said, y, right = [], [], 12.0, 0.0
    for name, rows in arrays.items():
        parts.append(text(10, y + 14, name, fill=TEXT, font_weight=600))
        w, y = min(26.0, 600 / rows.shape[1]), y + 24
        for n in abbreviate(len(rows), MAX_OWNER_ROWS):
            if n is None:
                parts.append(text(10, y + 12, "⋮", size=16, fill=QUIET))
                y += 20
                continue
            row = rows[n]
            parts.append(text(10, y + 18, f"row {n}", fill=QUIET))
            parts += [_owner_cell(66 + k * w, y, w, int(owner)) for k, owner in enumerate(row)]
            held = ", ".join(f"{(row == owner).sum()} of sequence {owner}" for owner in np.unique(row))
            said.append(f"{name}, row {n} holds {held}" if n == 0 else f"row {n} holds {held}")
            y += 28
        right, y = max(right, 66 + rows.shape[1] * w), y + 14
    return svg_picture(max(right + 14, 220), y, parts, f"Whose numbers: {'; '.join(said)}.")


def _require_owner_table(name: str, table: Tensor) -> np.ndarray:
    array = require_numbers(name, table)
    if array.ndim != 2 or not array.size or array.dtype.kind not in "iu" or array.min() < 0:
        given = f"given {tuple(array.shape)} of {array.dtype}"
        raise ValueError(f"{name}: {given}, expected (N, features) of whole numbers >= 0")
    return array


def _owner_cell(x: float, y: float, w: float, owner: int) -> str:
    colour = SEQUENCE_COLOURS[owner % len(SEQUENCE_COLOURS)]
    box = tag("rect", x=x, y=y, width=w, height=26, fill=colour, stroke=QUIET, stroke_width=0.6)
    return box + (text(x + w / 2, y + 18, owner, text_anchor="middle") if w >= 12 else "")


def draw_difference(tolerance: float = RELATIVE_TOLERANCE, rows: Sequence[str] = (), **answers: Tensor) -> Picture:
    """Draw two results, one above the other with one row per sequence, and frame the numbers that differ.

    >>> import torch
    >>> draw_difference(wrong=torch.tensor([[0.5, 1.0]]), right=torch.tensor([[0.5, 0.0]]))
    Picture: Two answers, wrong above and right below, of 1 row: 1 of 2 numbers differs, by up to 1.

    Parameters
    ----------
    answers   : exactly two, of one shape (N, ...), each by the name to write above it
    tolerance : the largest difference that counts as equal, as a fraction of the largest number
    rows      : a name for each row, such as the cities

    Returns
    -------
    Picture : of at most 6 rows and 6 columns, namely those that differ most

    Raises
    ------
    TypeError : an answer does not consist of numbers. The message names it.
    ValueError : there are not two answers of one shape, tolerance is not a number >= 0, or not every row has a name.
    """
    if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float)) or not tolerance >= 0:
        raise ValueError(f"tolerance: given {reprlib.repr(tolerance)}, expected a number from 0 on")
    arrays = {name: require_numbers(name, answer) for name, answer in answers.items()}
    if len(arrays) != 2 or len({array.shape for array in arrays.values()}) != 1:
        given = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "none"
        raise ValueError(f"answers: given {given}, expected two of one shape, as wrong=..., right=...")
    names = [name.replace("_", " ") for name in arrays]
    a, b = map(_as_table, arrays.values())
    if rows and len(rows) != len(a):
        raise ValueError(f"rows: given {plural(len(rows), 'name')}, expected {len(a)}, one for each row")
    told = [*rows] or [f"row {row}" for row in range(len(a))]
    apart = absolute_differences(a, b)
    differs = apart > tolerance * largest_magnitude(a, b)
    down = _Places(_largest_differences(apart, 0), len(a), 26)
    columns = _Places(_largest_differences(apart, 1), a.shape[1], 50)
    limit, second = colour_limit(np.stack([a, b])), 76 + down.length
    digits = _telling_digits(a[differs], b[differs])
    parts = _number_table(26, a, names[0], told, down, columns, limit, digits)
    parts += _number_table(second, b, names[1], told, down, columns, limit, digits)
    spots = [(y, x) for row, y in down.starts.items() for column, x in columns.starts.items() if differs[row, column]]
    parts += [_difference_frame(TABLE_LEFT + x, second + 18 + y) for y, x in spots]
    count = int(differs.sum())
    said = f"{count} of {differs.size} numbers {'differs' if count == 1 else 'differ'}"
    said += f", by up to {apart[differs].max():.2g}" if count else ""
    low = second + 18 + down.length
    caption = said.replace(",", " (framed),")
    parts.append(text(14, low + 22, caption, fill=QUIET))
    named = f", {', '.join(rows)}" if rows else ""
    alt = f"Two answers, {names[0]} above and {names[1]} below, of {plural(len(a), 'row')}{named}: {said}."
    if not count and a.size:
        alt += f" Both begin with {a.flat[0]:.2f}."
    picture = svg_picture(max(TABLE_LEFT + columns.length + 14, 28 + 6.4 * len(caption)), low + 36, parts, alt)
    return replace(picture, least=picture.width * 3 // 4)  # most of them fit on a phone


class _Places:
    """Where the chosen rows or columns of a table begin, with room for a sign wherever others between them are left out."""

    def __init__(self, chosen: list[int], size: int, step: float) -> None:
        self.starts: dict[int, float] = {}
        self.gaps: list[float] = []
        self.length, expected = 0.0, 0
        for index in [*chosen, size]:
            if index != expected:
                self.gaps.append(self.length)
                self.length += GAP
            if index < size:
                self.starts[index] = self.length
                self.length += step
            expected = index + 1


def _telling_digits(a: np.ndarray, b: np.ndarray) -> int:
    """How many decimals tell each number of one array from its partner in the other: at least 2, at most 4."""
    pairs = [(x, y) for x, y in zip(a.tolist(), b.tolist()) if isfinite(x) and isfinite(y)]
    return next((digits for digits in (2, 3) if all(round(x, digits) != round(y, digits) for x, y in pairs)), 4)


def _number_table(
    y: float, table: np.ndarray, name: str, told: Sequence[str], rows: _Places, columns: _Places, limit: float, digits: int
) -> list[str]:
    """One of the two tables, with its name and the numbers of its columns above it. Its first row is 18 below y."""
    parts = [text(14, y - 8, name, font_weight=600)]
    for row, down in rows.starts.items():
        parts.append(text(TABLE_LEFT - 8, y + 35 + down, told[row], size=11, fill=QUIET, text_anchor="end"))
    for column, right in columns.starts.items():
        parts.append(text(TABLE_LEFT + right + 25, y + 12, column, size=11, fill=QUIET, text_anchor="middle"))
        for row, down in rows.starts.items():
            tip, at = f"{name}[{row}, {column}]", (TABLE_LEFT + right, y + 18 + down)
            parts.append(number_cell(*at, 50, 26, float(table[row, column]), limit, tip, digits))
    parts += [text(TABLE_LEFT + x + GAP / 2, y + 12, "…", size=11, fill=QUIET, text_anchor="middle") for x in columns.gaps]
    parts += [text(TABLE_LEFT - 8, y + 18 + down + 13, "⋮", size=11, fill=QUIET, text_anchor="end") for down in rows.gaps]
    return parts


def absolute_differences(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The absolute difference of each pair of numbers: 0 if both are NaN, infinite if one of them is.

    >>> absolute_differences(np.array([1.0, np.nan, np.nan]), np.array([3.0, np.nan, 0.0]))
    array([ 2.,  0., inf])
    """
    with np.errstate(invalid="ignore"):
        apart = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
    return np.where(np.isnan(apart), np.inf, apart)


def largest_magnitude(a: np.ndarray, b: np.ndarray) -> float:
    """The largest absolute value of the finite numbers in both arrays, or 1 if all are zero.

    >>> largest_magnitude(np.array([1.0, -4.0]), np.array([np.inf, 2.0]))
    4.0
    """
    both = np.abs(np.concatenate([a.ravel(), b.ravel()]))
    return float(both[np.isfinite(both)].max(initial=0)) or 1.0


def _as_table(array: np.ndarray) -> np.ndarray:
    array = array.astype(float)
    return array.reshape(len(array), prod(array.shape[1:])) if array.ndim else array.reshape(1, 1)


def _largest_differences(apart: np.ndarray, axis: int) -> list[int]:
    """The indices of at most MAX_TABLE_SIZE rows (axis 0) or columns (axis 1), namely those that differ most, in order."""
    largest = apart.max(axis=1 - axis, initial=0)
    return sorted(np.argsort(-largest, kind="stable")[:MAX_TABLE_SIZE].tolist())


def _difference_frame(x: float, y: float) -> str:
    return tag("rect", x=x + 2, y=y + 2, width=46, height=22, fill="none", stroke=TEXT, stroke_width=2.5, rx=3)
