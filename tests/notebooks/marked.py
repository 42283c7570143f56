"""What the mark ≈ promises: a number within a tolerance, words as many as are stored.

A trained network gives other digits on another machine. So a notebook prints such a number as `≈3.02`, and words that a network wrote
after a mark and a space: `≈ the cat sat`. nbval passes over both (tests/nbval_sanitize.cfg); this module compares them.
"""

import re

SHARE = 0.1  # how far shares and probabilities, from 0 to 1, may be apart
TOLERANCE = 0.25  # how far larger numbers may be apart, as a part of the stored one
TINY = 1e-4  # numbers below it are rounding errors, which have no digits in common

NUMBER = re.compile(r"≈([-−+]?\d[\d.,]*(?:e[-+]?\d+)?)")
WORDS = re.compile(r'≈ ([^\n<"]*)')


def unlike(stored, new):
    """How the marked parts of new outputs differ from those of the stored ones; both are lists of nbformat's outputs."""
    stored, new = shown(stored), shown(new)
    found = []
    for told, now in zip(NUMBER.findall(stored), NUMBER.findall(new)):
        told, now = (float(text.rstrip(".,").replace(",", "").replace("−", "-")) for text in (told, now))
        allowed = SHARE if TINY < max(told, now) <= 1 else max(TOLERANCE * abs(told), TINY)
        if abs(now - told) > allowed:
            found.append(f"≈{now:g} where ≈{told:g} is stored: more than {allowed:g} apart")
    for told, now in zip(WORDS.findall(stored), WORDS.findall(new)):
        if len(told.split()) != len(now.split()):
            found.append(f"{len(now.split())} words after ≈ where {len(told.split())} are stored: {now}")
    return found


def shown(outputs):
    """All that nbval compares of some outputs, as one text without drawings; nbval itself finds more or fewer marks."""
    told = [output.get("text", "") for output in outputs]
    for output in outputs:
        told += [value for kind, value in sorted(output.get("data", {}).items()) if kind.startswith("text/")]
    return re.sub(r'src="[^"]*"', "", "\n".join(told))
