"""What the runs of a test told their journals and logs, read back and held against the contract."""

from pathlib import Path
from typing import Any, TypeVar

from tui_flow.contract import journal, log, rundir
from tui_flow.contract.states import TASK_TERMINAL, TASK_TRANSITIONS, TRANSITIONS, FlowRunState, TaskRunState

E = TypeVar("E")


class Run:
    """One run directory, as a reader finds it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        lines = (directory / rundir.JOURNAL).read_bytes().splitlines(keepends=True)
        found = [journal.decode(line) for line in lines]
        assert None not in found, f"a line that is no event: {lines}"
        self.events: list[Any] = found

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def one(self, kind: type[E]) -> E:
        (event,) = self.of(kind)
        return event

    @property
    def ended(self) -> journal.FlowFinished:
        return self.one(journal.FlowFinished)

    def created(self, name: str) -> list[journal.TaskCreated]:
        return [event for event in self.of(journal.TaskCreated) if event.name == name]

    def finished(self, name: str) -> list[journal.TaskFinished]:
        """How the runs of one task ended, in the order of their numbers."""
        numbers = [event.id for event in self.created(name)]
        ends = {event.id: event for event in self.of(journal.TaskFinished)}
        return [ends[number] for number in numbers]

    def states(self, name: str) -> list[str]:
        return [event.state for event in self.finished(name)]

    @property
    def records(self) -> list[log.LogRecord]:
        records: list[bytes] = []
        for line in (self.directory / rundir.LOG).read_bytes().splitlines(keepends=True):
            if line.startswith(b"\t"):
                records[-1] += line
            else:
                records.append(line)
        found = [log.decode(record) for record in records]
        assert None not in found, records
        return found  # type: ignore[return-value]

    def logged(self, text: str) -> list[log.LogRecord]:
        return [record for record in self.records if text in record.message]


class History:
    """All runs of a project."""

    def __init__(self, project: Path) -> None:
        self.project = project

    @property
    def runs(self) -> list[Run]:
        state_dir = self.project / rundir.STATE_DIR
        if not state_dir.is_dir():
            return []
        return [Run(rundir.run_dir(state_dir, id)) for id in sorted(rundir.run_ids(state_dir))]

    @property
    def last(self) -> Run:
        return self.runs[-1]


def require_legal(events: list[Any]) -> None:
    """Fails where a journal says something that the contract's transitions do not allow."""
    flow, tasks = FlowRunState.PENDING, dict[int, TaskRunState]()

    def move_flow(to: FlowRunState) -> None:
        nonlocal flow
        assert to in TRANSITIONS[flow], f"the flow run goes from {flow} to {to}"
        flow = to

    def move(id: int, to: TaskRunState) -> None:
        assert to in TASK_TRANSITIONS[tasks[id]], f"task run {id} goes from {tasks[id]} to {to}"
        tasks[id] = to

    tries: dict[int, int] = {}
    for event in events:
        match event:
            case journal.RunStarted():
                move_flow(FlowRunState.RUNNING)
            case journal.FlowStarted():
                tries[0] = tries.get(0, event.tries - 1) + 1  # a further attempt begins with those left
                assert event.tries == tries[0]
                if flow is FlowRunState.RETRYING:
                    move_flow(FlowRunState.RUNNING)
            case journal.FlowRetrying():
                move_flow(FlowRunState.RETRYING)
            case journal.FlowFinished():
                assert FlowRunState(event.state) in TRANSITIONS[flow]
                left = [id for id, state in tasks.items() if state not in TASK_TERMINAL]
                assert not left, f"the flow ended, and these task runs did not: {left}"
            case journal.RunEnded():
                move_flow(FlowRunState(event.state))
            case journal.TaskCreated():
                assert event.id not in tasks, f"task run {event.id} is created twice"
                assert event.parent == 0 or event.parent in tasks
                assert all(number in tasks for number in event.upstream)
                tasks[event.id] = TaskRunState(event.state)
                tries[event.id] = 1 if event.state == "running" else 0
            case journal.TaskStarted():
                move(event.id, TaskRunState.RUNNING)
                tries[event.id] += 1
                assert event.tries == tries[event.id]
            case journal.TaskRetrying():
                move(event.id, TaskRunState.RETRYING)
                assert event.tries == tries[event.id]
            case journal.TaskFinished():
                move(event.id, TaskRunState(event.state))
