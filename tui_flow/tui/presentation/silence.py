"""Why a log shows no line: an empty pane always says what it is empty for."""

from tui_flow.contract.states import TERMINAL, FlowRunState, TaskRunState
from tui_flow.store.records import FlowRun, TaskRun
from tui_flow.tui.presentation.tree import Row, TaskForest, name_of

_NEVER_RAN = {
    TaskRunState.CACHED: "its result was stored already",
    TaskRunState.SKIPPED: "it was skipped",
    TaskRunState.UPSTREAM_FAILED: "what it waits for failed",
}


def why_silent(run: FlowRun, row: Row | None, forest: TaskForest, why_not_begun: str = "") -> str:
    """Why there is no line of a row; `why_not_begun` is what the engine says of a run that waits."""
    if run.started_at is None and run.state in TERMINAL:
        return f"run {run.id} never began: {run.message or run.state}"
    if run.started_at is None or run.state is FlowRunState.PENDING:
        return f"run {run.id} has not begun{': ' + why_not_begun if why_not_begun else ''}"
    crash = run.message if run.state is FlowRunState.CRASHED else ""
    if row is None or (row.task is None and row.group is None):
        return _nothing(
            f"run {run.id}", is_live=run.state not in TERMINAL, crash=f"it crashed: {crash}" if crash else ""
        )
    crash = f"run {run.id} crashed: {crash}" if crash else ""
    if row.group is not None:
        has_crashed = row.group.counts[TaskRunState.CRASHED] > 0
        return _nothing(
            row.group.name, is_live=row.group.ended_at is None, crash=crash if has_crashed else ""
        )
    return _of_task(row.task, row.tries, forest, crash) if row.task is not None else ""


def _of_task(task: TaskRun, tries: int | None, forest: TaskForest, crash: str) -> str:
    name = name_of(task)
    if task.state is TaskRunState.PENDING:
        after = forest.why(task)
        comes = "" if task.message else "comes "
        return f"{name} has not begun{f': it {comes}{after}' if after else ''}"
    if task.state in _NEVER_RAN:
        return f"{name} never ran: {forest.why(task) or _NEVER_RAN[task.state]}"
    which = f"try {tries} of {name}" if tries is not None else name
    is_last = tries in (None, task.tries)
    if task.state is not TaskRunState.CRASHED or not is_last:
        crash = ""
    return _nothing(which, is_live=task.ended_at is None and is_last, crash=crash)


def _nothing(who: str, *, is_live: bool, crash: str) -> str:
    """`crash` is how the process ended that could have written something."""
    if is_live:
        return f"{who} has written nothing yet"
    return f"{who} wrote nothing{f'; {crash}' if crash else ''}"
