"""How far a run is and when it may be over, with what that is taken from. Where nothing is known, nothing is said.

Two clocks are held together: the time it has taken against the usual time, and the task runs that are done against the
last run that completed. The time goes on between two task runs, but never past what they allow.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tui_flow.contract.states import FlowRunState
from tui_flow.counting import counted
from tui_flow.store.advance import Advance, Pace
from tui_flow.store.records import FlowRun
from tui_flow.store.spans import tells_usual
from tui_flow.tui.presentation import plots, progress, times

MOST = 0.99
"""No run that goes on is further than that."""
SLOW_SECONDS = 1.0
"""Nobody calls what has taken less slow, whatever is usual."""


class Outlook(NamedTuple):
    share: float
    """From 0 to `MOST`."""
    seconds_left: float | None
    """None where it takes longer than usual already, and where nobody knows."""
    basis: str
    """What that is taken from, in words."""
    is_slow: bool = False
    """It takes longer than usual already."""


def of_run(
    run: FlowRun, earlier: Sequence[FlowRun], advance: Advance | None, pace: Pace | None, now: float
) -> Outlook | None:
    """`earlier` are the flow's last runs; those of them that `tells_usual` say what is usual."""
    elapsed = run.seconds(now)
    if run.state is not FlowRunState.RUNNING or elapsed is None:
        return None
    elapsed = max(0.0, elapsed)
    usual = plots.percentile(list(map(plots.span_of, earlier)), 0.5)
    times_done = sum(map(tells_usual, earlier))
    if usual and advance and pace and pace.ends:
        found = _by_tasks(elapsed, usual, _usually(usual, times_done), advance, pace)
        due = advance.retrying.due_at if advance.retrying else None
        return (
            found if due is None else found._replace(seconds_left=max(found.seconds_left or 0.0, due - now))
        )
    if usual:
        return _told(elapsed, elapsed / usual, usual - elapsed, _usually(usual, times_done))
    return _by_its_own_word(advance, now)


def _usually(seconds: float, times_done: int) -> str:
    """How sure that is: of a single run nobody knows whether it was like others."""
    took = times.duration(seconds)
    return (
        f"it usually takes {took}" if times_done > 1 else f"it took {took} in the only run that did all of it"
    )


def _by_tasks(elapsed: float, usual: float, usually: str, advance: Advance, pace: Pace) -> Outlook:
    total = max(advance.known, pace.tasks)
    points = (0.0, *pace.ends, 1.0)
    place = advance.done * len(pace.ends) // total
    share = min(max(elapsed / usual, points[place]), points[place + 1])
    slower = max(1.0, elapsed / (share * usual)) if share > 0 else 1.0
    done = f"{advance.done} of {counted(total, 'task')} done, at the pace of run {pace.run_id}"
    return _told(elapsed, share, (1 - share) * usual * slower, f"{done}; {usually}")


def _told(elapsed: float, share: float, left: float, basis: str) -> Outlook:
    if share < MOST:
        return Outlook(share, left, basis)
    return Outlook(MOST, None, basis, is_slow=elapsed >= SLOW_SECONDS)


def _by_its_own_word(advance: Advance | None, now: float) -> Outlook | None:
    """What the flow or one of its tasks says itself."""
    said = advance.progress if advance else None
    share = progress.share_of(said) if said else None
    if said is None or share is None:
        return None
    left = progress.seconds_left(said, now)
    return Outlook(min(share, MOST), left, "the progress that it reports itself")
