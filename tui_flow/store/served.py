"""Served flows: a flow under a name, with parameters and schedules of its own, for as long as a script serves it.

Every function raises HistoryError where the database cannot be used.
"""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from tui_flow.contract.flow_names import same_name
from tui_flow.store import flows, queries, rows, schedules
from tui_flow.store.database import transaction
from tui_flow.store.records import Flow, Schedule, ServedFlow

SOURCE = "serve"
"""Where the schedules of served flows come from."""


def list_served(db: sqlite3.Connection) -> list[ServedFlow]:
    """All that ever were, by flow and name."""
    return [rows.served_flow(row) for row in queries.rows(db, "list_served")]


def get_served(db: sqlite3.Connection, flow: str, name: str) -> ServedFlow | None:
    row = queries.row(db, "get_served", [flow, name])
    return None if row is None else rows.served_flow(row)


def find_served(db: sqlite3.Connection, flow: str, name: str) -> ServedFlow | None:
    """The same, where "-" and "_" and case of the flow's name count as the same."""
    found = get_served(db, flow, name)
    for one in list_served(db) if found is None else ():
        if one.name == name and same_name(one.flow, flow):
            return one
    return found


def flow_of(db: sqlite3.Connection, name: str, served: str | None) -> Flow | None:
    """What a run of this flow runs: the flow as its file in `flows/` has it now; of a served flow that lies elsewhere,
    as it was when it was served. It has the tags that it is served with."""
    current = flows.get_flow(db, name)
    found = None if served is None else get_served(db, name, served)
    if found is None:
        return current
    is_watched = current is not None and current.path == found.definition.path
    flow = current if is_watched and current is not None else found.definition
    return flow._replace(tags=sorted({*flow.tags, *found.tags}))


def save(db: sqlite3.Connection, served: ServedFlow, declared: Iterable[dict[str, Any]]) -> None:
    """A script serves this, with these schedules (`contract.schedules`) and no others."""
    specs = list(declared)
    with transaction(db):
        queries.change(db, "save_served", rows.served_flow_row(served))
        for spec in specs:
            one = schedules.Declared(served.flow, spec["slug"], spec["kind"], spec, spec.get("active", True))
            schedules.declare(db, one, SOURCE, served.served_at)
        slugs = json.dumps([spec["slug"] for spec in specs])
        queries.change(db, "mark_unserved_gone", {"flow": served.flow, "name": served.name, "slugs": slugs})


def schedules_of(db: sqlite3.Connection, served: ServedFlow) -> list[Schedule]:
    """Those that it is served with, or was last."""
    found = schedules.list_schedules(db, served.flow)
    return [one for one in found if one.source == SOURCE and one.spec.get("served") == served.name]


def forget(db: sqlite3.Connection, flow: str, name: str | None, gone: Iterable[Schedule]) -> None:
    """Removes these schedules, with what became of their fire times, and the name that the flow was served under."""
    with transaction(db):
        for schedule in gone:
            schedules.delete(db, schedule.id)
        if name is not None:
            queries.change(db, "delete_served", [flow, name])


def end(db: sqlite3.Connection, server: str, at: float) -> list[ServedFlow]:
    """A script is over: pauses the schedules that are to pause with it. Gives what it served."""
    ended = [one for one in list_served(db) if one.server == server]
    with transaction(db):
        for served in ended:
            for schedule in schedules_of(db, served) if served.pauses_at_end else ():
                schedules.pause(db, schedule.id, schedules.SERVER, "nobody serves it", at)
        queries.change(db, "end_server", [server])
    return ended
