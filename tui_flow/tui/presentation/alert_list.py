"""The Alerts view's rows, and what header and tab say of alerts."""

from collections.abc import Sequence

from tui_flow.contract.alert_rules import ACKNOWLEDGED_SECONDS
from tui_flow.contract.states import AlertKind, AlertState
from tui_flow.store.records import Alert
from tui_flow.tui.presentation import times
from tui_flow.tui.presentation.filters import Filter, Subject, Words
from tui_flow.tui.presentation.glyphs import Marks
from tui_flow.tui.presentation.people import who

HOLDS = times.until(ACKNOWLEDGED_SECONDS)
"""How long an acknowledgement holds, in words."""
RECOVERED_SECONDS = 7 * 86_400.0
"""What recovered longer ago is no longer shown."""
_SHAPES = {
    AlertKind.FAILURE: "failed",
    AlertKind.CRASH: "crashed",
    AlertKind.PAUSED: "paused",
    AlertKind.BROKEN_FILE: "crashed",
    AlertKind.NO_ROOM: "crashed",
}
"""The state whose shape stands for a kind; the others have "?"."""
_STANDINGS = {"new": "new", "muted": "muted", "acknowledged": "acked", "recovered": "recovered"}
"""Each with its short word, in the order of urgency."""
WORDS = Words("alerts", ("flow", "task", "state", "is", "since", "day"), ("new",), _STANDINGS)


def standing(alert: Alert, now: float) -> str:
    """ "new", "muted", "acknowledged" or "recovered"."""
    if alert.state is AlertState.NEW and alert.is_muted(now):
        return "muted"
    return str(alert.state)


def new_ones(alerts: Sequence[Alert], now: float) -> list[Alert]:
    """Those that somebody should look at."""
    return [alert for alert in alerts if standing(alert, now) == "new"]


def rows_of(alerts: Sequence[Alert], now: float) -> list[Alert]:
    """Those to be shown: the new ones first, and within what they are the last that happened first."""
    shown = [
        alert
        for alert in alerts
        if alert.state is not AlertState.RECOVERED or now - alert.changed_at < RECOVERED_SECONDS
    ]
    return sorted(
        shown, key=lambda alert: (list(_STANDINGS).index(standing(alert, now)), -alert.last_at, -alert.id)
    )


def keep_order(rows: Sequence[Alert], shown: Sequence[int]) -> list[Alert]:
    """Rows that were shown stay in their order, below those that are new."""
    places = {id: place for place, id in enumerate(shown)}
    fresh = [alert for alert in rows if alert.id not in places]
    return [
        *fresh,
        *sorted((alert for alert in rows if alert.id in places), key=lambda alert: places[alert.id]),
    ]


def matching(rows: Sequence[Alert], filter: Filter, now: float) -> list[Alert]:
    """Those that a filter lets through."""
    return [alert for alert in rows if filter.matches(_subject(alert, now), now)]


def _subject(alert: Alert, now: float) -> Subject:
    where = standing(alert, now)
    text = f"{alert.flow} {alert.place} {alert.what} {alert.kind} {where} {alert.changed_by}"
    return Subject(text, alert.flow, state=where, at=alert.last_at, is_new=where == "new", task=alert.place)


def shape(alert: Alert, marks: Marks) -> tuple[str, str]:
    """What stands in front, and its role."""
    if alert.state is AlertState.RECOVERED:
        return (marks.glyph("completed"), "ok")
    state = _SHAPES.get(alert.kind)
    glyph = marks.glyph(state) if state else "?"
    if alert.state is AlertState.ACKNOWLEDGED:
        return (glyph, "dim")
    return (glyph, "warn" if alert.kind in (AlertKind.LATE, AlertKind.MISSED, AlertKind.PAUSED) else "bad")


def note(alert: Alert, now: float) -> tuple[str, str]:
    """Where it stands, in a few words, and the role of that."""
    where = standing(alert, now)
    if where == "recovered":
        return (f"recovered{f' with {alert.changed_by}' if alert.changed_by else ''}", "ok")
    if where == "acknowledged":
        return (f"acked: {who(alert.changed_by)}", "dim")
    if where == "muted":
        return ("muted", "dim")
    return ("new", "bad")


def heard(alert: Alert, now: float) -> tuple[str, str]:
    """Who knows of it, or whether a message went out, in a few words, and the role of that."""
    where = standing(alert, now)
    if where == "recovered":
        return (f"closed by {alert.changed_by}" if alert.changed_by else "by itself", "dim")
    if where == "acknowledged":
        return (f"{who(alert.changed_by)} {times.hour_minute(alert.changed_at)}", "dim")
    if where == "muted":
        until = f"until {times.moment(alert.until, now)}" if alert.until else "until ok"
        return (until, "dim")
    if alert.sent_at is not None:
        return (f"sent {times.moment(alert.sent_at, now)}", "")
    return (why_not_sent(alert, now), "dim")


def why_not_sent(alert: Alert, now: float) -> str:
    """Why no message went out about it, or when one will."""
    if alert.kind is AlertKind.LATE:
        return "clears when it runs"
    if standing(alert, now) == "muted":
        return "muted: no message"
    if alert.owed_at is not None:
        return f"{'due' if alert.owed_at > now else 'owed since'} {times.moment(alert.owed_at, now)}"
    return "no message"


def title(rows: Sequence[Alert], total: int, now: float) -> str:
    """ "Alerts: 2 new, 1 acked, 1 recovered"; "Alerts 1 of 4: 1 new" where a filter hides some."""
    counts = {name: sum(standing(alert, now) == name for alert in rows) for name in _STANDINGS}
    told = ", ".join(f"{count} {_STANDINGS[name]}" for name, count in counts.items() if count)
    head = f"Alerts {len(rows)} of {total}" if len(rows) != total else "Alerts"
    return f"{head}: {told}" if told else head
