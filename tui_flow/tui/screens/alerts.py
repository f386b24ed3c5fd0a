"""The Alerts view: what somebody should know, who knows it already, and what there is to say about it."""

import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual.widget import Widget

from tui_flow.contract import commands
from tui_flow.contract.errors import HistoryError
from tui_flow.contract.states import AlertState, FlowRunState, TaskRunState
from tui_flow.store.records import Alert, FlowRun
from tui_flow.tui.actions import bindings
from tui_flow.tui.presentation import Line, alert_about, alert_list, orders
from tui_flow.tui.presentation.alert_about import About
from tui_flow.tui.rerunning_several import rerun_several
from tui_flow.tui.screens.alert_actions import AlertActions
from tui_flow.tui.screens.marking import Marking
from tui_flow.tui.screens.section import Section
from tui_flow.tui.screens.sorting import Sorting
from tui_flow.tui.widgets.alert_table import AlertTable
from tui_flow.tui.widgets.lines import Lines, TextLines

MAX_CODE = 100_000
"""Bytes of a flow file that are looked through for the author's line."""


class AlertsSection(Sorting, Marking, AlertActions, Section):
    """The table of alerts, and below it what there is to say about the one under the cursor."""

    table: AlertTable
    PLACE = "alerts"
    PROMPT = "words of the error, a flow, a task; new, acknowledged, muted, recovered"
    BINDINGS: ClassVar = [*bindings("rows"), *bindings("alerts")]
    ORDERS = orders.ALERTS
    ON_MARKS = ("rerun", "ack", "mute")

    def __init__(self) -> None:
        super().__init__()
        self.table = AlertTable(id="alerts")
        self.about = TextLines(id="about-alert")
        self.about.add_class("about")
        self.text = ""
        """The filter."""
        self._found = About()

    def panes(self) -> Iterable[Widget]:
        yield self.table
        yield self.about

    def come_to_front(self) -> None:
        self._show(sort=not self.table.rows)

    def take_overview(self) -> None:
        if self.console.has_overview:
            self._show()

    def tick_minute(self) -> None:
        self._show()

    def _show(self, *, sort: bool = False) -> None:
        now = time.time()
        rows = orders.alerts(alert_list.rows_of(self.console.overview.alerts, now), self.order)
        self.table.renew_marks({alert.id: alert for alert in rows})
        self.table.set_rows(alert_list.matching(rows, self.text, now), sort=sort)
        self._describe()

    def sort(self) -> None:
        self._show(sort=True)

    # What is said.

    def _describe(self) -> None:
        alert, now = self.table.selected, time.time()
        order = f"only: {self.text}  sort: {self.order}" if self.text else f"sort: {self.order}"
        self.table.set_title(alert_list.title(self.table.rows, now), f"{order}  {self.table.place}".strip())
        if alert is None:
            self.about.set_title("Nothing matches" if self.text else "All is well")
            self.about.set_lines([_NO_MATCH] if self.text else _NOTHING)
        else:
            self._tell(alert)
            self.read_later("about-alert", self._read_about, alert)
        self.update_footer()

    def _tell(self, alert: Alert) -> None:
        now, console = time.time(), self.console
        found = self._found if self._found.alert == alert.id else About(alert.id)
        self.about.set_title(alert_about.title(alert), alert_about.subtitle(alert, now))
        lines = alert_about.lines(alert, found, console.settings.project, now, console.paint.marks)
        self.about.set_lines(lines, keep=self._found.alert == alert.id)

    async def _read_about(self, alert: Alert) -> None:
        """What takes a look into history and file; the rest stands there already."""
        try:
            found = await self.console.bridge.read(
                partial(_read, alert=alert, project=self.console.settings.project)
            )
        except HistoryError as error:
            self.take_trouble(error)
            return
        if self.table.selected is not None and self.table.selected.id == alert.id:
            self._tell_found(found)

    def _tell_found(self, found: About) -> None:
        alert = self.table.selected
        self._found = found
        if alert is not None:
            self._tell(alert)

    @property
    def filter_text(self) -> str:
        return self.text

    def name_of(self, row: Alert) -> str:
        return alert_about.title(row)

    def useless_for(self, row: Alert | None) -> set[str]:
        alert = row
        if alert is None:
            return {"open", "ack", "mute", "note", "rerun", "edit"}
        found = set()
        if not alert.runs:
            found |= {"open", "rerun"}
        if not alert.path:
            found.add("edit")
        if not alert.flow:
            found.add("mute")
        if alert.state is AlertState.RECOVERED:
            found.add("ack")
        return found

    # Keys.

    def on_lines_moved(self, event: Lines.Moved) -> None:
        if event.lines is self.table:
            self.say("")
            self._describe()

    def on_lines_opened(self) -> None:
        self.action_open()

    def go_back(self) -> bool:
        if not self.text:
            return False
        self.text = ""
        self._show()
        return True

    def action_filter(self) -> None:
        self.home.open_prompt(self.text)

    def prompt_changed(self, text: str) -> None:
        self.text = text.strip()
        self._show()

    def action_open(self) -> None:
        alert = self.table.selected
        if alert is not None and alert.runs:
            self.console.open_run(alert.runs[0])
        elif alert is not None:
            self.say(f"no run has to do with it{'; e opens the file' if alert.path else ''}")

    def action_ack(self) -> None:
        self.acknowledge([(self.name_of(alert), [alert]) for alert in self.targets()])

    def action_mute(self) -> None:
        flows: dict[str, list[Alert]] = {}
        for alert in self.targets():
            if alert.flow:
                flows.setdefault(alert.flow, []).append(alert)
        if flows:
            self.mute(list(flows.items()))
        elif self.targets():
            self.say("only a flow can be muted; a acknowledges this")

    def action_note(self) -> None:
        alert = self.table.selected
        if alert is not None:
            self.home.ask("a note for those who see this error after you", partial(self._note, alert.id))

    def _note(self, alert: int, text: str) -> None:
        if text.strip():
            self.console.ask(
                commands.NoteAlert(alert, text.strip()), lambda _: self.say("noted; it stays with the error")
            )

    def action_rerun(self) -> None:
        if len(self.targets()) > 1:
            self.run_worker(self._rerun_several(self.targets()), group="commands")
            return
        runs = self._found.runs
        if runs and self.table.selected is not None and self._found.alert == self.table.selected.id:
            self.console.rerun(runs[0])
        else:
            self.say("there is no run to run again")

    async def _rerun_several(self, alerts: list[Alert]) -> None:
        """The last run of each error, once where several errors are of one run."""
        ids = sorted({alert.runs[0] for alert in alerts if alert.runs})
        try:
            found = await self.console.bridge.read(partial(_runs_of, ids=ids))
        except HistoryError as error:
            self.say(error.what, "bad")
            return
        if found:
            rerun_several(self.console, found)
        else:
            self.say("there is no run to run again")

    def action_edit(self) -> None:
        alert = self.table.selected
        if alert is not None and alert.path:
            self.console.edit(Path(alert.path), alert.line)
        elif alert is not None:
            self.say("it names no line of a file")


