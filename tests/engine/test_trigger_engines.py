"""Triggers of real flow files, in a real engine, with real runs; also when it is killed as it fires."""

import json
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow.contract.commands import EmitEvent, GetStatus, ListSchedules, Sync
from tui_flow.contract.errors import EngineError
from tui_flow.store import database, runs
from tui_flow.store.records import FlowRun

TELL = """
        import json
        from pathlib import Path

        def tell(given=None):
            with Path("told").open("a") as file:
                file.write(json.dumps([get_run_context().trigger, given]) + "\\n")
"""
"""What a flow's file writes of how it was fired."""


def told(engine: Running) -> list[list[object]]:
    path = engine.project / "told"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def runs_of(engine: Running, flow: str) -> list[FlowRun]:
    engine.ask(Sync())
    db = database.open_reader(engine.state_dir)
    try:
        return runs.list_runs(db, flow=flow, limit=10_000)
    finally:
        db.close()


def wait_ready(engine: Running) -> None:
    """Until every trigger that is declared is watched for."""
    engine.ask(Sync(files=True))
    wait_until(lambda: all(one["memory"] for one in engine.ask(ListSchedules())["schedules"]))


def test_an_event_and_then_the_end_of_its_run_fire_flows_that_are_told_why(engine: Running) -> None:
    engine.write(
        "shop.py",
        f"""
        from tui_flow import flow, get_run_context, on_event, on_flow
{TELL}
        @flow(schedule=on_event("day.closed", into="day"))
        def close(day: dict[str, int]):
            tell(day)

        @flow(schedule=on_flow(close, into="run"))
        def report(run: int):
            tell(run)
        """,
    )
    engine.serve("--stay")
    wait_ready(engine)
    engine.ask(EmitEvent("day.closed", {"n": 2}, "monday"))
    engine.ask(EmitEvent("day.closed", {"n": 2}, "monday"))
    wait_until(lambda: len(told(engine)) == 2, 20)
    (event, day), (end, run) = told(engine)
    assert day == {"n": 2} and run == 1
    assert isinstance(event, dict) and isinstance(end, dict)
    assert (event["kind"], event["payload"], event["key"]) == ("event", {"n": 2}, "monday")
    assert (end["kind"], end["flow"], end["run_id"], end["state"]) == ("flow", "close", 1, "completed")
    assert [len(runs_of(engine, flow)) for flow in ("close", "report")] == [1, 1]


@pytest.mark.parametrize("point", ["fire-before-commit", "fire-committed", "trigger-fired"])
def test_an_engine_that_is_killed_as_a_trigger_fires_leaves_one_run(engine: Running, point: str) -> None:
    engine.write(
        "shop.py",
        f"""
        from tui_flow import flow, get_run_context, on_event
{TELL}
        @flow(schedule=on_event("day.closed"))
        def close():
            tell()
        """,
    )
    first = engine.serve("--stay", TUI_FLOW_FAILPOINT=f"{point}:1:kill")
    wait_ready(engine)
    with suppress(EngineError, AssertionError):
        engine.ask(EmitEvent("day.closed", {}, "monday"), timeout=5)
    assert first.wait(10) == -signal.SIGKILL
    engine.hang_up()
    engine.ask(EmitEvent("day.closed", {}, "monday"))  # as a client does that was not answered
    wait_until(lambda: len(told(engine)) == 1, 20)
    engine.wait_for(runs_of(engine, "close")[0].id)
    assert len(runs_of(engine, "close")) == len(told(engine)) == 1


INBOX = f"""
        from tui_flow import flow, get_run_context, on_file
{TELL}
        @flow(schedule=on_file("in/*.csv", stable=1.0, into="path"))
        def load(path: Path):
            tell(len(path.read_text()))
"""


def wait_learned(engine: Running) -> None:
    wait_ready(engine)
    wait_until(lambda: "knows" in engine.ask(ListSchedules())["schedules"][0]["waits_for"])


def written_slowly(path: Path) -> bool:
    """Writes for longer than a file has to be still. False where a busy machine made this process pause too long."""
    longest, last = 0.0, time.monotonic()
    with path.open("w") as file:
        for _ in range(80):
            file.write("12345678\n")
            file.flush()
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
            time.sleep(0.02)
    return longest < 0.5


