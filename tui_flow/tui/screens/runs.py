"""The Runs view: all runs, the newest first, as many as there are."""

import time
from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual.widget import Widget

from tui_flow.contract.errors import HistoryError
from tui_flow.contract.failure import Failure
from tui_flow.contract.states import TERMINAL, FlowRunState
from tui_flow.store.records import FlowRun
from tui_flow.tui import several
from tui_flow.tui.actions import bindings
from tui_flow.tui.answering import answer
from tui_flow.tui.presentation import Line, about, filters, orders, plots, run_list, text_of
from tui_flow.tui.presentation.flow_list import why_not_begun
from tui_flow.tui.presentation.glyphs import word
from tui_flow.tui.presentation.run_list import MOST
from tui_flow.tui.rerunning_several import rerun_several
from tui_flow.tui.screens.alert_actions import RunAlertActions
from tui_flow.tui.screens.emptiness import why_empty
from tui_flow.tui.screens.marking import ONE_AT_A_TIME, Marking
from tui_flow.tui.screens.run_paging import RunPaging
from tui_flow.tui.screens.runs_reading import spans_since
from tui_flow.tui.screens.section import Section
from tui_flow.tui.screens.texts_of_run import TextsOfRun
from tui_flow.tui.widgets.lines import Lines, TextLines
from tui_flow.tui.widgets.run_table import RunTable

_OF_A_RUN = {
    "open", "rerun", "rerun_with", "answer", "cancel", "kill", "edit", "ack", "mute", "note", "code", "diff", "copy", "pager", "older",
    "newer",
}  # fmt: skip


