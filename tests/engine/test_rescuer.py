"""Runs without a living keeper: adopted, started, or given their last word."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.engine.house import House, until
from tests.engine.journals import append, created, ended, lines, make_run, started
from tests.waiting import wait_until
from tui_flow.contract import journal, rundir
from tui_flow.contract.errors import HistoryError
from tui_flow.contract.rundir import lock_holder, signal_holder
from tui_flow.contract.states import TERMINAL
from tui_flow.engine import rescuer
from tui_flow.engine.folding import Fold
from tui_flow.store import runs, tasks


async def running(house: House, **parameters: object) -> tuple[int, int]:
    """A run whose keeper waits, and that keeper's pid."""
    run_id = house.make_run(until=str(house.settings.project / "go"), **parameters)
    await until(lambda: house.state(run_id) == "running", house)
    pid = lock_holder(house.directory(run_id) / "lock")
    assert pid
    return run_id, pid


async def test_a_run_whose_keeper_is_killed_has_crashed_at_once(house: House) -> None:
    run_id, pid = await running(house, tasks=3)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: house.state(run_id) in TERMINAL, house)
    run = house.run(run_id)
    assert (run.state, run.reason) == ("crashed", "vanished")
    assert [task.state for task in tasks.list_tasks(house.db, run_id)] == [
        "completed",
        "crashed",
        "completed",
    ]
    assert b'"RunEnded"' in (house.directory(run_id) / "journal").read_bytes().splitlines()[-1]


async def test_an_adopted_run_whose_keeper_is_killed_has_crashed_within_a_look(
    house: House, make_house: Callable[..., House]
) -> None:
    run_id, pid = await running(house)
    house.crash()
    again = make_house()
    again.tick()
    assert again.state(run_id) == "running"
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: lock_holder(again.directory(run_id) / "lock") is None)
    again.tick(1.0)
    again.tick(0.0)
    assert again.state(run_id) == "crashed"


async def test_a_keeper_that_leaves_without_a_word_has_crashed_its_run(house: House) -> None:
    for parameters in ({"end": "vanish"}, {"end": "fail"}):
        run_id = house.make_run(**parameters)
        await until(lambda id=run_id: house.state(id) in TERMINAL, house)
        assert house.state(run_id) == "crashed"
    assert "exited with code 3" in (house.state_dir / "engine.log").read_text()


async def test_what_the_worker_reported_stands_although_the_last_word_is_missing(house: House) -> None:
    run_id, pid = await running(house)
    append(house.directory(run_id), lines(ended()[:1]))
    os.kill(pid, signal.SIGKILL)
    await until(lambda: house.state(run_id) in TERMINAL, house)
    assert house.state(run_id) == "completed"


async def test_a_report_that_makes_no_sense_ends_the_run_as_crashed_and_is_not_repeated(house: House) -> None:
    run_id, pid = await running(house)
    nonsense = ended()[0]._replace(state="splendid")
    append(house.directory(run_id), lines([nonsense]))
    os.kill(pid, signal.SIGKILL)
    await until(lambda: house.state(run_id) in TERMINAL, house)
    assert house.state(run_id) == "crashed"
    said = (house.directory(run_id) / "journal").read_bytes().count(b'"RunEnded"')
    house.tick(5.0)
    house.tick(5.0)
    assert (house.directory(run_id) / "journal").read_bytes().count(b'"RunEnded"') == said


async def test_a_last_word_that_the_history_cannot_take_is_said_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("not today")

    run_id, pid = await running(house)
    monkeypatch.setattr(Fold, "apply", refuse)
    os.kill(pid, signal.SIGKILL)
    journal_file = house.directory(run_id) / "journal"
    await until(lambda: b'"RunEnded"' in journal_file.read_bytes(), house)
    for _ in range(5):
        house.tick(2.0)
    assert journal_file.read_bytes().count(b'"RunEnded"') == 1


async def test_a_last_word_after_a_torn_line_is_read(house: House) -> None:
    run_id, pid = await running(house)
    append(house.directory(run_id), journal.encode(created(9))[:-20])
    os.kill(pid, signal.SIGKILL)
    await until(lambda: house.state(run_id) in TERMINAL, house)
    assert house.state(run_id) == "crashed"


async def test_the_processes_that_a_vanished_keeper_left_are_ended(house: House) -> None:
    run_id, pid = await running(house)
    spec = rundir.read_spec(house.directory(run_id))
    assert spec
    environment = {**os.environ, rundir.ENV_COOKIE: spec.cookie}
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    with (
        subprocess.Popen(sleep, env=environment, start_new_session=True) as left,
        subprocess.Popen(sleep, env={**environment, rundir.ENV_COOKIE: "other"}) as other,
    ):
        wait_until(lambda: lives_on(left.pid) and lives_on(other.pid))
        os.kill(pid, signal.SIGKILL)
        await until(lambda: house.state(run_id) in TERMINAL, house)
        assert left.wait(5) == -signal.SIGKILL
        assert other.poll() is None
        other.kill()
    assert "1 of its processes" in house.run(run_id).message


def lives_on(pid: int) -> bool:
    """Whether the process has got its own environment: it has been through exec."""
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return b"time.sleep" in file.read()


