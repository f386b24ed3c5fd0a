"""The Alerts view: what somebody should know, who knows it already, and what there is to say about it."""

import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual.widget import Widget

from tui_flow.contract.errors import HistoryError
from tui_flow.contract.states import AlertState
from tui_flow.store.records import Alert, FlowRun
from tui_flow.tui.actions import bindings
from tui_flow.tui.presentation import Line, alert_about, alert_detail, alert_list, filters, orders
from tui_flow.tui.presentation.address import Spot
from tui_flow.tui.presentation.alert_about import About
from tui_flow.tui.rerunning_several import rerun_several
from tui_flow.tui.screens import alert_reading
from tui_flow.tui.screens.alert_actions import AlertActions
from tui_flow.tui.screens.alert_texts import AlertTexts
from tui_flow.tui.screens.emptiness import why_empty
from tui_flow.tui.screens.marking import Marking
from tui_flow.tui.screens.section import Section
from tui_flow.tui.screens.sorting import Sorting
from tui_flow.tui.widgets.alert_table import AlertTable
from tui_flow.tui.widgets.lines import Lines, TextLines


class AlertsSection(Sorting, AlertTexts, AlertActions, Marking, Section):
    """The table of alerts, and below it what there is to say about the one under the cursor."""

    table: AlertTable
    PLACE = "alerts"
    WORDS = alert_list.WORDS
    PROMPT = "timeout  /regex/  flow:etl_*  task:load  state:acked  is:new  since:24h"
    BINDINGS: ClassVar = [*bindings("rows"), *bindings("alerts")]
    ORDERS = orders.ALERTS
    ON_MARKS = ("rerun", "ack", "mute", "note")

    def __init__(self) -> None:
        super().__init__()
        self.table = AlertTable(id="alerts")
        self.about = TextLines(id="about-alert")
        self.about.add_class("about", update=False)
        self._filter, self._wrong = filters.Filter(), ""
        self._total = 0
        """The alerts that there are without it."""
        self.context = TextLines(id="context-alert")
        """What surrounds the error, where there is room for it."""
        self.found = About()
        self._hides_recovered = False
        self._folded: list[Alert] = []
        """What recovered and is not listed."""

    def panes(self) -> Iterable[Widget]:
        yield self.table
        yield self.about
        yield self.context

    def come_to_front(self) -> None:
        self._show(sort=not self.table.rows)

    def take_overview(self) -> None:
        if self.console.has_overview:
            self._show()

    def on_resize(self) -> None:
        self._describe()

    def tick_minute(self) -> None:
        self._show()

    def _show(self, *, sort: bool = False) -> None:
        now = time.time()
        rows = orders.alerts(alert_list.rows_of(self.console.overview.alerts, now), self.order)
        self.table.renew_marks({alert.id: alert for alert in rows})
        self._total = len(rows)
        rows = [] if self._wrong else alert_list.matching(rows, self._filter, now)
        self._folded = [
            alert for alert in rows if self._hides_recovered and alert.state is AlertState.RECOVERED
        ]
        self.table.set_rows([alert for alert in rows if alert not in self._folded], sort=sort)
        self._describe()

    def sort(self) -> None:
        self._show(sort=True)

    # What is said.

    def _describe(self) -> None:
        alert, now = self.table.selected, time.time()
        order = f"sort: {self.order}{', changed: g sorts' if self.table.is_out_of_order else ''}"
        if self.text:
            order = f"only: {self.text}  {order}"
        if self._folded:
            order = f"{order}  = shows {len(self._folded)} recovered"
        title = alert_list.title([*self.table.rows, *self._folded], self._total, now)
        if self._wrong:
            title, order = "Alerts", "this is no filter"
        self.table.set_title(title, f"{order}  {self.table.place}".strip())
        if alert is None:
            self._say_nothing()
            self.context.set_title("Context")
            self.context.set_lines([])
        else:
            self._tell(alert)
            self.read_later("about-alert", self._read_about, alert)
        self.update_footer()

    def _say_nothing(self) -> None:
        if self._wrong:
            self.about.set_title("This is no filter")
            self.about.set_lines([[(self._wrong, "bad")]])
        elif self.text:
            unknown = filters.why_nothing(self._filter, (flow.name for flow in self.console.overview.flows))
            self.about.set_title("Nothing matches")
            self.about.set_lines(
                [[(f"{unknown or 'No alert has this'}. ", ""), ("Esc", "key"), (" shows all.", "dim")]]
            )
        elif found := why_empty(self.console):
            self.about.set_title(found[0])
            self.about.set_lines(found[1])
        else:
            self.about.set_title("All is well")
            self.about.set_lines(_NOTHING)

    def _tell(self, alert: Alert) -> None:
        now, console = time.time(), self.console
        found = self.found if self.found.alert == alert.id else About(alert.id)
        self.about.set_title(alert_about.title(alert), alert_about.subtitle(alert, now))
        project, marks, keep = console.settings.project, console.paint.marks, self.found.alert == alert.id
        if self.is_roomy:
            self.about.set_lines(alert_detail.error_lines(alert, found, project, marks), keep=keep)
            self.context.set_title("Context")
            self.context.set_lines(
                alert_detail.context_lines(alert, found, now, marks, has_channel=self._has_channel), keep=keep
            )
        else:
            self.about.set_lines(alert_about.lines(alert, found, project, now, marks), keep=keep)

    async def _read_about(self, alert: Alert) -> None:
        """What takes a look into history and file; the rest stands there already."""
        try:
            found = await self.console.bridge.read(
                partial(
                    alert_reading.read,
                    alert=alert,
                    state_dir=self.console.settings.state_dir,
                    project=self.console.settings.project,
                )
            )
        except HistoryError as error:
            self.could_not_read(error)
            return
        if self.table.selected is not None and self.table.selected.id == alert.id:
            self._tell_found(found)

    def _tell_found(self, found: About) -> None:
        alert = self.table.selected
        self.found = found
        if alert is not None:
            self._tell(alert)

    @property
    def _has_channel(self) -> bool:
        """Whether anything takes messages about alerts."""
        settings = self.console.settings
        return bool(settings.alert_command or settings.alert_urls)

    def name_of(self, row: Alert) -> str:
        return alert_about.name(row)

    def alerts_of(self, row: Alert) -> Sequence[Alert]:
        return [row]

    def flow_of(self, row: Alert) -> str:
        return row.flow

    def useless_for(self, row: Alert | None) -> set[str]:
        alert = row
        if alert is None:
            return {"open", "ack", "mute", "note", "rerun", "edit", "code", "diff", "copy", "pager"}
        found = set()
        if not alert.runs:
            found |= {"open", "rerun", "code", "diff", "pager"}
        if not alert.path:
            found.add("edit")
        if not alert.flow:
            found.add("mute")
        if alert.state is AlertState.RECOVERED:
            found.add("ack")
        return found

    def show_alert(self, id: int) -> None:
        """Puts the cursor on an alert; a filter that hides it ends."""
        if all(alert.id != id for alert in self.table.rows):
            self._hides_recovered = False
            self.set_filter("")
        place = next((place for place, alert in enumerate(self.table.rows) if alert.id == id), None)
        if place is None:
            self.say("this alert is not listed any more")
        else:
            self.table.move(place)

    # Keys.

    def on_lines_moved(self, event: Lines.Moved) -> None:
        if event.lines is self.table:
            self._describe()

    def set_filter(self, text: str) -> None:
        self.text = text.strip()
        self._filter, self._wrong = filters.read(self.text, self.WORDS)
        self._show(sort=True)

    def action_open(self) -> None:
        alert = self.table.selected
        if alert is not None and alert.runs:
            self.console.open_run(alert.runs[0], Spot(wrong_by=alert.last_at))
        elif alert is not None:
            self.say(f"no run is involved{'; e opens the file' if alert.path else ''}")

    def action_rerun(self) -> None:
        if len(self.targets()) > 1:
            self.run_worker(self._rerun_several(self.targets()), group="commands")
            return
        if self.found.now and self.table.selected and self.found.alert == self.table.selected.id:
            self.console.rerun(self.found.now)
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

    def action_fold_recovered(self) -> None:
        """What has recovered is not listed, or is again."""
        before = self.table.selected
        self._hides_recovered = not self._hides_recovered
        self._show(sort=True)
        if before is not None and before in self.table.rows:
            self.table.move(self.table.rows.index(before))
        if not self._hides_recovered:
            self.say("what recovered within a week is listed")
        else:
            self.say(f"{len(self._folded)} recovered are not listed; = lists them")

    def action_edit(self) -> None:
        alert = self.table.selected
        if alert is not None and alert.path:
            self.console.edit(Path(alert.path), alert.line)
        elif alert is not None:
            self.say("this alert names no line of a file")


_NOTHING: list[Line] = [
    [("Nothing is wrong, and nothing was within a week.", "ok")],
    [],
    [("Alerts come from runs that fail or crash, missed and late fire times, files", "dim")],
    [("that do not import, flows that pause themselves, and a full disk.", "dim")],
    [
        ("alert_command", "strong"),
        (" in tui_flow.toml names what is told of them while nobody looks;", "dim"),
    ],
    [("tui-flow alerts test", "live"), (" tries it.", "dim")],
]


def _runs_of(db: Any, ids: list[int]) -> list[FlowRun]:
    from tui_flow.store import runs

    return runs.get_runs(db, ids)
