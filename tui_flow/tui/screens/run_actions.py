"""What the keys of the Run view do."""

from abc import abstractmethod
from typing import ClassVar

from tui_flow.contract.failure import Failure
from tui_flow.store.records import Artifact, Attempt, FlowRun
from tui_flow.tui.actions import bindings
from tui_flow.tui.presentation.address import Spot
from tui_flow.tui.presentation.tree import TaskForest
from tui_flow.tui.screens.view import View
from tui_flow.tui.widgets.lines import TextLines
from tui_flow.tui.widgets.log_view import LEVEL_NAMES, LogView
from tui_flow.tui.widgets.task_tree import TaskTree

PANES = ("tree", "details", "log")


class RunActions(View):
    """The panes of the Run view, and what can be done with them and with the run."""

    BINDINGS: ClassVar = bindings("run")

    def __init__(self, run_id: int) -> None:
        super().__init__()
        self.run_id = run_id
        self.run: FlowRun | None = None
        """As it is shown: as it is now, or as it was in an earlier attempt."""
        self.latest: FlowRun | None = None
        """As it is now."""
        self.attempts: list[Attempt] = []
        """The earlier ones."""
        self.shows_earlier = False
        """Whether one of them is shown: news of the run then change nothing on the screen."""
        self.forest = TaskForest()
        self.task_tree = TaskTree(id="tree")
        self.details = TextLines(id="details")
        self.log_view = LogView(id="log")
        self.follows_task = False
        self.artifacts: dict[int, Artifact] = {}
        """What the run shows to people, by number."""

    @abstractmethod
    def open_run(self, run_id: int, at: Spot) -> None:
        """Shows another run."""

    @abstractmethod
    def update(self) -> None:
        """Everything around the panes."""

    @abstractmethod
    def update_frames(self) -> None:
        """The texts in the frames of the panes."""

    @abstractmethod
    def update_log_frame(self) -> None:
        """The texts in the frame of the log."""

    @abstractmethod
    def describe(self) -> None:
        """Fills the details pane, if it is shown."""

    def flow_in_hand(self) -> str:
        return self.run.flow if self.run else ""

    def failure(self) -> Failure | None:
        """The failure of the row under the cursor, else of the run."""
        row = self.task_tree.selected
        if row is not None and row.task is not None and row.task.failure is not None:
            return row.task.failure
        return self.run.failure if self.run else None

    @abstractmethod
    async def show_attempt(self, number: int) -> None:
        """Shows another attempt at the same run."""

    def go_to_running_task(self) -> None:
        """Stays with the one under the cursor while it is at work; else goes to the one that wrote last, or began last."""
        row, at_work = self.task_tree.selected, self.forest.at_work()
        if row is not None and row.task is not None and row.task.id in at_work:
            return
        writer = self.log_view.lines.last_writer(at_work)
        task = self.forest.tasks[writer] if writer is not None else self.forest.newest_active()
        if task is not None:
            self.task_tree.rebuild(self.forest.visible_key(task.id))
            self.task_tree.show(self.task_tree.cursor)

    def unzoom(self) -> bool:
        zoomed = [name for name in PANES if self.has_class(f"-zoom-{name}")]
        self.remove_class(*(f"-zoom-{name}" for name in zoomed))
        return bool(zoomed)

    def action_rerun(self) -> None:
        row = self.task_tree.selected
        if row is None or self.run is None:
            return
        is_task = row.task is not None and row.task.kind == "task"
        name = row.task.name if row.task is not None and is_task else row.group.name if row.group else ""
        self.console.rerun(self.latest or self.run, name)

    def action_rerun_with(self) -> None:
        if self.run is not None:
            self.console.run_again(self.run, ask=True, open_it=True)

    def action_cancel(self) -> None:
        self._end(kill=False)

    def action_answer(self) -> None:
        if self.run is not None:
            from tui_flow.tui.answering import answer

            answer(self.console, self.run)

    def action_kill(self) -> None:
        self._end(kill=True)

    def _end(self, *, kill: bool) -> None:
        if self.latest is not None:
            self.console.end_run(self.latest, kill=kill)

    def action_older(self) -> None:
        self.run_worker(self._go_to_neighbour(older=True), exclusive=True, group="neighbour")

    def action_newer(self) -> None:
        self.run_worker(self._go_to_neighbour(older=False), exclusive=True, group="neighbour")

    async def _go_to_neighbour(self, *, older: bool) -> None:
        run = self.run
        if run is None:
            return
        known = [
            *(attempt.attempt for attempt in self.attempts),
            *([self.latest.attempt] if self.latest else []),
        ]
        beyond = [number for number in known if (number < run.attempt if older else number > run.attempt)]
        if beyond:
            await self.show_attempt(max(beyond) if older else min(beyond))
            return
        from tui_flow.store.runs import get_neighbour

        found = await self.console.bridge.read(lambda db: get_neighbour(db, run, older=older))
        if found is None:
            self.say(f"this is the {'oldest' if older else 'newest'} run of {run.flow}")
        else:
            self.open_run(found.id, Spot(in_first=not older))

    def action_next_error(self) -> None:
        self._step(1)

    def action_previous_error(self) -> None:
        self._step(-1)

    def _step(self, direction: int) -> None:
        stop = self.log_view.step(direction)
        what = "match" if self.log_view.is_searching else "error"
        self.say(f"{what} {stop[0]} of {stop[1]}" if stop else f"no {what} in what is shown")
        self.update_log_frame()

    def action_follow(self) -> None:
        if "follow" in self.useless():
            return
        view = self.log_view
        view.follows = not view.follows
        if view.follows:
            view.move(view.count - 1)
        self.update_log_frame()

    def action_follow_task(self) -> None:
        if "follow_task" in self.useless():
            return
        self.follows_task = not self.follows_task
        if self.follows_task:
            self.go_to_running_task()
        self.update_frames()

    def action_wrap(self) -> None:
        self.log_view.wraps = not self.log_view.wraps
        self.log_view.show(self.log_view.cursor)
        self.log_view.refresh()
        self.update_log_frame()

    def action_level(self) -> None:
        self.log_view.cycle_level()
        self.say(
            f"lines shown: {LEVEL_NAMES[self.log_view.level]}{' and higher' if self.log_view.level else ''}"
        )
        self.update_log_frame()

    def action_time(self) -> None:
        self.log_view.cycle_time()
        self.update_log_frame()

    def action_details(self) -> None:
        self.unzoom()
        self.toggle_class("-no-side" if self.has_class("-wide") else "-details")
        focused = self.focused
        if not self.has_class("-wide") and focused is not self.task_tree:
            (self.details if self.has_class("-details") else self.log_view).focus()
        self.call_after_refresh(self.describe)

    def zoom(self) -> bool:
        pane = self.focused
        if not self.unzoom() and pane is not None and pane.id in PANES:
            self.add_class(f"-zoom-{pane.id}")
        return True
