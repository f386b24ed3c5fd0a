"""A project with a history, made without an engine: rows, run directories and logs, as a test wants them."""

import json
import os
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.engine.journals import a_spec
from tests.store.rows import a_file, a_flow, a_run, a_task
from tui_flow.alerts import rules
from tui_flow.alerts.happenings import Happening
from tui_flow.contract import log
from tui_flow.contract import schedules as contract
from tui_flow.contract.failure import Failure
from tui_flow.contract.rundir import LOG, open_state_dir, run_dir, write_spec
from tui_flow.contract.schedules import When
from tui_flow.contract.states import AlertKind, EndReason, FlowRunState, TaskRunState
from tui_flow.settings import Settings
from tui_flow.store import alerts, database, schedules
from tui_flow.store.records import Alert, FlowRun, Schedule, TaskRun

NOON = 1_755_691_200.0
"""When the runs of a test happen."""
WARNING, ERROR, CRITICAL = (log.LEVELS.index(name) for name in ("WARNING", "ERROR", "CRITICAL"))
"""Levels of log lines."""
ENDS = {
    "completed": EndReason.RETURNED,
    "failed": EndReason.ERROR,
    "crashed": EndReason.VANISHED,
    "cancelled": EndReason.CANCELLED,
    "cached": EndReason.RETURNED,
    "skipped": EndReason.RETURNED,
    "upstream_failed": EndReason.UPSTREAM,
}
REFUSED = Failure(
    type="OperationalError",
    message='connection to server at "wh-2" failed: timeout expired',
    traceback="Traceback (most recent call last):\n"
    '  File "/usr/lib/python3.11/site-packages/tenacity/retry.py", line 12, in wrapped\n'
    "    return call()\n"
    '  File "/srv/flows/etl_daily.py", line 4, in load_warehouse\n'
    "    conn = connect(dsn)\n"
    'OperationalError: connection to server at "wh-2" failed: timeout expired',
    path="flows/etl_daily.py",
    line=4,
    function="load_warehouse",
)
LOAD = Happening(
    AlertKind.FAILURE, "etl_daily", "load_warehouse", REFUSED.message, NOON, 812, "flows/etl_daily.py", 4
)
"""What the alert about that failure says."""


