"""Runs that start processes without end: the keeper buries them, the engine goes on answering, and none is left."""

import time
from contextlib import suppress
from pathlib import Path
from statistics import median

import pytest

from tests.engine.running import Running
from tests.faults.ledger import assert_sound
from tests.waiting import wait_until
from tui_flow.contract import rundir
from tui_flow.contract.commands import CancelRun, GetStatus

STORMS = """
    import os, time
    from tui_flow import flow

    @flow
    def orphans(count: int, until: str) -> None:
        for _ in range(count):
            child = os.fork()
            if child == 0:
                if os.fork() == 0:
                    os.setsid()
                os._exit(0)
            os.waitpid(child, 0)
        os.mkdir(until)
        while not os.path.exists(until + "/go"):
            time.sleep(0.01)

    @flow
    def bomb(count: int, ready: str) -> None:
        for number in range(count):
            if os.fork() == 0:
                if number % 3 == 0:
                    os.setsid()
                time.sleep(300)
                os._exit(0)
        os.mkdir(ready)
        time.sleep(300)
"""


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.soak)])
def test_orphans_leave_no_zombie_while_their_run_goes_on(engine: Running, count: int) -> None:
    engine.write("storms.py", STORMS)
    until = engine.state_dir / "until"
    run_id = engine.run("orphans", count=count, until=str(until))
    wait_until(until.exists, 60)
    keeper = rundir.lock_holder(rundir.run_dir(engine.state_dir, run_id) / rundir.LOCK)
    assert keeper is not None
    wait_until(lambda: zombies_of(keeper) == 0, 2, "the keeper to bury all")
    (until / "go").touch()
    assert engine.wait_for(run_id).state == "completed"
    assert_sound(engine.state_dir)


def test_the_engine_answers_while_a_run_forks_without_end_and_nothing_of_it_is_left(engine: Running) -> None:
    engine.write("storms.py", STORMS)
    ready = engine.state_dir / "ready"
    run_id = engine.run("bomb", count=200, ready=str(ready))
    took = []
    while not ready.exists():
        began = time.monotonic()
        engine.ask(GetStatus())
        took.append(time.monotonic() - began)
    assert median(took) < 0.5
    directory = rundir.run_dir(engine.state_dir, run_id)
    assert len(processes_in(directory)) >= 200
    engine.ask(CancelRun(run_id, kill=True))
    assert engine.wait_for(run_id).state == "cancelled"
    wait_until(lambda: processes_in(directory) == [], 2, "every process to be gone")


def zombies_of(parent: int) -> int:
    """Children of a process that have ended and were not waited for."""
    count = 0
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit():
                state, ppid = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                count += state == "Z" and int(ppid) == parent
    return count


def processes_in(directory: Path) -> list[int]:
    """The processes that carry the mark of a run."""
    mark, found = f"TUI_FLOW_RUN_DIR={directory}\0".encode(), []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found
