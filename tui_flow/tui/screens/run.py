"""The Run view: one run as a tree with its bars, and the log of what is selected."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from textual.containers import Container
from textual.timer import Timer
from textual.widget import Widget

from tui_flow.contract.rundir import LOG, run_dir
from tui_flow.contract.states import TERMINAL, FlowRunState
from tui_flow.counting import counted
from tui_flow.store.records import FlowRun
from tui_flow.tui import saving
from tui_flow.tui.asking import WAITS
from tui_flow.tui.bridge import RunReading
from tui_flow.tui.presentation import artifacts
from tui_flow.tui.presentation.address import Spot
from tui_flow.tui.presentation.attempts import as_it_went_wrong, as_run, attempt_at, end_of_tasks, log_bounds
from tui_flow.tui.presentation.cells import short
from tui_flow.tui.presentation.glyphs import role
from tui_flow.tui.presentation.tree import TaskForest
from tui_flow.tui.screens.run_frames import RunFrames
from tui_flow.tui.widgets.lines import Lines

LOG_SECONDS = 0.25
"""Between two looks at the log of a run that is not over."""
MAX_FILE = 20
"""Cells that a file's name takes above the footer, where the keys stand beside it."""
READ_SECONDS = 2.0
"""So long the log waits for the history."""


class RunScreen(RunFrames):
    """One flow run. The log follows the row under the cursor; the cursor moves by itself only after `F`."""

    CSS_PATH = "../styles/run.tcss"
    PROMPT = 'words  timeout|refused  /regex/  "as it stands"  -not'

    def __init__(self, run_id: int, at: Spot) -> None:
        super().__init__(run_id)
        self._wanted = at
        """Where to go: to its line once that is indexed, and to its task once an attempt has it."""
        self._scope: tuple[set[int] | None, int | None] | None = None
        """Whose lines the log shows; None before it shows any."""
        self._log_timer: Timer | None = None
        self._is_read = asyncio.Event()
        """Set once the run has been read, and drawn."""
        self._is_indexed = False
        """Whether all of the log was looked at, as far as it went then."""
        self._may_be_silent = False
        """Whether an error was spoken of that the log may turn out not to have."""

    def compose_panes(self) -> Iterable[Widget]:
        yield self.crumbs
        with Container(id="upper"):
            yield self.task_tree
            yield self.details
        yield self.log_view

    def on_mount(self) -> None:
        for pane in (self.task_tree, self.details, self.log_view):
            pane.add_class("pane", update=False)
        super().on_mount()
        self.task_tree.focus()
        self.open_run(self.run_id, self._wanted)

    def on_unmount(self) -> None:
        saving.stop(self)
        self.log_view.lines.log.close()

    # The run.

    def take_overview(self) -> None:
        self.update_footer()  # its alerts may be others

    @property
    def is_arriving(self) -> bool:
        return not self._is_read.is_set()

    def open_run(self, run_id: int, at: Spot) -> None:
        saving.stop(self)
        self.run_id, self.run, self.latest, self.forest = run_id, None, None, TaskForest()
        self.attempts, self.shows_earlier = [], False
        self._wanted, self.artifacts = at, {}
        self._is_read, self._is_indexed, self._may_be_silent = asyncio.Event(), False, False
        self.task_tree.clear()
        self.log_view.open(run_dir(self.console.settings.state_dir, run_id) / LOG)
        self.log_view.whose, self.log_view.why_empty = self._whose, self._why_silent
        self._scope = None
        self.console.bridge.watch(run_id, self._known)
        self.run_worker(self._index_log(), exclusive=True, group="log")
        self.say("")
        self.update_crumbs()
        self.update_frames()
        if self._log_timer is None:
            self._log_timer = self.set_interval(LOG_SECONDS, self._poll_log, pause=True)

    def take_run(self, reading: RunReading) -> None:
        if reading.run_id != self.run_id:
            return
        self.call_after_refresh(self._is_read.set)
        if reading.run is None:
            self.say(f"there is no run {self.run_id} in the history; Esc goes back", "warn", stays=True)
            return
        self.latest, self.attempts = reading.run, reading.attempts
        if self.shows_earlier:
            self.update_crumbs()
            return
        before, self.run = self.run, reading.run
        if before is not None and before.first_task_run_id != self.run.first_task_run_id:
            self.forest, self.log_view.follows = TaskForest(), True  # another attempt has begun
            self._scope, self._wanted = None, self._wanted._replace(task=self.task_at_cursor())
        self._bound_log()
        self._show_tasks(self.run, reading)
        if before is None and not self._go_to_wanted_attempt():
            self._arrive()
        elif self.follows_task:
            self.go_to_running_task()
        else:
            self._go_to_wanted_task()
        goes_on = before is not None and before.state not in TERMINAL
        if goes_on and role(self.run.state) == "bad":
            how = self._why_crashed() or f"{self.run.state}: n next error, N previous{self._edits()}"
            self.say(f"run {self.run.id} {how}", "bad", stays=True)
        self._rescope(keep=True)
        self._watch_log(went_on=goes_on)
        self.update()
        self.call_after_refresh(self.update_frames)  # the tree may have become higher

    def _show_tasks(self, run: FlowRun, reading: RunReading) -> None:
        changed = self.forest.update(reading.changed)
        self.artifacts |= {artifact.number: artifact for artifact in reading.artifacts}
        self.task_tree.progress = artifacts.progress_by_task(self.artifacts.values())
        self.task_tree.show_run(run, self.forest, changed)
        self.find_critical_path()

    def _bound_log(self) -> None:
        """Lets the log show what the attempt that is shown said, and no other one."""
        if self.run is not None and self.latest is not None:
            self.log_view.set_within(*log_bounds(self.latest, self.attempts, self.run.attempt))

    async def show_attempt(self, number: int) -> None:
        attempt = next((each for each in self.attempts if each.attempt == number), None)
        latest = self.latest
        if latest is None or attempt is None:
            self.open_run(self.run_id, Spot(self._wanted.line))
            return
        first, end = attempt.first_task_run_id, end_of_tasks(latest, self.attempts, number)
        from tui_flow.store.tasks import list_of_attempt

        found = await self.console.bridge.read(lambda db: list_of_attempt(db, latest.id, first, end))
        self.run, self.forest, self._scope = as_run(latest, attempt), TaskForest(), None
        self.shows_earlier = True
        self.forest.update(found)
        self.task_tree.clear()
        self.task_tree.show_run(self.run, self.forest)
        self.find_critical_path()
        self._bound_log()
        self._arrive()
        self.update()

    def _go_to_wanted_attempt(self) -> bool:
        """Shows the attempt that somebody asks about, where that is an earlier one. Whether it does."""
        if self.latest is None or (self._wanted.wrong_by is None and not self._wanted.in_first):
            return False
        if self._wanted.wrong_by is not None:
            asked = as_it_went_wrong(self.latest, self.attempts, self._wanted.wrong_by).attempt
        else:
            asked = min((each.attempt for each in self.attempts), default=self.latest.attempt)
        if asked == self.latest.attempt:
            return False
        self.run_worker(self.show_attempt(asked), exclusive=True, group="neighbour")
        return True

    def _known(self) -> tuple[int, float]:
        """What of the run has been read already."""
        newest = max((artifact.updated_at for artifact in self.artifacts.values()), default=0.0)
        return self.forest.revision, newest

    def _arrive(self) -> None:
        """Where to begin: at what failed; else at the whole run, following it if it goes on."""
        run = self.run
        if run is None:
            return
        failed = self.forest.cause(run.failure) if role(run.state) == "bad" else None
        self.log_view.follows = run.state not in TERMINAL
        if self._go_to_wanted_task():
            pass
        elif failed is not None:
            self.task_tree.select_task(failed.id)
        self._rescope()
        if self._wanted.line is not None:
            self._go_to_line()
        elif crash := self._why_crashed():
            self.say(crash, "bad")
        elif role(run.state) == "bad" and failed is None and run.failure is None:
            self.say(f"{run.state}: {run.message}" if run.message else f"it {run.state}", "bad")
        elif role(run.state) == "bad":
            self._say_where()
        elif why := self._why_not_begun():
            self.console.say_of(run.id, run.attempt, f"it has not begun: {why}", WAITS, "warn")

    def task_at_cursor(self) -> str:
        """The name of the task run under the cursor; empty where it is on none."""
        row = self.task_tree.selected
        return row.task.run_name or row.task.name if row is not None and row.task is not None else ""

    def _go_to_wanted_task(self) -> bool:
        """Goes there as soon as there is such a task run, unless somebody has gone elsewhere. Whether it did."""
        row = self.task_tree.selected
        wanted = self.forest.named(self._wanted.task) if self._wanted.task else None
        if wanted is None or row is None or row.task is not None or self.task_tree.is_moved:
            return False
        self._wanted = self._wanted._replace(task="")
        self.task_tree.select_task(wanted)
        return True

    def _why_crashed(self) -> str:
        """How the process of a run that crashed ended: no line of the log can tell. Empty for all others."""
        run = self.run
        if run is None or run.state is not FlowRunState.CRASHED or not run.message:
            return ""
        return f"{run.state}: {run.message}"

    def _say_where(self) -> None:
        """What was opened; that it is an error of the log is said until all of the log is known to have none."""
        is_silent = self._is_indexed and not self.log_view.lines.errors
        where = "what failed, which logged no error" if is_silent else "the first error: n next, N previous"
        self._may_be_silent = not self._is_indexed
        self.say(f"opened at {where}{self._edits()}{self._compares()}", "dim")

    def _go_to_line(self) -> None:
        """Goes to the line that was asked for, and to the task run that wrote it, as soon as both are known."""
        line, log = self._wanted.line, self.log_view.lines.log
        if line is None or self.run is None or self.latest is None:
            return
        if line >= len(log):
            if self._is_indexed:
                here = f"the log has no line {line + 1:,}: it has {counted(len(log), 'line')} now"
                self.say(f"{here}{self._misses_task()}", "warn")
            return
        stamp = log.text(log.record_lines(line).start)[:27]
        attempt = attempt_at(self.latest, self.attempts, stamp)
        if attempt != self.run.attempt:
            self.run_worker(self.show_attempt(attempt), exclusive=True, group="neighbour")
            return
        self._wanted = self._wanted._replace(line=None)
        writer = log.head(line).task_run
        if writer in self.forest.tasks:
            self.task_tree.select_task(writer)
        else:
            self.task_tree.move(0)
        self._rescope()
        self.log_view.go_to_line(line)
        self.log_view.focus()
        self.say(f"line {line + 1:,} of the log{self._misses_task()}")

    def _misses_task(self) -> str:
        """What to say of a task that was asked for and is not there."""
        wanted = self._wanted.task
        return f"; the run has no task {wanted}" if wanted and self.forest.named(wanted) is None else ""

    def _compares(self) -> str:
        """Which run `D` compares this one with, where there is room to say so."""
        run = self.run
        if run is None or not self.has_class("-wide"):
            return ""
        good = (
            one.id
            for one in self.console.overview.runs.get(run.flow, ())
            if one.id < run.id and one.state is FlowRunState.COMPLETED
        )
        last = next(good, None)
        return "" if last is None else f", D tells what differs from run {last}, the last that completed"

    def _edits(self) -> str:
        failure = self.failure()
        if failure is None or not failure.path:
            return ""
        ellipsis = self.console.paint.marks.ellipsis
        return f", e edits {short(Path(failure.path).name, MAX_FILE, ellipsis)}:{failure.line}"

    def _watch_log(self, *, went_on: bool) -> None:
        """Looks at the log again and again while the run goes on, and once more when it no longer does."""
        if self.run is None or self._log_timer is None:
            return
        if self.run.state not in TERMINAL:
            self._log_timer.resume()
        else:
            self._log_timer.pause()
            if went_on:
                self.run_worker(self._index_log(), exclusive=True, group="log")

    async def _index_log(self) -> None:
        """Takes in all of the log, and lets the keyboard speak between two slices. The tree comes before all but the
        first lines: both want the processor."""
        while self.log_view.poll():
            self.update_log_frame()
            self._go_to_line()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_read.wait(), READ_SECONDS)
            await asyncio.sleep(0)
        self._is_indexed = True
        if self._may_be_silent and self.said and not self.log_view.lines.errors:
            self._say_where()
        self._may_be_silent = False
        self._go_to_line()
        self.update_log_frame()
        self.update_footer()

    def _poll_log(self) -> None:
        if self.log_view.poll():
            self.run_worker(self._index_log(), exclusive=True, group="log")
        self.update_log_frame()

    # What is said.

    def tick(self) -> None:
        if self.run is not None and self.run.state not in TERMINAL:
            self.update_crumbs()
            self.task_tree.redraw()  # what goes on, and with the axis what is over

    def places(self) -> list[str]:
        focused = self.focused
        pane = "log" if focused is self.log_view else "tree"
        return ["list", pane, "run", "app"]

    def useless(self) -> set[str]:
        found = set()
        if self.run is None or self.run.state in TERMINAL or self.run.state is FlowRunState.CANCELLING:
            found.add("cancel")
        if self.run is None or self.run.state in TERMINAL:
            found |= {"follow", "kill", "follow_task"}
        if self.run is None or self.run.state is not FlowRunState.PAUSED:
            found.add("answer")
        found |= self.useless_for_alerts(self.run) if self.run is not None else {"ack", "note", "mute"}
        found |= self.task_tree.useless_scales
        if not self.artifacts:
            found.add("artifacts")
        if not self.log_view.lines.errors and not self.log_view.is_searching:
            found |= {"next_error", "previous_error"}
        return found

    def labels(self) -> dict[str, str]:
        return {"leave": "back", **({"next_error": "match"} if self.log_view.is_searching else {})}

    # The selection.

    def on_lines_moved(self, event: Lines.Moved) -> None:
        if event.lines is self.task_tree:
            self._rescope()
            self.describe()
            self.update_frames()
        if event.lines is not self.details:
            self.update_log_frame()

    def on_lines_opened(self) -> None:
        self.log_view.focus()

    def on_descendant_focus(self) -> None:
        self.update_footer()

    def on_resize(self) -> None:
        self.call_after_refresh(self.update_crumbs)
        self.call_after_refresh(self.find_critical_path)
        self.call_after_refresh(self.describe)
        self.call_after_refresh(self.update_frames)

    def _rescope(self, *, keep: bool = False) -> None:
        """The log of the row under the cursor. `keep` the place in it where only its task runs became more."""
        row = self.task_tree.selected
        if row is None or self.run is None:
            return
        if row.tries is not None and row.task is not None:
            scope: tuple[set[int] | None, int | None] = ({row.task.id}, row.tries)
        else:
            scope = (self.forest.members(row.key), None)
        if scope == self._scope:
            return
        self._scope = scope
        failed = role(self.task_tree.state_of(row)) == "bad"
        self.log_view.set_scope(*scope, to_error=failed and not keep, keep=keep)

    def go_back(self) -> bool:
        if self.close_prompt():
            return True
        if self.log_view.narrows:
            self.log_view.narrow(False)
            self.update()
            return True
        if self.log_view.is_searching:
            self.log_view.search("", ())
            self.update()
            return True
        return self.unzoom()
