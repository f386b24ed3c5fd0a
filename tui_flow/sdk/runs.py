"""The runs of one tree: a flow run, the task runs and flow runs called in it, and what they tell the journal.

`FlowRun` and `TaskRun` are also what hooks and `get_run_context()` show to authors.
"""

import itertools
import os
import time
from typing import TYPE_CHECKING, Any

from tui_flow.contract import journal
from tui_flow.contract.asked_by import parent_of
from tui_flow.contract.states import TaskRunState
from tui_flow.sdk import context, params
from tui_flow.sdk.readable import readable
from tui_flow.sdk.recorder import Recorder, Silence
from tui_flow.sdk.references import Upstream
from tui_flow.sdk.run_facts import RunFacts
from tui_flow.sdk.states import JOURNAL_TASK_STATES, State, StateType
from tui_flow.sdk.telling import created_line, end_line, failure_of_state, report

if TYPE_CHECKING:
    from tui_flow.contract.rundir import RunSpec
    from tui_flow.sdk.assets import Lineage
    from tui_flow.sdk.flows import Flow
    from tui_flow.sdk.futures import PrefectFuture
    from tui_flow.sdk.leaving_out import LeftOut
    from tui_flow.sdk.rerun import CallBook
    from tui_flow.sdk.results import ResultStore
    from tui_flow.sdk.task_runners import TaskRunner
    from tui_flow.sdk.tasks import Task
    from tui_flow.sdk.transactions import BaseTransaction

NO_UPSTREAM = Upstream()
_LOG_PRINTS, _YES = "PREFECT_LOGGING_LOG_PRINTS", frozenset({"1", "true", "yes", "on", "t", "y"})
_PERSISTING = frozenset({"PREFECT_RESULTS_PERSIST_BY_DEFAULT", "PREFECT_TASKS_DEFAULT_PERSIST_RESULT"})
"""Variables of the environment that say whether results are persisted."""
_NEW: State[Any] = State(StateType.PENDING)
"""Of a run that the journal may not know yet."""
_PENDING: State[Any] = State(StateType.PENDING)
_RUNNING: State[Any] = State(StateType.RUNNING)
_RETRYING: State[Any] = State(StateType.RUNNING, "Retrying")


def running_state(run_count: int) -> State[Any]:
    """Of a run whose try of that number, from 1, is at work."""
    return _RETRYING if run_count > 1 else _RUNNING


class RunTree:
    """What all runs of one flow run share: the recorder, the numbers, and which of them are not over."""

    def __init__(
        self,
        recorder: Recorder,
        run_id: int = 0,
        project: str = "",
        first_number: int = 1,
        in_worker: bool = False,
        source_sha: str = "",
        spec: "RunSpec | None" = None,
        modules: dict[str, str] | None = None,
        left_out: "LeftOut | None" = None,
    ) -> None:
        self.recorder = recorder
        self.record = recorder.record
        self.run_id = run_id
        """0 for task runs outside of any flow."""
        self.project = project
        self.in_worker = in_worker
        self.source_sha = source_sha
        self.spec = spec
        """What the run was asked for with; None outside of workers and scripts' runs."""
        self.modules = modules or {}
        """The SHA-256 of each module of the project that the flow file imports, by its path."""
        self.left_out = left_out
        """Which calls are not to be made; None where all are."""
        self.unfinished: dict[int, FlowRun | TaskRun] = {}
        """The task runs and nested flow runs that are not over, by number. Who pops one may end it."""
        self.last_logged_error: BaseException | None = None
        """Its traceback is in the log: the runs around it do not repeat it."""
        self.next_number = itertools.count(first_number).__next__
        self._names: dict[str, Any] = {}
        self._occurrences: dict[tuple[int, int, str], Any] = {}
        self._map_occurrences: dict[int, int] = {}
        self.result_stores: dict[tuple[Any, Any], ResultStore] = {}
        """By task and flow: made once for all their runs."""
        self.reuses_nothing = False
        """Whether records of earlier runs are overwritten, and not used."""
        self.lineage: Lineage | None = None
        """Which assets its task runs have made; None while there are none."""
        self.calls: CallBook | None = None
        """What is remembered for a rerun; None where nothing is."""

    def next_run_name(self, name: str) -> str:
        """ "load-0", "load-1" …"""
        count = self._names.get(name)
        if count is None:
            count = self._names.setdefault(name, itertools.count().__next__)
        return f"{name}-{count()}"

    def add_asset_metadata(self, number: int, key: str, metadata: dict[str, Any]) -> None:
        """What a task run says of an asset that it makes."""
        from tui_flow.sdk.assets import lineage_of

        lineage_of(self).metadata.setdefault((number, key), {}).update(metadata)

    def occurrence(self, parent: "FlowRun | TaskRun", name: str) -> int:
        """How many calls of that name the parent's try has made before."""
        key = (parent.number, parent.run_count, name)
        count = self._occurrences.get(key)
        if count is None:
            count = self._occurrences.setdefault(key, itertools.count().__next__)
        return count()  # type: ignore[no-any-return]

    def map_occurrence(self, run: "TaskRun") -> int:
        """One for all runs of a `map` call, by its first one."""
        assert run.map_id is not None
        if run.map_id == run.number:
            self._map_occurrences[run.number] = self.occurrence(run.parent, run.task.name)
        return self._map_occurrences[run.map_id]


