"""What goes out about alerts: one JSON object, and the same as a few lines of text."""

from collections.abc import Sequence
from typing import Any

from tui_flow.alerts.redaction import redacted
from tui_flow.contract.states import AlertKind
from tui_flow.iso_time import iso
from tui_flow.safe import safe
from tui_flow.store.records import Alert

VERSION = 2
MAX_TEXT = 200
"""Characters of an alert in the text."""
MAX_ALERTS = 20
"""Alerts of one message; of more it says how many there are."""
_TITLES = {
    AlertKind.FAILURE: "failed",
    AlertKind.CRASH: "crashed",
    AlertKind.LATE: "is late",
    AlertKind.MISSED: "missed fire times",
    AlertKind.BROKEN_FILE: "does not import",
    AlertKind.PAUSED: "is paused",
    AlertKind.NO_ROOM: "no room",
}


def message(alerts: Sequence[Alert], project: str, host: str, now: float) -> dict[str, Any]:
    """The object that channels send, secrets and control characters taken out."""
    shown = alerts[:MAX_ALERTS]
    return {
        "version": VERSION,
        "project": project,
        "host": host,
        "at": iso(now),
        "title": title(alerts, project),
        "text": "\n".join([*map(line, shown), *_more(len(alerts) - len(shown))]),
        "alerts": [_object(alert) for alert in shown],
        "total": len(alerts),
    }


def title(alerts: Sequence[Alert], project: str) -> str:
    """ "etl_daily failed (shop)", "3 alerts (shop)"."""
    if len(alerts) != 1:
        return f"{len(alerts)} alerts ({safe(project)})"
    alert = alerts[0]
    return f"{_subject(alert)} {_TITLES[alert.kind]} ({safe(project)})"


def line(alert: Alert) -> str:
    """ "etl_daily load: OperationalError: timeout (7 times, run 812)"."""
    what = cut(clean(alert.what), MAX_TEXT)
    place = f" {clean(alert.place)}" if alert.flow else ""
    more = [f"{alert.times} times"] if alert.times > 1 and alert.kind is not AlertKind.MISSED else []
    more += [f"run {alert.runs[0]}"] if alert.runs else []
    return f"{_subject(alert)}{place}: {what}" + (f" ({', '.join(more)})" if more else "")


def _subject(alert: Alert) -> str:
    return clean(alert.flow or alert.place)


def _more(count: int) -> list[str]:
    return [f"and {count} more: tui-flow alerts list"] if count > 0 else []


def _object(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "kind": alert.kind,
        "flow": clean(alert.flow),
        "place": clean(alert.place),
        "what": clean(alert.what),
        "path": clean(alert.path),
        "line": alert.line,
        "times": alert.times,
        "first_at": iso(alert.first_at),
        "last_at": iso(alert.last_at),
        "run_id": alert.runs[0] if alert.runs else None,
        "open": f"tui-flow open run/{alert.runs[0]}" if alert.runs else "tui-flow",
    }


def clean(text: str) -> str:
    return redacted(safe(text))


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
