"""How far a loop is, for people who watch: `for order in progress(orders): …`."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tui_flow.contract.journal import Progress
from tui_flow.sdk.context import current

Item = TypeVar("Item")
EVERY_SECONDS = 0.25
"""A loop tells no oftener how far it is."""


def progress(
    items: Iterable[Item], description: str | None = None, *, total: float | None = None, unit: str = ""
) -> Iterator[Item]:
    """The items, one after another. The run's view shows how many are done, of how many (`total`, else their `len`),
    and how long it may still take. Outside of a run it only gives the items.

    A progress bar of one's own making is `create_progress_artifact`.
    """
    if current.get() is None:
        yield from items
        return
    from tui_flow.sdk import artifacts

    known = total if total is not None else _length(items)
    done, told, told_at = 0, 0, time.monotonic()
    shown = artifacts.show_progress(Progress(0, known, unit), description)
    try:
        for item in items:
            yield item
            done += 1
            now = time.monotonic()
            if now - told_at >= EVERY_SECONDS:
                told, told_at = done, now
                artifacts.update(shown, Progress(done, known, unit)._asdict())
    finally:
        if told != done:
            artifacts.update(shown, Progress(done, known, unit)._asdict())


def _length(items: Iterable[object]) -> int | None:
    try:
        return len(items)  # type: ignore[arg-type]
    except TypeError:
        return None
