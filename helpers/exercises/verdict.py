"""What the learner reads about an answer: a mark and a word, what differs, and hints."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ..wording import capitalised

# White text on these colours has a contrast over 5, in both themes; the mark and the word say the same as the colour.
BADGES = {
    True: ("✓", "Right", "#00704F"),
    False: ("✗", "Not yet", "#B3261E"),
    None: ("○", "Not answered yet", "#555555"),
}


@dataclass(frozen=True)
class Verdict:
    """Right, wrong, or not answered yet; shown as text and as HTML.

    >>> print(Verdict("03.1", "predict a shape", False, "axis 0 (N) is not 20.", ["Look at batch_first."]))
    03.1 ✗ Not yet: axis 0 (N) is not 20.
      Hint: Look at batch_first.

    Parameters
    ----------
    right    : True, False, or None while there is no answer
    sentence : what is asked, what differs, what was done
    hints    : those shown so far
    note     : a sentence about side effects, whatever the verdict
    """

    number: str
    kind: str
    right: bool | None
    sentence: str
    hints: Sequence[str] = ()
    note: str = ""

    def __repr__(self) -> str:
        mark, word, _ = BADGES[self.right]
        lines = [f"{self.number} {mark} {word}: {self.sentence}", *(f"  Hint: {hint}" for hint in self.hints)]
        return "\n".join(lines + ([f"  {self.note}"] if self.note else []))

    def _repr_html_(self) -> str:
        mark, word, colour = BADGES[self.right]
        badge = f"background:{colour};color:#fff;border-radius:4px;padding:1px 8px;font-weight:600;white-space:nowrap"
        head = f'<span style="{badge}">{mark} {word}</span> <b>{self.number}</b> ({self.kind})'
        sentence = self.sentence if self.right is None else capitalised(self.sentence)  # here it begins a line
        parts = [head, escape(sentence), self._hints(), f"<i>{escape(self.note)}</i>" if self.note else ""]
        frame = f"border-left:4px solid {colour};padding:2px 0 2px 10px;max-width:46em;line-height:1.6"
        body = "".join(f"<div>{part}</div>" for part in parts if part)
        return f'<div style="{frame};overflow-wrap:anywhere">{body}</div>'

    def _hints(self) -> str:
        items = "".join(f"<li>{escape(hint)}</li>" for hint in self.hints)
        heading = "Hint" if len(self.hints) == 1 else "Hints"
        return f'<b>{heading}</b><ul style="margin:0;padding-left:1.4em">{items}</ul>' if items else ""
