"""Records to put into a history, in tests."""

from typing import Any

from tui_flow.contract.states import FireOutcome, FireReason, FlowRunState, TaskRunState
from tui_flow.store.records import FireTime, Flow, FlowFile, FlowRun, TaskRun

PENDING_RUN = FlowRun(
    id=1,
    flow="etl",
    path="flows/etl.py",
    run_name="",
    state=FlowRunState.PENDING,
    state_name="Pending",
    reason=None,
    message="",
    attempt=1,
    tries=0,
    trigger="command",
    parameters={},
    tags=[],
    source_sha="",
    created_at=100.0,
    started_at=None,
    ended_at=None,
    due_at=None,
    exit_code=None,
    signal=None,
    failure=None,
    ingested_bytes=0,
)
PENDING_TASK = TaskRun(
    run_id=1,
    id=1,
    parent=0,
    kind="task",
    name="load",
    run_name="load-0",
    state=TaskRunState.PENDING,
    state_name="Pending",
    reason=None,
    message="",
    tries=0,
    max_tries=1,
    map_id=None,
    map_index=None,
    upstream=[],
    tags=[],
    created_at=100.0,
    started_at=None,
    ended_at=None,
    due_at=None,
    failure=None,
    revision=0,
)


def a_run(id: int = 1, **changes: Any) -> FlowRun:
    return PENDING_RUN._replace(id=id, **changes)


def a_task(id: int = 1, **changes: Any) -> TaskRun:
    return PENDING_TASK._replace(id=id, **changes)


def a_flow(name: str = "etl", path: str = "flows/etl.py", **changes: Any) -> Flow:
    flow = Flow(name, path, name.replace("-", "_"), 3, "", {"type": "object", "properties": {}}, [], None)
    return flow._replace(**changes)


def a_file(path: str = "flows/etl.py", **changes: Any) -> FlowFile:
    return FlowFile(path, "0" * 64, "ok", None, None, None, 100.0)._replace(**changes)


def a_fire_time(schedule: int, fire_at: float, **changes: Any) -> FireTime:
    skipped, overlap = FireOutcome.SKIPPED, FireReason.OVERLAP
    one = FireTime(0, schedule, fire_at, skipped, overlap, "", None, None, 1, None, fire_at)
    return one._replace(**changes)
