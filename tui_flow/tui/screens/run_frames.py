"""What the Run view says around its panes, and in its details."""

import time

from tui_flow.contract.states import TERMINAL, FlowRunState
from tui_flow.counting import counted
from tui_flow.store.advance import Advance
from tui_flow.store.records import FlowRun
from tui_flow.tui.presentation import (
    Line,
    about,
    about_tasks,
    artifacts,
    flow_status,
    gantt,
    outlook,
    plots,
    silence,
    times,
)
from tui_flow.tui.presentation.attempts import attempt_lines
from tui_flow.tui.presentation.cells import line_len, short, with_more
from tui_flow.tui.presentation.critical_path import chain_line, critical_path
from tui_flow.tui.presentation.flow_list import run_duration, why_not_begun
from tui_flow.tui.presentation.glyphs import role
from tui_flow.tui.presentation.outlook import Outlook
from tui_flow.tui.presentation.tree import Key, Row, name_of
from tui_flow.tui.screens.looked_up import LookedUp
from tui_flow.tui.screens.run_texts import RunTexts
from tui_flow.tui.widgets.bars import Bar

MOST_LIVE = 2_000
"""Of a run that goes on with more task runs than that, no critical path is sought."""
MAX_NAME = 20
"""Of a longer flow name the breadcrumb shows so many letters, so that the state is always in view."""


