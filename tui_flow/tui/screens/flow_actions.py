"""What can be done about a flow where flows are seen; and about a run or an alert, where one of them is in hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui_flow.contract.failure import Failure
from tui_flow.contract.states import FlowRunState
from tui_flow.store.asked_for import asked_parameters
from tui_flow.store.records import Alert, FlowRun
from tui_flow.tui import copying
from tui_flow.tui.copying import Copyable
from tui_flow.tui.presentation.address import Spot
from tui_flow.tui.presentation.flow_list import FlowRow
from tui_flow.tui.screens.alert_actions import AlertActions, Named
from tui_flow.tui.screens.marking import ONE_AT_A_TIME, Marking
from tui_flow.tui.screens.texts_of_run import TextsOfRun

if TYPE_CHECKING:
    from tui_flow.tui.widgets.flow_table import FlowTable


class FlowActions(TextsOfRun, AlertActions, Marking):
    """The part of a view that acts on flows."""

    table: "FlowTable"

    def run_in_hand(self) -> FlowRun | None:
        """The run under the cursor, where that stands among runs."""
        return None

    def alert_in_hand(self) -> Alert | None:
        """The alert under the cursor, where that stands among alerts."""
        return None

    def useless_for(self, row: FlowRow | None) -> set[str]:
        if row is None:
            return {
                "open",
                "run",
                "run_with",
                "cancel",
                "edit",
                "pause",
                "ack",
                "mute",
                "note",
                "code",
                "diff",
                "copy",
                "pager",
                *(() if self.table.total else ("filter",)),
            }
        found = set()
        if row.flow is None:
            found |= {"run", "run_with"}
        elif not row.flow.parameters.get("properties"):
            found.add("run_with")
        if row.run is None:
            found |= {"open", "code", "diff", "pager"}
        if not row.standing and not _asks(row):
            found.add("pause")
        if not row.alerts:
            found |= {"ack", "note"}
        if row.flow is None:
            found.add("mute")
        if row.active is None or row.active.state is FlowRunState.CANCELLING:
            found.add("cancel")
        return found

    def useless(self) -> set[str]:
        alert, found = self.alert_in_hand(), super().useless()
        if alert is None:
            return found
        return (
            found
            - {"ack", "note"}
            - ({"open"} if alert.runs else set())
            - ({"edit"} if alert.path else set())
        )

    def labels(self) -> dict[str, str]:
        rows = self.targets()
        return super().labels() | ({"pause": "answer…"} if len(rows) == 1 and _asks(rows[0]) else {})

    def action_open(self) -> None:
        row, alert = self.in_hand(), self.alert_in_hand()
        run = self.run_in_hand() or (row.run if row else None)
        if alert is not None and not alert.runs:
            self.say(f"no run is involved{'; e opens the file' if alert.path else ''}")
        elif alert is not None:
            self.console.open_run(alert.runs[0], Spot(wrong_by=alert.last_at))
        elif run is not None:
            self.console.open_run(run.id)
        elif row is None:
            return
        elif row.broken is not None:
            self.say(f"{row.path} does not import, so nothing of it has run; e opens it")
        else:
            self.say(f"{row.name} has not run yet; r runs it")

    def action_run(self) -> None:
        rows = self.targets()
        row = rows[0] if rows else None
        if len(rows) > 1:
            self._run_several(rows)
        elif row is not None and row.flow is not None:
            self.console.run_flow(row.flow, {}, ask=False, open_it=False)
        elif row is not None:
            self.say(f"{row.path} does not import; mend it first: e opens it")

    def _run_several(self, rows: list[FlowRow]) -> None:
        from tui_flow.tui.rerunning_several import Again, RerunningSeveral

        RerunningSeveral(self.console, [Again(row.name, row.flow, row.run, {}) for row in rows]).ask()

    def action_run_with(self) -> None:
        rows = self.targets()
        row = rows[0] if rows else None
        if len(rows) > 1:
            self.say(ONE_AT_A_TIME)
        elif row is None or row.flow is None:
            self.action_run()
        else:
            values = asked_parameters(self.console.settings.state_dir, row.run) if row.run else {}
            source = f"run {row.run.id}" if row.run else ""
            self.console.run_flow(row.flow, values, ask=True, open_it=False, source=source)

    def action_cancel(self) -> None:
        rows = self.targets()
        if len(rows) != 1:
            if rows:
                from tui_flow.tui import several

                several.end(self.console, [(each.name, each.active) for each in rows], kill=False)
            return
        row, run = rows[0], self.run_in_hand() or rows[0].active
        if run is None:
            self.say(f"{row.name} has no active run to cancel")
        elif run.state is FlowRunState.CANCELLING:
            self.say(
                f"run {run.id} is being cancelled; {self.console.paint.marks.enter} opens it, X kills it there"
            )
        else:
            self.console.cancel_run(run, kill=False)

    def alerts_of(self, row: FlowRow) -> Sequence[Alert]:
        return row.alerts

    def flow_of(self, row: FlowRow) -> str:
        return row.flow.name if row.flow else ""

    def concerned(self) -> Named:
        alert = self.alert_in_hand()
        if alert is None:
            return super().concerned()
        from tui_flow.tui.presentation import alert_about

        return [(alert_about.name(alert), [alert])]

    def action_pause(self) -> None:
        """All schedules of the flow; where it has none, and a run of it waits for an answer, that is given."""
        rows = self.targets()
        if not rows or not self.console.may_change():
            return
        if len(rows) > 1:
            from tui_flow.tui import several

            several.pause_or_resume(self.console, rows)
            return
        run = rows[0].run
        if run is not None and _asks(rows[0]):
            from tui_flow.tui.answering import answer

            answer(self.console, run)
        else:
            self.console.pause_flow(rows[0].name, rows[0].standing)

    def told_run(self) -> tuple[FlowRun | None, Failure | None]:
        """The run that the flow's row speaks of."""
        row = self.in_hand()
        return (row.run, row.failure) if row is not None else (None, None)

    async def copyables(self) -> list[Copyable]:
        """Of the flow, and of its latest run what is not said of the flow."""
        row = self.in_hand()
        return copying.first_of_each([*(copying.of_flow(row) if row else ()), *await super().copyables()])

    def action_edit(self) -> None:
        row, alert = self.in_hand(), self.alert_in_hand()
        if alert is not None and alert.path:
            self.console.edit(Path(alert.path), alert.line)
            return
        if row is None:
            return
        failed = row.failure if row.broken is None else None
        if failed is not None and failed.path:
            self.console.edit(Path(failed.path), failed.line)
            return
        line = (row.broken.error_line or 0) if row.broken else row.flow.line if row.flow else 0
        self.console.edit(Path(row.path), line)


def _asks(row: FlowRow) -> bool:
    """Whether `p` answers the run that the row speaks of: it waits for a person, and there is no schedule to pause."""
    return row.run is not None and row.run.state is FlowRunState.PAUSED and not row.standing