_NO_MATCH: Line = [("No alert has this. ", ""), ("Esc", "key"), (" shows all.", "dim")]
_NOTHING: list[Line] = [
    [("Nothing is wrong, and nothing was within a week.", "ok")],
    [],
    [
        (
            "Alerts come from runs that fail or crash, missed and late fire times, files that do not import,",
            "dim",
        )
    ],
    [
        ("flows that pause themselves, and a full disk. ", "dim"),
        ("alert_command", "strong"),
        (" in tui_flow.toml", "dim"),
    ],
    [
        ("names what is told of them while nobody looks; ", "dim"),
        ("tui-flow alerts test", "live"),
        (" tries it.", "dim"),
    ],
]


def _read(db: Any, alert: Alert, project: Path) -> About:
    from tui_flow.store import alerts, runs, tasks

    found = sorted(runs.get_runs(db, alert.runs), key=lambda run: -run.id)
    latest: FlowRun | None = found[0] if found else None
    success = (
        runs.list_runs(db, flow=alert.flow, states=[FlowRunState.COMPLETED], limit=1) if alert.flow else []
    )
    failure = None
    if latest is not None:
        failure = tasks.first_failure(db, latest.id) or latest.failure
    return About(
        alert.id,
        found,
        success[0] if success else None,
        tasks.names_in_state(db, latest.id, TaskRunState.UPSTREAM_FAILED) if latest else (),
        failure.traceback if failure else "",
        _code(project / alert.path, alert.line) if alert.path and alert.line else "",
        alerts.list_messages(db, alert.id),
        alerts.list_notes(db, alert.id),
    )


def _runs_of(db: Any, ids: list[int]) -> list[FlowRun]:
    from tui_flow.store import runs

    return runs.get_runs(db, ids)


def _code(path: Path, line: int) -> str:
    """One line of a file, as it is now; empty where there is none."""
    try:
        with path.open("rb") as file:
            lines = file.read(MAX_CODE).splitlines()
    except (OSError, ValueError):
        return ""
    return lines[line - 1].decode("utf-8", "replace").strip()[:200] if line <= len(lines) else ""
