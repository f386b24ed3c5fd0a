"""Imports without what is optional to others, and would cost more here than it gives."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_off(*modules: str) -> Iterator[None]:
    """While it lasts, importing one of these says that there is none, unless it is loaded already."""
    away = [name for name in modules if name not in sys.modules]
    sys.modules.update(dict.fromkeys(away))  # type: ignore[arg-type]  # None is how Python says that there is none
    try:
        yield
    finally:
        for name in away:
            del sys.modules[name]
