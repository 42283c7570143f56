"""The shared code of the course. Everything public is importable from here:

>>> from helpers import trace, draw_unrolled

A name is imported when it is first used. So a notebook without plots never waits for matplotlib, and a notebook without words
never waits for torchnlp. `__init__.pyi` lists them: editors and mypy read it, and so does this module.
"""

import ast
from importlib import import_module
from pathlib import Path

from .errors.missing_names import watch

# A published notebook asks for UNROLLED, because another package called helpers may well have a __version__ (tools/publish.py).
UNROLLED = __version__ = "0.2.0"

_STUB = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
# Each public name, with the module that defines it.
PUBLIC = {alias.name: f"{line.module}" for line in _STUB.body if isinstance(line, ast.ImportFrom) for alias in line.names}
__all__ = list(PUBLIC)


def __getattr__(name: str) -> object:
    if name not in PUBLIC:
        raise AttributeError(f"module 'helpers' has no attribute {name!r}; it offers {', '.join(PUBLIC)}")
    value: object = getattr(import_module(f".{PUBLIC[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


watch()
