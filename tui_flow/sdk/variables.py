"""`Variable`: named JSON values that flows share, by Prefect's names. Not for secrets: everybody who may see the
project may see them.

Each is a file of its own in the state directory; `tui-flow variable list` and `set` do so, too.
Source of the rules: https://docs.prefect.io/v3/concepts/variables
"""

import json
import time
from typing import Any

from tui_flow.contract.documents import VARIABLES, Documents, checked_value
from tui_flow.sdk import notes
from tui_flow.sdk.dispatch import awaitable_in_coroutines
from tui_flow.sdk.logging import get_logger
from tui_flow.sdk.masking import masker


class Variable:
    """One variable: its name, value and tags. `get`, `set` and `unset` are awaited in coroutines, and have twins that
    always are: `aget`, `aset`, `aunset`."""

    def __init__(self, name: str, value: Any, tags: list[str] | None = None) -> None:
        self.name, self.value, self.tags = name, checked_value(value), list(tags or [])

    def __repr__(self) -> str:
        return f"Variable(name={self.name!r}, value={self.value!r}, tags={self.tags!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Variable) and vars(self) == vars(other)

    __hash__ = object.__hash__

    @classmethod
    async def aget(cls, name: str, default: Any = None) -> Any:
        """Its value; the default where there is no such variable."""
        return _get(name, default)

    @classmethod
    async def aset(
        cls, name: str, value: Any, tags: list[str] | None = None, overwrite: bool = False
    ) -> "Variable":
        """Raises ValueError where there is one already and `overwrite` is not set, for a name with other characters
        than lowercase letters, digits, dashes and underscores, and for what is no JSON value of up to 5,000 characters."""
        return _set(name, value, tags, overwrite)

    @classmethod
    async def aunset(cls, name: str) -> bool:
        """Whether there was one to delete."""
        return _documents().remove(name)

    @staticmethod
    @awaitable_in_coroutines
    def get(name: str, default: Any = None) -> Any:
        """Its value; the default where there is no such variable."""
        return _get(name, default)

    @staticmethod
    @awaitable_in_coroutines
    def set(name: str, value: Any, tags: list[str] | None = None, overwrite: bool = False) -> "Variable":
        """As `aset`."""
        return _set(name, value, tags, overwrite)

    @staticmethod
    @awaitable_in_coroutines
    def unset(name: str) -> bool:
        """Whether there was one to delete."""
        return _documents().remove(name)


def _get(name: str, default: Any) -> Any:
    found = _documents().read(name)
    return default if found is None else found["value"]


def _set(name: str, value: Any, tags: list[str] | None, overwrite: bool) -> Variable:
    variable, documents = Variable(name, value, tags), _documents()
    if masker.finds_in(json.dumps(variable.value, ensure_ascii=False).encode("utf-8", "surrogatepass")):
        get_logger("variables").warning(
            "Variable %r holds a secret in clear: everybody who may see variables sees it", name
        )
    if not documents.write(name, {**vars(variable), "updated_at": time.time()}, overwrite=overwrite):
        raise ValueError(f"Variable {name!r} already exists. Use `overwrite=True` to update it.")
    return variable


def _documents() -> Documents:
    return Documents(notes.state_dir(), VARIABLES)