class TaskRun(RunFacts):
    """One run of a task."""

    kind = "task"
    __slots__ = (
        "args", "began_at", "ended_at", "flow_run", "kwargs", "log_prints", "map_id", "map_index", "max_tries", "name", "number", "occurrence",
        "parent", "run_count", "state", "tags", "task", "transaction", "tree", "upstream",
    )  # fmt: skip

    def __init__(
        self,
        task: "Task[Any, Any]",
        parent: "FlowRun | TaskRun",
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        upstream: Upstream = NO_UPSTREAM,
        map_index: int | None = None,
        map_id: int | None = None,
    ) -> None:
        self.task = task
        self.tree: RunTree = parent.tree
        self.parent = parent
        self.flow_run: FlowRun = parent.flow_run
        self.args, self.kwargs, self.upstream = args, kwargs, upstream
        self.number = self.tree.next_number()
        self.map_index, self.map_id = map_index, self.number if map_id == 0 else map_id
        """A `map_id` of 0 makes this the first run of its `map` call."""
        more_tags = context.current_tags.get()
        self.tags = task.tags | more_tags if more_tags else task.tags
        self.log_prints: bool = parent.log_prints if task.log_prints is None else task.log_prints
        self.max_tries = 1 + task.retries
        self.run_count = 0
        self.state = _NEW
        self.began_at = self.ended_at = 0.0
        self.transaction: BaseTransaction | None = None
        self.name = self.tree.next_run_name(task.name)
        self.occurrence = (
            self.tree.occurrence(parent, task.name) if map_id is None else self.tree.map_occurrence(self)
        )

    @property
    def id(self) -> str:
        """The number of the run, and that of this task run in it: "812-5"."""
        return f"{self.tree.run_id}-{self.number}"

    @property
    def call_path(self) -> str:
        """Where in the flow run it was called, the same in every attempt: "etl[0]/load[3]"."""
        if self.parent.number == 0 and self.map_index is None:
            return f"{self.task.name}[{self.occurrence}]"
        return _call_path(self)

    @property
    def is_transactional(self) -> bool:
        """Whether a transaction governs the run: its result may be persisted, or it may be rolled back."""
        if self.task.is_transactional or self.flow_run.may_persist:
            return True
        if not context.transactions_seen:
            return False
        from tui_flow.sdk.transactions import get_transaction

        return get_transaction() is not None

    @property
    def idempotency_key(self) -> str:
        """The same in every attempt and try: for services that take a request but once."""
        return f"{self.tree.run_id}/{self.call_path}"

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments by name, with defaults. Empty where they do not fit the function."""
        return params.arguments_by_name(self.task.fn, self.args, self.kwargs)

    @property
    def definition(self) -> "Task[Any, Any]":
        """What this is a run of."""
        return self.task

    @property
    def task_name(self) -> str:
        return self.task.name

    @property
    def task_version(self) -> str | None:
        version: str | None = self.task.version
        return version

    @property
    def task_key(self) -> str:
        return self.task.task_key

    @property
    def dynamic_key(self) -> str:
        """Which of the task's calls in the flow run it is."""
        return self.call_path

    @property
    def cache_key(self) -> str | None:
        """The key of its record; None where there is none."""
        return self.transaction.key if self.transaction else None

    @property
    def task_inputs(self) -> dict[str, list[Any]]:
        """The names of its parameters."""
        return {name: [] for name in self.parameters}

    @property
    def flow_run_run_count(self) -> int:
        """The try of the flow run that it belongs to."""
        return self.flow_run.run_count

    @property
    def flow_run_id(self) -> str | None:
        return self.flow_run.id if self.flow_run.flow else None

    @property
    def is_over(self) -> bool:
        """Whether its end was told, perhaps by others who would not wait for it."""
        return self.number not in self.tree.unfinished

    @property
    def state_name(self) -> str:
        return self.state.name

    @property
    def state_type(self) -> StateType:
        return self.state.type

    def begin_now(self) -> None:
        """Created and started in one: a call that waits for nothing."""
        self.run_count = 1
        self.began_at = time.time()
        self._record_created(self.began_at, "running")
        self.state = _RUNNING

    def create(self) -> None:
        self._record_created(time.time(), "pending")
        self.state = _PENDING

    def _record_created(self, at: float, state: str) -> None:
        line = created_line(self, at, state, self.args, self.kwargs)
        self.tree.unfinished[self.number] = self
        self.tree.recorder.write(line)

    def start(self) -> None:
        """A try begins."""
        self.run_count += 1
        self.state = running_state(self.run_count)
        at = time.time()
        self.began_at = self.began_at or at
        self.tree.recorder.write(journal.encode_started(at, self.number, self.run_count))

    def rename(self, name: str) -> None:
        self.name = name
        self.tree.record(journal.TaskRenamed(time.time(), self.number, name))

    def retry(self, state: State[Any], delay: float) -> None:
        """This try ended in `state`, and the next one begins after `delay` seconds."""
        self.state = State(StateType.SCHEDULED, "AwaitingRetry")
        now = time.time()
        failure = failure_of_state(state, self.tree)
        assert failure is not None
        self.tree.record(journal.TaskRetrying(now, self.number, self.run_count, now + delay, failure))

    def finish(self, state: State[Any], journal_state: TaskRunState | None = None) -> None:
        """The end, told once: who comes second (a late thread after a timeout) is not heard."""
        line = end_line(self, state, journal_state or JOURNAL_TASK_STATES[state.type])
        if self.tree.unfinished.pop(self.number, None) is None or not _is_known(self):
            return
        self.tree.recorder.write(line)
        self.state, self.ended_at = state, time.time()


