"""Another program holds the history locked under a real engine: it answers, loses nothing, and goes on by itself."""

import sqlite3
import time
from contextlib import closing

import pytest

from tests.engine.running import Running
from tests.faults.ledger import COUNT, STEPS, assert_whole
from tests.waiting import wait_until
from tui_flow import client
from tui_flow.contract.commands import GetStatus, RunFlow
from tui_flow.contract.errors import HistoryLocked
from tui_flow.contract.journal import RunEnded
from tui_flow.contract.rundir import JOURNAL, run_dir


def hold(engine: Running, seconds: float) -> None:
    engine.write("steps.py", STEPS)
    before = engine.run("steps", seconds=seconds / 8)
    engine.wait_for(before, "running")
    pid = engine.pid()
    with closing(sqlite3.connect(engine.state_dir / "history.db", isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        until, longest = time.monotonic() + seconds, 0.0
        while time.monotonic() < until:
            began = time.monotonic()
            assert engine.ask(GetStatus())["pid"] == pid
            longest = max(longest, time.monotonic() - began)
            with (
                client.connect(engine.settings) as connection,
                pytest.raises(HistoryLocked, match="another program"),
            ):
                connection.ask(RunFlow("steps"))
        journal = run_dir(engine.state_dir, before) / JOURNAL
        wait_until(
            lambda: RunEnded.__name__.encode() in journal.read_bytes(), what="the run to end all the same"
        )
        foreign.execute("ROLLBACK")
    assert longest < 1.0
    after = engine.run("steps")
    for run_id in (before, after):
        engine.wait_for(run_id, "completed")
    assert engine.pid() == pid
    assert_whole(engine.state_dir, [before, after])
    assert COUNT > 1


def test_a_history_that_somebody_holds_for_two_seconds(engine: Running) -> None:
    hold(engine, 2.0)


@pytest.mark.soak
def test_a_history_that_somebody_holds_for_a_minute(engine: Running) -> None:
    hold(engine, 60.0)
    assert "holds the history locked" in (engine.state_dir / "engine.log").read_text()
