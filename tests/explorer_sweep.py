"""Every control of an explorer is moved over its whole range. A test imports this, and so does the kernel of a notebook."""

from itertools import combinations, product
from random import Random
from xml.etree import ElementTree

TYPED = ["", "I love you", "7", "(5, 2)", "none", "<b>&", "x " * 50]  # what people type into a text box


def values(control):
    """All values that a control can be moved to; for a text box, some of them."""
    if hasattr(control, "options"):
        return list(control.options)
    if isinstance(control.value, bool):
        return [False, True]
    if isinstance(control.value, str):
        return TYPED
    count = round((control.max - control.min) / control.step)
    return [min(type(control.value)(control.min + i * control.step), control.max) for i in range(count + 1)]


def settings(controls, draws):
    """Each control over its range, all pairs of extremes, and a random walk that moves one control at a time."""
    resting, ranges = [control.value for control in controls], [values(control) for control in controls]
    for at, choices in enumerate(ranges):
        yield from ([*resting[:at], value, *resting[at + 1 :]] for value in choices)
    for one, other in combinations(range(len(controls)), 2):
        for a, b in product((0, -1), repeat=2):
            setting = list(resting)
            setting[one], setting[other] = ranges[one][a], ranges[other][b]
            yield setting
    random, setting = Random(0), list(resting)
    for _ in range(draws if len(controls) > 1 else 0):
        at = random.randrange(len(controls))
        setting = [*setting[:at], random.choice(ranges[at]), *setting[at + 1 :]]
        yield setting
    yield resting


def require_well_formed(explorer):
    for html in explorer.html:
        assert "data-failed" not in html
        ElementTree.fromstring(f"<div>{html}</div>")  # well-formed, and so is the SVG in it


def sweep(explorer, draws=100, check=require_well_formed):
    """The settings in which a callback raised or the check failed, and why."""
    controls, wrong = list(explorer.controls.values()), []
    for setting in settings(controls, draws):
        try:
            for control, value in zip(controls, setting):
                control.value = value
            check(explorer)
        except Exception as error:
            wrong.append(f"{explorer.name} at {setting}: {type(error).__name__}: {error}")
    return wrong
