"""What the details of the Run view have to look up, once the cursor rests: never while it moves."""

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tui_flow.contract.commands import RerunPreview
from tui_flow.contract.errors import HistoryError, TuiFlowError
from tui_flow.contract.states import TASK_ACTIVE, TERMINAL
from tui_flow.store.records import FlowRun, TaskRun
from tui_flow.tui.presentation import Line, beyond, reruns
from tui_flow.tui.presentation.beyond import NOTHING, Beyond
from tui_flow.tui.presentation.glyphs import role
from tui_flow.tui.presentation.tree import MapGroup, Row

if TYPE_CHECKING:
    from tui_flow.tui.screens.run_frames import RunFrames

Key = tuple[int, int, bool]
"""Run, task run (of a map call the first one, negative), and whether it goes on: what is known is another once it is
over."""
REST_SECONDS = 0.15
"""So long the cursor is on a row before anything is read for it."""


class LookedUp:
    """Of one Run view: what is known of the task under the cursor, and of a rerun of the run."""

    def __init__(self, screen: "RunFrames") -> None:
        self._screen = screen
        self._about: Key | None = None
        """What `_found` is about."""
        self._sought: tuple[Key | None, bool] | None = None
        """What is being looked up: which task run, and whether a preview."""
        self._found = NOTHING
        self._preview: tuple[int, int, str] = (0, 0, "")
        """Run, attempt, and what a rerun of it would do."""

    def group_lines(self, group: MapGroup) -> list[Line]:
        """Of a map call, as `task_lines` has it of one task run."""
        found = self._found if self._about == _group_key(group) else NOTHING
        return [
            *beyond.past_lines(found.past, self._screen.console.paint.marks, time.time()),
            *self._ways_of(group.name),
        ]

    def run_lines(self) -> list[Line]:
        run = self._screen.run
        return [] if run is None or role(run.state) != "bad" else self._rerun_lines(run, "")

    def task_lines(self, task: TaskRun) -> list[Line]:
        screen = self._screen
        found = self._found if self._about == _key(task) else NOTHING
        lines = beyond.task_lines(task, found, screen.console.paint.marks, time.time())
        return [*lines, *self._ways_of(task.name if task.kind == "task" else "")]

    def _ways_of(self, task: str) -> list[Line]:
        """What `r` does with a run that is over."""
        screen = self._screen
        if screen.run is None or screen.run.state not in TERMINAL or screen.shows_earlier:
            return []
        return self._rerun_lines(screen.run, task)

    def _rerun_lines(self, run: FlowRun, task: str) -> list[Line]:
        run_id, attempt, told = self._preview
        return beyond.rerun_lines(run, task, told if (run_id, attempt) == (run.id, run.attempt) else "")

    def look(self) -> None:
        """Reads what is not known yet of what the details show, and has them say it."""
        screen = self._screen
        row = screen.task_tree.selected
        wanted = _wanted(row) if row is not None else None
        if wanted is not None and self._about == wanted.key:
            wanted = None
        sought = (wanted.key if wanted is not None else None, self._wants_preview(screen.run))
        if sought in (self._sought, (None, False)):
            return
        self._sought = sought
        work: Any = partial(self._look, wanted)
        screen.run_worker(work, group="look", exclusive=True)

    def _wants_preview(self, run: FlowRun | None) -> bool:
        if run is None or role(run.state) != "bad" or self._screen.shows_earlier:
            return False
        return self._preview[:2] != (run.id, run.attempt) and self._screen.console.engine == "ok"

    async def _look(self, wanted: "_Wanted | None") -> None:
        await asyncio.sleep(REST_SECONDS)
        screen, run = self._screen, self._screen.run
        if run is None:
            return
        if wanted is not None:
            self._found, self._about = await self._of_task(run, wanted), wanted.key
            screen.describe()
        if self._wants_preview(run):
            self._preview = (run.id, run.attempt, await self._of_rerun(run))
            screen.describe()
        self._sought = None

    async def _of_task(self, run: FlowRun, wanted: "_Wanted") -> Beyond:
        from tui_flow.store import task_history

        console = self._screen.console
        try:
            past = await console.bridge.read(
                lambda db: task_history.past_of(db, run.flow, wanted.name, run.id)
            )
        except HistoryError:
            past = []
        output = await asyncio.to_thread(
            task_history.output_of, console.settings.state_dir, run.id, run.attempt, wanted.key[1]
        )
        return Beyond(past, output)

    async def _of_rerun(self, run: FlowRun) -> str:
        """In words; empty where it cannot be told."""
        way = next(iter(reruns.ways(run, "")), None)
        if way is None:
            return ""
        try:
            answer = await self._screen.console.bridge.ask(reruns.preview(run, way))
        except TuiFlowError:
            return ""
        return str(RerunPreview(**answer))


class _Wanted(NamedTuple):
    key: Key
    name: str
    """Of the task."""


def _wanted(row: Row) -> _Wanted | None:
    """What there is to look up for a row; None for the run itself."""
    if row.task is not None:
        return _Wanted(_key(row.task), row.task.name)
    if row.group is not None:
        return _Wanted(_group_key(row.group), row.group.name)
    return None


def _group_key(group: MapGroup) -> Key:
    return group.run_id, -group.map_id, group.state in TASK_ACTIVE


def _key(task: TaskRun) -> Key:
    return task.run_id, task.id, task.ended_at is None
