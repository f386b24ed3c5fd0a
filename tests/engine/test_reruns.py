"""A run that is over begins anew, as the next attempt of the same run."""

import subprocess
import sys

import pytest

from tests.engine.running import Running
from tui_flow.contract import journal, rundir
from tui_flow.contract.commands import CancelRun, PreviewRerun, RerunRun
from tui_flow.contract.errors import BadParameters, BrokenFlow, NotRerunnable, UnknownRun
from tui_flow.store import database, runs, tasks
from tui_flow.store.records import Attempt

ETL = """
    import time
    from pathlib import Path
    from tui_flow import flow, task

    @task
    def load(number: int) -> int:
        with Path("loaded").open("a") as file:
            file.write(f"{number}\\n")
        return number * 2

    @flow
    def etl(mood: str = "bad", count: int = 2):
        total = sum(load(number) for number in range(count))
        while mood == "slow":
            time.sleep(0.01)
        if mood == "bad" and not Path("good").exists():
            raise ValueError(f"{total} is not enough")
        return total
"""


@pytest.fixture(autouse=True)
def a_flow(engine: Running) -> None:
    engine.write("etl.py", ETL)


def attempts(engine: Running, run_id: int) -> list[Attempt]:
    db = database.open_reader(engine.state_dir)
    try:
        return runs.list_attempts(db, run_id)
    finally:
        db.close()


def task_states(engine: Running, run_id: int) -> list[tuple[int, str]]:
    db = database.open_reader(engine.state_dir)
    try:
        return [(task.id, task.state.value) for task in tasks.list_tasks(db, run_id)]
    finally:
        db.close()


def test_a_failed_run_completes_as_its_second_attempt(engine: Running) -> None:
    run_id = engine.run("etl")
    failed = engine.wait_for(run_id)
    assert failed.state == "failed"
    (engine.project / "good").touch()
    assert engine.ask(RerunRun(run_id)) == {"run_id": run_id, "attempt": 2}
    run = engine.wait_for(run_id, "completed")
    assert (run.attempt, run.failure, run.first_task_run_id, run.is_partial) == (2, None, 3, True)
    assert [id for id, _ in task_states(engine, run_id)] == [3, 4]
    (first,) = attempts(engine, run_id)
    assert (first.attempt, first.state, first.ended_at) == (1, "failed", failed.ended_at)
    assert first.failure == failed.failure
    engine.ask(RerunRun(run_id, force=True))
    assert not engine.wait_for(run_id, "completed").is_partial, "it reused nothing"


def test_a_cancelled_run_is_not_cancelled_again_by_the_old_request(engine: Running) -> None:
    run_id = engine.run("etl", mood="slow")
    engine.wait_for(run_id, "running")
    engine.ask(CancelRun(run_id))
    engine.wait_for(run_id, "cancelled")
    engine.ask(RerunRun(run_id, {"mood": "good"}))
    run = engine.wait_for(run_id)
    assert (run.state, run.attempt, run.parameters) == ("completed", 2, {"mood": "good", "count": 2})
    assert [attempt.state for attempt in attempts(engine, run_id)] == ["cancelled"]


def test_a_run_that_was_cancelled_before_it_began_waits_again_as_the_attempt_that_it_was(
    engine: Running,
) -> None:
    engine.write("one.py", """
        import time
        from pathlib import Path
        from tui_flow import flow

        @flow(max_concurrent_runs=1)
        def one():
            while not Path("go").exists():
                time.sleep(0.01)
    """)  # fmt: skip
    first, second = engine.run("one"), engine.run("one")
    engine.wait_for(first, "running")
    for _ in range(2):
        engine.ask(CancelRun(second))
        assert engine.wait_for(second, "cancelled").started_at is None
        assert engine.ask(RerunRun(second)) == {"run_id": second, "attempt": 1}
        assert engine.read(second).state == "pending"
    (engine.project / "go").touch()
    assert engine.wait_for(second, "completed").attempt == 1
    assert attempts(engine, second) == []
    lines = (rundir.run_dir(engine.state_dir, second) / rundir.JOURNAL).read_bytes().splitlines()
    ends = [event for event in map(journal.decode, lines) if isinstance(event, journal.RunEnded)]
    assert [end.state for end in ends] == ["completed"], "a history that is made anew of it says the same"
    assert engine.ask(RerunRun(second))["attempt"] == 2


