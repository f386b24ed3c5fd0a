"""Alerts, the mutes of flows, and what was sent and written about them.

Which happenings raise an alert, and when a message about it is due, is decided in `tui_flow.alerts`. Every function
raises HistoryError where the database cannot be used.
"""

import json
import sqlite3
from typing import Any

from tui_flow.store import queries, rows
from tui_flow.store.records import Alert, AlertMessage, AlertNote, Mute

MOST = 2_000
"""So many alerts are kept; of more, those go that recovered, the oldest first."""


def list_alerts(db: sqlite3.Connection, limit: int = 500) -> list[Alert]:
    """The last that happened first."""
    return _alerts(db, "list_alerts", [limit])


def list_open(db: sqlite3.Connection, flow: str | None = None) -> list[Alert]:
    """Those that have not recovered: all, or a flow's."""
    return (
        _alerts(db, "list_open_alerts") if flow is None else _alerts(db, "list_open_alerts_of_flow", [flow])
    )


def list_owed(db: sqlite3.Connection, now: float) -> list[Alert]:
    """Those about which a message is due."""
    return _alerts(db, "list_owed_alerts", [now])


def next_owed_at(db: sqlite3.Connection) -> float | None:
    """When the next message is due."""
    row = queries.row(db, "next_owed_at")
    return None if row is None or row[0] is None else float(row[0])


def get_alert(db: sqlite3.Connection, id: int) -> Alert | None:
    return next(iter(_alerts(db, "get_alert", [id])), None)


def get_like(db: sqlite3.Connection, fingerprint: str) -> Alert | None:
    """The alert that a happening of this fingerprint belongs to."""
    return next(iter(_alerts(db, "get_alert_like", [fingerprint])), None)


def save(db: sqlite3.Connection, alert: Alert) -> None:
    """Adds an alert, where its id is 0, or changes it."""
    values = {name: rows.storable(value) for name, value in alert._asdict().items()}
    values["runs"] = json.dumps(alert.runs)
    if alert.id:
        queries.change(db, "update_alert", values)
    else:
        queries.change(db, "insert_alert", values)
        queries.change(db, "delete_surplus_alerts", [MOST])


def get_mute(db: sqlite3.Connection, flow: str) -> Mute | None:
    row = queries.row(db, "get_mute", [flow])
    return None if row is None else Mute._make(row)


def mute(db: sqlite3.Connection, mute: Mute) -> None:
    queries.change(db, "save_mute", mute)


def unmute(db: sqlite3.Connection, flow: str) -> bool:
    """False where it was not muted."""
    return queries.change(db, "delete_mute", [flow]) == 1


def keep_message(
    db: sqlite3.Connection, alert: int, channel: str, at: float, is_sent: bool, said: str
) -> None:
    """What became of a message about an alert."""
    queries.change(db, "insert_alert_message", [alert, channel, at, int(is_sent), rows.storable(said)])


def list_messages(db: sqlite3.Connection, alert: int, limit: int = 20) -> list[AlertMessage]:
    """The newest first."""
    found = queries.rows(db, "list_alert_messages", [alert, limit])
    return [AlertMessage._make(row)._replace(is_sent=bool(row[4])) for row in found]


def keep_note(db: sqlite3.Connection, alert: int, at: float, by: str, text: str) -> None:
    queries.change(db, "insert_alert_note", [alert, at, by, rows.storable(text)])


def forget_note(db: sqlite3.Connection, alert: int, text: str) -> bool:
    """Takes away the newest note of this text. False where there is none."""
    return queries.change(db, "delete_alert_note", [alert, rows.storable(text)]) == 1


def list_notes(db: sqlite3.Connection, alert: int, limit: int = 20) -> list[AlertNote]:
    """The newest first."""
    return [AlertNote._make(row) for row in queries.rows(db, "list_alert_notes", [alert, limit])]


def _alerts(db: sqlite3.Connection, name: str, parameters: Any = ()) -> list[Alert]:
    return [rows.alert(row) for row in queries.rows(db, name, parameters)]
