"""What kernel_checks.py sends into a notebook's kernel: names saved and restored, claims tried, explorers moved.

It hangs on IPython's shell, not in the notebook's names.
"""


def install(shell):
    import gc
    import json
    import sys
    from pathlib import Path

    class Names:
        """The names that the notebook's cells have made."""

        def __init__(self):
            self.initial, self.saved = set(shell.user_ns), {"": {}}

        def now(self):
            return {name: x for name, x in shell.user_ns.items() if name not in self.initial and name[0] != "_"}

        def restore(self, cell):
            """Leave only the names that existed after this cell had run."""
            for name in self.now():
                del shell.user_ns[name]
            shell.user_ns.update(self.saved[cell])

        def save(self, cell):
            self.saved[cell] = self.now()

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

    def move_all():
        import helpers
        from helpers.explorers.live import Explorer

        sys.path.append(str(Path(helpers.__file__).parents[1] / "tests"))
        from explorer_sweep import sweep

        made = {repr(thing): thing for thing in gc.get_objects() if type(thing) is Explorer}
        found = list(made)
        return json.dumps([found, [finding for explorer in made.values() for finding in sweep(explorer)[:5]]])

    shell.names, shell.holds, shell.move_all = Names(), holds, move_all
