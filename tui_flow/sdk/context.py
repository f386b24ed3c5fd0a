"""Where the running code is: in which task run, flow run, and under which tags."""

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime
    from typing import Any

    from tui_flow.sdk.runs import FlowRun, TaskRun
    from tui_flow.sdk.visualization import Drawing

current: "ContextVar[FlowRun | TaskRun | None]" = ContextVar("tui_flow_run", default=None)
"""The innermost run whose body is at work; None outside of runs. Follows threads and coroutines that we start."""

debugger: "Callable[[FlowRun | TaskRun, BaseException], None] | None" = None
"""Looks at an exception of the author's code where it was raised; there is one only in `tui-flow debug`."""

asker: "Callable[[FlowRun, str], AbstractContextManager[Callable[[], None]]] | None" = None
"""Asks at the terminal for the answer to one of a run's questions, meanwhile, and again with each call where what was said
did not fit; there is one only in `tui-flow debug`."""

drawing: "Drawing | None" = None
"""What a flow's body calls is noted there, and not run, while the flow is drawn."""

transactions_seen = False
"""Whether anybody ever opened a transaction: until then tasks need not look for one around them."""

current_tags: "ContextVar[frozenset[str]]" = ContextVar("tui_flow_tags", default=frozenset())

live_roots: "list[FlowRun]" = []
"""The outermost flow runs of this process. Threads that the author started find their run here."""


def parent_of_task() -> "FlowRun | TaskRun | None":
    """The run that a task called here belongs to.

    A thread of the author's own carries no context; while exactly one flow runs in the process, it belongs to that.
    """
    run = current.get()
    if run is None and len(live_roots) == 1:
        return live_roots[0]
    return run


def parent_of_flow() -> "FlowRun | TaskRun | None":
    """The run that a flow called here belongs to; None makes it a run of its own.

    In a worker every flow belongs to its run, even one called from a thread that carries no context.
    """
    run = current.get()
    if run is None and len(live_roots) == 1 and live_roots[0].tree.in_worker:
        return live_roots[0]
    return run


class tags:
    """`with tags("a", "b"):` tags every run that begins inside; gives the tags that now hold."""

    def __init__(self, *new_tags: str) -> None:
        self._new = frozenset(new_tags)
        self._before: frozenset[str] = frozenset()

    def __enter__(self) -> set[str]:
        self._before = current_tags.get()
        current_tags.set(self._before | self._new)
        return set(current_tags.get())

    def __exit__(self, *_: object) -> None:
        current_tags.set(self._before)


class TagsContext:
    """What `TagsContext.get()` gives: the tags of the `with tags(…):` around."""

    def __init__(self) -> None:
        self.current_tags = set(current_tags.get())

    @classmethod
    def get(cls) -> "TagsContext":
        return cls()


class _Timed:
    """When a run was to begin, did, and last succeeded: datetimes in UTC. Ours."""

    _run: "FlowRun | TaskRun"

    @property
    def scheduled_for(self) -> "datetime | None":
        """The fire time that the run is for, however late it began; None where somebody asked for it."""
        return self._time("scheduled_for")

    @property
    def fired_at(self) -> "datetime | None":
        """When the engine made the run, for that fire time."""
        return self._time("fired_at")

    @property
    def previous_success(self) -> "datetime | None":
        """What the last completed run of the flow was scheduled for, else when it ended; None where there is none."""
        return self._time("previous_success")

    @property
    def trigger(self) -> "dict[str, Any] | None":
        """What fired the run, by kind: `{"kind": "file", "path", "size", "modified_at"}`, `{"kind": "event", "name",
        "key", "payload", "happened_at", "run_id"}`, `{"kind": "flow", "flow", "run_id", "state", "ended_at"}` or
        `{"kind": "condition", "function", "value"}`. None where no trigger did."""
        return getattr(self._run.tree.spec, "cause", None)

    @property
    def start_time(self) -> "datetime | None":
        """When the run began."""
        return self._run.start_time

    def _time(self, name: str) -> "datetime | None":
        from datetime import UTC, datetime

        at = getattr(self._run.tree.spec, name, None)
        return None if at is None else datetime.fromtimestamp(at, UTC)


class FlowRunContext(_Timed):
    """What `FlowRunContext.get()` gives inside a flow run, and inside its tasks."""

    def __init__(self, run: "FlowRun") -> None:
        self._run = run
        self.flow, self.flow_run, self.parameters = run.flow, run, run.parameters

    @classmethod
    def get(cls) -> "FlowRunContext | None":
        run = current.get()
        owner = run.flow_run if run else None
        return cls(owner) if owner is not None and owner.flow is not None else None


class TaskRunContext(_Timed):
    """What `TaskRunContext.get()` gives inside a task run."""

    def __init__(self, run: "TaskRun") -> None:
        self._run = run
        self.task, self.task_run, self.parameters = run.task, run, run.parameters
        self.task_run_id, self.flow_run_id = run.id, run.flow_run_id

    @classmethod
    def get(cls) -> "TaskRunContext | None":
        run = current.get()
        return cls(run) if run is not None and run.kind == "task" else None  # type: ignore[arg-type]


def get_run_context() -> "FlowRunContext | TaskRunContext":
    """The context of the task run, else of the flow run, that the caller is in. Raises MissingContextError outside."""
    found: Any = TaskRunContext.get() or FlowRunContext.get()
    if found is None:
        from tui_flow.sdk.exceptions import MissingContextError

        raise MissingContextError("get_run_context() works only inside a flow or task run.")
    return found  # type: ignore[no-any-return]


def with_context(fn: "Callable[..., Any]") -> "Callable[..., Any]":
    """The function, for processes and threads of your own: `pool.map(with_context(work), items)`. There it is in the run
    that is current here: `get_run_logger()` works, and what is logged is the run's."""
    from tui_flow.sdk.carrying import Carried

    return Carried(fn)
