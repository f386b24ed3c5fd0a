"""The Flows view: every flow, how its last runs went, and what is wrong."""

import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget

from tui_flow.contract.commands import ListSchedules
from tui_flow.contract.errors import HistoryError, TuiFlowError
from tui_flow.store.records import Alert, FlowRun
from tui_flow.tui.actions import bindings
from tui_flow.tui.presentation import (
    Line,
    about,
    filters,
    flow_detail,
    flow_foot,
    flow_list,
    orders,
    plots,
    text_of,
)
from tui_flow.tui.presentation.flow_detail import More
from tui_flow.tui.presentation.flow_list import FlowRow, Overview
from tui_flow.tui.presentation.glyphs import role
from tui_flow.tui.screens.emptiness import reading_files, why_empty
from tui_flow.tui.screens.flow_actions import FlowActions
from tui_flow.tui.screens.flows_reading import Surroundings, read_more, read_spans, read_surroundings
from tui_flow.tui.screens.section import Section
from tui_flow.tui.screens.sorting import Sorting
from tui_flow.tui.widgets.flow_table import FlowTable
from tui_flow.tui.widgets.lines import Lines, TextLines

if TYPE_CHECKING:
    from tui_flow.tui.screens.dashboard import Dashboard


class FlowsSection(Sorting, FlowActions, Section):
    """The table of flows, and below it what there is to say about the one under the cursor."""

    table: FlowTable
    PLACE = "flows"
    WANTS_ADVANCES = True
    PROMPT = "words  /regex/  state:failed  -tag:ops  is:new  is:late  dur>5m  since:24h"
    BINDINGS: ClassVar = [*bindings("rows"), *bindings("flows")]
    ORDERS = orders.FLOWS
    ON_MARKS = ("run", "pause", "cancel", "ack", "mute", "note")

    def __init__(self) -> None:
        super().__init__()
        self.table = FlowTable(id="flows")
        self.about = TextLines(id="about")
        self.about.add_class("about", update=False)
        self.dashboard: Dashboard | None = None
        """Made when there is room for it."""
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
        if self.home.was_elsewhere and self.table.cursor == 0 and not self.table.marked:
            self.table.sort()  # nobody loses a place by that
        self.console.bridge.read_advances()

    def take_overview(self) -> None:
        if not self.console.has_overview:
            return
        self.table.has_engine = self.console.has_engine
        self._show()
        self._look_around()

    def take_advances(self) -> None:
        self._show_rows()
        if self._surroundings.full:  # where tasks go on, there may be slots again
            self._look_around()
        if self.dashboard is not None and self.is_roomy:
            self.dashboard.take_advances(self.console.overview)

    def _show_rows(self) -> None:
        earlier = self._surroundings.earlier if self.is_wide else {}
        rows = flow_list.rows_of(self.console.overview, earlier)
        self.table.set_rows(orders.flows(rows, self.order, time.time()))
        self._describe()

    def _show(self) -> None:
        """All that the view shows."""
        self._show_rows()
        overview, around = self.console.overview, self._surroundings
        marks, settings = self.console.paint.marks, self.console.settings
        heights = self.table.shows_heights
        foot = flow_foot.lines(overview, around.day, settings, marks, heights=heights, full=around.full)
        self.table.show_below(foot if self.is_wide and self.table.total else ())
        if self.is_roomy:
            self._surround(overview)

    def _surround(self, overview: Overview) -> None:
        """Fills the panes below; they are made when there is room for them first."""
        if self.dashboard is None:
            from tui_flow.tui.screens.dashboard import Dashboard

            self.dashboard = Dashboard()
            self.mount(self.dashboard)
        self.dashboard.take(overview)

    def _look_around(self) -> None:
        if self.is_wide and not self._is_reading:
            self.run_worker(self._read_surroundings(), group="surroundings")

    async def _read_surroundings(self) -> None:
        """Once the rows stand there, and only where there is room for more."""
        overview, known = self.console.overview, self._surroundings
        if not known.is_stale(overview, time.time()):
            return
        self._is_reading = True
        try:
            state_dir = self.console.settings.state_dir
            read = partial(read_surroundings, known=known, overview=overview, state_dir=state_dir)
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

    @property
    def is_roomy(self) -> bool:
        """Whether there is room below it, too."""
        return self.is_wide and self.screen.has_class("-tall")

    def sort(self) -> None:
        self.take_overview()
        self.table.action_top()

    def tick(self) -> None:
        if self.console.bridge.look_at_advances():
            return  # and with them the time that has passed is drawn
        self.table.refresh_live()
        if self.dashboard is not None and self.is_roomy:
            self.dashboard.take_advances(self.console.overview)

    def tick_minute(self) -> None:
        self.table.redraw()
        self.take_overview()

    def on_resize(self) -> None:
        """The frames say how much is in sight, once that is known."""
        self.call_after_refresh(self.take_overview)

    def on_lines_moved(self, event: Lines.Moved) -> None:
        if event.lines is self.table or (self.dashboard and self.dashboard.owns(event.lines)):
            self._describe()

    def on_descendant_focus(self) -> None:
        """Another pane, and with it perhaps another flow, is in hand."""
        if self.console.has_overview:
            self._describe()

    def _describe(self) -> None:
        """The lower pane and the frames, for the row under the cursor."""
        table, row = self.table, self.in_hand()
        shown = f"{len(table.rows)} of {table.total}" if len(table.rows) != table.total else f"{table.total}"
        order = f"sort: {self.order}{', changed: g sorts' if table.is_out_of_order else ''}"
        if self.text:
            order = f"only: {self.text}  {order}"
        if table.wrong:
            shown, order = "", "this is no filter"
        table.set_title(
            f"Flows {shown}".strip(), f"{order}  {table.place}".strip() if table.total > 1 else ""
        )
        if row is None and self.dashboard is not None and self.dashboard.has_keyboard:
            pass  # an alert about no flow
        elif row is None:
            title, lines = self._nothing()
            self.about.set_title(title)
            self.about.set_lines(lines)
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
            lines = about.flow_lines(row, project, now, flow_detail.failure_context(row, more, now))
        self.about.set_lines(lines, keep=self._told == row.key)
        self._told = row.key

    async def _read_more(self, row: FlowRow) -> None:
        """What takes a look into the history, and in a wide pane a question to the engine."""
        run, bridge = row.run, self.console.bridge
        if run is None:
            return
        is_wide = self.is_wide
        wants_all = is_wide or role(run.state) == "bad"
        read = partial(read_more, flow=row.name, run=run) if wants_all else partial(read_spans, flow=row.name)
        try:
            self._more = await bridge.read(read)
        except HistoryError:
            return
        if is_wide and row.next_at is not None and self.console.engine == "ok":
            self._more = self._more._replace(next_times=await self._next_times(row))
        here = self.in_hand()
        if here is not None and here.name == row.name:
            self._tell(here)

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

    def _nothing(self) -> tuple[str, list[Line]]:
        """Title and text of the lower pane while there is no row."""
        if self.table.wrong:
            return "This is no filter", [[(self.table.wrong, "bad")]]
        if self.table.total:
            flows = (flow.name for flow in self.console.overview.flows)
            why = filters.why_nothing(filters.parse(self.text), flows) or "No flow has this"
            return "Nothing matches", [[(f"{why}. ", ""), ("Esc", "key"), (" clears the filter.", "dim")]]
        if found := why_empty(self.console) or reading_files(self.console):
            return found
        folder = self.console.settings.flows_dir
        return "Nothing here yet", [
            [("Save a Python file in ", ""), (f"{folder}/", "strong"), (" and it shows up here:", "")],
            [],
            [("  from tui_flow import flow", "live")],
            [("  @flow", "live")],
            [('  def hello(name: str = "world"): print("hello", name)', "live")],
        ]

    def in_hand(self) -> FlowRow | None:
        """The flow under the cursor, or that of the run or alert under it."""
        around = self.dashboard
        return self.table.row_of(around.subject) if around and around.has_keyboard else self.table.selected

    def run_in_hand(self) -> FlowRun | None:
        return self.dashboard.run if self.dashboard else None

    def alert_in_hand(self) -> Alert | None:
        return self.dashboard.alert if self.dashboard else None

    def action_mark(self) -> None:
        if self.dashboard is not None and self.dashboard.has_keyboard:
            self.say("rows are marked among the flows; Tab goes there")
        else:
            super().action_mark()

    def name_of(self, row: FlowRow) -> str:
        return row.name

    def set_filter(self, text: str) -> None:
        self.text = text
        self.table.set_filter(text)
        self._describe()

    def action_filter(self) -> None:
        if self.table.total:
            super().action_filter()
