"""The engine dies at every named point of its life, and the next one finds everything in its place.

`LIFE` comes by all the points that belong to runs, schedules, events and attempts; the others are tried beside it or
where `ELSEWHERE` says. A point that nobody kills at fails the last test.
"""

import os
import signal
import subprocess
import time
import uuid
from contextlib import closing, suppress
from typing import Any

import pytest

from tests.engine.running import Running
from tests.faults.ledger import STEPS, all_runs, are_over, assert_sound
from tests.faults.test_engine_deaths import ENGINE_POINTS
from tests.waiting import wait_until
from tui_flow import client
from tui_flow.contract import rundir, spool
from tui_flow.contract.commands import EmitEvent, Prune, RunFlow, Sync
from tui_flow.contract.errors import EXIT_ENGINE, TuiFlowError
from tui_flow.contract.failpoints import ENV_FAILPOINT, POINTS
from tui_flow.contract.journal import EventEmitted
from tui_flow.contract.states import FireOutcome
from tui_flow.store import database, schedules
from tui_flow.store.records import FireTime

LIFE = """
    from tui_flow import flow
    from tui_flow.schedules import Interval, on_event

    @flow(schedule=Interval(1.0, slug="second", overlap="allow", catchup="all"))
    def ticking(): ...

    @flow(schedule=on_event("news"))
    def heard(): ...
"""
LIFE_POINTS = (
    "fire-dir-made", "fire-before-commit", "fire-committed", "fire-spec-written", "event-stored", "spool-stored",
    "trigger-fired",
)  # fmt: skip
PATIENT = """
    from pathlib import Path
    from tui_flow import flow

    @flow(retries=1, retry_delay_seconds=1.5)
    def patient(mark: str):
        if not Path(mark).exists():
            Path(mark).touch()
            raise ValueError("not yet")
"""
ATTEMPT_POINTS = ("attempt-spec-written", "attempt-saved")
KEEPER_POINTS = ("worker-reported", "last-word-written")
ELSEWHERE = {
    *ENGINE_POINTS,
    "cancel-requested", "rescue-last-word", "keeper-locked", "worker-forked", "run-started", "before-last-word",
    # tests/engine/test_serving.py
    "served-stored", "answer-given",
    # tests/store/test_backups.py and tests/cli/test_db.py: they belong to commands
    "backup", "restore", "mid-migration",
}  # fmt: skip
CALM = {"TUI_FLOW_MAX_CONCURRENT_RUNS": "20", "TUI_FLOW_IDLE_SECONDS": "0"}
PATIENCE_SECONDS = 10.0


class Told:
    """What an engine acknowledged before it died."""

    def __init__(self) -> None:
        self.runs: list[int] = []
        self.events: list[str] = []


def live_until_it_dies(engine: Running, told: Told) -> None:
    """Lets the engine do everything that it does, again and again."""
    until = time.monotonic() + PATIENCE_SECONDS
    with suppress(TuiFlowError, OSError), connected(engine) as connection:
        while time.monotonic() < until:
            key = uuid.uuid4().hex
            spooled = EventEmitted(time.time(), uuid.uuid4().hex, "news", f"spool-{key}", {}, None, 0)
            spool.leave(engine.state_dir, spooled, None)
            told.events.append(f"spool-{key}")  # durable without an engine
            connection.ask(EmitEvent("news", {}, key))
            told.events.append(key)
            told.runs.append(int(connection.ask(RunFlow("steps"))["run_id"]))
            connection.ask(Sync())


def connected(engine: Running) -> Any:
    """A connection to the engine, which may not listen yet. Raises EngineError where it is dead already."""
    for _ in range(20):
        with suppress(TuiFlowError):
            return client.connect(engine.settings, start=False)
        time.sleep(0.05)
    return client.connect(engine.settings, start=False)


@pytest.mark.parametrize("point", LIFE_POINTS)
@pytest.mark.parametrize(
    "rounds",
    [pytest.param((1,)), pytest.param(range(1, 21), marks=pytest.mark.soak)],
    ids=["once", "20 times"],
)
def test_an_engine_killed_at_a_point_of_its_life_loses_and_doubles_nothing(
    engine: Running, point: str, rounds: range
) -> None:
    engine.write("steps.py", STEPS)
    engine.write("life.py", LIFE)
    engine.serve("--stay", **CALM)
    engine.ask(Sync(files=True))  # no trigger fires for what happened before it was known
    engine.kill()
    told = Told()
    for nth in rounds:
        dying = start_dying(engine, f"{point}:{nth}:kill")
        live_until_it_dies(engine, told)
        assert dying.wait(PATIENCE_SECONDS) == -signal.SIGKILL, f"it never came by {point}"
        engine.hang_up()
        engine.serve("--stay", **CALM)
        engine.ask(Sync(files=True))
        wait_until(lambda: spool.left(engine.state_dir, 1) == [])
        assert_nothing_is_lost(engine, told)
        engine.kill()


