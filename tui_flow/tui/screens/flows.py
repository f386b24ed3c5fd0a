"""The Flows view: every flow, how its last runs went, and what is wrong."""

import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.widget import Widget

from tui_flow.contract.commands import ListSchedules
from tui_flow.contract.errors import HistoryError, TuiFlowError
from tui_flow.contract.states import FlowRunState
from tui_flow.store.records import FlowRun
from tui_flow.tui.actions import bindings
from tui_flow.tui.presentation import (
    Line,
    about,
    flow_detail,
    flow_foot,
    flow_list,
    orders,
    plots,
    text_of,
)
from tui_flow.tui.presentation.flow_detail import More
from tui_flow.tui.presentation.flow_list import FlowRow
from tui_flow.tui.screens.alert_actions import AlertActions
from tui_flow.tui.screens.flows_reading import Surroundings, read_more, read_spans, read_surroundings
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
        self._told = ""
        """The row that the pane beside or below the table is about."""
        self._more = More()
        """Of the flow under the cursor."""
        self._surroundings = Surroundings()
        self._is_reading = False
        """The surroundings."""
        self._next: tuple[tuple[str, float | None], list[float]] = (("", None), [])
        """The next fire times of a flow, and what they were asked for."""

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
        self._show()
        if self.is_wide and not self._is_reading:
            self.run_worker(self._read_surroundings(), group="surroundings")

    def _show(self) -> None:
        overview, around = self.console.overview, self._surroundings
        rows = flow_list.rows_of(overview, around.earlier if self.is_wide else {})
        self.table.set_rows(orders.flows(rows, self.order, time.time()))
        self._describe()
        marks, settings = self.console.paint.marks, self.console.settings
        foot = flow_foot.lines(overview, around.day, settings, marks, heights=self.table.shows_heights)
        self.table.show_below(foot if self.is_wide and self.table.total else ())

    async def _read_surroundings(self) -> None:
        """Once the rows stand there, and only where there is room for more."""
        overview, known = self.console.overview, self._surroundings
        if not known.is_stale(overview, time.time()):
            return
        self._is_reading = True
        try:
            read = partial(read_surroundings, known=known, overview=overview)
            self._surroundings = await self.console.bridge.read(read)
        except HistoryError:
            return
        finally:
            self._is_reading = False
        self._show()

    @property
    def is_wide(self) -> bool:
        """Whether there is room beside the table."""
        return self.screen.has_class("-wide")

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
        self.table.redraw()
        self.take_overview()

    def on_resize(self) -> None:
        """The frames say how much is in sight, once that is known."""
        self.call_after_refresh(self.take_overview)

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
            self.read_later("more", self._read_more, row)
        self.update_footer()

    def _tell(self, row: FlowRow) -> None:
        """What there is to say about a flow, so far."""
        project, marks, now = self.console.settings.project, self.console.paint.marks, time.time()
        more = self._more if self._more.flow == row.name else More()
        width = self.about.size.width or self.app.size.width - 2
        if self.is_wide:
            self.about.set_title(flow_detail.title(row), "i hides this")
            lines = flow_detail.lines(row, more, project, now, marks, width)
        else:
            took = plots.duration_lines(more.spans, width - 4, marks)
            self.about.set_title(about.flow_title(row), "".join(map(text_of, took)))
            lines = about.flow_lines(row, project, now)
        self.about.set_lines(lines, keep=self._told == row.key)
        self._told = row.key

    async def _read_more(self, row: FlowRow) -> None:
        """What takes a look into the history, and in a wide pane a question to the engine."""
        run, bridge = row.active or row.latest, self.console.bridge
        if run is None:
            return
        is_wide = self.is_wide
        read = partial(read_more, flow=row.name, run=run) if is_wide else partial(read_spans, flow=row.name)
        try:
            self._more = await bridge.read(read)
        except HistoryError:
            return
        if is_wide and row.next_at is not None and self.console.engine == "ok":
            self._more = self._more._replace(next_times=await self._next_times(row))
        if self.table.selected is not None and self.table.selected.name == row.name:
            self._tell(self.table.selected)

    async def _next_times(self, row: FlowRow) -> list[float]:
        """The engine knows them; it is asked once for each."""
        key = (row.name, row.next_at)
        if self._next[0] != key:
            try:
                found = await self.console.bridge.ask(ListSchedules(row.name, 2))
            except TuiFlowError:
                return []
            ahead = [at for one in found.get("schedules", ()) for at in one["next"]]
            self._next = (key, sorted(ahead)[:2])
        return self._next[1]

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
                "code",
                "diff",
                *(() if self.table.total else ("filter",)),
            }
        found = set()
        if row.flow is None:
            found |= {"run", "run_with"}
        elif not row.flow.parameters.get("properties"):
            found.add("run_with")
        if row.latest is None:
            found |= {"open", "code", "diff"}
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
            source = f"run {row.latest.id}" if row.latest else ""
            self.console.run_flow(row.flow, values, ask=True, open_it=False, source=source)

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

    def action_details(self) -> None:
        """The pane beside or below the table, or more of the table."""
        self.toggle_class("-no-side")
        if self.about.has_focus:
            self.table.focus()

    def action_code(self) -> None:
        """Of its latest run."""
        from tui_flow.tui import reading

        row = self.table.selected
        if row is not None and row.latest is not None:
            self.run_worker(reading.show_code(self.console, row.latest, row.failure), group="reading")

    def action_diff(self) -> None:
        """Of its latest run to the last one before it that completed."""
        from tui_flow.tui import reading

        row = self.table.selected
        if row is not None and row.latest is not None:
            self.run_worker(reading.show_diff(self.console, row.latest), group="reading")

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
