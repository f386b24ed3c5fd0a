"""The attempts at a run: each looks like a run, with the task runs and the log lines that are its own."""

from collections.abc import Sequence

from tui_flow.contract.log import stamp_of
from tui_flow.contract.states import WENT_WRONG
from tui_flow.store.records import Attempt, FlowRun
from tui_flow.store.tasks import LAST_ID
from tui_flow.tui.presentation import Line, times
from tui_flow.tui.presentation.glyphs import Marks, role

NEVER = "~"
"""Later than any moment: of an attempt that has not begun nothing is shown."""


def as_run(run: FlowRun, attempt: Attempt) -> FlowRun:
    """The run as it was in an earlier attempt."""
    return run._replace(
        state=attempt.state,
        state_name=attempt.state_name,
        reason=attempt.reason,
        message=attempt.message,
        attempt=attempt.attempt,
        tries=attempt.tries,
        parameters=attempt.parameters,
        source_sha=attempt.source_sha,
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
        due_at=None,
        exit_code=attempt.exit_code,
        signal=attempt.signal,
        failure=attempt.failure,
        first_task_run_id=attempt.first_task_run_id,
        waited=attempt.waited,
        host=None,
        worker_pid=None,
        max_rss_bytes=None,
        cpu_seconds=None,
    )


def as_it_went_wrong(latest: FlowRun, attempts: Sequence[Attempt], by: float) -> FlowRun:
    """The run in the last attempt that had gone wrong by then; as it is where none is known."""
    shown = [latest, *(as_run(latest, attempt) for attempt in reversed(attempts))]
    wrong = (run for run in shown if run.state in WENT_WRONG and (run.ended_at or 0.0) <= by)
    return next(wrong, latest)


def end_of_tasks(latest: FlowRun, attempts: Sequence[Attempt], number: int) -> int:
    """The first id of a task run that an attempt no longer has."""
    begins = [(attempt.attempt, attempt.first_task_run_id) for attempt in attempts]
    begins.append((latest.attempt, latest.first_task_run_id))
    return min((first for which, first in begins if which > number), default=LAST_ID)


def log_bounds(latest: FlowRun, attempts: Sequence[Attempt], number: int) -> tuple[str, str]:
    """From when on, and until when, the log has the lines of an attempt; "" is no bound."""
    begins = {attempt.attempt: attempt.started_at for attempt in attempts} | {
        latest.attempt: latest.started_at
    }
    later = [at for which, at in begins.items() if which > number and at is not None]
    since = begins.get(number)
    is_first = not any(which < number for which in begins)
    return (
        "" if is_first else NEVER if since is None else stamp_of(since),
        stamp_of(min(later)) if later else "",
    )


def attempt_at(latest: FlowRun, attempts: Sequence[Attempt], stamp: str) -> int:
    """The attempt that a log line of that moment belongs to."""
    begun = [(attempt.started_at, attempt.attempt) for attempt in attempts] + [
        (latest.started_at, latest.attempt)
    ]
    before = [which for at, which in begun if at is not None and stamp_of(at) <= stamp]
    first = min(which for _, which in begun)
    return max(before, default=first)


def attempt_lines(attempts: Sequence[Attempt], marks: Marks, now: float) -> list[Line]:
    """How the earlier attempts ended, the last one first."""
    if not attempts:
        return []
    lines: list[Line] = [[], [("EARLIER ATTEMPTS  ", "dim"), (",", "key"), (" goes there", "dim")]]
    for attempt in reversed(attempts):
        took = marks.dash if attempt.seconds is None else times.duration(attempt.seconds)
        said = attempt.failure.message if attempt.failure else attempt.message
        lines.append(
            [
                (f"  {attempt.attempt}  {marks.glyph(attempt.state)} {attempt.state}", role(attempt.state)),
                (f"  {times.moment(attempt.ended_at, now)}  {took}", "dim"),
                (f"  {said.partition(chr(10))[0]}", ""),
            ]
        )
    return lines
