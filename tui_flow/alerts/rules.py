"""What a happening does to its alert, and when a message about it is due. Pure: a table of tests has all of it.

    there is            it happens                    it is over
    no alert            new, message                  -
    new                 counted; message after 6 h    recovered
    acknowledged        counted, quiet for a day      recovered
    recovered           new, message                  -

A condition (a broken file, say) is counted when it says something else, and a message about it waits a while, since most of
them are over before anybody could read it. A muted flow's alerts are raised without a message.
"""

from tui_flow.alerts.grouping import steady
from tui_flow.alerts.happenings import CONDITIONS, Happening
from tui_flow.contract.alert_rules import ACKNOWLEDGED_SECONDS, REPEAT_SECONDS
from tui_flow.contract.states import AlertKind, AlertState
from tui_flow.store.records import Alert, FlowRun

QUIET = frozenset({AlertKind.LATE})
"""Kinds that clear by themselves, and of which no message goes out."""
STANDING_SECONDS = 60.0
"""A condition that is over sooner is worth no message."""
OLD_SECONDS = 3600.0
"""What happened longer ago is history: it is shown, and no message goes out."""
MOST_RUNS = 20


def happened(alert: Alert | None, what: Happening, now: float, *, muted: bool) -> Alert:
    """The alert, with one more happening."""
    runs = () if what.run_id is None else (what.run_id,)
    if alert is None:
        fresh = Alert(
            0, what.kind, what.fingerprint, AlertState.NEW, what.flow, what.place, what.what, what.path, what.line,
            what.times, what.at, what.at, runs, now, "",
        )  # fmt: skip
        return fresh._replace(owed_at=_due(fresh, what, now, muted=muted))
    counted = alert._replace(
        fingerprint=what.fingerprint,
        what=what.what,
        path=what.path,
        line=what.line,
        times=alert.times + what.times,
        last_at=max(alert.last_at, what.at),
        runs=(*runs, *(run for run in alert.runs if run not in runs))[:MOST_RUNS],
    )
    if alert.state is AlertState.ACKNOWLEDGED and now - alert.changed_at < ACKNOWLEDGED_SECONDS:
        return counted
    if alert.state is not AlertState.NEW:
        counted = counted._replace(state=AlertState.NEW, changed_at=now, changed_by="", sent_at=None)
    return counted._replace(owed_at=_due(counted, what, now, muted=muted))


def _due(alert: Alert, what: Happening, now: float, *, muted: bool) -> float | None:
    """When a message is due."""
    if muted or what.kind in QUIET or now - what.at > OLD_SECONDS:
        return alert.owed_at
    if alert.owed_at is not None:
        return alert.owed_at
    if alert.sent_at is not None and now - alert.sent_at < REPEAT_SECONDS:
        return None
    return now + STANDING_SECONDS if what.kind in CONDITIONS else now


def restated(alert: Alert, what: Happening, now: float) -> Alert:
    """A condition goes on. Where another thing is said of it now, who had acknowledged it does not know that."""
    if steady(alert.what) == steady(what.what):
        return alert
    told = alert._replace(
        what=what.what, path=what.path, line=what.line, last_at=what.at, times=alert.times + 1
    )
    return (
        told._replace(state=AlertState.NEW, changed_at=now, changed_by="")
        if told.state is not AlertState.NEW
        else told
    )


def recovered(alert: Alert, by: str, now: float) -> Alert:
    """It is over: with the run that `by` names, or by itself (empty). No message that has not gone out goes out."""
    return alert._replace(state=AlertState.RECOVERED, changed_at=now, changed_by=by, owed_at=None)


def acknowledged(alert: Alert, by: str, now: float) -> Alert:
    """Unless it has recovered."""
    if alert.state is AlertState.RECOVERED:
        return alert
    return alert._replace(state=AlertState.ACKNOWLEDGED, changed_at=now, changed_by=by, owed_at=None)


def renewed(alert: Alert, now: float) -> Alert:
    """An acknowledgement is taken back, without another message."""
    if alert.state is not AlertState.ACKNOWLEDGED:
        return alert
    return alert._replace(state=AlertState.NEW, changed_at=now, changed_by="")


def is_over_with(alert: Alert, run: FlowRun) -> bool:
    """Whether this run of its flow, which completed, is the end of it: no earlier one proves anything, nor does one that
    catches up prove that the schedule fires again."""
    if alert.kind is AlertKind.MISSED:
        return (run.scheduled_for or run.created_at) > alert.last_at
    return alert.kind not in CONDITIONS and run.id >= max(alert.runs, default=0)
