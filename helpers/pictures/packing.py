"""Pictures of a batch of sentences of different lengths: padded as a grid, packed as a staircase, and its h_n."""

import reprlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from operator import index

import numpy as np
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from ..checks import require_count, require_numbers, require_rows, require_words
from ..colours import H_N, QUIET, TEXT, WRONG, X, value_colour
from ..wording import abbreviate, listed, plural, shorten
from .cells import colour_limit
from .picture import Picture
from .svg import line, svg_picture, tag, text

GRID_LEFT, GRID_TOP, CELL_WIDTH, CELL_HEIGHT = 84, 58, 66, 36  # where the cells begin, and the size of a cell
MAX_BATCH_STEPS, MAX_BATCH_ROWS = 9, 8
CELL = 6, 11  # the size of a small cell: two columns of them fit on a phone
LEAST_PHONE = 250  # the width that a phone has for a picture
H_N_TOLERANCE = 1e-4  # a larger difference between two h_n is not a rounding error
LabelRows = Sequence[Sequence[str]]
Lengths = Sequence[int] | Mapping[int, int]  # by row


def draw_padded(padded: Tensor, lengths: Iterable[int], labels: LabelRows | None = None, *, to_the_end: bool = True) -> Picture:
    """Draw a padded batch, one row per sentence and one column per step, with a dashed frame where h_n comes from.

    >>> import torch
    >>> draw_padded(torch.zeros(3, 2, 4), [3, 1], [["i", "love", "you"], ["hello"]])
    Picture: A padded batch of 2 sentences over 3 steps; lengths 3, 1, so 2 of 6 cells are padding. ...

    Parameters
    ----------
    padded     : (L, N, H_in), from `pad_sequence`
    lengths    : the length of each of the N sentences, 1 to L
    labels     : the words of each sentence; None writes x[t,n]
    to_the_end : True frames the last column, as for h_n of a padded call. False frames the last word of each sentence, as
                 for h_n of a packed call.

    Raises
    ------
    TypeError : padded is not a tensor, lengths are not integers, or labels are not words.
    ValueError : padded has not 3 axes or nothing in it, or lengths or labels do not match it.
    """
    if not isinstance(padded, Tensor):
        raise TypeError(f"padded: given {type(padded).__name__}, expected a tensor, as pad_sequence makes it")
    if padded.dim() != 3:
        raise ValueError(f"padded: given {padded.dim()} axes {tuple(padded.shape)}, expected 3: (L, N, H_in)")
    lengths = _require_lengths(lengths)
    L, N = padded.shape[:2]
    if not L or not N:
        raise ValueError(f"padded: given {tuple(padded.shape)}, expected at least one sentence and one step")
    if len(lengths) != N or not all(1 <= length <= L for length in lengths):
        raise ValueError(f"lengths: given {lengths}, expected {N} numbers from 1 to {L}")
    words = _cell_labels(labels, lengths, range(N))
    steps, rows = abbreviate(L, MAX_BATCH_STEPS), abbreviate(N, MAX_BATCH_ROWS)
    parts = _headings("padded", f"(L={L}, N={N}, H_in={padded.size(2)})", steps)
    for row, n in enumerate(rows):
        parts.append(_row_name(row, n))
        last = L - 1 if n is None or to_the_end else lengths[n] - 1
        parts += [_grid_cell(row, column, n, t, words, lengths) for column, t in enumerate(steps)]
        parts += [] if n is None else [_h_n_frame(row, column) for column, t in enumerate(steps) if t == last]
    parts += _legend(GRID_TOP + len(rows) * CELL_HEIGHT + 26, hatched=True)
    where = f"after step {L - 1} of every row" if to_the_end else "where each sentence ends"
    alt = (
        f"A padded batch of {plural(N, 'sentence')} over {plural(L, 'step')}; lengths {listed(lengths)}, so "
        f"{L * N - sum(lengths)} of {L * N} cells are padding. h_n is taken {where}."
    )
    return svg_picture(_width(steps), GRID_TOP + len(rows) * CELL_HEIGHT + 40, parts, alt)


