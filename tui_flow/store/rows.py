"""Rows of the database ↔ records: the order of the columns is the order of a record's fields."""

import json
from typing import Any

from tui_flow.contract.failure import Failure
from tui_flow.contract.states import (
    AlertKind,
    AlertState,
    EndReason,
    FireOutcome,
    FireReason,
    FlowRunState,
    ScheduleState,
    TaskRunState,
)
from tui_flow.store.records import (
    Alert,
    Artifact,
    Attempt,
    EventRecord,
    FireTime,
    Flow,
    FlowFile,
    FlowRun,
    Materialization,
    Pause,
    Schedule,
    ServedFlow,
    TaskRun,
    Try,
)
from tui_flow.store.waits import Wait, Waits

_RUN_STATES = {state.value: state for state in FlowRunState}
_TASK_STATES = {state.value: state for state in TaskRunState}
_REASONS: dict[str | None, EndReason | None] = {None: None, **{reason.value: reason for reason in EndReason}}
_encode = json.JSONEncoder(separators=(",", ":")).encode

Row = tuple[Any, ...]


def materialization(row: Row) -> Materialization:
    number, run_id, task_run, key, succeeded, made_by, properties, metadata, upstream, at = row
    return Materialization(
        number,
        run_id,
        task_run,
        key,
        bool(succeeded),
        made_by,
        properties and json.loads(properties),
        metadata and json.loads(metadata),
        json.loads(upstream),
        at,
    )


def artifact(row: Row) -> Artifact:
    return Artifact._make((*row[:7], json.loads(row[7]), *row[8:]))


def flow_file(row: Row) -> FlowFile:
    return FlowFile._make(row)


def flow(row: Row) -> Flow:
    return Flow._make(
        (
            *row[:5],
            json.loads(row[5]),
            from_list(row[6]),
            *row[7:9],
            from_list(row[9]),
            row[10],
            bool(row[11]),
            *row[12:],
        )
    )


def flow_row(record: Flow) -> Row:
    return (
        *map(storable, record[:5]),
        _encode(record.parameters),
        to_list(record.tags),
        *record[7:9],
        to_list(record.schedules),
        *record[10:],
    )


def flow_run(row: Row) -> FlowRun:
    run = FlowRun._make(row)
    return run._replace(
        state=_RUN_STATES[row[4]],
        reason=_REASONS[row[6]],
        parameters=json.loads(row[11]),
        tags=from_list(row[12]),
        failure=to_failure(row[20]),
        awaits_attempt=bool(row[28]),
        waited=to_waits(row[-2]),
        is_partial=bool(row[-1]),
    )


def flow_run_row(run: FlowRun) -> dict[str, Any]:
    return {
        **{name: storable(value) for name, value in run._asdict().items()},
        "parameters": _encode(run.parameters),
        "tags": to_list(run.tags),
        "failure": from_failure(run.failure),
        "waited": from_waits(run.waited),
    }


def attempt(row: Row) -> Attempt:
    found = Attempt._make(row)
    return found._replace(
        state=_RUN_STATES[row[2]],
        reason=EndReason(row[4]),
        parameters=json.loads(row[7]),
        failure=to_failure(row[13]),
        waited=to_waits(row[-1]),
    )


def attempt_row(found: Attempt) -> dict[str, Any]:
    return {
        **{name: storable(value) for name, value in found._asdict().items()},
        "parameters": _encode(found.parameters),
        "failure": from_failure(found.failure),
        "waited": from_waits(found.waited),
    }


def task_run(row: Row) -> TaskRun:
    """Spelled out, since the console reads tens of thousands of them at once."""
    (
        run_id, id, parent, kind, name, run_name, state, state_name, reason, message, tries, max_tries, map_id, map_index,
        upstream, tags, created_at, started_at, ended_at, due_at, failure, revision, tried,
        arguments,
    ) = row  # fmt: skip
    return TaskRun._make(
        (
            run_id, id, parent, kind, name, run_name, _TASK_STATES[state], state_name, _REASONS[reason], message, tries,
            max_tries, map_id, map_index, [] if upstream == "[]" else json.loads(upstream),
            [] if tags == "[]" else json.loads(tags), created_at, started_at, ended_at, due_at,
            None if failure is None else to_failure(failure), revision,
            () if tried is None else tuple(map(Try._make, json.loads(tried))), arguments,
        )
    )  # fmt: skip


def task_run_row(task: TaskRun) -> Row:
    return (
        *task[:4],
        *map(storable, task[4:10]),
        *task[10:14],
        "[]" if not task.upstream else _encode(task.upstream),
        "[]" if not task.tags else _encode(task.tags),
        *task[16:20],
        None if task.failure is None else from_failure(task.failure),
        task.revision,
        from_tries(task.tried),
        storable(task.arguments),
    )


def from_tries(tried: tuple[Try, ...]) -> str | None:
    return _encode(tried) if tried else None


def schedule(row: Row) -> Schedule:
    found = Schedule._make(row)
    return found._replace(
        spec=json.loads(found.spec),  # type: ignore[arg-type]
        state=ScheduleState(found.state),
        memory=None if found.memory is None else json.loads(found.memory),
    )


def served_flow(row: Row) -> ServedFlow:
    found = ServedFlow._make(row)
    return found._replace(
        pauses_at_end=bool(found.pauses_at_end),
        definition=Flow(**json.loads(row[5])),
        parameters=json.loads(row[6]),
        tags=from_list(row[8]),
    )


def served_flow_row(found: ServedFlow) -> Row:
    return (
        *map(storable, found[:5]),
        _encode(found.definition._asdict()),
        _encode(found.parameters),
        storable(found.description),
        to_list(found.tags),
        *found[9:],
    )


def fire_time(row: Row) -> FireTime:
    found = FireTime._make(row)
    return found._replace(
        outcome=FireOutcome(found.outcome),
        reason=FireReason(found.reason),
        cause=None if found.cause is None else json.loads(found.cause),  # type: ignore[arg-type]
    )


def event(row: Row) -> EventRecord:
    found = EventRecord._make(row)
    resource = None if found.resource is None else json.loads(found.resource)  # type: ignore[arg-type]
    return found._replace(resource=resource, payload=json.loads(found.payload))  # type: ignore[arg-type]


def alert(row: Row) -> Alert:
    found = Alert._make(row)
    return found._replace(
        kind=AlertKind(found.kind), state=AlertState(found.state), runs=tuple(json.loads(row[12]))
    )


def pause(row: Row) -> Pause:
    return Pause._make(row)


def storable(value: Any) -> Any:
    """The value, and of text that is no Unicode (file names of unknown encoding) what SQLite can hold."""
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode()


def from_list(text: str) -> list[Any]:
    values: list[Any] = [] if text == "[]" else json.loads(text)
    return values


def to_list(values: list[Any]) -> str:
    return _encode(values)


def to_waits(text: str | None) -> Waits:
    return () if text is None else tuple(map(Wait._make, json.loads(text)))


def from_waits(waits: Waits) -> str | None:
    return _encode(waits) if waits else None


def to_failure(text: str | None) -> Failure | None:
    return None if text is None else Failure(**json.loads(text))


def from_failure(failure: Failure | None) -> str | None:
    return None if failure is None else _encode(failure._asdict())
