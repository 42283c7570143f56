"""What kernel_checks.py sends into a notebook's kernel: names put aside and brought back, claims tried, explorers moved.

It hangs on IPython's shell, not in the notebook's names.
"""


def install(shell):
    import gc
    import json
    from itertools import combinations, product
    from random import Random
    from xml.etree import ElementTree

    class Names:
        """The names that the notebook's cells have made."""

        def __init__(self):
            self.not_theirs, self.kept = set(shell.user_ns), {"": {}}

        def now(self):
            return {name: x for name, x in shell.user_ns.items() if name not in self.not_theirs and name[0] != "_"}

        def become(self, cell):
            """Forget all, but for what was there when this cell had run."""
            for name in self.now():
                del shell.user_ns[name]
            shell.user_ns.update(self.kept[cell])

        def keep(self, cell):
            self.kept[cell] = self.now()

    def holds(claim):
        """Whether both sides of `a == b` are the same, within rounding where they are tensors."""
        import torch

        try:
            left, right = (eval(side, shell.user_ns) for side in claim.split("=="))
        except NameError:
            return False
        if isinstance(left, torch.Tensor) and isinstance(right, torch.Tensor):
            return left.shape == right.shape and torch.allclose(left, right, atol=1e-5)
        return bool(left == right)

    def values(control):
        """All that a control can be moved to; for a text, what people type."""
        if hasattr(control, "options"):
            return list(control.options)
        if isinstance(control.value, bool):
            return [False, True]
        if isinstance(control.value, str):
            return ["", "I love you", "7", "(5, 2)", "none", "<b>&", "x " * 50]
        count = round((control.max - control.min) / control.step)
        return [min(type(control.value)(control.min + i * control.step), control.max) for i in range(count + 1)]

    def states(controls, draws):
        """Settings to try: each control over its range, all pairs of extremes, and random ones."""
        resting, ranges = [c.value for c in controls], [values(c) for c in controls]
        for at, choice in enumerate(ranges):
            yield from ([*resting[:at], value, *resting[at + 1 :]] for value in choice)
        for one, other in combinations(range(len(controls)), 2):
            for a, b in product((0, -1), repeat=2):
                state = list(resting)
                state[one], state[other] = ranges[one][a], ranges[other][b]
                yield state
        random = Random(0)
        for _ in range(draws if len(controls) > 1 else 0):
            yield [random.choice(choice) for choice in ranges]
        yield resting

    def move(explorer, draws=40):
        """The states in which a callback raised, or showed what is no XML."""
        controls, wrong = list(explorer.controls.values()), []
        for state in states(controls, draws):
            try:
                for control, value in zip(controls, state):
                    control.value = value
                for html in explorer.html:
                    ElementTree.fromstring(f"<div>{html}</div>")
            except Exception as error:
                wrong.append(f"{explorer.name} at {state}: {type(error).__name__}: {error}")
        return wrong

    def move_all():
        from helpers.explorers.live import Explorer

        made = {repr(thing): thing for thing in gc.get_objects() if type(thing) is Explorer}
        return json.dumps([finding for explorer in made.values() for finding in move(explorer)][:10])

    shell.names, shell.holds, shell.move_all = Names(), holds, move_all
