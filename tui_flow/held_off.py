"""Imports without what is optional to others, and would cost more here than it gives."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def held_off(*modules: str) -> Iterator[None]:
    """While it lasts, importing one of these says that there is none, unless it is loaded already."""
    with _in_place_of(dict.fromkeys(modules)):
        yield


@contextmanager
def stood_in(*modules: str) -> Iterator[None]:
    """While it lasts, whatever is imported from one of these is an empty class, unless it is loaded already: for a part
    of a library that is switched off, and that the rest of it only names."""
    with _in_place_of({name: _StandIn(name) for name in modules}):
        yield


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


@contextmanager
def _in_place_of(modules: dict[str, ModuleType | None]) -> Iterator[None]:
    away = {name: module for name, module in modules.items() if name not in sys.modules}
    sys.modules.update(away)  # type: ignore[arg-type]  # None is how Python says that there is none
    try:
        yield
    finally:
        for name in away:
            del sys.modules[name]