def draw_packed(packed: PackedSequence, labels: LabelRows | None = None) -> Picture:
    """Draw a packed batch: the staircase of `batch_sizes`, and the order of its rows in `data`.

    >>> import torch
    >>> batch = torch.nn.utils.rnn.pack_sequence([torch.zeros(1, 4), torch.zeros(3, 4)], enforce_sorted=False)
    >>> draw_packed(batch, [["hello"], ["i", "love", "you"]])
    Picture: A packed batch of 2 sentences: batch_sizes 2, 1, 1; 4 rows of data and no padding. ... n=1, n=0.

    Parameters
    ----------
    packed : from `pack_padded_sequence` or `pack_sequence`
    labels : the words of each sentence, in the order of the batch before packing; None writes x[t,n]

    Raises
    ------
    TypeError : packed is not a PackedSequence, or labels are not words.
    ValueError : labels do not match it.
    """
    if not isinstance(packed, PackedSequence):
        raise TypeError(f"packed: given {type(packed).__name__}, expected a PackedSequence")
    sizes = packed.batch_sizes.tolist()
    order = list(range(sizes[0])) if packed.sorted_indices is None else packed.sorted_indices.tolist()
    lengths = {n: sum(size > row for size in sizes) for row, n in enumerate(order)}
    words = _cell_labels(labels, lengths, order)
    begins = [0, *accumulate(sizes)]  # where in `data` each step begins
    steps, rows = abbreviate(len(sizes), MAX_BATCH_STEPS), abbreviate(sizes[0], MAX_BATCH_ROWS)
    parts = _headings("packed", f"data {tuple(packed.data.shape)}", steps)
    for row, place in enumerate(rows):
        n = None if place is None else order[place]
        parts.append(_row_name(row, n))
        before = -1  # the step drawn in the column before
        for column, t in enumerate(steps):
            if n is None or (before + 1 if t is None else t) < lengths[n]:
                parts.append(_grid_cell(row, column, n, t, words, lengths))
            if n is not None and place is not None and t is not None and t < lengths[n]:
                x, y = GRID_LEFT + column * CELL_WIDTH + 5, GRID_TOP + row * CELL_HEIGHT + 11
                parts.append(text(x, y, begins[t] + place, size=11, fill=QUIET))
            if n is not None and t == lengths[n] - 1:
                parts.append(_h_n_frame(row, column))
            before = before if t is None else t
    bottom = GRID_TOP + len(rows) * CELL_HEIGHT
    parts.append(text(8, bottom + 20, "batch_sizes", font_weight=600))
    for column, t in enumerate(steps):
        count = "…" if t is None else sizes[t]
        parts.append(text(_column_centre(column), bottom + 20, count, font_weight=600, text_anchor="middle"))
    memory, end = _data_strip(bottom + 34, begins)
    parts += memory + _legend(bottom + 90, hatched=False)
    alt = (
        f"A packed batch of {plural(sizes[0], 'sentence')}: batch_sizes {listed(sizes)}; "
        f"{plural(begins[-1], 'row')} of data and no padding. Rows from the top: "
        f"{listed([f'n={n}' for n in order])}."
    )
    return svg_picture(max(_width(steps), end + 6), bottom + 104, parts, alt)