def test_a_rerun_that_was_cancelled_before_it_began_keeps_what_was_asked_of_it(engine: Running) -> None:
    engine.write("etl.py", ETL.replace("@flow", "@flow(max_concurrent_runs=1)"))
    run_id = engine.run("etl")
    engine.wait_for(run_id, "failed")
    slow = engine.run("etl", mood="slow")
    engine.wait_for(slow, "running")
    spec_of = rundir.run_dir(engine.state_dir, run_id)
    for wishes in (
        {"from_tasks": ["load"], "strict": True},
        {"only": ["lo*"]},
        {"only_failed": True},
        {"force": True},
        {"original_code": True},
    ):
        engine.ask(RerunRun(run_id, **wishes))  # type: ignore[arg-type]
        asked = rundir.read_spec(spec_of)
        engine.ask(CancelRun(run_id))
        engine.wait_for(run_id, "cancelled")
        engine.ask(RerunRun(run_id))
        assert rundir.read_spec(spec_of) == asked
        engine.ask(CancelRun(run_id))
        engine.wait_for(run_id, "cancelled")
    assert engine.ask(PreviewRerun(run_id))["reuse"] == 2
    engine.ask(RerunRun(run_id, from_tasks=["load"]))
    engine.ask(CancelRun(run_id))
    engine.wait_for(run_id, "cancelled")
    assert engine.ask(PreviewRerun(run_id))["reuse"] == 0
    assert engine.ask(PreviewRerun(run_id, only_failed=True))["reuse"] == 2, "unless somebody says otherwise"


def test_an_engine_that_is_killed_right_after_the_answer_forgets_no_attempt(engine: Running) -> None:
    run_id = engine.run("etl")
    engine.wait_for(run_id)
    engine.ask(RerunRun(run_id, {"mood": "good"}))
    engine.kill()
    assert engine.wait_for(run_id, "completed").attempt == 2
    events = (engine.state_dir / "runs" / str(run_id) / "journal").read_bytes().splitlines()
    started = [
        event.attempt for event in map(journal.decode, events) if isinstance(event, journal.RunStarted)
    ]
    assert started == [1, 2]


def test_a_run_can_be_rerun_again_and_again(engine: Running) -> None:
    run_id = engine.run("etl")
    for attempt in (2, 3, 4):
        engine.wait_for(run_id, "failed")
        assert engine.ask(RerunRun(run_id))["attempt"] == attempt
    assert engine.wait_for(run_id).attempt == 4
    assert [attempt.attempt for attempt in attempts(engine, run_id)] == [1, 2, 3]


def test_what_cannot_be_rerun_is_refused(engine: Running) -> None:
    with pytest.raises(UnknownRun):
        engine.ask(RerunRun(99))
    run_id = engine.run("etl", mood="slow")
    engine.wait_for(run_id, "running")
    with pytest.raises(NotRerunnable, match="is not over: it is running"):
        engine.ask(RerunRun(run_id))
    engine.ask(CancelRun(run_id))
    engine.wait_for(run_id, "cancelled")
    with pytest.raises(BadParameters, match="has no parameter 'modo'"):
        engine.ask(RerunRun(run_id, {"modo": "good"}))
    engine.write("etl.py", "def broken(:")
    with pytest.raises(BrokenFlow):
        engine.ask(RerunRun(run_id))
    (engine.project / "flows" / "etl.py").unlink()
    with pytest.raises(NotRerunnable, match="has lost its flow file"):
        engine.ask(RerunRun(run_id))
    assert engine.read(run_id).attempt == 1


def test_the_original_code_runs_whatever_the_file_says_now(engine: Running) -> None:
    run_id = engine.run("etl")
    assert engine.wait_for(run_id).state == "failed"
    engine.write("etl.py", "def broken(:")
    (engine.project / "good").touch()
    engine.ask(RerunRun(run_id, original_code=True))
    run = engine.wait_for(run_id)
    assert (run.state, run.attempt) == ("completed", 2)
    first, second = attempts(engine, run_id)[0].source_sha, run.source_sha
    assert first == second and (engine.state_dir / rundir.SOURCES / f"{first}.py").is_file()


def test_a_run_that_a_script_made_reruns_in_a_process_of_its_own(engine: Running) -> None:
    path = engine.write("etl.py", ETL + "\n    if __name__ == '__main__':\n        etl(mood='bad')\n")
    script = subprocess.run(
        [sys.executable, str(path)], cwd=engine.project, capture_output=True, text=True, check=False
    )
    assert script.returncode == 1 and "is not enough" in script.stderr
    assert engine.wait_for(1, "failed").trigger == "script"
    (engine.project / "good").touch()
    engine.ask(RerunRun(1))
    assert engine.wait_for(1).state == "completed"
    assert [state for _, state in task_states(engine, 1)] == ["cached", "cached"]