class Project:
    """A project folder, and what is put into its history."""

    def __init__(self, folder: Path) -> None:
        (folder / "flows").mkdir(parents=True, exist_ok=True)
        self.settings = Settings(project=folder)
        open_state_dir(folder)
        self.db = database.open_writer(self.settings.state_dir)

    def close(self) -> None:
        self.db.close()

    def flow(self, name: str, *, broken: str = "", line: int | None = None, **changes: Any) -> None:
        """A flow in a file of its own; with `broken`, in a file that no longer imports."""
        path = f"flows/{name}.py"
        (self.settings.project / path).write_text(f"# {name}\n" * 5)
        os.utime(self.settings.project / path, (NOON, NOON))  # what runs have found
        state = (
            {"state": "broken", "error": broken, "error_line": line, "traceback": broken} if broken else {}
        )
        _insert(self.db, "flow_files", a_file(path, **state)._asdict())
        self.flow_beside(name, path, **changes)

    def flow_beside(self, name: str, path: str, **changes: Any) -> None:
        """A flow in a file that has others."""
        _insert(self.db, "flows", a_flow(name, path, **changes)._asdict())

    def broken_file(self, path: str, error: str, line: int | None = None) -> None:
        """A file that never imported."""
        file = a_file(path, state="broken", error=error, error_line=line, traceback=f"Traceback:\n{error}")
        _insert(self.db, "flow_files", file._asdict())

    def run(
        self, id: int, flow: str, state: str = "completed", *, took: float = 10.0, **changes: Any
    ) -> FlowRun:
        """A run of a flow in some state, a minute after the one before."""
        at = NOON + 60 * id
        times: dict[str, Any] = {"created_at": at - 0.1}
        if state not in ("pending", "scheduled"):
            times |= {"started_at": at, "tries": 1}
        if state in ENDS:
            times |= {"ended_at": at + took, "reason": ENDS[state], "exit_code": int(state == "failed")}
        run = a_run(
            id,
            **{
                "flow": flow,
                "path": f"flows/{flow}.py",
                "state": FlowRunState(state),
                "state_name": "",
                **times,
                **changes,
            },
        )
        _insert(self.db, "flow_runs", run._asdict())
        run_dir(self.settings.state_dir, id).mkdir(parents=True)
        return run

    def spec(self, id: int, **changes: Any) -> None:
        """What a run was asked for with."""
        directory = run_dir(self.settings.state_dir, id)
        write_spec(directory, a_spec(id, self.settings.project, **changes))

    def schedule(self, flow: str, when: When, *, at: float, **how: Any) -> Schedule:
        """A schedule of a flow, registered at some time, with nothing decided since."""
        declared = contract.Schedule(when, **{"slug": "nightly", **how})
        spec = contract.to_json(declared)
        schedules.declare(
            self.db, schedules.Declared(flow, declared.slug, declared.kind, spec, declared.active), "file", at
        )
        found = schedules.get_schedule(self.db, flow, declared.slug)
        assert found is not None
        return found

    def alert(self, what: Happening = LOAD, *, at: float | None = None, **changes: Any) -> Alert:
        """An alert that was raised ten minutes ago, or at some time; once more, where there is one like it."""
        at = time.time() - 600 if at is None else at
        before = alerts.get_like(self.db, what.fingerprint)
        raised = rules.happened(before, what._replace(at=at), at, muted=True)
        alerts.save(self.db, raised._replace(**changes))
        found = alerts.get_like(self.db, what.fingerprint)
        assert found is not None
        return found

    def set_run(self, id: int, state: str, **changes: Any) -> None:
        """Another state for a run that there is."""
        if state in ENDS:
            changes = {"ended_at": NOON + 60 * id + 5, "reason": ENDS[state], **changes}
        columns = {"state": state, **changes}
        setting = ", ".join(f"{column} = ?" for column in columns)
        values = [_value(value) for value in columns.values()]
        self.db.execute(f"UPDATE flow_runs SET {setting} WHERE id = ?", (*values, id))

    def tasks(self, run_id: int, tasks: Iterable[TaskRun]) -> None:
        """Adds task runs, or replaces those of the same id."""
        self.db.execute("BEGIN")
        for task in tasks:
            _insert(self.db, "task_runs", task._replace(run_id=run_id)._asdict(), "INSERT OR REPLACE")
        self.db.execute("COMMIT")

    def log(self, run_id: int, *records: bytes) -> Path:
        """Appends records to a run's log."""
        path = run_dir(self.settings.state_dir, run_id) / LOG
        with path.open("ab") as file:
            file.writelines(records)
        return path


def the_task(
    id: int, name: str, state: str = "completed", *, at: float = 0.0, took: float = 1.0, **changes: Any
) -> TaskRun:
    """A task run of run 1 unless it is put into another; `at` is seconds after NOON."""
    begun = state not in ("pending", "cached", "skipped", "upstream_failed")
    return a_task(
        id,
        **{
            "name": name,
            "run_name": f"{name}-{id}",
            "state": TaskRunState(state),
            "state_name": "",
            "tries": int(begun),
            "created_at": NOON + at,
            "started_at": NOON + at if begun else None,
            "ended_at": NOON + at + took if state in ENDS else None,
            "reason": ENDS.get(state),
            "revision": id,
            **changes,
        },
    )


def said(message: str, level: str = "INFO", task: int | None = 0, tries: int = 1, at: float = 0.0) -> bytes:
    """A log record."""
    return log.encode(NOON + at, level, task, tries, "flow", message)


def _insert(db: sqlite3.Connection, table: str, row: dict[str, Any], verb: str = "INSERT") -> None:
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    db.execute(f"{verb} INTO {table} ({names}) VALUES ({marks})", [_value(value) for value in row.values()])


