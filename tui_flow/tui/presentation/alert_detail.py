"""What two panes say of an alert where there is room for both: the error itself, and what surrounds it."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

from tui_flow.contract.alert_rules import REPEAT_SECONDS
from tui_flow.contract.errors import at_line
from tui_flow.contract.states import AlertKind, AlertState
from tui_flow.store.records import Alert, AlertMessage
from tui_flow.tui.presentation import Line, alert_list, times
from tui_flow.tui.presentation.about import short_path
from tui_flow.tui.presentation.alert_about import CHANGED_SINCE, About, differences, traceback_lines
from tui_flow.tui.presentation.glyphs import Marks
from tui_flow.tui.presentation.log_lines import level_word, split
from tui_flow.tui.presentation.people import who

DAYS = 14
_LABEL = 10
_RULES = {
    AlertKind.FAILURE: "a run that fails for good",
    AlertKind.CRASH: "a run that crashes",
    AlertKind.LATE: "a run that should have begun a minute ago; no message, it clears by itself",
    AlertKind.MISSED: "fire times that made no run; it clears when the schedule fires again, and that run completes",
    AlertKind.BROKEN_FILE: "a flow file that does not import",
    AlertKind.PAUSED: "a flow that paused its schedules after failures in a row",
    AlertKind.NO_ROOM: "too little room for runs",
}
"""What raises an alert of each kind."""


# The error.


def error_lines(alert: Alert, about: About, project: Path, marks: Marks) -> list[Line]:
    """Its traceback with the author's line and those around it, what the log said before, and what did not run."""
    lines: list[Line] = []
    if about.failure is not None and about.failure.traceback:
        lines += [*traceback_lines(about.failure.traceback, marks), []]
    else:
        lines += [[(alert.what, "bad" if alert.state is not AlertState.RECOVERED else "")], []]
    if alert.path:
        where = at_line(short_path(alert.path, project), alert.line)
        lines.append([("CODE  ", "dim"), (where, "strong"), ("   e", "key"), (" opens it there", "dim")])
        lines += [_code_line(number, text, number == alert.line, marks) for number, text in about.code]
        lines += [[CHANGED_SINCE]] if alert.line and about.is_read and not about.code else []
        lines.append([])
    lines += _log_lines(about, marks)
    if about.not_run:
        names = "  ".join(f"{marks.glyph('upstream_failed')} {name}" for name in about.not_run)
        lines += [[("NOT RUN BECAUSE OF IT  ", "dim"), (names, "")]]
    return lines


def _code_line(number: int, text: str, is_it: bool, marks: Marks) -> Line:
    mark = marks.cursor if is_it else " "
    return [
        (f"  {mark} {number:>4} {marks.axis} ", "bad" if is_it else "dim"),
        (text, "live" if is_it else ""),
    ]


def _log_lines(about: About, marks: Marks) -> list[Line]:
    if not about.runs:
        return []
    if not about.log:
        return [[("BEFORE IT  ", "dim"), (f"the log of run {about.runs[0].id} has no error", "dim")], []]
    lines: list[Line] = [
        [
            ("BEFORE IT  ", "dim"),
            (f"run {about.runs[0].id}  ", ""),
            (marks.enter, "key"),
            (" opens its log there", "dim"),
        ]
    ]
    for number, text in about.log:
        parts = split(text)
        word, role = level_word(parts.level)
        when = times.clock(parts.at) if parts.at is not None else ""
        lines.append(
            [(f"{number + 1:>6} {when} ", "dim"), (f"{word:<5} ", role or "dim"), (parts.message, "")]
        )
    return [*lines, []]


# What surrounds it.


def context_lines(alert: Alert, about: About, now: float, marks: Marks, *, has_channel: bool) -> list[Line]:
    """On which days it happened, what is different from the last success, what was sent, noted, and by what rule.
    `has_channel` is whether there is anything that takes messages."""
    return [
        *_days(alert, about, now, marks),
        *_runs(alert, about, now),
        [],
        *_last_success(about, now),
        [],
        *_sent(alert, about, now, has_channel=has_channel),
        [],
        *_notes(about, now),
        [],
        *_rule(alert, now),
    ]


