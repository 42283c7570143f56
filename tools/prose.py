"""How long the sentences of the course are, and how many have no verb: `python tools/prose.py [notebook or page ...]`.

It reads the prose of the notebooks, or of the files that are named: no headings, tables, code or formulas. A sentence without a
verb is found by a list of verbs, so a rare verb may be missed. It prints numbers and the sentences found; no test depends on it.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONG = 25  # words
AUXILIARIES = """
    am is are was were be been being do does did has have had can can't cannot could may might must need shall should will
    would won't isn't aren't doesn't don't didn't that's it's there's you'll we'll you're we're let's what's here's
""".split()
VERBS = """
    accept act add agree allow answer appear apply ask assign average become begin belong bite bring build calculate call
    can carry change check choose clear click clip close come compare compute concatenate connect contain continue copy cost
    count cover create cut decide define depend detach differ disappear divide do drag draw drop end enter equal estimate
    expect explain explode fade fail fall feed fetch fill find finish fit flip fold follow forget form get give go grow
    guess happen have hear help hide hold hover imagine include initialise jump keep know lay lead learn leave let lie lift
    like limit list load look lose make mark match matter mean measure meet mix move multiply name need note occur open
    order overwrite pack pad paint pass pay pick place play point predict prefer press print produce promise prove put raise
    reach read rearrange receive recommend record remain remember remove repeat replace report represent require reset
    reshape return reverse round run save say scale see seem select send separate serve set shorten show shrink shuffle sit
    skip slice slide slow solve sort sound speak spell spend split squeeze stack stand start state stay step stop store sum
    suppose swap switch take talk tap teach tell test think throw train transpose treat try turn type understand unfold
    unpack unroll update use vanish wait walk want warn watch weigh win wonder work write wrote written ran read saw seen
    said told gave given took taken went gone came knew known made meant became began brought built chose chosen drew drawn
    fell fallen felt found forgot got grew held kept laid led learnt left lost met paid put rose sent shown stood stuck
    taught thought threw thrown understood won
""".split()


def main(names: list[str]) -> int:
    pages = [Path(name) for name in names] or sorted((ROOT / "notebooks").glob("*.ipynb"))
    total = long = verbless = 0
    for page in pages:
        found = sentences(prose(page))
        too_long = [sentence for sentence in found if len(sentence.split()) > LONG]
        without = [sentence for sentence in found if not has_verb(sentence)]
        total, long, verbless = total + len(found), long + len(too_long), verbless + len(without)
        print(f"{page.name}: {len(found)} sentences, {len(too_long)} of more than {LONG} words, {len(without)} without a verb")
        print(*(f"  long: {sentence}" for sentence in too_long), *(f"  verb? {sentence}" for sentence in without), sep="\n")
    print(f"all: {total} sentences, {long / max(total, 1):.1%} long, {verbless / max(total, 1):.1%} without a verb")
    return 0


def prose(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells)
    text = re.sub(r"```.*?```|\$\$.*?\$\$|<[^>]*>", "", text, flags=re.S)
    lines = [
        "" if re.match(r"#|\||    ", line) else re.sub(r"^\s*(- |\d+\. |\*\*\d\d\.\d\*\* .*)", "\n\n", line)
        for line in text.split("\n")
    ]
    return "\n".join(lines)


def sentences(text: str) -> list[str]:
    """The sentences that end in a full stop, a question mark or an exclamation mark; labels and fragments of a list are none."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"\$[^$]*\$|`[^`]*`", "x", text)).replace("*", "")
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    found = [sentence for part in paragraphs for sentence in re.split(r"(?<=[.?!])\s+(?=[\"“(A-Zx])", part)]
    return [sentence for sentence in found if re.search(r"[.?!][)\"”]?$", sentence) and len(sentence.split()) > 1]


def has_verb(sentence: str) -> bool:
    words = re.findall(r"[a-z']+", sentence.lower().replace("’", "'"))
    stems = {stem for word in words for stem in stems_of(word)}
    return bool(stems & {*VERBS} or {*words} & {*AUXILIARIES})


def stems_of(word: str) -> set[str]:
    """What a form of a verb may come from: stops and stopped from stop, tries from try."""
    found = {word}
    for ending, *endings in (("s", ""), ("es", ""), ("ies", "y"), ("ed", "", "e"), ("ied", "y"), ("ing", "", "e")):
        if word.endswith(ending):
            bare = word.removesuffix(ending)
            found |= {bare + other for other in endings} | ({bare[:-1]} if bare[-1:] == bare[-2:-1] else set())
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
