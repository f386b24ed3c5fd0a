"""The Flows view: every flow, how its last runs went, and what is wrong."""

import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual.widget import Widget

from tui_flow.contract.errors import HistoryError, TuiFlowError
from tui_flow.contract.states import FlowRunState
from tui_flow.store.records import FlowRun
from tui_flow.store.spans import Span
from tui_flow.tui.actions import bindings
from tui_flow.tui.presentation import Line, about, flow_list, orders, plots, text_of
from tui_flow.tui.presentation.flow_list import FlowRow
from tui_flow.tui.screens.alert_actions import AlertActions
from tui_flow.tui.screens.marking import ONE_AT_A_TIME, Marking
from tui_flow.tui.screens.section import Section
from tui_flow.tui.screens.sorting import Sorting
from tui_flow.tui.widgets.flow_table import FlowTable
from tui_flow.tui.widgets.lines import Lines, TextLines


class FlowsSection(Sorting, Marking, AlertActions, Section):
    """The table of flows, and below it what there is to say about the one under the cursor."""

    table: FlowTable
    PLACE = "flows"
    WANTS_ADVANCES = True
    PROMPT = "words  /regex/  state:failed  -tag:ops  is:new  is:late  dur>5m  since:24h"
    BINDINGS: ClassVar = [*bindings("rows"), *bindings("flows")]
    ORDERS = orders.FLOWS
    ON_MARKS = ("run", "pause", "cancel", "ack", "mute")

    def __init__(self) -> None:
        super().__init__()
        self.table = FlowTable(id="flows")
        self.about = TextLines(id="about")
        self.about.add_class("about")
        self._spans: dict[str, list[Span]] = {}
        """The last runs of the flow under the cursor, by its name."""

    def panes(self) -> Iterable[Widget]:
        yield self.table
        yield self.about

    def come_to_front(self) -> None:
        self.take_overview()
        self.table.sort()
        self.console.bridge.read_advances()

    def take_overview(self) -> None:
        if not self.console.has_overview:
            return
        rows = flow_list.rows_of(self.console.overview)
        self.table.set_rows(orders.flows(rows, self.order, time.time()))
        self._describe()

    def take_advances(self) -> None:
        self.take_overview()

    def sort(self) -> None:
        self.take_overview()
        self.table.action_top()

    def take_trouble(self, error: TuiFlowError) -> None:
        self.about.set_title("This needs your attention")
        parts: list[Line] = [[(error.what, "bad")], *([(text, "")] for text in error.where.splitlines())]
        self.about.set_lines([*parts, [(error.next, "strong")]])

    def tick(self) -> None:
        self.table.refresh_live()

    def tick_minute(self) -> None:
        self.table.refresh()

    def on_resize(self) -> None:
        """The frames say how much is in sight, once that is known."""
        self.call_after_refresh(self._describe)

    def on_lines_moved(self, event: Lines.Moved) -> None:
        if event.lines is self.table:
            self.say("")
            self._describe()

    def on_lines_opened(self) -> None:
        self.action_open()

    def _describe(self) -> None:
        """The lower pane and the frames, for the row under the cursor."""
        table, row = self.table, self.table.selected
        shown = f"{len(table.rows)} of {table.total}" if len(table.rows) != table.total else f"{table.total}"
        order = f"sort: {self.order}{', changed: g sorts' if table.is_out_of_order else ''}"
        if table.filter:
            order = f"only: {table.filter}  {order}"
        if table.wrong:
            shown, order = "", "this is no filter"
        table.set_title(
            f"Flows {shown}".strip(), f"{order}  {table.place}".strip() if table.total > 1 else ""
        )
        if row is None:
            nothing = "Nothing matches" if table.total else "Nothing here yet"
            self.about.set_title("This is no filter" if table.wrong else nothing)
            self.about.set_lines(self._nothing())
        else:
            self._tell(row)
            self.read_later("spans", self._read_spans, row)
        self.update_footer()

    def _tell(self, row: FlowRow) -> None:
        width = self.about.size.width or self.app.size.width - 2
        took = plots.duration_lines(self._spans.get(row.name, ()), width - 4, self.console.paint.marks)
        self.about.set_title(about.flow_title(row), "".join(map(text_of, took)))
        self.about.set_lines(about.flow_lines(row, self.console.settings.project, time.time()), keep=True)

    async def _read_spans(self, row: FlowRow) -> None:
        """How long its last runs took, which takes a look into the history."""
        try:
            found = await self.console.bridge.read(partial(_spans_of, flow=row.name))
        except HistoryError:
            return
        self._spans = {row.name: found}
        if self.table.selected is not None and self.table.selected.name == row.name:
            self._tell(self.table.selected)

    def _nothing(self) -> list[Line]:
        if self.table.wrong:
            return [[(self.table.wrong, "bad")]]
        if self.table.total:
            return [[("No flow has this. ", ""), ("Esc", "key"), (" clears the filter.", "dim")]]
        folder = self.console.settings.flows_dir
        return [
            [("Save a Python file in ", ""), (f"{folder}/", "strong"), (" and it shows up here:", "")],
            [],
            [("  from tui_flow import flow", "live")],
            [("  @flow", "live")],
            [('  def hello(name: str = "world"): print("hello", name)', "live")],
        ]

    @property
    def filter_text(self) -> str:
        return self.table.filter

    def name_of(self, row: FlowRow) -> str:
        return row.name

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
                *(() if self.table.total else ("filter",)),
            }
        found = set()
        if row.flow is None:
            found |= {"run", "run_with"}
        elif not row.flow.parameters.get("properties"):
            found.add("run_with")
        if row.latest is None:
            found.add("open")
        if not row.standing:
            found.add("pause")
        if not row.alerts:
            found |= {"ack", "mute"}
        if row.active is None or row.active.state is FlowRunState.CANCELLING:
            found.add("cancel")
        return found

    def go_back(self) -> bool:
        if self.table.filter:
            self.table.set_filter("")
            self._describe()
            return True
        return False

    def prompt_changed(self, text: str) -> None:
        self.table.set_filter(text)
        self._describe()

    def action_filter(self) -> None:
        if self.table.total:
            self.home.open_prompt(self.table.filter)

    def action_open(self) -> None:
        row = self.table.selected
        if row is None:
            return
        run = row.active or row.latest
        if run is not None:
            self.console.open_run(run.id)
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

        RerunningSeveral(self.console, [Again(row.name, row.flow, row.latest, {}) for row in rows]).ask()

    def action_run_with(self) -> None:
        rows = self.targets()
        row = rows[0] if rows else None
        if len(rows) > 1:
            self.say(ONE_AT_A_TIME)
        elif row is None or row.flow is None:
            self.action_run()
        else:
            values = self.console.asked_parameters(row.latest) if row.latest else {}
            self.console.run_flow(row.flow, values, ask=True, open_it=False)

    def action_cancel(self) -> None:
        rows = self.targets()
        if len(rows) != 1:
            if rows:
                from tui_flow.tui import several

                several.end(self.console, [(each.name, each.active) for each in rows], kill=False)
            return
        row = rows[0]
        run: FlowRun | None = row.active
        if run is None:
            self.say(f"{row.name} has no active run to cancel")
        elif run.state is FlowRunState.CANCELLING:
            self.say(
                f"run {run.id} is being cancelled; {self.console.paint.marks.enter} opens it, X kills it there"
            )
        else:
            self.console.cancel_run(run, kill=False)

    def action_ack(self) -> None:
        self.acknowledge([(row.name, row.alerts) for row in self.targets()])

    def action_mute(self) -> None:
        self.mute([(row.name, row.alerts) for row in self.targets() if row.flow is not None])

    def action_pause(self) -> None:
        """All schedules of the flow."""
        rows = self.targets()
        if not rows or not self.console.may_change():
            return
        if len(rows) > 1:
            from tui_flow.tui import several

            several.pause_or_resume(self.console, rows)
            return
        row = rows[0]
        if not row.standing:
            self.say(f"{row.name} has no schedule to pause")
        elif row.standing == "active":
            self.console.pause_or_resume(row.name, row.name, resume=False)
        elif any(pause.flow == "" and pause.resumed_at is None for pause in self.console.overview.pauses):
            self.say("all schedules are paused; tui-flow schedule resume --all lets them fire again")
        else:
            self.console.pause_or_resume(row.name, row.name, resume=True)

    def action_edit(self) -> None:
        row = self.table.selected
        if row is None:
            return
        failed = row.failure if row.broken is None else None
        if failed is not None and failed.path:
            self.console.edit(Path(failed.path), failed.line)
            return
        line = (row.broken.error_line or 0) if row.broken else row.flow.line if row.flow else 0
        self.console.edit(Path(row.path), line)


def _spans_of(db: Any, flow: str) -> list[Span]:
    from tui_flow.store import spans

    return spans.of_flow(db, flow)
