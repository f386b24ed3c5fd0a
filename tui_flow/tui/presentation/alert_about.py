"""What the lower pane of the Alerts view says of one alert."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tui_flow.contract.alert_rules import ACKNOWLEDGED_SECONDS
from tui_flow.contract.errors import at_line
from tui_flow.contract.failure import Failure
from tui_flow.counting import counted
from tui_flow.safe import safe_lines
from tui_flow.store.records import Alert, AlertMessage, AlertNote, FlowRun
from tui_flow.tui.presentation import Line, alert_list, marking, times, tracebacks
from tui_flow.tui.presentation.about import short_path
from tui_flow.tui.presentation.glyphs import Marks
from tui_flow.tui.presentation.people import who

CHANGED_SINCE = ("the file has changed since, or is gone", "dim")
"""Where the line of an error is not known any more."""
MOST_RUNS = 4
"""Runs that are named with their times."""


class About(NamedTuple):
    """What the history, and the author's file, say of an alert."""

    alert: int = 0
    runs: Sequence[FlowRun] = ()
    """Those it happened in, the newest first, as far as they are kept: in the attempt that went wrong."""
    now: FlowRun | None = None
    """The latest of them as it is now, perhaps in a later attempt."""
    last_success: FlowRun | None = None
    not_run: Sequence[str] = ()
    """Tasks that did not run because of it."""
    failure: Failure | None = None
    """Of the latest of them."""
    code: Sequence[tuple[int, str]] = ()
    """The author's line and those around it with their numbers, as the run found them; none where nobody knows."""
    log: Sequence[tuple[int, str]] = ()
    """The last records of the log before the error, each with its number from 0."""
    messages: Sequence[AlertMessage] = ()
    notes: Sequence[AlertNote] = ()
    is_read: bool = False
    """Whether all of this has been looked up."""


def name(alert: Alert) -> str:
    """What it is called in a sentence."""
    return " ".join(text for text in (alert.flow, alert.place) if text)


def title(alert: Alert) -> str:
    return "  ".join(text for text in (alert.flow, alert.place) if text)


def subtitle(alert: Alert, now: float) -> str:
    count = "once" if alert.times == 1 else f"{alert.times} times"
    return f"first {times.moment(alert.first_at, now)}, {count}"


def lines(alert: Alert, about: About, project: Path, now: float, marks: Marks) -> list[Line]:
    """The error's own words and line, its runs, what differs from the last success, and what became of messages."""
    found: list[Line] = [[(alert.what, "bad" if alert.state != "recovered" else "")]]
    if alert.path:
        where = at_line(short_path(alert.path, project), alert.line)
        found.append([("at       ", "dim"), (where, "strong"), ("   e", "key"), (" opens it there", "dim")])
        code: Line = [(text.strip(), "live") for number, text in about.code if number == alert.line]
        if alert.line and about.is_read:
            found.append([("         ", ""), *(code or [CHANGED_SINCE])])
    found.append(_standing(alert, now))
    if about.runs:
        shown = [
            f"{run.id} {times.moment(run.ended_at or run.created_at, now)}" for run in about.runs[:MOST_RUNS]
        ]
        more = f"   and {len(alert.runs) - len(shown)} more" if len(alert.runs) > len(shown) else ""
        found.append([("runs     ", "dim"), ("   ".join(shown) + more, "")])
    found += _last_success(about, now)
    if about.not_run:
        found.append(
            [
                ("not run because of it  ", "dim"),
                (", ".join(f"{marks.glyph('upstream_failed')} {name}" for name in about.not_run), ""),
            ]
        )
    found += [
        [("note     ", "dim"), (f"{who(one.by)}, {times.moment(one.at, now)}: {one.text}", "")]
        for one in about.notes
    ]
    found += [_message(one, now) for one in about.messages[:3]]
    if about.failure is not None and about.failure.traceback:
        found += [[], *traceback_lines(about.failure.traceback, marks)]
    return found


def _standing(alert: Alert, now: float) -> Line:
    name, role = alert_list.note(alert, now)
    since = times.moment(alert.changed_at, now)
    if name == "new":
        last = f"      last {times.ago(now - alert.last_at)}; "
        quiet = [("a", "key"), (f" acknowledges for {alert_list.HOLDS} or until another error", "dim")]
        mutes = [(", ", "dim"), ("m", "key"), (" mutes", "dim")] if alert.flow else []
        return [("new", "bad"), (last, "dim"), *quiet, *mutes]
    if name == "muted":
        until = f"until {times.moment(alert.until, now)}" if alert.until else "until a run of it completes"
        return [
            ("muted", "warn"),
            (f"    by {who(alert.muted_by or '')}, {until}   ", "dim"),
            ("m", "key"),
            (" ends that", "dim"),
        ]
    if alert_list.standing(alert, now) == "acknowledged":
        since += f", holds until {times.moment(alert.changed_at + ACKNOWLEDGED_SECONDS, now)}"
    return [(name, role), (f"   {since}", "dim")]


def _last_success(about: About, now: float) -> list[Line]:
    run = about.last_success
    if run is None:
        return [[("last ok  ", "dim"), ("never", "")]] if about.runs else []
    line: Line = [
        ("last ok  ", "dim"),
        (f"run {run.id}, {times.moment(run.ended_at or run.created_at, now)}", ""),
    ]
    if not about.runs:
        return [line]
    latest = about.runs[0]
    same = latest.source_sha == run.source_sha
    line.append(
        ("; the file is the same since" if same else "; the file has changed since", "" if same else "warn")
    )
    other = differences(latest.parameters, run.parameters)
    return [line, [("params   ", "dim"), (f"not as then: {other}", "warn")]] if other else [line]


def differences(one: dict[str, Any], other: dict[str, Any]) -> str:
    """The parameters that are not the same, the first of them by name."""
    return marking.names(sorted(name for name in {*one, *other} if one.get(name) != other.get(name)))


def _message(one: AlertMessage, now: float) -> Line:
    return [
        ("sent     ", "dim"),
        (f"{times.moment(one.at, now)}  {one.channel}: ", ""),
        (one.said, "" if one.is_sent else "bad"),
    ]


def traceback_lines(text: str, marks: Marks) -> list[Line]:
    """The author's own frames, with those of libraries folded into a line each."""
    texts = safe_lines(text.rstrip())
    folded = {span.start: (span, count) for span, count in tracebacks.library_frames(texts)}
    found: list[Line] = []
    place = 0
    while place < len(texts):
        if place in folded:
            span, count = folded[place]
            found.append([(f"  {marks.ellipsis} {counted(count, 'library frame')}", "dim")])
            place = span.stop
            continue
        last = not texts[place][:1].isspace() and not texts[place].startswith("Traceback")
        found.append([(texts[place], "bad" if last else "")])
        place += 1
    return found
