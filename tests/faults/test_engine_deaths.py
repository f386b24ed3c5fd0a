"""The engine is killed, at random moments and at every named point: no run, no event and no log line is lost."""

import os
import random
import signal
import subprocess
import time
from contextlib import suppress

import pytest

from tests.engine.running import Running
from tests.faults.ledger import COUNT, STEPS, all_runs, are_over, assert_sound, assert_whole
from tests.waiting import wait_until
from tui_flow import client
from tui_flow.contract import rundir
from tui_flow.contract.commands import CancelRun, RunFlow, Sync
from tui_flow.contract.errors import TuiFlowError
from tui_flow.contract.failpoints import ENV_FAILPOINT

ACTIVE = 20
"""Runs that are at work when the engine dies."""
ENGINE_POINTS = (
    "run-dir-made", "spec-written", "run-inserted", "before-durable", "before-spawn", "after-spawn", "ingest-before-commit",
    "ingest-after-commit",
)  # fmt: skip
LIMIT = {"TUI_FLOW_MAX_CONCURRENT_RUNS": str(ACTIVE), "TUI_FLOW_IDLE_SECONDS": "0"}


def start_active(engine: Running, seconds: float) -> list[int]:
    """Twenty runs, each of which works for so long in all."""
    return [engine.run("steps", count=COUNT, seconds=seconds / COUNT) for _ in range(ACTIVE)]


def kill_at_random(
    engine: Running, dying: "subprocess.Popen[bytes]", kills: int, chance: random.Random
) -> "subprocess.Popen[bytes]":
    """Kills the engine, again and again, a moment after it was started: up by then, or on its way; gives the last one."""
    for _ in range(kills):
        if chance.random() < 0.7:
            wait_until(lambda pid=dying.pid: rundir.lock_holder(engine.state_dir / "engine.lock") == pid)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.12))  # the moment is what is drawn by lot, not something waited for
        dying.kill()
        dying.wait(10)
        engine.hang_up()
        dying = engine.start("--stay", **LIMIT)
    return dying


@pytest.mark.parametrize(
    "kills", [pytest.param(25), pytest.param(500, marks=pytest.mark.soak)], ids=["25 times", "500 times"]
)
def test_an_engine_killed_again_and_again_loses_nothing_of_twenty_active_runs(
    engine: Running, kills: int
) -> None:
    engine.write("steps.py", STEPS)
    dying = engine.serve("--stay", **LIMIT)
    chance, left = random.Random(kills), kills
    while left > 0:
        run_ids = start_active(engine, seconds=2.0)
        dying = kill_at_random(engine, dying, min(left, 25), chance)
        left -= 25
        wait_until(lambda ids=run_ids: are_over(engine.state_dir, ids), 60)  # type: ignore[misc]
        engine.ask(Sync())
        assert_whole(engine.state_dir, run_ids)


def test_active_runs_are_adopted_within_five_seconds(engine: Running) -> None:
    engine.write("steps.py", STEPS)
    engine.serve("--stay", **LIMIT)
    run_ids = start_active(engine, seconds=3.0)
    engine.kill()
    began = time.monotonic()
    engine.serve("--stay", **LIMIT)
    engine.ask(Sync())
    assert time.monotonic() - began < 5
    assert {run.id for run in all_runs(engine.state_dir)} == set(run_ids)
    wait_until(lambda: are_over(engine.state_dir, run_ids), 30)
    assert_whole(engine.state_dir, run_ids)


@pytest.mark.parametrize("point", ENGINE_POINTS)
@pytest.mark.parametrize(
    "rounds",
    [pytest.param((1,)), pytest.param(range(1, 21), marks=pytest.mark.soak)],
    ids=["once", "20 times"],
)
def test_an_engine_killed_at_a_point_leaves_each_run_whole_or_never_asked_for(
    engine: Running, point: str, rounds: range
) -> None:
    engine.write("steps.py", STEPS)
    for nth in rounds:
        dying = engine.serve("--stay", **{ENV_FAILPOINT: f"{point}:{nth}:kill"}, **LIMIT)
        asked = _ask_until_it_dies(engine)
        assert dying.wait(10) == -signal.SIGKILL
        engine.hang_up()
        engine.serve("--stay", **LIMIT)
        engine.ask(Sync())
        there = [run.id for run in all_runs(engine.state_dir)]
        assert set(asked) <= set(there), "an acknowledged run is gone"
        wait_until(lambda ids=there: are_over(engine.state_dir, ids), 30)  # type: ignore[misc]
        assert_whole(engine.state_dir, there)
        engine.kill()


def _ask_until_it_dies(engine: Running) -> list[int]:
    """Asks this engine for runs; gives those that it acknowledged."""
    engine.ask(Sync(files=True))  # an engine that still starts would not be there to die
    asked: list[int] = []
    with suppress(TuiFlowError, OSError), client.connect(engine.settings, start=False) as connection:
        for _ in range(40):
            asked.append(connection.ask(RunFlow("steps"))["run_id"])
            connection.ask(Sync())
    return asked


@pytest.mark.parametrize("point", ["cancel-requested", "rescue-last-word"])
def test_an_engine_killed_while_it_ends_a_run_ends_it_the_next_time(engine: Running, point: str) -> None:
    engine.write("steps.py", STEPS)
    dying = engine.serve("--stay", **{ENV_FAILPOINT: f"{point}:1:kill"}, **LIMIT)
    run_id = engine.run("steps", seconds=30.0)
    engine.wait_for(run_id, "running")
    if point == "rescue-last-word":
        wait_until(lambda: rundir.lock_holder(_lock(engine, run_id)))
        os.kill(rundir.lock_holder(_lock(engine, run_id)) or 0, signal.SIGKILL)
    else:
        with suppress(TuiFlowError):
            client.connect(engine.settings, start=False).ask(CancelRun(run_id))
    assert dying.wait(10) == -signal.SIGKILL
    engine.hang_up()
    engine.serve("--stay", **LIMIT)
    wanted = "crashed" if point == "rescue-last-word" else "cancelled"
    if point == "cancel-requested" and engine.read(run_id).state == "running":
        engine.ask(CancelRun(run_id))
    assert engine.wait_for(run_id).state == wanted
    assert_sound(engine.state_dir)


def _lock(engine: Running, run_id: int) -> "os.PathLike[str]":
    return rundir.run_dir(engine.state_dir, run_id) / rundir.LOCK


@pytest.mark.parametrize("point", ["keeper-locked", "worker-forked", "run-started"])
def test_a_keeper_killed_at_a_point_leaves_a_crashed_run_and_a_free_slot(engine: Running, point: str) -> None:
    engine.write("steps.py", STEPS)
    engine.serve("--stay", **{ENV_FAILPOINT: f"{point}:1:kill"}, TUI_FLOW_MAX_CONCURRENT_RUNS="1")
    first, second = engine.run("steps"), engine.run("steps")
    assert engine.wait_for(first).state == engine.wait_for(second).state == "crashed"
    assert_sound(engine.state_dir)


def test_a_report_counts_though_the_keeper_dies_before_its_last_word(engine: Running) -> None:
    engine.write("steps.py", STEPS)
    engine.serve("--stay", **{ENV_FAILPOINT: "before-last-word:1:kill"})
    assert engine.wait_for(engine.run("steps")).state == "completed"