def draw_final_states(h_n: Tensor, alone: Tensor, names: Sequence[str]) -> Picture:
    """Draw h_n of a batch beside h_n of the same sentences, each read alone, and name the rows that differ.

    >>> import torch
    >>> draw_final_states(torch.zeros(2, 3), torch.tensor([[0., 0, 0], [1, 0, 0]]), ["I love you", "hello"])
    Picture: h_n of 2 sentences in a batch and alone, 3 numbers each. 1 of 2 rows differ: hello.

    Parameters
    ----------
    h_n, alone : (N, H_out), of one layer and direction
    names      : the N sentences

    Raises
    ------
    TypeError : h_n or alone are not numbers, or names are not a list of sentences.
    ValueError : the sizes of h_n, alone and names do not match.
    """
    given = {"h_n": h_n, "alone": alone}
    batch, single = (require_numbers(name, states, "N", "H_out").astype(float) for name, states in given.items())
    names = require_words("names", names)
    if batch.shape != single.shape:
        raise ValueError(f"alone: given {single.shape}, expected the shape of h_n, (N, H_out), given {batch.shape}")
    if len(names) != len(batch):
        raise ValueError(f"names: given {len(names)}, expected one for each of {len(batch)} rows")
    same = np.isclose(batch, single, rtol=0, atol=H_N_TOLERANCE, equal_nan=True).all(axis=1)
    with np.errstate(invalid="ignore"):
        apart = np.abs(batch - single).max(axis=1, initial=0)
    limit, rows = colour_limit(np.concatenate([batch, single])), abbreviate(len(batch), MAX_BATCH_ROWS)
    heads = [(8, "h_n in the batch"), (152, "h_n alone")]  # as narrow as a phone: both must be seen at once
    parts = [text(x, 20, head, font_weight=600) for x, head in heads]
    for row, n in enumerate(rows):
        y = 28 + row * 50
        if n is None:
            parts.append(text(8, y + 16, "⋮", size=16, fill=QUIET))
            continue
        number = f"n={n}"
        left = 15 + 9 * len(number)
        name = shorten(names[n], (146 - left) // 8)
        parts.append(text(8, y + 16, number, fill=QUIET) + text(left, y + 16, name, fill=X.ink))
        parts += [
            _state_row(x, y + 21, values[n], name, limit)
            for (x, _), values, name in zip(heads, (batch, single), (f"h_n[{n}]", f"alone[{n}]"))
        ]
        gap = f"{apart[n]:.2f}" if not apart[n] >= 100 else f"{apart[n]:.0e}"
        verdict, colour, weight = ("= the same", TEXT, 400) if same[n] else (f"≠ differs by {gap}", WRONG, 700)
        parts.append(text(152, y + 16, verdict, fill=colour, font_weight=weight))
    wrong = [name for name, is_same in zip(names, same) if not is_same]
    said = f"{len(wrong)} of {len(names)} rows differ: {listed(wrong)}" if wrong else "All rows are the same"
    alt = f"h_n of {plural(len(names), 'sentence')} in a batch and alone, {batch.shape[1]} numbers each. {said}."
    return replace(svg_picture(294, 34 + len(rows) * 50, parts, alt), least=LEAST_PHONE)


# ---- the parts ----------------------------------------------------------------------------------------------------


def _require_lengths(lengths: Iterable[int]) -> list[int]:
    try:
        return [index(length) for length in lengths]
    except TypeError:
        raise TypeError(f"lengths: given {reprlib.repr(lengths)}, expected a whole number for each sentence") from None


def _cell_labels(labels: LabelRows | None, lengths: Lengths, rows: Iterable[int]) -> dict[int, list[str]]:
    """What to write into each cell, by row and step."""
    if labels is None:
        return {n: [f"x[{t},{n}]" for t in range(lengths[n])] for n in rows}
    labels = require_rows("labels", labels)
    given, expected = [len(words) for words in labels], [lengths[n] for n in sorted(rows)]
    if given != expected:
        raise ValueError(f"labels: given rows of {given} words, expected {expected}")
    return dict(enumerate(labels))


def _headings(name: str, shape: str, steps: Sequence[int | None]) -> list[str]:
    parts = [text(8, 20, f"{name} {shape}", fill=X.ink, font_weight=600)]
    return parts + [
        text(_column_centre(column), GRID_TOP - 8, "…" if t is None else f"t={t}", fill=QUIET, text_anchor="middle")
        for column, t in enumerate(steps)
    ]


def _column_centre(column: int) -> float:
    return GRID_LEFT + (column + 0.5) * CELL_WIDTH - 2


def _row_name(row: int, n: int | None) -> str:
    return text(8, GRID_TOP + row * CELL_HEIGHT + 21, "⋮" if n is None else f"n={n}", fill=QUIET)


def _grid_cell(row: int, column: int, n: int | None, t: int | None, words: dict[int, list[str]], lengths: Lengths) -> str:
    x, y = GRID_LEFT + column * CELL_WIDTH, GRID_TOP + row * CELL_HEIGHT
    if n is None or t is None:
        return text(_column_centre(column), y + 21, "⋮" if n is None else "…", size=14, fill=QUIET, text_anchor="middle")
    if t >= lengths[n]:
        return _hatched_box(x, y, CELL_WIDTH - 4, CELL_HEIGHT - 4, f"padding at t={t}, n={n}: zeros")
    tip = tag("title", f"t={t}, n={n}")
    style = dict(rx=5, fill=X.tint, stroke=X.colour, stroke_width=1)
    box = tag("rect", tip, x=x, y=y, width=CELL_WIDTH - 4, height=CELL_HEIGHT - 4, **style)
    return box + text(_column_centre(column), y + 23, shorten(words[n][t], 8), fill=TEXT, text_anchor="middle")


def _hatched_box(x: float, y: float, w: float, h: float, tip: str) -> str:
    """A grey cell with slanted lines, for padding. (An SVG pattern would need an id.)"""
    style = dict(x=x, y=y, width=w, height=h, rx=5, fill="#EEEEEE", stroke="#AAAAAA", stroke_width=1)
    starts = range(round(x) + 6, round(x + w - h / 2), 12)
    return tag("rect", tag("title", tip), **style) + "".join(
        line(start, y + h - 3, start + h / 2, y + 3, "#AAAAAA", 1, head=False) for start in starts
    )


def _h_n_frame(row: int, column: int) -> str:
    x, y = GRID_LEFT + column * CELL_WIDTH, GRID_TOP + row * CELL_HEIGHT
    style = dict(fill="none", stroke=H_N.colour, stroke_width=2, stroke_dasharray="4 3", rx=6)
    return tag("rect", x=x - 0.5, y=y - 0.5, width=CELL_WIDTH - 3, height=CELL_HEIGHT - 3, **style)  # two never touch


def _data_strip(y: float, begins: list[int]) -> tuple[list[str], float]:
    """The rows of `data` in their order in memory, with a gap between two steps, and the right edge of the last one."""
    parts = [text(8, y + 16, "data", fill=X.ink, font_weight=600), text(8, y + 34, "t", fill=QUIET)]
    x, after_gap = GRID_LEFT, False
    wide = max(18, 7 * len(str(begins[-1] - 1)) + 4)  # room for the number with the most digits
    for i in abbreviate(begins[-1], 440 // (wide + 2)):
        if i is None:
            parts.append(text(x + wide / 2, y + 15, "…", fill=QUIET, text_anchor="middle"))
        else:
            x += 8 if i and i in begins else 0
            if i in begins or after_gap:
                parts.append(text(x + wide / 2, y + 34, bisect_right(begins, i) - 1, size=11, fill=QUIET, text_anchor="middle"))
            parts.append(tag("rect", x=x, y=y, width=wide, height=22, fill=X.tint, stroke=X.colour, stroke_width=1))
            parts.append(text(x + wide / 2, y + 15, i, size=11, text_anchor="middle"))
        x, after_gap = x + wide + 2, i is None
    return parts, x


def _state_row(x: float, y: float, values: np.ndarray, name: str, limit: float) -> str:
    """One state, with its numbers as cells side by side."""
    shown = abbreviate(len(values), 8)
    w = 134 / len(shown)
    parts = []
    for i, k in enumerate(shown):
        if k is None:
            parts.append(text(x + (i + 0.5) * w, y + 16, "…", fill=QUIET, text_anchor="middle"))
            continue
        tip = tag("title", f"{name}, feature {k}: {values[k]:.3f}")
        style = dict(fill=value_colour(float(values[k]), limit), stroke=QUIET, stroke_width=0.6)
        parts.append(tag("rect", tip, x=x + i * w, y=y, width=w, height=22, **style))
    return "".join(parts)


def _legend(y: float, hatched: bool) -> list[str]:
    style = dict(fill="none", stroke=H_N.colour, stroke_dasharray="4 3", rx=3)
    parts = [tag("rect", x=GRID_LEFT, y=y - 10, width=18, height=12, **style)]
    other = (184, "padding: zeros") if hatched else (160, "small number: the row of data")
    names = [(24, "h_n comes from here"), other]
    parts += [_hatched_box(GRID_LEFT + 160, y - 10, 18, 12, "padding")] * hatched
    return parts + [text(GRID_LEFT + x, y, name, size=11, fill=QUIET) for x, name in names]


def _width(steps: Sequence[int | None]) -> float:
    return GRID_LEFT + max(len(steps), 6) * CELL_WIDTH + 8


def draw_buckets(lengths: Iterable[int], batch_size: int) -> Picture:
    """Draw how much padding the mini-batches of some sentences need: in the order given, and sorted by length.

    >>> draw_buckets([9, 1, 8, 2], batch_size=2)
    Picture: 4 sentences in mini-batches of 2. In the order given 14 of 34 cells are padding, sorted by length 2 of 22.

    Parameters
    ----------
    lengths : of at most 40 sentences, each 1 to 24

    Raises
    ------
    TypeError : lengths or batch_size are not integers.
    ValueError : there are too many sentences or none, a length is out of range, batch_size < 1.
    """
    given = _require_lengths(lengths)
    if not 1 <= len(given) <= 40 or not all(1 <= length <= 24 for length in given):
        raise ValueError(f"lengths: given {listed(given) or 'none'}, expected 1 to 40 numbers from 1 to 24")
    batch_size = require_count("batch_size", batch_size)
    gap, width = 14, max(max(given) * CELL[0] + 16, 134)
    parts, counts = [], []
    for x, name, order in ((12, "in the order given", given), (12 + width, "sorted by length", sorted(given))):
        y, padding, cells = 70, 0, 0
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            longest = max(batch)
            padding, cells = padding + longest * len(batch) - sum(batch), cells + longest * len(batch)
            for length in batch:
                parts += [_small_cell(x + t * CELL[0], y, t < length) for t in range(longest)]
                y += CELL[1]
            y += gap
        counts.append(f"{padding} of {cells}")
        parts.append(text(x, 24, name, font_weight=600, fill=TEXT) + text(x, 42, f"{counts[-1]} cells", size=11))
        parts.append(text(x, 57, "are padding", size=11))
    alt = f"{plural(len(given), 'sentence')} in mini-batches of {batch_size}. In the order given {counts[0]} cells are padding, "
    height = 70 + len(given) * CELL[1] + -(-len(given) // batch_size) * gap
    return replace(svg_picture(12 + 2 * width, height, parts, f"{alt}sorted by length {counts[1]}."), least=LEAST_PHONE)


def _small_cell(x: float, y: float, is_word: bool) -> str:
    """A word: blue and full. Padding: a line through an empty cell, so that it does not depend on the colour."""
    w, h = CELL[0] - 1, CELL[1] - 2
    style = dict(fill=X.tint, stroke=X.colour) if is_word else dict(fill="#FFFFFF", stroke="#BBBBBB")
    cell = tag("rect", x=x, y=y, width=w, height=h, **style)
    return cell if is_word else cell + tag("path", d=f"M{x} {y}l{w} {h}", stroke="#BBBBBB", fill="none")
