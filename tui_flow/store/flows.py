"""Flow files and the flows in them. Every function raises HistoryError where the database cannot be used."""

import difflib
import sqlite3
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from tui_flow.contract.flow_names import plain_name, same_name
from tui_flow.store import queries, rows, schedules
from tui_flow.store.database import transaction
from tui_flow.store.records import Flow, FlowFile


def list_flow_files(db: sqlite3.Connection) -> list[FlowFile]:
    return [rows.flow_file(row) for row in queries.rows(db, "list_flow_files")]


def list_flows(db: sqlite3.Connection) -> list[Flow]:
    """All flows, by file and line."""
    return [rows.flow(row) for row in queries.rows(db, "list_flows")]


def get_flow(db: sqlite3.Connection, name: str) -> Flow | None:
    """The flow of that name. Where none has it letter by letter, "-" and "_" and case count as the same, and the stem
    of a file with one flow will do."""
    row = queries.row(db, "get_flow", [name]) or queries.row(db, "get_flow", [_resolved(db, name)])
    return None if row is None else rows.flow(row)


def get_flow_file(db: sqlite3.Connection, path: str) -> FlowFile | None:
    row = queries.row(db, "get_flow_file", [path])
    return None if row is None else rows.flow_file(row)


def callers(db: sqlite3.Connection, flow: str | None = None) -> dict[str, str]:
    """Of the flows (or of one) that never ran by themselves, but inside others: the one that called it last."""
    return dict(queries.rows(db, "list_callers", {"flow": flow}))


def run_limits(db: sqlite3.Connection) -> dict[str, int]:
    """How many runs of it a flow allows at once, for those that say; an exclusive one allows one."""
    return dict(queries.rows(db, "list_run_limits"))


def nearest_names(db: sqlite3.Connection, name: str) -> list[str]:
    """Up to three flow names that look like the given one, the nearest first."""
    by_plain = {plain_name(known): known for known in _names(db)}
    return [by_plain[plain] for plain in difflib.get_close_matches(plain_name(name), by_plain, 3, 0.5)]


def get_namesake(db: sqlite3.Connection, name: str, path: str) -> Flow | None:
    """The flow of that name in another file than `path`."""
    for known, elsewhere in _names(db).items():
        if same_name(known, name) and elsewhere != path:
            return get_flow(db, known)
    return None


def save_described(db: sqlite3.Connection, file: FlowFile, flows: Iterable[Flow]) -> None:
    """Records what a flow file holds now. A broken file's flows are those of its last good version: they stay."""
    with transaction(db):
        queries.change(db, "save_flow_file", [rows.storable(value) for value in file])
        if file.state == "broken":
            return
        flows = list(flows)
        queries.change(db, "delete_flows_of_file", [file.path])
        queries.change_many(db, "insert_flow", map(rows.flow_row, flows))
        for flow in flows:
            for spec in flow.schedules:
                schedules.declare(db, _declared(flow, spec), "file", file.described_at)
        schedules.mark_gone(db)


def delete_file(db: sqlite3.Connection, path: str) -> None:
    """Forgets a flow file and its flows. Their runs stay, and so do their schedules, marked gone."""
    with transaction(db):
        queries.change(db, "delete_flow_file", [path])
        schedules.mark_gone(db)


def _declared(flow: Flow, spec: dict[str, Any]) -> schedules.Declared:
    return schedules.Declared(flow.name, spec["slug"], spec["kind"], spec, spec.get("active", True))


def _names(db: sqlite3.Connection) -> dict[str, str]:
    """The path of each flow's file, by the flow's name."""
    return dict(queries.rows(db, "list_flow_names"))


def _resolved(db: sqlite3.Connection, name: str) -> str | None:
    names, plain = _names(db), plain_name(name)
    for known in names:
        if plain_name(known) == plain:
            return known
    paths = list(names.values())
    for known, path in names.items():
        if plain_name(PurePath(path).stem) == plain and paths.count(path) == 1:
            return known
    return None
