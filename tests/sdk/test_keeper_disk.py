"""A full disk costs lines of the log, and never the last word."""

import os
import resource
import signal
from pathlib import Path

import pytest

from tests.sdk.keeping import Make, endless, lift_limit, limit_files, reported
from tests.waiting import wait_until
from tui_flow.contract import rundir
from tui_flow.sdk import keeper


def test_a_full_disk_costs_lines_of_the_log_and_says_how_much(make: Make, tmp_path: Path) -> None:
    room = tmp_path / "room"

    def printing_twice(spec, directory, wait) -> int:
        os.write(1, b"x" * 200_000 + b"\n")
        wait_until(room.exists)
        os.write(1, b"there is room again\n")
        return reported(spec, directory, wait)

    kept = make()
    pid = kept.start(printing_twice, before=lambda: limit_files(100_000))
    wait_until(lambda: len(kept.log) == 100_000, what="a full disk")
    lift_limit(pid)
    room.touch()
    kept.wait(pid)
    assert kept.ended.state == "completed"
    assert kept.lines("stdout")[-1] == "there is room again"
    assert "bytes of log could not be written" in kept.lines("tui_flow.keeper")[0]


def test_what_a_full_disk_cost_is_told_at_the_end_where_nothing_else_was_said(make: Make) -> None:
    def flooding(spec, directory, wait) -> int:
        os.write(1, b"x" * 200_000)
        return endless(spec, directory, wait)

    kept = make()
    pid = kept.start(flooding, before=lambda: limit_files(100_000))
    wait_until(lambda: len(kept.log) == 100_000, what="a full disk")
    lift_limit(pid)
    os.kill(kept.started.worker_pid, signal.SIGKILL)
    kept.wait(pid)
    assert "bytes of log could not be written" in kept.lines("tui_flow.keeper")[0]


def test_no_line_runs_before_its_start_is_on_disk(make: Make) -> None:
    def reporting(spec, directory, wait) -> int:
        limit_files(resource.RLIM_INFINITY)
        print("ready", flush=True)
        return reported(spec, directory, wait)

    kept = make()
    (kept.directory / rundir.JOURNAL).write_bytes(b"\n" * 200)
    pid = kept.start(reporting, before=lambda: limit_files(210))
    kept.wait_for("ready")
    assert "FlowFinished" not in kept.kinds
    lift_limit(pid)
    kept.wait(pid)
    assert [kind for kind in kept.kinds if kind != "NoneType"] == ["RunStarted", "FlowFinished", "RunEnded"]


def test_the_last_word_waits_for_room(make: Make) -> None:
    kept = make()
    pid = kept.start(endless)
    kept.wait_for("at work")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
    os.kill(kept.started.worker_pid, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{kept.started.worker_pid}").exists())
    assert kept.is_guarded
    lift_limit(pid)
    kept.wait(pid)
    assert kept.ended.signal == "SIGKILL"


def test_without_room_for_long_the_lock_is_let_go(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "LAST_WORD_SECONDS", 0.2)
    kept = make()
    pid = kept.start(endless)
    kept.wait_for("at work")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
    os.kill(kept.started.worker_pid, signal.SIGKILL)
    assert kept.wait(pid) == 1
    assert not kept.is_guarded


def test_a_torn_line_of_the_worker_does_not_spoil_the_last_word(make: Make) -> None:
    def tearing(spec, directory, wait) -> int:
        wait()
        with (directory / rundir.JOURNAL).open("ab", buffering=0) as file:
            file.write(b'{"event":"FlowFinished","at":1.0,"sta')
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    assert make().run(tearing).state == "crashed"