def _labelled(label: str, *spans: tuple[str, str]) -> Line:
    return [(f"{label:<{_LABEL}}", "dim"), *spans]


def _days(alert: Alert, about: About, now: float, marks: Marks) -> list[Line]:
    today = times.local(now).date()
    ends = [run.ended_at or run.created_at for run in about.runs] or [alert.first_at, alert.last_at][
        : alert.times
    ]
    counts = Counter(times.local(at).date() for at in ends)
    days = [today - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1)]
    names = "".join(f"{day.day:>2} " for day in days)
    shape = alert_list.shape(alert, marks)[0]
    cells: Line = []
    for day in days:
        count = counts[day]
        text = (
            marks.nothing if not count else shape if count == 1 else f"{shape}{count}" if count < 10 else "+"
        )
        cells.append((f"{text:>2} ", "bad" if count else "dim"))
    lines = [_labelled(f"{DAYS} DAYS", (names, "dim")), _labelled("", *cells)]
    if alert.times > len(ends):
        lines.append(_labelled("", (f"the last {len(ends)} of {alert.times:,} times", "dim")))
    return lines


def _runs(alert: Alert, about: About, now: float) -> list[Line]:
    shown = [f"{run.id} {times.moment(run.ended_at or run.created_at, now)}" for run in about.runs[:3]]
    more = len(alert.runs) - len(shown)
    if not shown:
        return [_labelled("RUNS", ("no run is involved", "dim"))]
    return [_labelled("RUNS", ("   ".join(shown) + (f"   and {more} more" if more > 0 else ""), ""))]


def _last_success(about: About, now: float) -> list[Line]:
    if not about.runs:
        return []
    good, latest = about.last_success, about.runs[0]
    if good is None:
        return [_labelled("LAST OK", ("no run of it ever completed", "warn"))]
    took = good.seconds()
    when = times.moment(good.ended_at or good.created_at, now)
    lines = [
        _labelled(
            "LAST OK", (f"run {good.id}  {when}{f'  {times.duration(took)}' if took is not None else ''}", "")
        )
    ]
    same = latest.source_sha == good.source_sha
    lines.append(
        _labelled("CODE", ("unchanged since then", ""))
        if same
        else _labelled("CODE", ("has changed since then", "warn"), ("   D", "key"), (" shows how", "dim"))
    )
    other = differences(latest.parameters, good.parameters)
    lines.append(
        _labelled("PARAMS", (f"same as then, except {other}", "warn") if other else ("same as then", ""))
    )
    return lines


def _sent(alert: Alert, about: About, now: float, *, has_channel: bool) -> list[Line]:
    if not about.messages and not has_channel:
        key = ("alert_command", "strong")
        return [_labelled("SENT", ("no messages are sent: set ", "dim"), key, (" in tui_flow.toml", "dim"))]
    if not about.messages:
        return [_labelled("SENT", (alert_list.why_not_sent(alert, now), "dim"))]
    return [
        _labelled("SENT" if place == 0 else "", *_message(one, now))
        for place, one in enumerate(about.messages[:6])
    ]


def _message(one: AlertMessage, now: float) -> Line:
    return [(f"{times.moment(one.at, now)}  {one.channel}  ", ""), (one.said, "" if one.is_sent else "bad")]


def _notes(about: About, now: float) -> list[Line]:
    hint: Line = [("c", "key"), (" adds one; notes stay with the error, not with the run", "dim")]
    return [
        _labelled("NOTES", *hint),
        *(
            _labelled("", (f"{times.moment(one.at, now)} {who(one.by)}: ", "dim"), (one.text, ""))
            for one in about.notes
        ),
    ]


def _rule(alert: Alert, now: float) -> list[Line]:
    standing = alert_list.standing(alert, now)
    again = f"sent again after {times.until(REPEAT_SECONDS)} if it goes on"
    holds = f"an acknowledgement holds {alert_list.HOLDS}, or until it says something else"
    lines = [_labelled("RULE", (f"alert on {_RULES[alert.kind]}", ""))]
    if alert.kind is not AlertKind.LATE:
        lines.append(_labelled("", (again, "dim")))
    if standing in ("new", "acknowledged"):
        lines.append(_labelled("", (holds, "dim")))
    return lines