def _value(value: Any) -> Any:
    if isinstance(value, Failure):
        return json.dumps(value._asdict())
    if isinstance(value, tuple):
        return json.dumps(value) if value else None
    if isinstance(value, dict | list):
        return json.dumps(value)
    return value


def seed_etl(project: Project) -> None:
    """What most stories begin with: some flows, of which one failed in its last run, run 812."""
    project.flow(
        "etl_daily", description="Loads yesterday's orders.", tags=["etl", "core"], parameters=_SCHEMA
    )
    project.flow("cleanup_tmp")
    project.flow("ingest_s3")
    project.flow("reports_v2", broken="SyntaxError: invalid syntax", line=31)
    for id in range(800, 812):
        project.run(id, "etl_daily", "failed" if id == 803 else "completed")
    project.run(500, "cleanup_tmp", took=2.0)
    project.run(501, "ingest_s3", "running")
    project.run(
        812,
        "etl_daily",
        "failed",
        took=192.0,
        failure=REFUSED,
        message=REFUSED.message,
        parameters={"date": "2026-08-20", "full": False},
    )
    at = 60.0 * 812
    project.tasks(
        812,
        [
            the_task(1, "extract", kind="flow", at=at, took=44.3, run_name="extract"),
            the_task(2, "extract_orders", at=at, took=41.2, parent=1, run_name="extract_orders"),
            the_task(3, "extract_fx", at=at, took=3.1, parent=1, run_name="extract_fx"),
            the_task(4, "transform", "cached", at=at + 45, run_name="transform"),
            the_task(5, "validate", at=at + 47, took=58.9, run_name="validate"),
            *(
                the_task(10 + n, "upload", at=at + 50 + 3 * n, took=6, map_id=10, map_index=n, run_name=f"upload-{n}",
                         **({"state": TaskRunState.FAILED} if n == 7 else {}))
                for n in range(20)
            ),
            the_task(40, "load_warehouse", "failed", at=at + 129, took=62, tries=2, max_tries=2, failure=REFUSED,
                     message=REFUSED.message, run_name="load_warehouse", upstream=[5]),
            the_task(41, "publish", "upstream_failed", at=at + 191, took=0, run_name="publish", upstream=[40]),
            the_task(42, "notify", "upstream_failed", at=at + 191, took=0, run_name="notify", upstream=[40]),
        ],
    )  # fmt: skip
    project.log(
        812,
        said("flow etl_daily started", at=at),
        *(said(f"row {n} extracted", "DEBUG", 2, at=at + n) for n in range(40)),
        said("31402 rows to load", task=40, at=at + 130),
        said("load failed\n" + REFUSED.traceback, "ERROR", 40, 1, at=at + 160),
        said("connecting again", "WARNING", 40, 2, at=at + 161),
        said("load failed\n" + REFUSED.traceback, "ERROR", 40, 2, at=at + 191),
        said("run 812 failed in 3m12s", "ERROR", at=at + 192),
    )


def seed_many(project: Project, count: int) -> None:
    """Runs 1 to `count` of a flow; every 9,999th has failed."""
    project.flow("many")
    project.db.execute("BEGIN")
    project.db.executemany(
        "INSERT INTO flow_runs (id, flow, path, run_name, state, state_name, reason, message, attempt, tries, trigger,"
        " parameters, tags, source_sha, created_at, started_at, ended_at)"
        " VALUES (?, 'many', 'flows/many.py', '', ?, '', ?, ?, 1, 1, 'schedule', '{}', '[]', '', ?, ?, ?)",
        (
            (n, *(("failed", "error", "disk full") if n % 9_999 == 0 else ("completed", "returned", "")),
             NOON + n, NOON + n, NOON + n + 1)
            for n in range(1, count + 1)
        ),
    )  # fmt: skip
    project.db.execute("COMMIT")


_SCHEMA = {
    "type": "object",
    "properties": {
        "date": {"type": "string", "position": 0},
        "limit": {"type": "integer", "default": 100, "position": 1},
        "full": {"type": "boolean", "default": False, "position": 2},
    },
    "required": ["date"],
}
