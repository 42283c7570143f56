"""How messages and labels write a number with its noun, a list in one line, a long word, and a gap in a row."""

from collections.abc import Sequence


def abbreviate(size: int, most: int, around: int | None = None) -> list[int | None]:
    """The indices of the items to draw, at most `most` with the gap: the first ones, a gap (None), the last two.

    >>> abbreviate(4, 6), abbreviate(100, 6)
    ([0, 1, 2, 3], [0, 1, 2, None, 98, 99])
    >>> abbreviate(100, 7, around=50)
    [0, None, 49, 50, 51, None, 99]

    Parameters
    ----------
    around : the index of an item that must be drawn
    """
    if size <= most:
        return list(range(size))
    shown = [*range(most - 3), None, size - 2, size - 1]
    if around is None or around in shown:
        return shown
    reach = max(most - 5, 0) // 2
    kept = sorted({0, *range(around - reach, around + reach + 1), size - 1})
    gap_after = {a: [None] for a, b in zip(kept, kept[1:]) if b - a > 1}
    return [i for a in kept for i in (a, *gap_after.get(a, ()))]


def plural(count: int, noun: str) -> str:
    """A number and its noun.

    >>> plural(1, "step"), plural(2, "step")
    ('1 step', '2 steps')
    """
    return f"{count} {noun}{'s' * (count != 1)}"


def with_article(word: str) -> str:
    """A word after "a" or "an".

    >>> with_article("tuple"), with_article("int"), with_article("RNN")
    ('a tuple', 'an int', 'an RNN')
    """
    # An RNN, because the letters of an abbreviation are read one by one.
    vowel = word[:1] in "AEFHILMNORSX" if word.isupper() else word[:1].lower() in "aeiou"
    return f"{'an' if vowel else 'a'} {word}"


def listed(things: Sequence[object], most: int = 12) -> str:
    """The first `most` items in one line, with an ellipsis for the others.

    >>> listed([3, 2, 2, 1]), listed([3, 2, 2, 1], most=2)
    ('3, 2, 2, 1', '3, 2, …')
    """
    return ", ".join(map(str, things[:most])) + (", …" if len(things) > most else "")


def capitalised(sentence: str) -> str:
    """A sentence with a capital letter at its beginning; the other letters stay, unlike with `str.capitalize`.

    >>> capitalised("a number, as L=5.")
    'A number, as L=5.'
    """
    return sentence[:1].upper() + sentence[1:]


def shorten(word: str, most: int) -> str:
    """A word of at most `most` characters; a longer one ends with an ellipsis.

    >>> shorten("extraordinary", 6)
    'extra…'
    """
    return word if len(word) <= most else word[: most - 1] + "…"
