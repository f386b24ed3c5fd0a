"""What there is to say about a fire to come: what will keep it from running first."""

from collections.abc import Sequence

from tui_flow.contract.states import WENT_WRONG, FlowRunState
from tui_flow.store.records import FlowRun, Schedule
from tui_flow.tui.presentation import times
from tui_flow.tui.presentation.clock_changes import clock_change
from tui_flow.tui.presentation.fires import Coming, Reading, declared, holds_slot, usual_seconds
from tui_flow.tui.presentation.flow_list import Overview

HOURLY = 25
"""One that fires more often starts together with everything, which nobody needs to be told."""
SOON_SECONDS = 300.0


class Notes:
    """What there is to say about a fire to come: what will keep it from running first."""

    def __init__(self, reading: Reading, overview: Overview, awake: Sequence[Schedule], slots: int) -> None:
        self._reading, self._overview, self._slots = reading, overview, slots
        self._broken = {file.path for file in overview.files if file.state == "broken"}
        self._paths = {flow.name: flow.path for flow in overview.flows}
        self._taken = sum(map(holds_slot, reading.active))
        self._starts: dict[int, set[str]] = {}
        for schedule in awake:
            found = reading.coming.get(schedule.id, Coming((), 0))
            for at in found.times if found.total <= HOURLY else ():
                self._starts.setdefault(int(at // 60), set()).add(schedule.flow)

    def of(self, schedule: Schedule, at: float, *, is_next: bool) -> tuple[str, str]:
        found = declared(schedule)
        if is_next:
            for note in (self._overlap(schedule, at), self._no_slot(at), self._file(schedule)):
                if note:
                    return (note, "warn")
        change = clock_change(found, at, schedule.flow) if found else None
        if change:
            return (change, "warn")
        together = len(self._starts.get(int(at // 60), ()))
        if together > 2:
            return (f"{together} flows start at {times.hour_minute(at)}", "")
        return self._last_run(schedule) if is_next else ("", "")

    def _overlap(self, schedule: Schedule, at: float) -> str:
        rule = schedule.spec.get("overlap", "skip")
        run = next(
            (
                run
                for run in self._reading.active
                if (run.flow, run.schedule) == (schedule.flow, schedule.slug)
            ),
            None,
        )
        if run is None or rule == "allow" or run.trigger == "backfill":
            return ""
        may = self._may_be_over(run, at)
        if may is None:
            return ""
        does = {"skip": "skip", "cancel_old": "cancel it"}.get(rule, "wait for it")
        return f"run {run.id} goes on: {'may' if may else 'will'} {does}"

    def _may_be_over(self, run: FlowRun, at: float) -> bool | None:
        """By then, as far as its flow's usual length tells; None where it is to be over well before."""
        usual, so_far = usual_seconds(self._overview.runs.get(run.flow, ())), run.seconds(self._reading.at)
        if usual is None or so_far is None or run.state is not FlowRunState.RUNNING or so_far > usual:
            return True
        return None if self._reading.at + usual - so_far < at else False

    def _no_slot(self, at: float) -> str:
        soon = at - self._reading.at < SOON_SECONDS
        return "no slot is free now" if soon and self._taken >= self._slots else ""

    def _file(self, schedule: Schedule) -> str:
        broken = self._paths.get(schedule.flow) in self._broken
        return "file does not import: this runs its last good version" if broken else ""

    def _last_run(self, schedule: Schedule) -> tuple[str, str]:
        last = next((run for run in self._overview.runs.get(schedule.flow, ()) if run.ended_at), None)
        bad = last is not None and last.state in WENT_WRONG
        return (f"last run {last.state}", "bad") if last and bad else ("", "")
