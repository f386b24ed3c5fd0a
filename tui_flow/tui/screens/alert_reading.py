"""What history, logs and files say of an alert: read in a thread when somebody looks at it."""

from pathlib import Path
from typing import Any

from tui_flow.contract.failure import Failure
from tui_flow.contract.log import LEVELS
from tui_flow.contract.rundir import LOG, run_dir
from tui_flow.contract.states import FlowRunState, TaskRunState
from tui_flow.store.log_search import Hit, LogQuery, LogScan, Needle, around
from tui_flow.store.records import Alert, FlowRun
from tui_flow.tui.presentation.alert_about import About
from tui_flow.tui.presentation.log_lines import split

MAX_CODE = 100_000
"""Bytes of a flow file that are looked through for the author's line."""
AROUND = 3
"""Lines of code before the one that failed; one less after it."""
LOG_LINES = 6
"""Records of the log before the error."""
_ERROR = LEVELS.index("ERROR")


def read(db: Any, alert: Alert, state_dir: Path, project: Path) -> About:
    """Raises HistoryError."""
    from tui_flow.store import alerts, runs, tasks

    found = sorted(runs.get_runs(db, alert.runs), key=lambda run: -run.id)
    latest: FlowRun | None = found[0] if found else None
    success = (
        runs.list_runs(db, flow=alert.flow, states=[FlowRunState.COMPLETED], limit=1) if alert.flow else []
    )
    failure = tasks.first_failures(db, [latest.id]).get(latest.id, latest.failure) if latest else None
    return About(
        alert.id,
        found,
        success[0] if success else None,
        tasks.names_in_state(db, latest.id, TaskRunState.UPSTREAM_FAILED) if latest else (),
        failure,
        code_around(project / alert.path, alert.line) if alert.path and alert.line else (),
        log_before(run_dir(state_dir, latest.id) / LOG, failure) if latest else (),
        alerts.list_messages(db, alert.id),
        alerts.list_notes(db, alert.id),
    )


def code_around(path: Path, line: int) -> list[tuple[int, str]]:
    """The lines around one of a file, as it is now, each with its number; nothing where there is no such line."""
    try:
        with path.open("rb") as file:
            lines = file.read(MAX_CODE).splitlines()
    except (OSError, ValueError):
        return []
    if not 0 < line <= len(lines):
        return []
    first = max(0, line - 1 - AROUND)
    shown = lines[first : line + AROUND - 1]
    return [(first + 1 + place, raw.decode("utf-8", "replace").rstrip()) for place, raw in enumerate(shown)]


def log_before(path: Path, failure: Failure | None) -> list[tuple[int, str]]:
    """The last records of a run's log up to the one that tells of the error, each with its number and as it stands there;
    without the further lines that a record has."""
    hit = _told(path, failure)
    if hit is None:
        return []
    lines = around(path, hit, before=400, after=1)
    return [(number, text) for number, text in lines if split(text).at is not None][-LOG_LINES:]


def _told(path: Path, failure: Failure | None) -> Hit | None:
    """Where the log tells of the error last; where it does not, its last error."""
    first = (failure.message if failure else "").partition("\n")[0].strip()
    queries = [LogQuery((Needle(first),))] if first else []
    for query in [*queries, LogQuery(levels=frozenset(range(_ERROR, len(LEVELS))))]:
        hit = next(LogScan(query).hits(path), None)
        if hit is not None:
            return hit
    return None
