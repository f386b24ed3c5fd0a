"""What surrounds the flows on a large screen: what runs now, what is wrong, and what happened last."""

import time

from textual.app import ComposeResult
from textual.containers import Container

from tui_flow.contract.states import AlertState
from tui_flow.store.records import Alert, FlowRun
from tui_flow.tui.presentation import activity, alert_list, running_list
from tui_flow.tui.presentation.flow_list import Overview
from tui_flow.tui.widgets.activity_lines import ActivityLines
from tui_flow.tui.widgets.alert_table import AlertTable
from tui_flow.tui.widgets.lines import Lines
from tui_flow.tui.widgets.paint import AnySpan, paint_of
from tui_flow.tui.widgets.running_table import RunningTable


class OpenAlerts(AlertTable):
    """The alerts that have not recovered."""

    def lead(self, index: int) -> list[AnySpan]:
        """No cursor while another pane has the keyboard: keys act there."""
        return super().lead(index) if self.has_focus else [("  ", "")]

    def spans_below(self, y: int, width: int) -> list[AnySpan]:  # noqa: ARG002
        return [(" Nothing is wrong.", "ok")] if not self.rows and y == 0 else []

    def header_spans(self, y: int, width: int) -> list[AnySpan]:
        return list(super().header_spans(y, width)) if self.rows else []


class Dashboard(Container):
    """Three panes below the table of flows. In two of them there is a row for the keys to act on."""

    def __init__(self) -> None:
        super().__init__(id="dashboard")
        self.running = RunningTable(id="running")
        self.alerts = OpenAlerts(id="open-alerts")
        self.activity = ActivityLines(id="activity")

    def compose(self) -> ComposeResult:
        for pane in (self.running, self.alerts, self.activity):
            pane.add_class("pane", update=False)
            yield pane

    def take(self, overview: Overview) -> None:
        """The history has been read anew."""
        self.take_advances(overview)
        now, enter = time.time(), paint_of(self).marks.enter
        alerts = [
            alert
            for alert in alert_list.rows_of(overview.alerts, now)
            if alert.state is not AlertState.RECOVERED
        ]
        self.alerts.set_rows(alerts)
        hint = f"{enter} opens the log at the error" if alerts else "5 all alerts"
        self.alerts.set_title(
            alert_list.title(alerts, len(alerts), now), f"{hint}  {self.alerts.place}".strip()
        )
        self.activity.set_title("Activity")
        self.activity.set_events(activity.events_of(overview, activity.MOST))

    def take_advances(self, overview: Overview) -> None:
        """Runs have come further."""
        self.running.set_rows(running_list.rows_of(overview, time.time()))
        hint = f"{paint_of(self).marks.enter} opens it" if self.running.rows else "2 all runs"
        self.running.set_title(running_list.title(overview), f"{hint}  {self.running.place}".strip())

    def owns(self, lines: Lines) -> bool:
        return lines in (self.running, self.alerts)

    # What the keys act on.

    @property
    def has_keyboard(self) -> bool:
        return self.running.has_focus or self.alerts.has_focus

    @property
    def run(self) -> FlowRun | None:
        """The run under the cursor, while that is in "Running now"."""
        row = self.running.selected if self.running.has_focus else None
        return None if row is None else row.run

    @property
    def alert(self) -> Alert | None:
        """The alert under the cursor, while that is among the alerts."""
        return self.alerts.selected if self.alerts.has_focus else None

    @property
    def subject(self) -> str:
        """The flow, or the file, that the row under the cursor is about; empty where it is about neither."""
        if self.run is not None:
            return self.run.flow
        return (self.alert.flow or self.alert.place) if self.alert is not None else ""
