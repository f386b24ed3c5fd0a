"""What history, logs and files say of an alert: read in a thread when somebody looks at it."""

from pathlib import Path
from typing import Any

from tui_flow.contract.failure import Failure
from tui_flow.contract.log import ERROR, LEVELS
from tui_flow.contract.rundir import LOG, run_dir
from tui_flow.contract.states import AlertState, FlowRunState, TaskRunState
from tui_flow.store.log_search import Hit, LogQuery, LogScan, Needle, around
from tui_flow.store.records import Alert
from tui_flow.store.sources import file_lines
from tui_flow.tui.presentation.alert_about import About
from tui_flow.tui.presentation.attempts import as_it_went_wrong, end_of_tasks, log_bounds
from tui_flow.tui.presentation.log_lines import split

MAX_CODE = 100_000
"""Bytes of a flow file that are looked through for the author's line."""
AROUND = 3
"""Lines of code before the one that failed; one less after it."""
LOG_LINES = 6
"""Records of the log before the error."""


def read(db: Any, alert: Alert, state_dir: Path, project: Path) -> About:
    """Raises HistoryError."""
    from tui_flow.store import alerts, runs, tasks

    known = sorted(runs.get_runs(db, alert.runs), key=lambda run: -run.id)
    attempts = {run.id: runs.list_attempts(db, run.id) if run.attempt > 1 else [] for run in known}
    found = [as_it_went_wrong(run, attempts[run.id], alert.last_at) for run in known]
    success = (
        runs.list_runs(db, flow=alert.flow, states=[FlowRunState.COMPLETED], limit=1) if alert.flow else []
    )
    about = About(
        alert.id,
        found,
        known[0] if known else None,
        success[0] if success else None,
        messages=alerts.list_messages(db, alert.id),
        notes=alerts.list_notes(db, alert.id),
        is_read=True,
    )
    path = str(project / alert.path)
    if not found:
        lines = file_now(path) if alert.state is not AlertState.RECOVERED else []
        return about._replace(code=code_around(lines, alert.line))
    run, now = found[0], known[0]
    its_tasks = (run.id, run.first_task_run_id, end_of_tasks(now, attempts[run.id], run.attempt))
    first = tasks.first_failed(db, *its_tasks)
    failure = first[1] if first else run.failure
    bounds = log_bounds(now, attempts[run.id], run.attempt)
    return about._replace(
        not_run=tasks.names_in_state(db, *its_tasks, TaskRunState.UPSTREAM_FAILED),
        failure=failure,
        code=code_around(file_lines(state_dir, run)(path) if alert.line else [], alert.line),
        log=log_before(run_dir(state_dir, run.id) / LOG, failure, *bounds),
    )


def file_now(path: str) -> list[str]:
    """The lines of a file of which no run knows what was in it."""
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_CODE).decode("utf-8", "replace").splitlines()
    except (OSError, ValueError):
        return []


def code_around(lines: list[str], line: int) -> list[tuple[int, str]]:
    """The lines around one of a file, each with its number; nothing where there is no such line."""
    if not 0 < line <= len(lines):
        return []
    first = max(0, line - 1 - AROUND)
    return [(first + 1 + place, text.rstrip()) for place, text in enumerate(lines[first : line + AROUND - 1])]


def log_before(
    path: Path, failure: Failure | None, since: str = "", until: str = ""
) -> list[tuple[int, str]]:
    """The last records of a run's log up to the one that tells of the error, each with its number and as it stands there;
    without the further lines that a record has. The bounds are those of an attempt; "" is none."""
    hit = _told(path, failure, since, until)
    if hit is None:
        return []
    lines = around(path, hit, before=400, after=1)
    return [(number, text) for number, text in lines if split(text).at is not None][-LOG_LINES:]


def _told(path: Path, failure: Failure | None, since: str, until: str) -> Hit | None:
    """Where the log tells of the error last; where it does not, its last error."""
    first = (failure.message if failure else "").partition("\n")[0].strip()
    queries = [LogQuery((Needle(first),))] if first else []
    for query in [*queries, LogQuery(levels=frozenset(range(ERROR, len(LEVELS))))]:
        hits = LogScan(query).hits(path)
        hit = next((one for one in hits if since <= one.stamp and (not until or one.stamp < until)), None)
        if hit is not None:
            return hit
    return None