async def test_a_run_directory_that_was_deleted_ends_its_run(house: House) -> None:
    run_id, directory = make_run(house.state_dir, created_at=house.clock.now)
    append(directory, lines(started()))
    house.arrivals.hint()
    for name in ("journal", "spec.json"):
        house.tick()
        (directory / name).unlink(missing_ok=True)
    directory.rename(directory.with_name("elsewhere"))
    house.tick(2.0)
    house.tick(2.0)
    assert house.state(run_id) == "crashed"


async def test_a_run_whose_directory_cannot_be_used_holds_up_no_other(house: House) -> None:
    bad, directory = make_run(house.state_dir, created_at=house.clock.now)
    append(directory, lines(started()))
    (directory / "lock").symlink_to("/dev/null")
    house.arrivals.hint()
    run_id, pid = await running(house)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: house.state(run_id) in TERMINAL, house, 0.1)
    assert (house.state(bad), house.state(run_id)) == ("running", "crashed")
    assert (house.state_dir / "engine.log").read_text().count(f"run {bad}: cannot see to it") == 1


async def test_a_script_that_died_before_its_first_word_has_crashed(house: House) -> None:
    run_id, _ = make_run(house.state_dir, trigger="script", created_at=house.clock.now)
    house.arrivals.hint()
    house.tick()
    house.tick(1.0)
    assert house.state(run_id) == "pending"
    house.tick(2.0)
    assert house.state(run_id) == "crashed"


async def test_cancelling_a_queued_run_ends_it_at_once(make_house: Callable[..., House]) -> None:
    house = make_house(max_concurrent_runs=1)
    house.describe()
    await running(house)
    queued = house.make_run()
    house.tick()
    assert house.dispatcher.pending == 1
    assert house.rescuer.cancel(house.ingest.active[queued], "uid 0", False) == "cancelled"
    assert house.dispatcher.pending == 0
    assert house.starts(queued) == 0
    assert house.run(queued).message == "cancelled by uid 0"
    assert b"RunEnded" in (house.directory(queued) / "journal").read_bytes()


async def test_cancelling_a_run_that_is_being_started(house: House) -> None:
    run_id = house.make_run(until=str(house.settings.project / "go"))
    house.tick()
    assert house.supervisor.guards(run_id)
    state = house.rescuer.cancel(house.ingest.active[run_id], "uid 0", False)
    assert state == "cancelling"
    await until(lambda: house.state(run_id) in TERMINAL, house)
    assert house.state(run_id) == "cancelled"


@pytest.mark.parametrize("times", [1, 3])
async def test_cancelling_a_running_run_however_often(house: House, times: int) -> None:
    run_id, _ = await running(house, tasks=2)
    for _ in range(times):
        assert house.rescuer.cancel(house.ingest.active[run_id], "uid 0", False) == "cancelling"
    request = rundir.read_cancel(house.directory(run_id))
    assert request and request.by == "uid 0" and not request.kill
    await until(lambda: house.state(run_id) in TERMINAL, house)
    assert house.state(run_id) == "cancelled"
    assert [task.state for task in tasks.list_tasks(house.db, run_id)] == ["completed", "cancelled"]


@pytest.mark.parametrize("full", ["the history", "everything"])
async def test_a_full_disk_keeps_no_run_from_being_cancelled(
    house: House, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    run_id, _ = await running(house)

    def refuse_rows(*_: object) -> None:
        raise HistoryError("database or disk is full")

    def refuse_files(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(runs, "save_run", refuse_rows)
        if full == "everything":
            patch.setattr(rescuer, "write_cancel", refuse_files)
        assert house.rescuer.cancel(house.ingest.active[run_id], "uid 0", False) == "cancelling"
    await until(lambda: house.state(run_id) == "cancelled", house)


async def test_a_cancel_that_an_engine_died_over_is_made_again(
    house: House, make_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, _ = await running(house)
    with monkeypatch.context() as patch:
        patch.setattr("tui_flow.engine.rescuer.signal_holder", lambda *_: False)
        house.rescuer.cancel(house.ingest.active[run_id], "uid 0", False)
    house.crash()
    again = make_house()
    await until(lambda: again.state(run_id) in TERMINAL, again, 0.1)
    assert again.state(run_id) == "cancelled"


async def test_a_keeper_that_ends_before_it_can_listen_is_cancelled_not_crashed(house: House) -> None:
    run_id, pid = await running(house)
    house.rescuer.cancel(house.ingest.active[run_id], "uid 0", True)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: house.state(run_id) in TERMINAL, house)
    assert house.state(run_id) == "cancelled"


async def test_a_pid_that_belongs_to_somebody_else_now_is_never_signalled(house: House) -> None:
    """Only the lock counts: a journal may name any pid."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger:
        run_id, directory = make_run(house.state_dir, created_at=house.clock.now)
        append(directory, lines([journal.RunStarted(1.0, 1, stranger.pid, stranger.pid, "here", "3")]))
        house.arrivals.hint()
        house.tick(1.0)
        assert not signal_holder(directory / "lock", signal.SIGKILL)
        house.tick(1.0)
        assert house.state(run_id) == "crashed"
        assert stranger.poll() is None
        stranger.kill()