class FlowRun(RunFacts):
    """One run of a flow: the outermost one of its tree (number 0), or one called inside another."""

    kind = "flow"
    map_index = map_id = None
    deployment_version = work_queue_name = work_queue_id = work_pool_name = work_pool_id = None
    infrastructure_document_id = infrastructure_pid = job_variables = created_by = None

    def __init__(
        self,
        flow: "Flow[Any, Any] | None",
        tree: RunTree,
        parent: "FlowRun | TaskRun | None" = None,
        name: str | None = None,
        tags: frozenset[str] = frozenset(),
        upstream: Upstream = NO_UPSTREAM,
    ) -> None:
        self.flow, self.tree, self.parent, self.upstream = flow, tree, parent, upstream
        self.flow_run = self
        self.number = 0 if parent is None else tree.next_number()
        self.occurrence = 0 if parent is None or flow is None else tree.occurrence(parent, flow.name)
        self.tags = tags | context.current_tags.get() | (flow.tags if flow else frozenset())
        inherited = parent.log_prints if parent else os.environ.get(_LOG_PRINTS, "").lower() in _YES
        self.log_prints: bool = inherited if flow is None or flow.log_prints is None else flow.log_prints
        self.max_tries = 1 + (flow.retries if flow else 0)
        self.run_count = 0
        self.parameters: dict[str, Any] = {}
        self.state: State[Any] = _NEW
        self.began_at = self.ended_at = 0.0
        self.is_named = name is not None
        self.name = name or ""
        self.is_over = False
        self.may_persist = bool(flow and flow.persist_result) or not _PERSISTING.isdisjoint(os.environ)
        """Whether the results of its tasks may be persisted although they say nothing of it."""
        self.submitted: set[PrefectFuture[Any]] = set()
        """The futures of this flow run that are not over."""
        self._runner: TaskRunner | None = None

    @property
    def id(self) -> str:
        """The run's number; for a nested flow run also its number in the tree: "812", "812-5"."""
        return f"{self.tree.run_id}-{self.number}" if self.number else str(self.tree.run_id)

    @property
    def definition(self) -> "Flow[Any, Any]":
        """What this is a run of."""
        assert self.flow is not None
        return self.flow

    @property
    def flow_name(self) -> str:
        return self.flow.name if self.flow else ""

    @property
    def flow_id(self) -> str:
        return self.flow_name

    @property
    def flow_version(self) -> str | None:
        return self.flow.version if self.flow else None

    @property
    def deployment_id(self) -> str | None:
        """Such as "etl/nightly", of a run of what is served under that name."""
        spec = None if self.number else self.tree.spec
        return f"{spec.flow}/{spec.served}" if spec and spec.served else None

    @property
    def idempotency_key(self) -> str | None:
        """That of the request for it."""
        return None if self.number or self.tree.spec is None else self.tree.spec.idempotency_key

    @property
    def parent_task_run_id(self) -> str | None:
        """The task run, or the flow, that called it; of a run that another one asked for, what stands for it there."""
        if self.parent is not None:
            return self.parent.id
        parent = None if self.tree.spec is None else parent_of(self.tree.spec.trigger)
        return f"{parent[0]}-{parent[1]}" if parent else None

    @property
    def state_name(self) -> str:
        return self.state.name

    @property
    def state_type(self) -> StateType:
        return self.state.type

    @property
    def runner(self) -> "TaskRunner":
        """The threads or processes of this flow run's task runs, made on first use."""
        if self._runner is None:
            from tui_flow.sdk.task_runners import runner_for

            self._runner = runner_for(self.flow)
        return self._runner

    def close_runner(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.close()

    def create(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A nested flow run is called. The outermost one was created with its run directory."""
        if self.number == 0 or self.parent is None or self.flow is None:
            return
        line = created_line(self, time.time(), "pending", args, kwargs)
        self.tree.unfinished[self.number] = self
        self.tree.recorder.write(line)
        self.state = _PENDING

    def start(self) -> None:
        """A try begins."""
        self.run_count += 1
        resumes = self.tree.spec.resumes if self.tree.spec and not self.number else 0
        self.state = running_state(self.run_count - resumes)
        at = time.time()
        self.began_at = self.began_at or at
        if self.number:
            self.tree.record(journal.TaskStarted(at, self.number, self.run_count))
            return
        self.tree.record(
            journal.FlowStarted(
                at=at,
                flow=self.flow_name,
                run_name=self.name,
                tries=self.run_count,
                source_sha=self.tree.source_sha,
                parameters=readable(self.parameters),
                tags=sorted(self.tags),
                modules=self.tree.modules,
            )
        )

    def rename(self, name: str) -> None:
        """Before the first try. The outermost run tells its name when it starts."""
        self.name = name
        if self.number:
            self.tree.record(journal.TaskRenamed(time.time(), self.number, name))

    def retry(self, state: State[Any], delay: float) -> None:
        """This try ended in `state`, and the next one begins after `delay` seconds."""
        self.state = State(StateType.SCHEDULED, "AwaitingRetry")
        now = time.time()
        failure = failure_of_state(state, self.tree)
        assert failure is not None
        if self.number:
            event: journal.Event = journal.TaskRetrying(
                now, self.number, self.run_count, now + delay, failure
            )
        else:
            event = journal.FlowRetrying(now, self.run_count, now + delay, failure)
        self.tree.record(event)

    def finish(self, state: State[Any]) -> None:
        """The end, told once."""
        if self.is_over:
            return
        if self.number == 0:
            self.tree.record(report(self, state))
        else:
            line = end_line(self, state, JOURNAL_TASK_STATES[state.type])
            if self.tree.unfinished.pop(self.number, None) is not None and _is_known(self):
                self.tree.recorder.write(line)
        self.is_over = True
        self.state, self.ended_at = state, time.time()


def _call_path(run: TaskRun) -> str:
    parts: list[str] = []
    at: Any = run
    while at is not None and at.number:
        place = f"{at.occurrence}" if at.map_index is None else f"{at.occurrence}.{at.map_index}"
        parts.append(f"{at.definition.name}[{place}]")
        at = at.parent
    return "/".join(reversed(parts))


_outside: FlowRun | None = None


def outside_of_flows() -> FlowRun:
    """What stands in for the flow run of all tasks that are called outside of any: it records nothing."""
    global _outside
    if _outside is None:
        _outside = FlowRun(None, RunTree(Silence()))
    return _outside


def _is_known(run: TaskRun | FlowRun) -> bool:
    """Whether the journal has heard of the run. In doubt only when an interruption came while it was created."""
    return run.state is not _NEW or run.number == 0 or run.tree.recorder.has_created(run.number)
