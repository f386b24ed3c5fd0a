"""The whole engine, as a process: runs to their end, deaths of every kind, one engine a project."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow import client
from tui_flow.contract.changes import RunChanged
from tui_flow.contract.commands import (
    CancelRun,
    DescribeFile,
    GetStatus,
    RunFile,
    RunFlow,
    StopEngine,
    Subscribe,
    Sync,
)
from tui_flow.contract.errors import (
    BadParameters,
    BrokenFlow,
    EngineError,
    EngineSilent,
    HistoryError,
    NotCancellable,
    TuiFlowError,
    UnknownFlow,
    UnknownRun,
)
from tui_flow.contract.rundir import lock_holder
from tui_flow.settings import Settings
from tui_flow.store import database, runs, tasks

ETL = """
    import time
    from pathlib import Path
    from tui_flow import flow, task

    @task
    def load(number: int) -> int:
        return number * 2

    @flow
    def etl(count: int = 3, until: str = "", fail: bool = False):
        '''Loads.'''
        total = sum(load.map(range(count)).result())
        while until and not Path(until).exists():
            time.sleep(0.01)
        if fail:
            raise ValueError(f"{total} is not enough")
        return total
"""


@pytest.fixture(autouse=True)
def a_flow(engine: Running) -> None:
    engine.write("etl.py", ETL)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def read_tasks(engine: Running, run_id: int) -> list[tuple[int, str]]:
    db = database.open_reader(engine.state_dir)
    try:
        return [(task.id, task.state.value) for task in tasks.list_tasks(db, run_id)]
    finally:
        db.close()


def test_a_run_from_the_command_to_the_history(engine: Running) -> None:
    run_id = engine.run("etl", count=4)
    run = engine.wait_for(run_id)
    assert (run.state, run.exit_code, run.parameters["count"]) == ("completed", 0, 4)
    assert read_tasks(engine, run_id) == [(id, "completed") for id in range(1, 5)]


def test_a_failure_names_its_line(engine: Running) -> None:
    run = engine.wait_for(engine.run("etl", fail=True))
    assert run.state == "failed"
    assert run.failure is not None and run.failure.type == "ValueError"
    assert run.failure.path.endswith("flows/etl.py") and run.failure.line > 10


@pytest.mark.parametrize("seed", range(3))
def test_kill_9_on_the_engine_at_any_moment_loses_and_repeats_nothing(engine: Running, seed: int) -> None:
    chance = random.Random(seed)
    gate = engine.project / "go"
    ids = [engine.run("etl", count=60, until=str(gate)) for _ in range(3)]
    for _ in range(4):
        time.sleep(chance.random() * 0.2)  # the moment is what is varied: there is nothing to wait for
        engine.kill()
        engine.ask(GetStatus())
    gate.touch()
    for run_id in ids:
        assert engine.wait_for(run_id).state == "completed"
        assert read_tasks(engine, run_id) == [(id, "completed") for id in range(1, 61)]
        journal = (engine.state_dir / "runs" / str(run_id) / "journal").read_bytes()
        assert journal.count(b'"RunStarted"') == 1
    db = database.open_reader(engine.state_dir)
    assert [run.id for run in runs.list_runs(db)] == ids[::-1]
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


def test_a_run_goes_on_without_its_engine_and_the_next_one_adopts_it(engine: Running) -> None:
    gate = engine.project / "go"
    run_id = engine.run("etl", until=str(gate))
    engine.wait_for(run_id, "running")
    lock = engine.state_dir / "runs" / str(run_id) / "lock"
    keeper = lock_holder(lock)
    engine.ask(StopEngine())
    engine.hang_up()
    wait_until(lambda: lock_holder(engine.state_dir / "engine.lock") is None)
    assert lock_holder(lock) == keeper
    assert engine.read(run_id).state == "running"
    gate.touch()
    assert engine.wait_for(run_id).state == "completed"


def test_a_killed_keeper_shows_as_crashed_within_seconds(engine: Running) -> None:
    run_id = engine.run("etl", until="/nowhere")
    engine.wait_for(run_id, "running")
    keeper = lock_holder(engine.state_dir / "runs" / str(run_id) / "lock")
    assert keeper
    os.kill(keeper, signal.SIGKILL)
    assert engine.wait_for(run_id, timeout=2.0).state == "crashed"


def test_a_killed_keeper_leaves_none_of_the_runs_processes_behind(engine: Running) -> None:
    """Forked, never executed, in a session of its own: only its inherited environment tells whose it was."""
    pid_file = engine.project / "pid"
    engine.write(
        "stray.py",
        f"""
        import os, time
        from pathlib import Path
        from tui_flow import flow

        @flow
        def stray():
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    Path({str(pid_file)!r}).write_text(str(os.getpid()))
                    time.sleep(60)
                os._exit(0)
            time.sleep(60)
        """,
    )
    run_id = engine.run("stray")
    engine.wait_for(run_id, "running")
    wait_until(lambda: pid_file.exists() and pid_file.read_text())
    stray = int(pid_file.read_text())
    keeper = lock_holder(engine.state_dir / "runs" / str(run_id) / "lock")
    assert keeper
    os.kill(keeper, signal.SIGKILL)
    run = engine.wait_for(run_id, timeout=5)
    assert run.state == "crashed"
    wait_until(lambda: not is_alive(stray), 5, "the stray process to be gone")
    assert "of its processes were left, and ended" in run.message


def test_an_adopted_runs_killed_keeper_shows_as_crashed_within_seconds(engine: Running) -> None:
    run_id = engine.run("etl", until="/nowhere")
    engine.wait_for(run_id, "running")
    engine.kill()
    assert engine.read(run_id).state == "running"
    keeper = lock_holder(engine.state_dir / "runs" / str(run_id) / "lock")
    assert keeper
    os.kill(keeper, signal.SIGKILL)
    assert engine.wait_for(run_id, timeout=5.0).state == "crashed"


def test_a_running_run_is_cancelled(engine: Running) -> None:
    run_id = engine.run("etl", until="/nowhere")
    engine.wait_for(run_id, "running")
    assert engine.ask(CancelRun(run_id)) == {"state": "cancelling"}
    assert engine.wait_for(run_id).state == "cancelled"
    with pytest.raises(NotCancellable, match="cancelled"):
        engine.ask(CancelRun(run_id))
    with pytest.raises(UnknownRun):
        engine.ask(CancelRun(999))


def test_what_a_flow_cannot_be_run_with_is_refused(engine: Running) -> None:
    with pytest.raises(UnknownFlow) as unknown:
        engine.run("etll")
    assert "did you mean etl?" in unknown.value.next
    with pytest.raises(BadParameters) as bad:
        engine.run("etl", cuont=3)
    assert "'cuont'" in bad.value.what and "count: integer = 3" in bad.value.next
    engine.write("broken.py", "def broken(:\n")
    with pytest.raises(BrokenFlow) as broken:
        engine.run("broken")
    assert broken.value.where == "flows/broken.py:1"


@pytest.mark.parametrize("name", ["load-all", "nightly"])
def test_a_flow_whose_file_never_imported_is_told_apart_from_one_that_is_not_there(
    engine: Running, name: str
) -> None:
    engine.write("jobs.py", "@flow\ndef load_all(): ...\n\n@flow(name='nightly')\ndef other(: ...\n")
    engine.ask(Sync(files=True))
    with pytest.raises(BrokenFlow) as broken:
        engine.run(name)
    assert broken.value.where == "flows/jobs.py:5"
    with pytest.raises(UnknownFlow):
        engine.run("monthly")


def test_the_text_that_was_just_saved_is_what_runs(engine: Running) -> None:
    engine.ask(Sync(files=True))
    for number in range(3):
        engine.write("etl.py", ETL.replace("count: int = 3", f"count: int = 3, new_{number}: int = 0"))
        run = engine.wait_for(engine.run("etl", **{f"new_{number}": 5}))
        assert run.parameters[f"new_{number}"] == 5


def test_a_run_does_not_wait_for_the_disk_and_its_answer_does(engine: Running) -> None:
    engine.serve("--stay", TUI_FLOW_FAILPOINT="before-durable:1:sleep=1.5")
    with client.connect(engine.settings) as asker:
        asker.ask(Subscribe())
        began = time.monotonic()
        run_id = asker.ask(RunFlow("etl"))["run_id"]
        assert time.monotonic() - began >= 1.5
        told = [change.state for _, change in asker.changes(0) if isinstance(change, RunChanged)]
        assert "completed" in told and engine.read(run_id).state == "completed"


def test_a_script_is_in_the_history_too(engine: Running) -> None:
    path = engine.write("script.py", ETL + "\n    if __name__ == '__main__':\n        etl(count=2)\n")
    subprocess.run([sys.executable, str(path)], check=True, capture_output=True, cwd="/")
    engine.ask(Sync())
    db = database.open_reader(engine.state_dir)
    [run] = runs.list_runs(db)
    db.close()
    assert (run.trigger, run.state, run.path) == ("script", "completed", "flows/script.py")
    assert read_tasks(engine, run.id) == [(1, "completed"), (2, "completed")]


def test_a_file_that_runs_by_its_path_is_imported_once_to_know_its_flow_and_its_tasks(
    engine: Running,
) -> None:
    count = "open(__file__ + '.imports', 'a').write('x')\n"
    path = engine.write("_named.py", count + textwrap.dedent(ETL))
    run_id = int(engine.ask(RunFile(str(path), only=["lo*"]))["run_id"])
    assert engine.wait_for(run_id).state == "completed"
    told = engine.ask(DescribeFile(str(path), tasks=True))
    assert told["tasks"] == ["load"]
    imports = path.with_name("_named.py.imports").read_text()
    assert len(imports) == 3, "to know it, to run it, to describe it"


def test_a_script_is_seen_while_it_runs_and_can_be_cancelled(engine: Running) -> None:
    engine.ask(Sync())
    path = engine.write(
        "script.py", ETL + "\n    if __name__ == '__main__':\n        etl(until='/nowhere')\n"
    )
    with subprocess.Popen([sys.executable, str(path)], stdout=-3, stderr=-3) as script:
        db = database.open_reader(engine.state_dir)
        [run] = wait_until(lambda: [one for one in runs.list_runs(db) if one.state == "running"])
        db.close()
        engine.ask(CancelRun(run.id))
        assert engine.wait_for(run.id).state == "cancelled"
        assert script.wait(10) != 0


def test_of_two_engines_that_start_together_one_wins(engine: Running) -> None:
    for _ in range(20):
        pair = [engine.start("--stay"), engine.start("--stay")]
        wait_until(lambda pair=pair: [one for one in pair if one.poll() is not None])
        [loser] = [one for one in pair if one.poll() is not None]
        [winner] = [one for one in pair if one is not loser]
        assert loser.returncode == 3
        assert f"pid {winner.pid}" in loser.communicate()[1].decode()
        wait_until((engine.state_dir / "engine.sock").exists)
        assert engine.pid() == winner.pid
        engine.hang_up()
        winner.terminate()
        assert winner.wait(5) == 0


def test_clients_that_start_together_reach_the_same_engine(engine: Running) -> None:
    code = (
        "import sys; from tui_flow import client, settings; from tui_flow.contract.commands import GetStatus;"
        "print(client.connect(settings.load(sys.argv[1])[0]).ask(GetStatus())['pid'])"
    )
    clients = [
        subprocess.Popen([sys.executable, "-c", code, str(engine.project)], stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    pids = {one.communicate(timeout=20)[0] for one in clients}
    assert pids == {b"%d\n" % engine.pid()}


def test_an_engine_that_nobody_needs_ends_and_one_that_is_to_stay_stays(engine: Running) -> None:
    gone = engine.start(TUI_FLOW_IDLE_SECONDS="0.2")
    assert gone.wait(10) == 0
    assert not (engine.state_dir / "engine.sock").exists()
    stays = engine.serve("--stay", TUI_FLOW_IDLE_SECONDS="0.01")
    assert engine.pid() == stays.pid
    engine.hang_up()
    log = engine.state_dir / "engine.log"
    assert "nothing needs" not in log.read_text().splitlines()[-1]
    stays.terminate()
    assert stays.wait(2) == 0


def test_an_engine_stays_while_a_run_is_active(engine: Running) -> None:
    gate = engine.project / "go"
    started = engine.serve(TUI_FLOW_IDLE_SECONDS="0.4")
    run_id = engine.run("etl", until=str(gate))
    engine.wait_for(run_id, "running")
    engine.hang_up()
    with pytest.raises(subprocess.TimeoutExpired):
        started.wait(0.7)
    gate.touch()
    assert started.wait(5) == 0


def test_an_engine_whose_state_directory_is_replaced_ends_and_spoils_nothing(engine: Running) -> None:
    old = engine.serve("--stay")
    engine.wait_for(engine.run("etl"))
    engine.hang_up()
    engine.state_dir.rename(engine.project / "moved")
    run_id = engine.run("etl")
    assert engine.wait_for(run_id).state == "completed"
    assert old.wait(10) == 4
    assert engine.pid() != old.pid
    assert engine.read(run_id).state == "completed"
    assert (engine.state_dir / "engine.sock").exists()


def test_a_history_that_is_removed_under_the_engine_is_made_anew_from_the_journals(engine: Running) -> None:
    old = engine.serve("--stay")
    first = engine.run("etl")
    engine.wait_for(first)
    engine.hang_up()
    for path in engine.state_dir.glob("history.db*"):
        path.unlink()
    second = engine.run("etl")
    assert engine.wait_for(second).state == "completed"
    assert engine.read(first).state == "completed"
    assert old.wait(10) == 4 and engine.pid() != old.pid


def test_a_project_with_a_long_path_is_served(tmp_path: Path) -> None:
    project = tmp_path / ("deep-" * 20) / ("deeper-" * 20)
    (project / "flows").mkdir(parents=True)
    running = Running(project)
    running.write("etl.py", ETL)
    try:
        assert running.wait_for(running.run("etl")).state == "completed"
    finally:
        running.stop()


def test_a_history_that_the_engine_refuses_is_told_in_one_error(engine: Running) -> None:
    path = engine.state_dir / "history.db"
    path.write_text("not a database at all, but long enough to be looked at" * 9)
    with pytest.raises(HistoryError, match="damaged") as caught:
        client.connect(engine.settings)
    assert caught.value.where == str(path) and "db recover" in caught.value.next
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(HistoryError, match="newer") as caught:
        client.connect(engine.settings)
    assert caught.value.where == str(path) and "update" in caught.value.next


def test_an_engine_that_cannot_come_up_says_why(engine: Running) -> None:
    (engine.state_dir / "engine.log").write_text("an old complaint\n")
    (engine.state_dir / "history.db").symlink_to("nowhere")
    with pytest.raises(HistoryError) as caught:
        client.connect(engine.settings)
    assert "exit code 4" in caught.value.what
    assert "cannot use" in caught.value.where and "old complaint" not in caught.value.where


@pytest.mark.parametrize("name", ["engine.log", "engine.lock", "runs/last"])
def test_a_file_of_the_engine_that_it_cannot_use_is_told_at_once(engine: Running, name: str) -> None:
    path = engine.state_dir / name
    path.unlink(missing_ok=True)
    path.symlink_to("nowhere")
    started = time.monotonic()
    with pytest.raises(TuiFlowError) as caught:
        client.connect(engine.settings)
    path.unlink()
    assert caught.value.exit_code == 4
    assert str(path) in caught.value.where and "Traceback" not in caught.value.where
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("start", [True, False])
def test_an_engine_that_hangs_is_not_told_as_none(engine: Running, start: bool) -> None:
    stuck = engine.serve("--stay")
    os.kill(stuck.pid, signal.SIGSTOP)
    try:
        with pytest.raises(EngineSilent) as caught:
            client.connect(engine.settings, start=start, timeout=0.5)
        assert f"kill -9 {stuck.pid}" in caught.value.next
    finally:
        os.kill(stuck.pid, signal.SIGCONT)


def test_no_engine_is_started_where_none_is_wanted(engine: Running) -> None:
    with pytest.raises(EngineError, match="no engine is running"):
        client.connect(Settings(project=engine.project), start=False)
    assert lock_holder(engine.state_dir / "engine.lock") is None


def test_whoever_only_looks_for_an_engine_makes_no_state_directory(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no engine is running"):
        client.connect(Settings(project=tmp_path / "other"), start=False)
    assert not (tmp_path / "other").exists()
