"""What one may do with a schedule in the Schedule view: open, run, edit, pause it, and skip one of its fires."""

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tui_flow.contract.failure import Failure
from tui_flow.contract.states import ScheduleState
from tui_flow.store.records import Flow, FlowRun, Schedule
from tui_flow.tui import copying
from tui_flow.tui.asking import ALL_PAUSED
from tui_flow.tui.copying import Copyable
from tui_flow.tui.presentation import fires
from tui_flow.tui.screens import schedule_marks
from tui_flow.tui.screens.texts_of_run import TextsOfRun

if TYPE_CHECKING:
    from tui_flow.tui.presentation.agenda import Row
    from tui_flow.tui.presentation.fires import Reading
    from tui_flow.tui.screens.section import Section
    from tui_flow.tui.widgets.agenda_table import AgendaTable

    _Base = Section
else:
    _Base = object
MOST_COPIED = 20
"""Fire times that are copied at once."""

_NO_SKIP = {
    "paused": "this schedule is paused: it has no fire time to skip; p resumes it",
    "never": "this schedule fires no more: there is nothing to skip",
    "missed": "this fire time is over; only one to come can be skipped",
    "skipped": "this fire time is over; only one to come can be skipped",
    "late": "its time has come; only a fire time to come can be skipped",
}
"""Why a row cannot be skipped, by its kind."""


class ScheduleActions(TextsOfRun, _Base):
    """The part of the Schedule view that changes something, leads elsewhere, or tells of the run of a row."""

    if TYPE_CHECKING:
        table: AgendaTable
        reading: Reading

    def _flow_of(self, schedule: Schedule) -> Flow | None:
        return next((flow for flow in self.console.overview.flows if flow.name == schedule.flow), None)

    def open_row(self) -> None:
        """The run that a row is about, or the last one of its flow."""
        row, (run, _) = self.table.selected, self.told_run()
        if run is not None:
            self.console.open_run(run.id)
        elif row is not None and row.schedule is not None:
            self.say(f"{row.schedule.flow} has not run yet; r runs it now")

    def told_run(self) -> tuple[FlowRun | None, Failure | None]:
        """The run that a row is about, or the last one of its flow."""
        row = self.table.selected
        if row is None or row.schedule is None:
            return None, None
        runs = self.console.overview.runs.get(row.schedule.flow, [])
        its_own = (run for run in [*self.reading.active, *runs] if run.id == row.run_id)
        run = next(its_own, runs[0] if runs else None)
        return run, run.failure if run else None

    def action_run(self) -> None:
        row = self.table.selected
        flow = self._flow_of(row.schedule) if row and row.schedule else None
        if row is None or row.schedule is None:
            return
        if flow is None:
            self.say(f"there is no flow {row.schedule.flow} any more")
        else:
            self.console.run_flow(flow, row.schedule.spec.get("parameters") or {}, ask=False, open_it=False)

    def action_edit(self) -> None:
        row = self.table.selected
        flow = self._flow_of(row.schedule) if row and row.schedule else None
        if flow is not None:
            self.console.edit(Path(flow.path), flow.line)

    def action_pause(self) -> None:
        """Pauses the schedule, or ends what holds it back: its own pause, or its flow's."""
        if self.table.marked:
            schedule_marks.pause_or_resume(self.console, list(self.table.marked.values()))
            return
        row = self.table.selected
        schedule = row.schedule if row and row.kind != "once" else None
        if schedule is None:
            return
        name = f"{schedule.flow}/{schedule.slug}"
        held = {pause.flow for pause in self.console.overview.pauses if pause.resumed_at is None}
        if schedule.state is ScheduleState.PAUSED:
            self.console.pause_or_resume(name, schedule.flow, schedule.slug, resume=True)
        elif schedule.flow in held:
            self.console.pause_or_resume(schedule.flow, schedule.flow, resume=True)
        elif "" in held:
            self.say(ALL_PAUSED)
        else:
            self.console.pause_or_resume(name, schedule.flow, schedule.slug, resume=False)

    def _cancel_once(self, row: "Row") -> None:
        run = next((run for run in self.reading.active if run.id == row.run_id), None)
        if run is not None:
            self.console.cancel_run(run, kill=False)

    def action_skip(self) -> None:
        """The fire time under the cursor, or a trigger's next event, makes no run; or does after all."""
        if self.table.marked:
            schedule_marks.skip(self.console, list(self.table.marked.values()))
            return
        row = self.table.selected
        if row is not None and row.kind == "once":
            self._cancel_once(row)
            return
        is_skipped = schedule_marks.is_skipped(row) if row else None
        if row is None or row.schedule is None or is_skipped is None:
            self.say(_NO_SKIP.get(row.kind if row else "", "only a fire time to come can be skipped"))
            return
        skip, unskip = schedule_marks.skip_commands(row)
        flow = row.schedule.flow
        when = f"at {fires.wall(row.schedule, row.at):%a %H:%M}" if row.at else "at the next event"
        if is_skipped:
            self.console.do(
                unskip, f"{flow} runs {when} after all", undo=(f"{flow} skips its run {when} again", skip)
            )
        else:
            self.console.do(
                skip, f"{flow} will not run {when}; u undoes", undo=(f"skip of {flow} {when}", unskip)
            )

    async def copyables(self) -> list[Copyable]:
        """Of the schedule, and of the run what is not said of the schedule."""
        row = self.table.selected
        if row is None or row.schedule is None:
            return []
        schedule, flow = row.schedule, self._flow_of(row.schedule)
        coming = [f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}" for at in self._coming_of(schedule)]
        when = datetime.fromtimestamp(row.at, UTC) if row.at is not None else None
        return copying.first_of_each(
            [
                *([Copyable("y", "fire time", f"{when:%Y-%m-%dT%H:%M:%SZ}")] if when else []),
                *([Copyable("w", "when it fires", fires.words(schedule))] if row.kind != "once" else []),
                *([Copyable("n", "the next fire times", "\n".join(coming))] if coming else []),
                *self._ways_to(row, schedule),
                *([Copyable("p", "path and line", f"{flow.path}:{flow.line}")] if flow else []),
                *await super().copyables(),
            ]
        )

    def _ways_to(self, row: "Row", schedule: Schedule) -> list[Copyable]:
        """A command and an address: of the schedule, or of the run that a row is about that has none."""
        if row.kind == "once":
            command, address = f"tui-flow show {row.run_id}", f"run/{row.run_id}"
        else:
            command = f"tui-flow schedule show {shlex.quote(schedule.flow)}"
            address = f"schedule/{schedule.flow}"
        return [
            Copyable("c", "command", command),
            Copyable("u", "address", f"tui-flow open {shlex.quote(address)}"),
        ]

    def _coming_of(self, schedule: Schedule) -> tuple[float, ...]:
        found = self.reading.coming.get(schedule.id)
        return found.times[:MOST_COPIED] if found else ()
