"""Small words for messages and labels: a number with its noun, a list in one line, a word cut short, a gap in a row."""

from collections.abc import Sequence


def abbreviate(size: int, most: int, around: int | None = None) -> list[int | None]:
    """Which of `size` things to draw when there is room for `most`: the first ones, a gap (None), the last two.

    >>> abbreviate(4, 6), abbreviate(100, 6)
    ([0, 1, 2, 3], [0, 1, 2, None, 98, 99])
    >>> abbreviate(100, 7, around=50)
    [0, None, 49, 50, 51, None, 99]

    Parameters
    ----------
    around : one that must not fall into the gap
    """
    if size <= most:
        return list(range(size))
    shown = [*range(most - 3), None, size - 2, size - 1]
    if around is None or around in shown:
        return shown
    reach = max(most - 5, 0) // 2
    kept = sorted({0, *range(around - reach, around + reach + 1), size - 1})
    after = {a: [None] * (b - a > 1) for a, b in zip(kept, kept[1:])}
    return [i for a in kept for i in (a, *after.get(a, ()))]


def plural(count: int, noun: str) -> str:
    """A number and its noun.

    >>> plural(1, "step"), plural(2, "step")
    ('1 step', '2 steps')
    """
    return f"{count} {noun}{'s' * (count != 1)}"


def listed(things: Sequence, most: int = 12) -> str:
    """The first `most` of some things in one line; an ellipsis stands for the others.

    >>> listed([3, 2, 2, 1]), listed([3, 2, 2, 1], most=2)
    ('3, 2, 2, 1', '3, 2, …')
    """
    return ", ".join(map(str, things[:most])) + (", …" if len(things) > most else "")


def shorten(word: str, most: int) -> str:
    """A word cut to `most` characters, the last of them an ellipsis.

    >>> shorten("extraordinary", 6)
    'extra…'
    """
    return word if len(word) <= most else word[: most - 1] + "…"
