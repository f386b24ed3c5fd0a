"""The JSON that commands print about flows and runs: the history's own names, times in ISO 8601 (UTC)."""

import time
from typing import Any

from tui_flow.iso_time import iso
from tui_flow.store.records import Artifact, Attempt, Flow, FlowFile, FlowRun, ServedFlow, TaskRun
from tui_flow.store.waits import waited_seconds


def run_object(run: FlowRun) -> dict[str, Any]:
    """A flow run, without what only the ingest needs."""
    fields = {"run_id" if name == "id" else name: value for name, value in run._asdict().items()}
    del fields["ingested_bytes"], fields["awaits_attempt"], fields["lane"]
    fields["scheduled_for"] = iso(run.scheduled_for)
    return _with_waits(_with_times(fields), run)


def task_object(task: TaskRun) -> dict[str, Any]:
    """A task run, or a nested flow run."""
    fields = task._asdict()
    del fields["revision"], fields["run_id"]
    fields["tried"] = [
        {"started_at": iso(one.started_at), "ended_at": iso(one.ended_at), "said": one.said}
        for one in task.tried
    ]
    return _with_times(fields)


def attempt_object(attempt: Attempt) -> dict[str, Any]:
    """How an earlier attempt at a run ended."""
    fields = attempt._asdict()
    del fields["run_id"], fields["first_task_run_id"]
    return _with_waits(_with_times(fields), attempt)


def flow_object(flow: Flow) -> dict[str, Any]:
    return flow._asdict()


def artifact_object(artifact: Artifact, task: str) -> dict[str, Any]:
    """`task` is the name of the task run that made it; empty where the flow did, or a script."""
    fields = artifact._asdict()
    del fields["number"]
    return {
        **fields,
        "task": task or None,
        "created_at": iso(artifact.created_at),
        "updated_at": iso(artifact.updated_at),
    }


def served_object(served: ServedFlow) -> dict[str, Any]:
    """A flow as a script serves it, or did."""
    return {
        "flow": served.flow,
        "name": served.name,
        "path": served.definition.path,
        "is_served": served.server is not None,
        "parameters": served.parameters,
        "description": served.description,
        "tags": served.tags,
        "version": served.version,
        "served_at": iso(served.served_at),
    }


def file_object(file: FlowFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "error": file.error,
        "line": file.error_line,
        "described_at": iso(file.described_at),
    }


def _with_waits(fields: dict[str, Any], run: FlowRun | Attempt) -> dict[str, Any]:
    """`duration_seconds` is time of work; when it waited for an answer, and for how long, stands beside it."""
    waits = [
        (wait, waited_seconds(run.started_at, run.ended_at or time.time(), [wait])) for wait in run.waited
    ]
    waited = sum(seconds for _, seconds in waits)
    fields["waited"] = [
        {"since": iso(wait.since), "until": iso(wait.until), "task_run": wait.task_run} for wait, _ in waits
    ]
    fields["waited_seconds"] = round(waited, 6)
    if fields["duration_seconds"] is not None:
        fields["duration_seconds"] = round(fields["duration_seconds"] - waited, 6)
    return fields


def _with_times(fields: dict[str, Any]) -> dict[str, Any]:
    began, ended = fields["started_at"], fields["ended_at"]
    fields["duration_seconds"] = round(ended - began, 6) if began is not None and ended is not None else None
    if fields["failure"] is not None:
        fields["failure"] = fields["failure"]._asdict()
    for name in ("created_at", "started_at", "ended_at", "due_at"):
        if name in fields:
            fields[name] = iso(fields[name])
    return fields
