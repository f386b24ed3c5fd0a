"""A history that can be looked at, and no more: on a read-only file system, or written by a newer tui_flow."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui_flow.contract.errors import HistoryError
from tui_flow.contract.rundir import HISTORY, is_read_only
from tui_flow.store.database import SCHEMA_VERSION

_VERSION_AT = 60
"""Where a database file has its `user_version`, in four bytes."""


def why_only_to_look_at(state_dir: Path) -> str:
    """Why no engine can use this history, in words; empty where one can, as far as one can tell in a moment."""
    if is_read_only(state_dir):
        return "the file system is mounted read-only: this is what was there"
    if written_version(state_dir) > SCHEMA_VERSION:
        return "a newer tui_flow wrote this history: it is shown as far as this one can"
    return ""


@contextmanager
def as_far_as_understood(state_dir: Path) -> Iterator[None]:
    """What goes wrong inside is no defect where the history is a newer one. Raises HistoryError, which says so."""
    try:
        yield
    except (HistoryError, LookupError, ValueError, TypeError) as error:
        if written_version(state_dir) <= SCHEMA_VERSION:
            raise
        what = error.what if isinstance(error, HistoryError) else repr(error)
        raise HistoryError(
            f"this version does not understand what a newer tui_flow wrote: {what}",
            where=str(state_dir / HISTORY),
            next="update it: pip install --upgrade tui-flow",
        ) from error


def written_version(state_dir: Path) -> int:
    """The schema's version that stands in the file; 0 where there is none."""
    try:
        with (state_dir / HISTORY).open("rb") as file:
            head = file.read(_VERSION_AT + 4)
    except OSError:
        return 0
    return int.from_bytes(head[_VERSION_AT:], "big") if head.startswith(b"SQLite format 3\0") else 0