class RunFrames(RunTexts):
    """The part of the Run view that puts a run into words."""

    def __init__(self, run_id: int) -> None:
        super().__init__(run_id)
        self.crumbs = Bar(id="crumbs")
        self.looked_up = LookedUp(self)
        self._described: tuple[int, Key | None] | None = None
        """What the details are about."""

    def look_ahead(self) -> Outlook | None:
        """How far a run is that goes on, by its task runs and by what the flow usually takes."""
        run, overview = self.run, self.console.overview
        found = None
        if run is not None and run.state is FlowRunState.RUNNING and not self.shows_earlier:
            advance = Advance(self.forest.counts, progress=self.task_tree.progress.get(0))
            found = outlook.of_run(
                run, overview.runs.get(run.flow, ()), advance, overview.paces.get(run.flow), time.time()
            )
        is_told = found is not None and not found.is_slow
        self.task_tree.ahead = gantt.Headway(found.share, found.seconds_left) if found and is_told else None
        return found

    def update(self) -> None:
        """Everything around the panes."""
        self.update_crumbs()
        self.update_frames()
        self.describe()
        self.update_footer()

    def update_crumbs(self) -> None:
        run, marks = self.run, self.console.paint.marks
        left: Line = [(" Flows ", "dim"), (f"{marks.crumb} ", "dim")]
        if run is None:
            self.crumbs.set([*left, (f"run {self.run_id}", "strong")])
            return
        flow = short(run.flow, MAX_NAME, marks.ellipsis)
        must: Line = [
            (flow, "strong"),
            (f" {marks.crumb} ", "dim"),
            (f"run {run.id}", "strong"),
            (f"  {marks.glyph(run.state)} {run.state.upper()}", role(run.state)),
            (f" {run_duration(run, time.time(), marks)}", ""),
        ]
        right: Line = [(",", "key"), (" older  ", "dim"), (".", "key"), (" newer ", "dim")]
        width = self.crumbs.size.width or self.app.size.width
        if line_len(must) + line_len(right) >= width:
            right = []
        room = width - line_len(right) - 1
        first = left if line_len(left) + line_len(must) <= room else [(" ", "")]
        self.crumbs.set(with_more([*first, *must], self._more_crumbs(run), room), right)

    def _more_crumbs(self, run: FlowRun) -> list[Line]:
        """What else there is to say of the run; what comes last is left out first."""
        marks, more = self.console.paint.marks, list[Line]()
        if (ahead := flow_status.time_left(self.look_ahead())) != "":
            more.append([(f" {ahead} left" if ahead != "slow" else " slow", "dim")])
        if self.attempts and self.latest is not None:
            attempt = f"  attempt {run.attempt}/{self.latest.attempt}"
            more.append([(attempt, "warn" if self.shows_earlier else "dim")])
        if self.artifacts:
            more.append([("  A", "key"), (f" {counted(len(self.artifacts), 'artifact')}", "dim")])
        if self.has_class("-wide") and run.started_at is not None:
            ended = f" {marks.to} {times.clock(run.ended_at)}" if run.ended_at is not None else ""
            more.append([(f"  {times.moment(run.started_at, time.time())}{ended}", "dim")])
        return [*more, [(f"  {run.run_name}", "dim")]]

    def update_frames(self) -> None:
        marks = self.console.paint.marks
        counts = " ".join(
            f"{marks.glyph(state)}{count}" for state, count in sorted(self.forest.counts.items()) if count
        )
        followed = "F follows the running task" if self.follows_task else ""
        below = "  ".join(filter(None, (followed, self.task_tree.axis_text(), self.task_tree.place)))
        self.task_tree.set_title(f"Tasks  {counts}" if counts else "Tasks", below)
        self.update_log_frame()

    def update_log_frame(self) -> None:
        row, view = self.task_tree.selected, self.log_view
        name = "whole run" if row is None or row.key[0] == "run" else _title(row)
        is_over = self.run is not None and self.run.state in TERMINAL and not view.is_reading
        rule = view.marks.rule
        view.end_line = f" {rule} end {rule}" if is_over and view.count else ""
        if view.is_wide:
            view.set_title("   ".join([f"Log {name}", *view.status()]), self._log_end() if is_over else "")
        else:
            view.set_title(f"Log {name}", "  ".join(view.status()))

    def _log_end(self) -> str:
        """How the process of the run ended, whether its log is whole, and where it lies."""
        run, log = self.run, self.log_view.lines.log
        if run is None:
            return ""
        ended = f"signal {run.signal}" if run.signal else f"exit code {run.exit_code}"
        path = about.short_path(str(log.path), self.console.settings.project)
        rule = f" {self.console.paint.marks.rule} "
        known = run.exit_code is not None or run.signal
        return rule.join([*([ended] if known else []), self.log_view.dropped() or "no lines dropped", path])

    def describe(self) -> None:
        run, row, marks = self.run, self.task_tree.selected, self.console.paint.marks
        if run is None or not self.details.display:
            return
        now, project = time.time(), self.console.settings.project
        title = _title(row) if row is not None else ""
        if row is not None and row.task is not None:
            names = {id: self._whose(id) for id in row.task.upstream[:8]}
            task, more = row.task, self.looked_up.task_lines(row.task)
            if row.tries is not None:
                task, more = about_tasks.as_try(task, row.tries, gantt.period_of(row, run)), []
            waits = self.forest.waits_of(run, row.task)
            lines = about_tasks.task_details(task, names, marks, now, project, more, waits)
        elif row is not None and row.group is not None:
            tasks = [self.forest.tasks[id] for id in row.group.members]
            lines = about_tasks.group_details(
                row.group, tasks, marks, now, self.looked_up.group_lines(row.group)
            )
        else:
            lines, title = self._run_lines(run, now), f"run {run.id}"
        shown = self.shown_artifacts()
        if shown:
            width = max(20, self.details.size.width)
            lines = [*lines, [], *artifacts.section(shown, self._whose, width, marks, now, self._is_at_work)]
        self.details.set_title(title, "i hides" if self.has_class("-wide") else "")
        about_now = (run.id, row.key if row is not None else None)
        self.details.set_lines(lines, keep=about_now == self._described)
        self._described = about_now
        self.looked_up.look()

    def _run_lines(self, run: FlowRun, now: float) -> list[Line]:
        marks, project = self.console.paint.marks, self.console.settings.project
        lines = about.run_details(run, marks, now, project, self._why_not_begun(), self.looked_up.run_lines())
        ahead = self.look_ahead()
        lines[3:3] = [*self._usual(run), *([about.fact("estimate", ahead.basis)] if ahead else [])]
        earlier = [each for each in self.attempts if each.attempt < run.attempt]
        return lines + attempt_lines(earlier, marks, now)

    def find_critical_path(self) -> None:
        """Anew with each change of a run that is small, or over."""
        run, tree = self.run, self.task_tree
        tree.critical = []
        if run is None or not tree.is_wide:
            return
        if run.state not in TERMINAL and len(self.forest.tasks) > MOST_LIVE:
            return
        now, marks = time.time(), self.console.paint.marks
        chain = critical_path(self.forest.tasks, now)
        tree.critical = chain_line(chain, tree.size.width, marks, now) if len(chain.tasks) > 1 else []

    def _usual(self, run: FlowRun) -> list[Line]:
        """How long the flow's last runs took, and whether this one took longer."""
        runs = self.console.overview.runs.get(run.flow, ())
        spans = [plots.span_of(one) for one in runs]
        width = self.details.size.width or 40
        return plots.duration_lines(spans, width, self.console.paint.marks, run.seconds())

    def _why_silent(self) -> str:
        """Why there is no line of the row under the cursor."""
        run, row, log = self.run, self.task_tree.selected, self.log_view.lines.log
        if run is None or self.log_view.is_reading:
            return "reading the log"
        if not log.size and run.state in TERMINAL and not log.path.exists():
            return f"its log is no longer there: {about.short_path(str(log.path), self.console.settings.project)}"
        return silence.why_silent(run, row, self.forest, self._why_not_begun())

    def _why_not_begun(self) -> str:
        return why_not_begun(self.run, self.console.overview, time.time()) if self.run else ""


def _title(row: Row) -> str:
    """What a row is called in the frames of the panes about it."""
    if row.tries is None or row.task is None:
        return row.label
    return f"{name_of(row.task)}, try {row.tries} of {row.task.tries}"
