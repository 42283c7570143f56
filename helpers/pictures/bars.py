"""Bars: the probability that each of some words comes next."""

from collections.abc import Mapping, Sequence

from ..checks import require_mapping, require_numbers, require_words
from ..colours import OUTPUT, QUIET, X
from ..wording import listed, plural, shorten
from .picture import Picture
from .svg import escape_text, line, svg_picture, tag, text

ROW, LABEL, ROOM = 24, 108, 46  # the height of a row; the widths of the words on the left, and of the numbers on the right


def draw_next_words(words: Sequence[str], probabilities: Mapping[str, Sequence[float]]) -> Picture:
    """Draw probabilities of the next word as bars, with one row per word and one column per model.

    >>> draw_next_words(["tea", "coffee"], {"RNN": [0.75, 0.25]})
    Picture: The probability of 2 words to be next. RNN: tea ≈0.75, coffee ≈0.25.

    Parameters
    ----------
    words         : at least one
    probabilities : 1 to 3 columns by their headings, each with one number from 0 to 1 per word

    The numbers have the mark ≈, because those of a trained network differ a little between machines.

    Raises
    ------
    TypeError : words are not a list of words, probabilities are not a dict, or its values are not numbers.
    ValueError : there are no words, no columns or more than 3; or a column has another length, or a number outside 0 to 1.
    """
    words = require_words("words", words)
    require_mapping("probabilities", probabilities)
    if not words:
        raise ValueError("words: given none, expected at least one")
    if not 1 <= len(probabilities) <= 3:
        raise ValueError(f"probabilities: given {plural(len(probabilities), 'column')}, expected 1 to 3")
    columns = {name: require_numbers(name, values, "words").tolist() for name, values in probabilities.items()}
    for name, values in columns.items():
        if len(values) != len(words) or not all(0 <= value <= 1 for value in values):
            raise ValueError(f"{name}: given {listed(values)}, expected one number from 0 to 1 for each of {len(words)} words")
    wide = min(300.0, (720 - LABEL) / len(columns) - ROOM)
    bottom = 34 + ROW * len(words)
    parts = []
    for row, word in enumerate(words):
        parts.append(text(LABEL - 10, 50 + ROW * row, shorten(word, 14), fill=X.ink, text_anchor="end"))
    for column, (name, values) in enumerate(columns.items()):
        left = LABEL + column * (wide + ROOM)
        parts.append(text(left, 22, shorten(name, int(wide / 6.5)), fill=OUTPUT.ink, font_weight=600))
        parts.append(line(left, 34, left, bottom, QUIET, 1, head=False))
        for row, (word, value) in enumerate(zip(words, values)):
            tip = tag("title", escape_text(f"{word}: {value:.3f}"))
            bar = dict(x=left, y=38 + ROW * row, width=max(1.0, wide * value), height=ROW - 8)
            parts.append(tag("rect", tip, **bar, fill=OUTPUT.tint, stroke=OUTPUT.colour))
            parts.append(text(left + wide * value + 6, 50 + ROW * row, f"{value:.2f}", size=11, fill=QUIET))
    told = [f"{name}: " + ", ".join(f"{w} ≈{v:.2f}" for w, v in zip(words, values)) for name, values in columns.items()]
    alt = f"The probability of {plural(len(words), 'word')} to be next. {'; '.join(told)}."
    return svg_picture(LABEL + len(columns) * (wide + ROOM), bottom + 12, parts, alt)
