"""Of many states, which ones every run of the suite tries, and which ones only `--all` does."""

import pytest


def thinned(states, every):
    """One in `every` states for each run; the others are a sweep."""
    return [state if n % every == 0 else pytest.param(state, marks=pytest.mark.sweep) for n, state in enumerate(states)]