class RunsSection(RunPaging, TextsOfRun, RunAlertActions, Marking, Section):
    """The table of runs, and below it what there is to say about the one under the cursor."""

    table: RunTable
    PLACE = "runs"
    PROMPT = "words  /regex/  state:failed  flow:etl_*  -tag:ops  dur>5m  since:24h"
    BINDINGS: ClassVar = [*bindings("rows"), *bindings("runs")]
    ORDERS = orders.RUNS
    ON_MARKS = ("rerun", "cancel", "kill", "ack", "mute", "note")

    def __init__(self) -> None:
        super().__init__()
        self.table = RunTable(id="runs")
        self.about = TextLines(id="about-run")
        self.about.add_class("about", update=False)
        self._load = ""
        """Runs and slots of the last day, in the frame below."""

    def panes(self) -> Iterable[Widget]:
        yield self.table
        yield self.about

    def come_to_front(self) -> None:
        self.read_later("load", self._read_load)
        self.look_again()

    def tick(self) -> None:
        self.table.refresh_live()

    def tick_minute(self) -> None:
        self.table.refresh()
        self.read_later("load", self._read_load)

    async def _read_load(self) -> None:
        """Runs and slots of the last day, by the hour."""
        now = time.time()
        try:
            spans = await self.console.bridge.read(partial(spans_since, at=now - 25 * 3600))
        except HistoryError:
            return
        slots = self.console.settings.max_concurrent_runs
        loads = plots.hours(spans, now)
        width = self.app.size.width
        self._load = text_of(plots.load_line(loads, slots, width - 5, self.console.paint.marks)).strip()
        self._describe()

    # What is said.

    def _describe(self) -> None:
        table, run = self.table, self.table.selected
        window = table.window
        table.show_waits(self.console.overview.limits)
        order = f"sort: {self.order}{f' of the newest {MOST:,}' if window.is_cut else ''}"
        if self._waiting or window.out:
            order = run_list.frozen(self._waiting, len(window.out))
        if self.text:
            order = f"only: {self.text}  {order}"
        if self._reading is not None and self._reading.searched_to is not None:
            order = f"searched down to run {self._reading.searched_to}  {order}"
        if self._wrong:
            order = "this is no filter"
        table.set_title(
            "Runs"
            if self._wrong
            else f"Runs {len(window.runs):,}{'' if window.is_whole or not window.runs else '+'}",
            order,
        )
        if run is None:
            self._say_nothing()
        else:
            self.about.set_title(f"run {run.id}  {run.flow}  {word(run.state)}", self._load)
            self.about.set_lines(self._lines(run), keep=True)
        self.update_footer()

    def _lines(self, run: FlowRun) -> list[Line]:
        """What there is to say of a run."""
        why = why_not_begun(run, self.console.overview, time.time())
        return about.run_lines(run, self.console.settings.project, why)

    def _say_nothing(self) -> None:
        """Why the list is empty, and which key helps."""
        if self._wrong:
            self.about.set_title("This is no filter")
            self.about.set_lines([[(self._wrong, "bad")]])
        elif self._reading is not None:
            self.about.set_title("Searching")
            self.about.set_lines([])
        elif self.text:
            self.about.set_title("Nothing matches")
            flows = (flow.name for flow in self.console.overview.flows)
            unknown = filters.why_nothing(self._filter, flows)
            why: Line = [(unknown, "warn")] if unknown else [("No run has ", ""), (self.text, "strong")]
            self.about.set_lines([[*why, (". ", ""), ("Esc", "key"), (" shows all.", "dim")]])
        elif found := why_empty(self.console):
            self.about.set_title(found[0])
            self.about.set_lines(found[1])
        else:
            self.about.set_title("Nothing here yet")
            lines: list[Line] = [
                [("Nothing has run yet. ", ""), ("1", "key"), (" goes to the flows, ", "dim")],
                [
                    ("and there ", "dim"),
                    ("r", "key"),
                    (" runs one; so does ", "dim"),
                    ("tui-flow run FLOW", "live"),
                ],
            ]
            self.about.set_lines(lines)

    def useless_for(self, row: FlowRun | None) -> set[str]:
        run = row
        found = set[str]()
        if run is None:
            return {*_OF_A_RUN} if self.text else {*_OF_A_RUN, "filter"}
        if run.state in TERMINAL or run.state is FlowRunState.CANCELLING:
            found.add("cancel")
        if run.state in TERMINAL:
            found.add("kill")
        if run.state is not FlowRunState.PAUSED:
            found.add("answer")
        if run.started_at is None:
            found |= {"code", "pager"}
        return found | self.useless_for_alerts(run)

    # Keys.

    def on_lines_moved(self, event: Lines.Moved) -> None:
        if event.lines is self.table:
            self._describe()
            self.read_on()

    def on_run_table_wants_end(self, event: RunTable.WantsEnd) -> None:
        self.read_end(newest=event.newest)

    def action_open(self) -> None:
        if self.table.selected is not None:
            self.console.open_run(self.table.selected.id)

    def action_rerun(self) -> None:
        runs = self.targets()
        if len(runs) == 1:
            self.console.rerun(runs[0])
        elif runs:
            rerun_several(self.console, runs)

    def action_rerun_with(self) -> None:
        runs = self.targets()
        if len(runs) == 1:
            self.console.run_again(runs[0], ask=True, open_it=False)
        elif runs:
            self.say(ONE_AT_A_TIME)

    def action_answer(self) -> None:
        runs = self.targets()
        if len(runs) == 1:
            answer(self.console, runs[0])
        elif runs:
            self.say("runs are answered one at a time; Esc clears the marks")

    def action_cancel(self) -> None:
        self._end(kill=False)

    def action_kill(self) -> None:
        self._end(kill=True)

    def _end(self, *, kill: bool) -> None:
        runs = self.targets()
        if len(runs) == 1:
            self.console.end_run(runs[0], kill=kill)
        elif runs:
            several.end(self.console, [(self.name_of(run), run) for run in runs], kill=kill)

    def action_edit(self) -> None:
        run = self.table.selected
        if run is not None:
            self.console.edit_run(run)

    def action_older(self) -> None:
        self._go_to_neighbour(older=True)

    def action_newer(self) -> None:
        self._go_to_neighbour(older=False)

    def _go_to_neighbour(self, *, older: bool) -> None:
        run = self.table.selected
        if run is None:
            return
        place = self.table.window.neighbour(run, older=older)
        if place is not None:
            self.table.move(place)
        else:
            self.read_later("neighbour", self._seek_neighbour, run, older)

    async def _seek_neighbour(self, run: FlowRun, older: bool) -> None:
        seek = partial(self._search().neighbour, run=run, older=older)
        found = await self.console.bridge.read(seek)
        if found is not None:
            self.show_run(found.id)
        else:
            shown = f" with {self.text}" if self.text else ""
            self.say(f"this is the {'oldest' if older else 'newest'} run of {run.flow}{shown}")

    def told_run(self) -> tuple[FlowRun | None, Failure | None]:
        run = self.table.selected
        return run, run.failure if run else None
