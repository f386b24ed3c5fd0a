"""Which runs are kept, and how the others are taken out of the history. Every function raises HistoryError."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tui_flow.store import events, queries
from tui_flow.store.database import transaction

DAY = 86_400.0
MIB = 1024 * 1024
BATCH_ROWS = 100
"""Rows that one transaction deletes at most: whoever writes meanwhile waits for no more than that."""
_STEP = 200
"""Runs that are looked at between two chances for others."""


class Rules(NamedTuple):
    """What is kept; 0 keeps all. A run goes as soon as one rule lets it go."""

    days: float
    runs: int
    """Of each flow."""
    mb: int
    """MiB of all run directories together."""


class Victim(NamedTuple):
    id: int
    why: str
    """"age", "count" or "size"."""


def plan(
    db: sqlite3.Connection, rules: Rules, at: float, size_of: Callable[[int], int]
) -> Iterator[Victim | None]:
    """The runs that may go, the oldest first; None from time to time, so that others get their turn.

    Never one that is not over, never the last run and the last success of a flow. `size_of` gives the bytes of a
    run's directory.
    """
    flows = [str(name) for (name,) in queries.rows(db, "list_run_flows")]
    kept = {id for flow in flows for id in queries.row(db, "last_runs_to_keep", {"flow": flow}) or ()}
    gone: set[int] = set()
    for chosen in (_too_old(db, rules, at), _too_many(db, rules, flows), _too_big(db, rules, gone, size_of)):
        for victim in chosen:
            if victim is None:
                yield None
            elif victim.id not in kept and victim.id not in gone:
                gone.add(victim.id)
                yield victim


def _too_old(db: sqlite3.Connection, rules: Rules, at: float) -> Iterator[Victim | None]:
    """Walks up from the oldest, as far as runs were made before the limit."""
    limit = at - rules.days * DAY
    for id, created_at, ended_at in _walk(db) if rules.days else ():
        if id is None:
            yield None
        elif created_at >= limit:
            return
        elif ended_at is not None and ended_at < limit:
            yield Victim(id, "age")


def _too_many(db: sqlite3.Connection, rules: Rules, flows: list[str]) -> Iterator[Victim | None]:
    for flow in flows if rules.runs else ():
        newest_to_go = queries.row(db, "nth_newest_run", [flow, rules.runs])
        last = 0
        while newest_to_go is not None:
            found = queries.rows(db, "list_ended_up_to", [flow, last, newest_to_go[0], _STEP])
            for (last,) in found:
                yield Victim(last, "count")
            if len(found) < _STEP:
                break
            yield None


def _too_big(
    db: sqlite3.Connection, rules: Rules, gone: set[int], size_of: Callable[[int], int]
) -> Iterator[Victim | None]:
    """Measures all directories first, some at a time, and then lets the oldest go until the rest fits."""
    sizes: dict[int, int] = {}
    for id, _, ended_at in _walk(db) if rules.mb else ():
        if id is None:
            yield None
        elif ended_at is not None and id not in gone:
            sizes[id] = size_of(id)
    excess = sum(sizes.values()) - rules.mb * MIB
    for id, size in sizes.items():
        if excess <= 0:
            return
        excess -= size
        yield Victim(id, "size")


def _walk(db: sqlite3.Connection) -> Iterator[tuple[int | None, float, float | None]]:
    """Number, begin and end of every run, in order; a None between two steps."""
    last = 0
    while found := queries.rows(db, "walk_runs", [last, _STEP]):
        yield from found
        last = found[-1][0]
        yield None, 0.0, None


def oldest_runs(db: sqlite3.Connection, count: int) -> tuple[list[int], float | None]:
    """So many of the runs that are left, and when the next one after them was made; None where they are all."""
    found = queries.rows(db, "walk_runs", [0, count + 1])
    return [id for id, _, _ in found[:count]], min((at for _, at, _ in found[count:]), default=None)


def delete_runs(db: sqlite3.Connection, ids: list[int]) -> Iterator[int]:
    """Deletes runs that are over, with their task runs: one transaction a step, which gives the rows it deleted."""
    waiting = ids[::-1]
    while waiting:
        left = BATCH_ROWS
        with transaction(db):
            while waiting and left > 0:
                left -= queries.change(db, "delete_some_tasks", {"run_id": waiting[-1], "count": left})
                if left > 0:
                    left -= max(1, queries.change(db, "delete_run", [waiting.pop()]))
        yield BATCH_ROWS - left


def delete_fire_times(db: sqlite3.Connection, before: float) -> Iterator[int]:
    """Forgets what became of fire times that were decided so long ago; those of conditions stay, since they alone say
    what was done already."""
    while True:
        with transaction(db):
            count = queries.change(db, "delete_old_fire_times", [before, BATCH_ROWS])
        if not count:
            return
        yield count


def delete_events(db: sqlite3.Connection, before: float) -> Iterator[int]:
    """Forgets events that came so long ago, as far as every trigger that waits for events has read."""
    row = queries.row(db, "last_event_handled")
    handled = events.last_id(db) if row is None or row[0] is None else int(row[0])
    while True:
        with transaction(db):
            count = events.delete_old(db, handled, before, BATCH_ROWS)
        if not count:
            return
        yield count


def unreferenced_sources(db: sqlite3.Connection, shas: set[str]) -> Iterator[set[str] | None]:
    """Those of the sources that neither a run nor a flow file refers to: the last thing given. None before that, so
    that others get their turn."""
    left = shas - {sha for (sha,) in queries.rows(db, "list_file_shas")}
    last = 0
    while found := queries.rows(db, "walk_run_shas", [last, 10 * _STEP]):
        left -= {sha for _, sha in found}
        last = found[-1][0]
        yield None
    yield left
