"""Engines that start: many at once, after a power loss that left forged traces, and one that is told to end; and runs of
which one process or another is killed."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.engine.running import Running
from tests.faults.ledger import STEPS, assert_sound
from tests.waiting import wait_until
from tui_flow.contract import rundir
from tui_flow.contract.errors import EXIT_ENGINE
from tui_flow.contract.rundir import ENGINE_LOCK

GATED = """
    import time
    from pathlib import Path
    from tui_flow import flow

    @flow
    def gated(gate: str) -> None:
        while not Path(gate).exists():
            time.sleep(0.01)
"""
CANDIDATES = 5
"""Engines that start at the same moment."""
ACTIVE = 10
LIMIT = {"TUI_FLOW_MAX_CONCURRENT_RUNS": str(ACTIVE)}


@pytest.mark.parametrize("rounds", [1, pytest.param(50, marks=pytest.mark.soak)], ids=["once", "50 times"])
def test_of_many_engines_that_start_at_once_one_wins_and_the_others_name_it(
    engine: Running, rounds: int
) -> None:
    for _ in range(rounds):
        candidates = [engine.start("--stay") for _ in range(CANDIDATES)]
        wait_until(lambda all=candidates: sum(one.poll() is None for one in all) == 1)  # type: ignore[misc]
        [winner] = [one for one in candidates if one.returncode is None]
        for loser in (one for one in candidates if one is not winner):
            assert loser.returncode == EXIT_ENGINE
            assert f"pid {winner.pid}" in loser.communicate()[1].decode()
        wait_until((engine.state_dir / "engine.sock").exists)
        assert engine.pid() == winner.pid
        engine.hang_up()
        winner.terminate()
        assert winner.wait(5) == 0


@pytest.fixture
def stranger() -> Iterator["subprocess.Popen[bytes]"]:
    """A process of somebody else, whose number a run had before."""
    process = subprocess.Popen(["sleep", "300"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("rounds", [1, pytest.param(100, marks=pytest.mark.soak)], ids=["once", "100 times"])
def test_after_a_power_loss_no_process_is_signalled_that_has_the_number_of_one_of_ours(
    engine: Running, stranger: "subprocess.Popen[bytes]", rounds: int
) -> None:
    engine.write("steps.py", STEPS)
    for _ in range(rounds):
        run_id = engine.run("steps", seconds=60.0)
        engine.wait_for(run_id, "running")
        directory = rundir.run_dir(engine.state_dir, run_id)
        keeper = rundir.lock_holder(directory / rundir.LOCK)
        engine.kill()
        os.kill(keeper or 0, signal.SIGKILL)
        wait_until(lambda at=directory: rundir.lock_holder(at / rundir.LOCK) is None)  # type: ignore[misc]
        _forge(engine, directory, stranger.pid)
        engine.start("--stay")
        assert engine.wait_for(run_id).state == "crashed"
        assert engine.pid() != stranger.pid and stranger.poll() is None
    assert_sound(engine.state_dir)


def _forge(engine: Running, directory: Path, pid: int) -> None:
    """As after a reboot: locks that nobody holds, a socket that nobody listens at, and another one's pid everywhere."""
    for lock in (engine.state_dir / ENGINE_LOCK, directory / rundir.LOCK):
        lock.write_text(f"{pid}\n")
    journal = directory / rundir.JOURNAL
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    for event in events:
        event.update({name: pid for name in ("keeper_pid", "worker_pid") if name in event})
    journal.write_text("".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events))
    address = engine.state_dir / "engine.sock"
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as nobody:
        nobody.bind(str(address))


def test_an_engine_that_is_told_to_end_is_gone_within_two_seconds_and_its_runs_go_on(
    engine: Running, tmp_path: Path
) -> None:
    engine.write("gated.py", GATED)
    gate = tmp_path / "gate"
    ending = engine.serve("--stay", **LIMIT)
    run_ids = [engine.run("gated", gate=str(gate)) for _ in range(ACTIVE)]
    for run_id in run_ids:
        engine.wait_for(run_id, "running")
    engine.hang_up()
    began = time.monotonic()
    ending.terminate()
    assert ending.wait(10) == 0
    assert time.monotonic() - began < 2
    held = [rundir.lock_holder(rundir.run_dir(engine.state_dir, id) / rundir.LOCK) for id in run_ids]
    assert None not in held, "a run ended with its engine"
    gate.touch()
    engine.serve("--stay", **LIMIT)
    assert {engine.wait_for(run_id).state for run_id in run_ids} == {"completed"}
    assert_sound(engine.state_dir)


@pytest.mark.parametrize("rounds", [1, pytest.param(25, marks=pytest.mark.soak)], ids=["once", "25 times"])
def test_whoever_of_a_run_is_killed_it_is_crashed_within_seconds_and_its_slot_is_free(
    engine: Running, tmp_path: Path, rounds: int
) -> None:
    engine.write("gated.py", GATED)
    engine.serve("--stay", TUI_FLOW_MAX_CONCURRENT_RUNS="1")
    for _ in range(rounds):
        for who in ("worker", "keeper", "both", "group"):
            run_id = engine.run("gated", gate=str(tmp_path / "gate"))
            engine.wait_for(run_id, "running")
            keeper, worker = _processes(engine, run_id)
            _kill(who, keeper, worker)
            run = engine.wait_for(run_id, timeout=2.0 if who == "worker" else 5.0)
            assert run.state == "crashed", (who, run)
            assert run.signal == ("SIGKILL" if who in ("worker", "group") else None), (who, run)
    assert_sound(engine.state_dir)


def _processes(engine: Running, run_id: int) -> tuple[int, int]:
    """Keeper and worker, as the journal says."""
    lines = (rundir.run_dir(engine.state_dir, run_id) / rundir.JOURNAL).read_text().splitlines()
    started = next(event for event in map(json.loads, lines) if event["event"] == "RunStarted")
    return started["keeper_pid"], started["worker_pid"]


def _kill(who: str, keeper: int, worker: int) -> None:
    """The worker leads a group of its own: its keeper lives, and tells."""
    if who == "group":
        os.killpg(worker, signal.SIGKILL)
        return
    for pid in {"worker": [worker], "keeper": [keeper], "both": [keeper, worker]}[who]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
