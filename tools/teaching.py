"""TEACHING.md, read: the script of each lesson, which the slides follow and the tests play."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TEACHING = Path(__file__).resolve().parent.parent / "TEACHING.md"
SECTION = re.compile(r"^## (\d\d) .*?\n(.*?)(?=^## |\Z)", re.M | re.S)
ROW = re.compile(r"^\| (?!ask first|---)(.+?) \| (.+?) \| (.+?) \|$", re.M)
MOVE = re.compile(r"`(\w+)`(?: from (\w+))?( back)? (?:to |(?=off|on))(relu|tanh|off|on|[−\d.]+)")
WORDS = {"on": True, "off": False, "relu": "relu", "tanh": "tanh"}
PLAN = re.compile(r"^\| minutes \| what you do \|\n\| ---: \| --- \|\n((?:\|.*\n)+)", re.M)
PART = re.compile(r'"(.+?)"(?: to "(.+?)")?')
QUOTE = re.compile(r'(?:^|(?<=[.!?] )|(?<=:\*\* ))"(?=[A-Z`\d])')  # where a misconception begins


@dataclass(frozen=True)
class Row:
    """One question of a lesson, what the teacher then moves or shows, and what the class should see."""

    question: str
    action: str
    answer: str

    @property
    def name(self) -> str:
        """The helper that is moved or shown, such as "explore_neuron"."""
        return self.action.split("`")[1]

    @property
    def controls(self) -> list[str]:
        """The controls that the row names, each once."""
        return [*dict.fromkeys(re.findall(r"`(.+?)`", self.action)[1:])]

    @property
    def section(self) -> str:
        """The heading in the notebook under which it is found; "" for the first place."""
        found = re.search(r'under "(.+?)"', self.action)
        return found[1] if found else ""

    @property
    def look(self) -> str:
        """What the action says to look at in an explorer, such as "parameters"; "" for its first picture."""
        found = re.search(r"look at the (\w+)", self.action)
        return found[1] if found else ""

    def moves(self) -> Iterator[tuple[str, object, object]]:
        """Every (control, value before, value after), in order; None where no value before is named."""
        for name, before, _, after in MOVE.findall(self.action):
            yield name, _value(before) if before else None, _value(after)

    def prepared(self) -> dict[str, object]:
        """{control: value} of what goes back to where it was before the question, unless nothing else moves."""
        back = {name: _value(after) for name, _, back, after in MOVE.findall(self.action) if back}
        return back if back.keys() != set(self.controls) else {}


@dataclass(frozen=True)
class PlanRow:
    """A part of a lesson: how long it takes in class, and what you do."""

    minutes: int
    what: str

    @property
    def number(self) -> str:
        """The notebook it belongs to; "" for a break."""
        found = re.match(r"\[(\d\d)\]", self.what)
        return found[1] if found else ""

    def sections(self, headings: list[str]) -> list[str]:
        """The sections that it names, of a notebook with these headings: "A", or from "A" to "B"."""
        found = []
        for first, last in PART.findall(self.what):
            found += headings[headings.index(first) : headings.index(last or first) + 1]
        return found


@dataclass(frozen=True)
class Lesson:
    """A section of TEACHING.md."""

    number: str
    text: str

    @property
    def rows(self) -> list[Row]:
        return [Row(*cells) for cells in ROW.findall(self.text)]

    @property
    def needs(self) -> str:
        """How long it takes and what it needs, such as "**30 minutes** · needs 02"."""
        (line,) = re.findall(r"\*\*\d+ minutes\*\*.*", self.text)
        return str(line)

    @property
    def objectives(self) -> str:
        """What learners can do afterwards: the sentence that begins "They can then", without these words."""
        found = re.findall(r"\*\*They can then\*\* (.*?)\n\n", self.text, re.S)
        return " ".join(found[0].split())

    @property
    def misconceptions(self) -> list[tuple[str, str]]:
        """Every (wrong sentence, what to say or to show against it)."""
        text = " ".join(self.text.partition("**A common misconception:**")[2].split())
        pairs = [part.partition('"') for part in QUOTE.split(text.replace("**Said wrongly:** ", ""))[1:]]
        return [(said, against.removeprefix(":").strip()) for said, _, against in pairs]


def _value(word: str) -> object:
    return WORDS[word] if word in WORDS else float(word.replace("−", "-"))


def plans() -> list[list[PlanRow]]:
    """The tables that say how to spend 90 minutes."""
    tables = PLAN.findall(TEACHING.read_text(encoding="utf-8"))
    return [[PlanRow(int(row[0]), row[1]) for row in re.findall(r"^\| (\d+) \| (.+) \|$", table, re.M)] for table in tables]


def lessons() -> dict[str, Lesson]:
    """{the number of a notebook: its lesson}."""
    return {number: Lesson(number, text) for number, text in SECTION.findall(TEACHING.read_text(encoding="utf-8"))}