def test_a_file_fires_when_it_is_whole_and_again_when_it_is_another(engine: Running) -> None:
    engine.write("inbox.py", INBOX)
    folder = engine.project / "in"
    folder.mkdir()
    (folder / "old.csv").write_text("old")
    engine.serve("--stay")
    wait_learned(engine)
    name = next(f"{number}.csv" for number in range(20) if written_slowly(folder / f"{number}.csv"))

    def fired() -> list[tuple[int, object]]:
        return [(one["size"], length) for one, length in told(engine) if one["path"] == f"in/{name}"]  # type: ignore[index]

    wait_until(fired, 20)
    other = engine.project / "other"
    other.write_text("another")
    other.replace(folder / name)
    wait_until(lambda: len(fired()) > 1, 20)
    assert fired() == [(720, 720), (7, 7)]
    assert not [one for one, _ in told(engine) if one["path"] == "in/old.csv"]  # type: ignore[index]


@pytest.mark.parametrize("count", [30, pytest.param(1000, marks=pytest.mark.soak)])
def test_files_that_come_all_at_once_have_a_run_each_and_the_engine_answers_meanwhile(
    engine: Running, count: int
) -> None:
    engine.write("inbox.py", INBOX)
    folder = engine.project / "in"
    folder.mkdir()
    engine.serve("--stay")
    wait_learned(engine)
    for number in range(count):
        (folder / f"{number}.csv").write_text(str(number))
    waits: list[float] = []

    def all_told() -> bool:
        began = time.monotonic()
        engine.ask(GetStatus())
        waits.append(time.monotonic() - began)
        return len(told(engine)) == count

    wait_until(all_told, 20 + count / 20)
    assert sorted(waits)[len(waits) // 2] < 0.5
    paths = [one["path"] for one, _ in told(engine)]  # type: ignore[index]
    assert sorted(paths) == sorted(f"in/{number}.csv" for number in range(count))
    wait_until(lambda: {run.state for run in runs_of(engine, "load")} == {"completed"}, 30)
    assert len(runs_of(engine, "load")) == count


def test_a_condition_fires_for_what_it_says_also_from_a_file_that_was_broken_since(engine: Running) -> None:
    text = f"""
        from tui_flow import flow, get_run_context, on_condition
{TELL}
        def batch():
            path = Path("batch")
            return path.read_text() if path.exists() else None

        @flow(schedule=on_condition(batch, poll=0.2, into="name"))
        def work(name: str):
            tell(name)
        """
    engine.write("work.py", text)
    engine.serve("--stay")
    wait_ready(engine)
    (engine.project / "batch").write_text("7")
    wait_until(lambda: told(engine), 20)
    engine.write("work.py", text + "\n        raise OSError")
    engine.ask(Sync(files=True))
    (engine.project / "batch").write_text("8")
    wait_until(lambda: len(told(engine)) == 2, 20)
    assert told(engine) == [
        [{"kind": "condition", "function": "batch", "value": one}, one] for one in ("7", "8")
    ]


@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=pytest.mark.soak)])
def test_an_engine_that_is_killed_again_and_again_leaves_each_event_and_each_file_one_run(
    engine: Running, kills: int
) -> None:
    engine.write(
        "shop.py",
        f"""
        from tui_flow import flow, get_run_context, on_event, on_file, on_flow
{TELL}
        @flow(schedule=on_event("day.closed"))
        def close():
            tell()

        @flow(schedule=on_file("in/*.csv", stable=0.3))
        def load():
            tell()

        @flow(schedule=on_flow(["close", "load"]))
        def after():
            tell()
        """,
    )
    folder, chance = engine.project / "in", random.Random(5)
    folder.mkdir()
    engine.serve()
    wait_ready(engine)
    wait_until(
        lambda: all("looks" not in one["waits_for"] for one in engine.ask(ListSchedules())["schedules"])
    )
    for number in range(kills):
        (folder / f"{number}.csv").touch()
        engine.ask(EmitEvent("day.closed", {}, str(number)))
        time.sleep(chance.uniform(0.0, 0.3))
        engine.kill()
    engine.ask(Sync())
    wait_until(lambda: len(told(engine)) >= 4 * kills, 30 + kills)
    wait_until(lambda: {run.state for run in runs_of(engine, "after")} == {"completed"}, 30)
    counts = {flow: len(runs_of(engine, flow)) for flow in ("close", "load", "after")}
    assert counts == {"close": kills, "load": kills, "after": 2 * kills}
    causes = [cause for cause, _ in told(engine)]
    assert sorted(one["key"] for one in causes if one["kind"] == "event") == sorted(map(str, range(kills)))  # type: ignore[index]
    assert len({one["path"] for one in causes if one["kind"] == "file"}) == kills  # type: ignore[index]
    assert len({one["run_id"] for one in causes if one["kind"] == "flow"}) == 2 * kills  # type: ignore[index]
