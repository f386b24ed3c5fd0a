"""The task runs of one flow run as the rows of a tree.

Nested flows are branches, the task runs of one `map` call fold into one row, and a task run that was tried again
unfolds into its tries. Rows stand in the order in which they were made, so they keep their places while a run is
live. Counts are kept up to date change by change: twenty thousand folded task runs cost one row.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tui_flow.contract.failure import Failure
from tui_flow.contract.states import TASK_ACTIVE, TASK_SUCCESS, TASK_WENT_WRONG, TaskRunState
from tui_flow.store.records import FlowRun, TaskRun
from tui_flow.store.waits import Waits

ROOT = ("run", 0)
Key = tuple[str, int]
"""What a row is: ("run", 0), ("task", id), ("map", map_id), or ("try n", id)."""
_WORKING = (TaskRunState.RUNNING, TaskRunState.RETRYING)
FOLD_OVER = 1
"""A map call of more task runs than this is folded until somebody opens it."""


class Row(NamedTuple):
    """One line of the tree."""

    key: Key
    depth: int
    label: str
    folded: bool | None
    """None where there is nothing to fold."""
    task: TaskRun | None
    """The task run; None for the flow run itself and for a map call."""
    group: "MapGroup | None"
    tries: int | None
    """Which try this row stands for, where it stands for one."""


_GRAVITY = (
    TaskRunState.RUNNING,
    TaskRunState.RETRYING,
    TaskRunState.PAUSED,
    TaskRunState.PENDING,
    TaskRunState.CRASHED,
    TaskRunState.FAILED,
    TaskRunState.CANCELLED,
    TaskRunState.UPSTREAM_FAILED,
    TaskRunState.COMPLETED,
    TaskRunState.CACHED,
)


def gravest(counts: Counter[TaskRunState], *, begun: bool) -> TaskRunState:
    """The one word for many task runs: at work, else the worst end that one of them had."""
    state = next((state for state in _GRAVITY if counts[state]), TaskRunState.SKIPPED)
    return TaskRunState.RUNNING if state is TaskRunState.PENDING and begun else state


class MapGroup:
    """The task runs of one map call, counted."""

    def __init__(self, first: TaskRun) -> None:
        self.run_id, self.map_id, self.name, self.parent = (
            first.run_id,
            first.map_id or 0,
            first.name,
            first.parent,
        )
        self.members: list[int] = []
        self.counts: Counter[TaskRunState] = Counter()
        self.started_at: float | None = None
        self.ended_at: float | None = None
        self.failed_at: list[float] = []
        self.changes = 0
        """Rises with every change of one of them."""

    @property
    def state(self) -> TaskRunState:
        return gravest(self.counts, begun=self.started_at is not None)

    def add(self, tasks: Sequence[TaskRun]) -> None:
        """Takes in new ones: tens of thousands at once, where a large run is opened."""
        self.changes += 1
        self.members += [task.id for task in tasks]
        self.counts.update([task.state for task in tasks])
        self._take_times(tasks)
        self.failed_at += [
            task.ended_at for task in tasks if task.state in TASK_WENT_WRONG and task.ended_at is not None
        ]

    def change(self, before: TaskRun, after: TaskRun) -> None:
        self.changes += 1
        self._take_times([after])
        if before.state is after.state:
            return
        self.counts[before.state] -= 1
        self.counts[after.state] += 1
        if after.state in TASK_WENT_WRONG and after.ended_at is not None:
            self.failed_at.append(after.ended_at)

    def _take_times(self, tasks: Sequence[TaskRun]) -> None:
        begins = [task.started_at for task in tasks if task.started_at is not None]
        ends = [task.ended_at for task in tasks if task.ended_at is not None]
        if begins:
            self.started_at = min(begins) if self.started_at is None else min(self.started_at, min(begins))
        if ends:
            self.ended_at = max(ends) if self.ended_at is None else max(self.ended_at, max(ends))


class TaskForest:
    """The task runs of one flow run, and which of their rows are open."""

    def __init__(self) -> None:
        self.tasks: dict[int, TaskRun] = {}
        self.groups: dict[int, MapGroup] = {}
        self.counts: Counter[TaskRunState] = Counter()
        self.revision = -1
        """The newest revision that was seen: ask for what is newer."""
        self._children: dict[int, list[Key]] = {0: []}
        self._toggled: set[Key] = set()

    def update(self, changed: Iterable[TaskRun]) -> list[int] | None:
        """Takes in new and changed task runs, in id order. Which of them changed; None where there may be other rows."""
        known = self.tasks
        new: dict[int | None, list[TaskRun]] = {}
        same_rows: list[int] = []
        has_other_rows = False
        for task in changed:
            before = known.get(task.id)
            known[task.id] = task
            if task.revision > self.revision:
                self.revision = task.revision
            if before is None:
                new.setdefault(task.map_id, []).append(task)
                if task.map_id is None:
                    self._children.setdefault(task.parent, []).append(("task", task.id))
                elif task.map_id not in self.groups:
                    self.groups[task.map_id] = MapGroup(task)
                    self._children.setdefault(task.parent, []).append(("map", task.map_id))
            else:
                same_rows.append(task.id)
                has_other_rows |= task.tries > 1
                self.counts[before.state] -= 1
                self.counts[task.state] += 1
                if task.map_id is not None:
                    self.groups[task.map_id].change(before, task)
        has_other_rows |= bool(new)
        for map_id in list(new):
            self._settle(new, map_id)
        return None if has_other_rows else same_rows

    def _settle(self, new: dict[int | None, list[TaskRun]], map_id: int | None) -> None:
        """Counts the new task runs of a map call, or (None) those of none."""
        tasks = new.pop(map_id, [])
        self.counts.update([task.state for task in tasks])
        if map_id is not None and tasks:
            self.groups[map_id].add(tasks)

    def is_folded(self, key: Key) -> bool | None:
        """Whether a row hides its rows, or None where it has none."""
        kind, id = key
        if kind == "run":
            return key in self._toggled if self._children[0] else None
        if kind == "map":
            folded = len(self.groups[id].members) > FOLD_OVER
            return folded is not (key in self._toggled)
        if kind == "task":
            if self._children.get(id):
                return key in self._toggled
            if self.tasks[id].tries > 1:
                return key not in self._toggled
        return None

    def fold(self, key: Key, folded: bool) -> bool:
        """Opens or shuts a row. Whether that changed anything."""
        if self.is_folded(key) is not (not folded):
            return False
        self._toggled ^= {key}
        return True

    def fold_all(self) -> None:
        """Folds all branches and map calls, the run itself aside; where all are folded, shows what is shown at first."""
        folded: set[Key] = {
            *(("task", id) for id in self._children if id),
            *(("map", id) for id, group in self.groups.items() if len(group.members) <= FOLD_OVER),
        }
        self._toggled = set() if self._toggled == folded else folded

    def reveal(self, id: int) -> None:
        """Opens whatever hides a task run."""
        task = self.tasks.get(id)
        while task is not None:
            if task.map_id is not None:
                self.fold(("map", task.map_id), False)
            parent = task.parent
            self.fold(("task", parent) if parent else ROOT, False)
            task = self.tasks.get(parent)

    def visible_key(self, id: int) -> Key:
        """The row that shows a task run: its own, or the outermost folded one that hides it."""
        key: Key = ("task", id)
        task = self.tasks.get(id)
        while task is not None:
            if task.map_id is not None and self.is_folded(("map", task.map_id)):
                key = ("map", task.map_id)
            above: Key = ("task", task.parent) if task.parent else ROOT
            if self.is_folded(above):
                key = above
            task = self.tasks.get(task.parent)
        return key

    def rows(self, label: str) -> list[Row]:
        """The visible rows; `label` names the flow run, which is the first of them."""
        rows = [Row(ROOT, 0, label, self.is_folded(ROOT), None, None, None)]
        if not rows[0].folded:
            for key in self._children[0]:
                self._add(rows, key, 1)
        return rows

    def _add(self, rows: list[Row], key: Key, depth: int) -> None:
        kind, id = key
        folded = self.is_folded(key)
        if kind == "map":
            group = self.groups[id]
            rows.append(Row(key, depth, f"{group.name}[{len(group.members)}]", folded, None, group, None))
            children: list[Key] = [("task", member) for member in group.members]
        else:
            task = self.tasks[id]
            rows.append(Row(key, depth, name_of(task), folded, task, None, None))
            children = self._children.get(id, [])
            if not folded and not children:
                rows += self._tries(task, depth + 1)
        if not folded:
            for child in children:
                self._add(rows, child, depth + 1)

    def _tries(self, task: TaskRun, depth: int) -> list[Row]:
        if task.tries < 2:
            return []
        return [
            Row((f"try {n}", task.id), depth, f"try {n}", None, task, None, n)
            for n in range(1, task.tries + 1)
        ]

    def members(self, key: Key) -> set[int] | None:
        """The task runs whose log lines belong to a row: its own, and all inside them. None is everything."""
        kind, id = key
        if kind == "run":
            return None
        found = set(self.groups[id].members) if kind == "map" else {id}
        waiting = list(found)
        while waiting:
            for child_kind, child in self._children.get(waiting.pop(), ()):
                inner = self.groups[child].members if child_kind == "map" else (child,)
                found.update(inner)
                waiting.extend(inner)
        return found

    def cause(self, failure: Failure | None) -> TaskRun | None:
        """The task run that the run's own failure came from; where none says the same, the one that failed first."""
        failed = [task for task in self.tasks.values() if task.state in TASK_WENT_WRONG]
        if failure is not None:
            same = [task for task in failed if task.failure and task.failure[:2] == failure[:2]]
            failed = same or failed
        return min(failed, key=lambda task: (task.ended_at or 0.0, -task.id), default=None)

    def named(self, name: str) -> int | None:
        """The task run of that name; else one of the task of that name, and of several the first that went wrong."""
        exact = (task.id for task in self.tasks.values() if task.run_name == name)
        same = [task for task in self.tasks.values() if task.name == name]
        wrong = (task.id for task in same if task.state in TASK_WENT_WRONG)
        return next(exact, next(wrong, same[0].id if same else None))

    def at_work(self) -> set[int]:
        """The task runs that run, or wait for their next try; nested flows only where no task within does."""
        if not any(self.counts[state] for state in _WORKING):
            return set()
        working = [task for task in self.tasks.values() if task.state in _WORKING]
        around = {task.parent for task in working}
        return {task.id for task in working if task.kind == "task" or task.id not in around}

    def newest_active(self) -> TaskRun | None:
        """The task run that began last and is still at work."""
        working = (self.tasks[id] for id in self.at_work())
        return max(working, key=lambda task: (task.started_at or 0.0, task.id), default=None)

    def waits_of(self, run: FlowRun, task: TaskRun | None) -> Waits:
        """When a task run could not go on since a nested flow in it waited for an answer; None is the run itself."""
        if task is None or not run.waited:
            return run.waited
        return tuple(wait for wait in run.waited if self._is_in(wait.task_run, task.id))

    def _is_in(self, id: int, around: int) -> bool:
        """Whether a task run is another one, or was called in it."""
        while id != around and id in self.tasks:
            id = self.tasks[id].parent
        return id == around

    def why(self, task: TaskRun) -> str:
        """Why a task run waits, or never ran; empty where there is nothing to tell."""
        if task.state in TASK_ACTIVE and task.message:
            return task.message
        upstream = (self.tasks[id] for id in task.upstream if id in self.tasks)
        if task.state is TaskRunState.UPSTREAM_FAILED:
            failed = next((each for each in upstream if each.state not in TASK_SUCCESS), None)
            return f"upstream failed: {name_of(failed)}" if failed else ""
        if task.state is TaskRunState.PENDING:
            waits = next((each for each in upstream if each.state in TASK_ACTIVE), None)
            return f"after {name_of(waits)}" if waits else ""
        return task.message.partition("\n")[0] if task.state is TaskRunState.SKIPPED else ""


def name_of(task: TaskRun) -> str:
    """What a task run is called in its row."""
    return task.name if task.kind == "flow" else task.run_name or task.name
