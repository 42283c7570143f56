"""Which parts of the views have just changed: a table's rows and the lines of the code have keys, and are compared by them.

`tools/site/page.js` has the same rule for the pages: a part is marked if no part with its key was there before, or if that
part had another text.
"""

import re
from collections.abc import Mapping, Sequence
from html import escape

from ..wording import plural

PART = re.compile(r'<(tr|span) data-key="([^"]*)".*?</\1>', re.DOTALL)
WORDS = re.compile(r'(<span data-changes="[^"]*">)(.*?)(?=</span>)', re.DOTALL)
KEYED = re.compile(r'<span data-(?:key|changes)="[^"]*">(.*?)</span>|(?<=<tr) data-key="[^"]*"', re.DOTALL)


def keyed_line(line: str) -> str:
    """A line of code, escaped; its key is what the line assigns, so that a line above it may come or go.

    >>> keyed_line("x = torch.ones(5, 3)")
    '<span data-key="line x">x = torch.ones(5, 3)</span>'
    """
    return f'<span data-key="line {escape(line.partition(" = ")[0])}">{escape(line)}</span>'


def place_of_changes(at_first: str) -> str:
    """Where a sentence names what has just changed, and what stands there until something does.

    >>> place_of_changes("Move a slider.")
    '<span data-changes="Move a slider.">Move a slider.</span>'

    The attribute keeps these words for a page, which shows them again where nothing has changed.
    """
    return f'<span data-changes="{escape(at_first)}">{escape(at_first)}</span>'


def mark_changes(views: Sequence[str], before: Sequence[str]) -> list[str]:
    """The HTML of all views, with a class for each part that differs from `before`, and a sentence where there is a place for it.

    >>> mark_changes([keyed_line("x = 1"), keyed_line("y = 2")], [keyed_line("x = 1"), keyed_line("y = 3")])[1]
    '<span data-key="line y" class="unrolled-changed">y = 2</span>'
    """
    old, new = _parts(before), _parts(views)
    changed, gone = [key for key, part in new.items() if old.get(key) != part], [key for key in old if key not in new]
    if not old or not (changed or gone):
        return [*views]
    words = changed_words([key for key in changed if key in old], [key for key in changed if key not in old], gone)

    def mark(found: re.Match[str]) -> str:
        part, key = found[0], found[2]
        return part if key not in changed else part.replace(">", ' class="unrolled-changed">', 1)

    return [WORDS.sub(rf"\g<1>{words}", PART.sub(mark, html)) for html in views]


def changed_words(changed: Sequence[str], new: Sequence[str], gone: Sequence[str]) -> str:
    """The sentence about the shapes: tensors have names in it, and parameters are counted.

    >>> changed_words(["tensor h_n", "parameter weight_ih_l0", "line rnn"], new=[], gone=["parameter bias_ih_l0"])
    'Changed shapes: h_n, 1 parameter. 1 parameter is gone.'
    """

    def count(keys: Sequence[str]) -> int:
        return sum(key.startswith("parameter ") and key != "parameter total" for key in keys)

    names = [key.removeprefix("tensor ") for key in (*changed, *new) if key.startswith("tensor ")]
    names += [plural(count(changed), "parameter")] if count(changed) else []
    words = f"Changed shapes: {', '.join(names)}." if names else "No shape has changed."
    for keys, what in ((new, "new"), (gone, "gone")):
        if number := count(keys):
            words += f" {plural(number, 'parameter')} {'is' if number == 1 else 'are'} {what}."
    return words


def without_keys(html: str) -> str:
    """The HTML as it is stored: nothing changes in it, so it needs no keys.

    >>> without_keys(keyed_line("x = 1"))
    'x = 1'
    """
    return KEYED.sub(r"\1", html)


def _parts(views: Sequence[str]) -> Mapping[str, str]:
    return {found[2]: found[0] for html in views for found in PART.finditer(html)}
