"""The rows of "Running now": every run that is not over, how far it is, and what it works on or waits for."""

from typing import NamedTuple

from tui_flow.contract.states import STARTED, FlowRunState, TaskRunState
from tui_flow.store.advance import Advance
from tui_flow.store.records import FlowRun
from tui_flow.tui.presentation import Line, flow_status, outlook
from tui_flow.tui.presentation.flow_list import Overview, begins
from tui_flow.tui.presentation.glyphs import Marks, role, word
from tui_flow.tui.presentation.outlook import Outlook


class Running(NamedTuple):
    run: FlowRun
    advance: Advance | None
    outlook: Outlook | None
    why: str
    """It has not begun."""


def rows_of(overview: Overview, now: float) -> list[Running]:
    """Those that have begun first, and of them the newest."""
    runs = sorted(overview.active_runs(), key=lambda run: (run.state not in STARTED, -run.id))
    return [_row(run, overview, now) for run in runs]


def _row(run: FlowRun, overview: Overview, now: float) -> Running:
    advance = overview.advances.get(run.id)
    found = outlook.of_run(run, overview.runs.get(run.flow, ()), advance, overview.paces.get(run.flow), now)
    return Running(run, advance, found, overview.waiting.get(run.id, ""))


def title(overview: Overview) -> str:
    """ "Running now 3 (+1 queued)"."""
    started = sum(count for state, count in overview.counts.items() if state in STARTED)
    queued = overview.active - started
    return f"Running now {started}" + (f" (+{queued} queued)" if queued else "")


def current(row: Running, now: float, marks: Marks) -> tuple[str, str]:
    """What the run works on, or waits for."""
    run, advance = row.run, row.advance
    if later := begins(run, now):
        return (later, "dim")
    if run.state is FlowRunState.PENDING:
        return (f"waits: {row.why}" if row.why else "waits for its turn", "dim")
    if run.state is FlowRunState.PAUSED:
        return (f"waits for you: {marks.enter}, then p answers", "warn")
    if run.state is FlowRunState.RETRYING:
        return flow_status.retry_line(run, advance, now, 99, marks)[0]
    if run.state is FlowRunState.RUNNING and run.message:
        return (run.message, "warn")
    if run.state is not FlowRunState.RUNNING or advance is None:
        return (word(run.state), role(run.state))
    if advance.retrying is not None:
        name, tries = flow_status.task_name(advance.retrying), flow_status.try_of(advance.retrying, now)
        return (f"{name}, {tries}", "warn")
    if advance.running and advance.running[0].message:
        return (f"{flow_status.task_name(advance.running[0])} {advance.running[0].message}", "warn")
    if not advance.running:
        return ("its own code", "dim")
    others = advance.counts.get(TaskRunState.RUNNING, 1) - 1
    more = f" and {others} more" if others > 0 else ""
    return (f"{flow_status.task_name(advance.running[0])}{more}", "")


def tasks(row: Running, marks: Marks) -> Line:
    return flow_status.task_counts(row.advance, marks)