def start_dying(engine: Running, failpoint: str) -> "subprocess.Popen[bytes]":
    """The one engine there is, up or dead already."""
    lock = engine.state_dir / "engine.lock"
    while True:
        (engine.state_dir / "engine.sock").unlink(missing_ok=True)
        dying = engine.start("--stay", **{ENV_FAILPOINT: failpoint}, **CALM)
        wait_until(lambda one=dying: one.poll() is not None or is_up(engine, one.pid))  # type: ignore[misc]
        if dying.poll() != EXIT_ENGINE:
            return dying
        os.kill(
            rundir.lock_holder(lock) or dying.pid, signal.SIGKILL
        )  # one that a client had started meanwhile
        wait_until(lambda: rundir.lock_holder(lock) is None)


def is_up(engine: Running, pid: int) -> bool:
    """Whether it is this engine that listens."""
    return (engine.state_dir / "engine.sock").exists() and rundir.lock_holder(
        engine.state_dir / "engine.lock"
    ) == pid


def assert_nothing_is_lost(engine: Running, told: Told) -> None:
    wait_until(lambda: set(told.events) <= set(heard_keys(engine)), 20, "every event to make its run")
    heard = heard_keys(engine)
    assert len(heard) == len(set(heard)), "an event made two runs"
    engine.ask(Sync())
    ids = {run.id for run in all_runs(engine.state_dir)}
    assert set(told.runs) <= ids, "an acknowledged run is gone"
    wait_until(lambda: are_over(engine.state_dir, told.runs), 20, "every run that was asked for to end")
    assert {run.state for run in all_runs(engine.state_dir) if run.id in told.runs} <= {"completed"}
    slots = [row.fire_at for row in rows_of(engine, "ticking") if row.times == 1]
    assert len(slots) == len(set(slots)), "a second has two rows"
    made = [row.run_id for row in rows_of(engine, "ticking") if row.outcome is FireOutcome.RUN]
    engine.ask(Sync())
    assert len(made) == len(set(made)) and set(made) <= {run.id for run in all_runs(engine.state_dir)} | {
        None
    }
    assert_sound(engine.state_dir)


def heard_keys(engine: Running) -> list[str]:
    """The keys of the events that made a run."""
    return [
        str(row.event_key).rpartition("/")[2] for row in rows_of(engine, "heard") if row.run_id is not None
    ]


def rows_of(engine: Running, flow: str) -> list[FireTime]:
    with closing(database.open_reader(engine.state_dir)) as db:
        found = [one for one in schedules.list_schedules(db) if one.flow == flow]
        return [row for one in found for row in schedules.list_fire_times(db, one.id, limit=10_000)]


@pytest.mark.parametrize("point", ATTEMPT_POINTS)
def test_a_run_that_awaits_its_next_attempt_has_it_once_though_the_engine_dies(
    engine: Running, point: str
) -> None:
    engine.write("patient.py", PATIENT)
    dying = engine.serve("--stay", **{ENV_FAILPOINT: f"{point}:1:kill"}, **CALM)
    run_id = engine.run("patient", mark=str(engine.state_dir / "mark"))
    engine.wait_for(run_id, "retrying")
    keeper = rundir.lock_holder(rundir.run_dir(engine.state_dir, run_id) / rundir.LOCK)
    os.kill(keeper or 0, signal.SIGKILL)
    assert dying.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    engine.hang_up()
    engine.serve("--stay", **CALM)
    assert engine.wait_for(run_id).state == "completed"
    lines = (rundir.run_dir(engine.state_dir, run_id) / rundir.JOURNAL).read_text()
    assert lines.count('"event":"RunStarted"') == 2
    assert_sound(engine.state_dir)


@pytest.mark.parametrize("point", KEEPER_POINTS)
def test_what_a_run_reported_counts_whoever_of_it_dies_then(engine: Running, point: str) -> None:
    engine.write("steps.py", STEPS)
    engine.serve("--stay", **{ENV_FAILPOINT: f"{point}:1:kill"}, **CALM)
    run_id = engine.run("steps")
    assert engine.wait_for(run_id).state in ("completed", "crashed")
    lines = (rundir.run_dir(engine.state_dir, run_id) / rundir.JOURNAL).read_text()
    assert lines.count('"event":"RunEnded"') == 1
    assert_sound(engine.state_dir)


def test_an_engine_killed_while_it_prunes_leaves_no_run_by_half(engine: Running) -> None:
    engine.write("steps.py", STEPS)
    limits = {**CALM, "TUI_FLOW_KEEP_RUNS": "2"}
    dying = engine.serve("--stay", **{ENV_FAILPOINT: "retention:1:kill"}, **limits)
    asked = [engine.run("steps") for _ in range(6)]
    wait_until(lambda: engine.ask(Sync()) is not None and are_over(engine.state_dir, asked))
    with suppress(TuiFlowError, OSError), client.connect(engine.settings, start=False) as connection:
        connection.ask(Prune())
    assert dying.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    engine.hang_up()
    engine.serve("--stay", **limits)
    engine.ask(Prune())
    assert (
        {run.id for run in all_runs(engine.state_dir)}
        == set(rundir.run_ids(engine.state_dir))
        == set(asked[-2:])
    )
    assert_sound(engine.state_dir)


def test_somebody_kills_at_every_point_there_is() -> None:
    assert {*LIFE_POINTS, *ATTEMPT_POINTS, *KEEPER_POINTS, "retention", *ELSEWHERE} == set(POINTS)
