"""Flows that a script serves: there for as long as it holds its lock, whatever becomes of engine and script."""

import os
import pwd
import signal
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow import client
from tui_flow.contract import rundir
from tui_flow.contract.commands import (
    AnswerRun,
    EmitEvent,
    ForgetSchedule,
    GetQueue,
    ListSchedules,
    PauseSchedules,
    RunServed,
    ServeFlows,
    StopServing,
    Sync,
    WaitRun,
)
from tui_flow.contract.errors import (
    AlreadyServed,
    BadParameters,
    BrokenFlow,
    EngineError,
    UnknownFlow,
    UnknownSchedule,
)
from tui_flow.contract.failpoints import ENV_FAILPOINT
from tui_flow.contract.schedules import Cron, Interval, OnEvent, Schedule, to_json
from tui_flow.store import database, runs, schedules
from tui_flow.store.records import FlowRun

SOON = to_json(Schedule(Interval(0.2), "often"))
RARE = to_json(Schedule(Cron("0 3 1 1 *", "UTC"), "rare"))
FILE = """
    import time
    from pydantic import SecretStr
    from tui_flow import flow
    from tui_flow.runtime import deployment

    @flow
    def etl(day: str = "today", seconds: float = 0, token: SecretStr | None = None):
        print(deployment.name, deployment.version, deployment.id, day)
        time.sleep(seconds)
"""


class Script:
    """Stands for a script that serves: it holds the lock."""

    def __init__(self, engine: Running) -> None:
        folder = engine.state_dir / rundir.SERVING
        folder.mkdir(mode=0o700, exist_ok=True)
        self.engine, self.id = engine, uuid.uuid4().hex
        self.lock = rundir.take_lock(folder / self.id)

    def serve(
        self, *schedules: dict[str, Any], how: dict[str, Any] | None = None, **wish: Any
    ) -> dict[str, Any]:
        """Serves the flow of the file outside of `flows/`, or of another path."""
        return self.engine.ask(ServeFlows(self.id, [self.wish(*schedules, **wish)], **(how or {})))

    def wish(self, *schedules: dict[str, Any], **wish: Any) -> dict[str, Any]:
        path = str(self.engine.project / "work.py")
        return {"path": path, "flow": "etl", "name": "nightly", "schedules": list(schedules), **wish}

    def die(self) -> None:
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None


@pytest.fixture
def script(engine: Running) -> Iterator[Script]:
    path = engine.write("../work.py", FILE)
    assert path.is_file()
    script = Script(engine)
    yield script
    script.die()


def found(engine: Running) -> list[FlowRun]:
    db = database.open_reader(engine.state_dir)
    try:
        return runs.list_runs(db)
    finally:
        db.close()


def state(engine: Running) -> tuple[str, str | None]:
    (one,) = engine.ask(ListSchedules())["schedules"]
    return one["state"], one["paused_by"]


def test_a_served_flow_runs_at_its_times_with_its_parameters_tags_and_name(
    engine: Running, script: Script
) -> None:
    told = script.serve(SOON, parameters={"day": "monday"}, tags=["night"], version="v7")
    assert told["flows"][0]["schedules"][0]["slug"] == "often" and told["last_run_id"] == 0
    run_id = wait_until(lambda: [run.id for run in found(engine) if run.state == "completed"])[-1]
    run = engine.read(run_id)
    assert (run.flow, run.path, run.served, run.trigger) == ("etl", "work.py", "nightly", "schedule")
    assert (run.parameters["day"], run.tags) == ("monday", ["night"])
    log = (rundir.run_dir(engine.state_dir, run_id) / rundir.LOG).read_text()
    assert "nightly v7 etl/nightly monday" in log


def test_it_pauses_when_its_script_is_gone_and_is_back_with_it(engine: Running, script: Script) -> None:
    script.serve(SOON)
    wait_until(lambda: found(engine))
    script.die()
    wait_until(lambda: state(engine) == ("paused", "its server"))
    engine.kill()
    again = Script(engine)
    count = len(found(engine))
    assert state(engine) == ("paused", "its server") and len(found(engine)) == count
    again.serve(SOON)
    assert state(engine) == ("active", None)
    wait_until(lambda: len(found(engine)) > count)
    db = database.open_reader(engine.state_dir)
    rows = schedules.list_fire_times(db, schedules.list_schedules(db)[0].id, limit=1000)
    db.close()
    assert [row.message for row in rows if row.outcome == "skipped" and row.reason == "changed"] == [
        "nobody served it"
    ]
    again.die()


def test_a_script_that_died_with_the_engine_fires_nothing_more(engine: Running, script: Script) -> None:
    script.serve(SOON)
    wait_until(lambda: found(engine))
    engine.kill()
    script.die()
    count, died_at = len(found(engine)), time.time()
    assert state(engine)[0] == "paused"
    assert [run for run in found(engine)[: -count or None] if (run.scheduled_for or 0) > died_at] == []


def test_without_pause_at_its_end_the_engine_goes_on(engine: Running, script: Script) -> None:
    script.serve(SOON, how={"pauses_at_end": False})
    told = engine.ask(StopServing(script.id))
    assert (told["paused"], told["kept"]) == ([], ["etl/often"])
    count = len(found(engine))
    wait_until(lambda: len(found(engine)) > count + 1)
    assert state(engine) == ("active", None)


def test_a_persons_pause_outlives_the_script(engine: Running, script: Script) -> None:
    script.serve(RARE)
    engine.ask(PauseSchedules("etl", "rare"))
    assert engine.ask(StopServing(script.id))["paused"] == ["etl/rare"]
    Script(engine).serve(RARE)
    assert state(engine) == ("paused", pwd.getpwuid(os.getuid()).pw_name)


def test_one_name_is_served_by_one_script(engine: Running, script: Script) -> None:
    script.serve(RARE)
    other = Script(engine)
    with pytest.raises(AlreadyServed, match="another script serves etl/nightly"):
        other.serve(RARE)
    other.serve(
        to_json(Schedule(Cron("0 4 1 1 *", "UTC"), "weekly")), name="weekly", parameters={"day": "sunday"}
    )
    with pytest.raises(AlreadyServed, match="two schedules of flow 'etl' are named 'twice'"):
        engine.ask(
            ServeFlows(other.id, [other.wish({**RARE, "slug": "twice"}, name=name) for name in ("a", "b")])
        )
    with pytest.raises(AlreadyServed, match="served as 'weekly' with a schedule of the name 'weekly'"):
        script.serve({**RARE, "slug": "weekly"})
    script.die()
    other.serve(RARE)
    other.die()


def test_what_it_is_served_without_now_is_gone(engine: Running, script: Script) -> None:
    script.serve(SOON, RARE)
    script.serve(RARE)
    states = {one["slug"]: one["state"] for one in engine.ask(ListSchedules())["schedules"]}
    assert states == {"often": "gone", "rare": "active"}


def test_what_cannot_be_served_is_refused_with_its_reason(engine: Running, script: Script) -> None:
    never = to_json(Schedule(Cron("0 0 30 2 *", "UTC"), "never"))
    for wish, error, what in (
        ({"parameters": {"nonsense": 1}, "schedules": [RARE]}, BadParameters, "has no parameter 'nonsense'"),
        ({"schedules": [never]}, BadParameters, "etl/nightly cannot work"),
        ({"parameters": {"token": "hidden-1"}}, BadParameters, "token is a secret, and would be kept"),
        ({"schedules": [{**RARE, "parameters": {"token": "hidden-1"}}]}, BadParameters, "token is a secret"),
        ({"path": str(engine.project / "none.py")}, BrokenFlow, "no such flow file"),
        ({"flow": "other"}, UnknownFlow, "no flow 'other'"),
        ({"name": "a/b"}, BadParameters, "cannot be served as 'a/b'"),
    ):
        with pytest.raises(error, match=what):
            script.serve(**wish)
    script.die()
    with pytest.raises(BadParameters, match="no script holds"):
        script.serve()
    assert engine.ask(ListSchedules())["schedules"] == []


def test_it_runs_when_asked_by_its_name_and_an_equal_key_asks_for_the_same_run(
    engine: Running, script: Script
) -> None:
    script.serve(parameters={"day": "monday"})
    first = engine.ask(RunServed("ETL", "nightly", {"seconds": 0.1}, tags=["x"], idempotency_key="k"))
    assert engine.ask(WaitRun(first["run_id"], 20.0))["state"] == "completed"
    assert engine.read(first["run_id"]).parameters == {"day": "monday", "seconds": 0.1, "token": None}
    engine.kill()
    assert engine.ask(RunServed("etl", "nightly", idempotency_key="k")) == {
        "run_id": first["run_id"], "is_new": False,
    }  # fmt: skip
    assert engine.ask(RunServed("etl", "nightly", idempotency_key="l"))["is_new"]
    with pytest.raises(UnknownFlow, match="served as etl/weekly"):
        engine.ask(RunServed("etl", "weekly"))


@pytest.mark.parametrize(
    ("wish", "how", "why"),
    [({"limit": 1}, {}, "and may 1"), ({}, {"limit": 1}, "of the script that serves etl/nightly goes on")],
    ids=["of the flow", "of the script"],
)
def test_its_limits_hold(engine: Running, script: Script, wish: Any, how: Any, why: str) -> None:
    script.serve(how=how, **wish)
    first, second = (engine.ask(RunServed("etl", "nightly", {"seconds": 60}))["run_id"] for _ in range(2))
    engine.wait_for(first, "running")
    assert engine.ask(WaitRun(second, 0.0))["state"] == "pending"
    assert why in engine.ask(GetQueue())["waiting"][0]["why"]


def test_locks_of_scripts_that_died_unheard_are_swept_away(engine: Running, script: Script) -> None:
    folder = engine.state_dir / rundir.SERVING
    old, young = folder / ("0" * 32), folder / ("1" * 32)
    for path in (old, young):
        path.touch()
    os.utime(old, (0, 0))
    os.utime(folder / script.id, (0, 0))
    script.serve(RARE)
    assert {path.name for path in folder.iterdir()} == {young.name, script.id}


def test_nothing_is_left_of_a_script_that_said_that_it_ends(engine: Running, script: Script) -> None:
    script.serve(RARE)
    engine.ask(StopServing(script.id))
    assert list((engine.state_dir / rundir.SERVING).iterdir()) == []


def test_what_nobody_serves_any_more_can_be_forgotten(engine: Running, script: Script) -> None:
    script.serve(RARE)
    with pytest.raises(AlreadyServed, match="a script serves etl/nightly"):
        engine.ask(ForgetSchedule("etl", "rare"))
    script.die()
    wait_until(lambda: state(engine)[0] == "paused")
    engine.ask(ForgetSchedule("ETL", "nightly"))
    assert engine.ask(ListSchedules())["schedules"] == []
    with pytest.raises(UnknownFlow):
        engine.ask(RunServed("etl", "nightly"))
    with pytest.raises(UnknownSchedule):
        engine.ask(ForgetSchedule("etl", "nightly"))


def test_a_declared_schedule_is_forgotten_only_once_it_is_gone(engine: Running) -> None:
    text = "from tui_flow import flow\nfrom tui_flow.schedules import Cron\n\n@flow({})\ndef own(): ...\n"
    engine.write("own.py", text.format('schedule=Cron("0 3 1 1 *", slug="yearly")'))
    engine.ask(Sync(files=True))
    with pytest.raises(BadParameters, match="declared in its flow file"):
        engine.ask(ForgetSchedule("own", "yearly"))
    engine.write("own.py", text.format(""))
    engine.ask(Sync(files=True))
    engine.ask(ForgetSchedule("own", "yearly"))
    assert engine.ask(ListSchedules())["schedules"] == []


def test_a_served_file_in_flows_runs_as_it_is_now(engine: Running, script: Script) -> None:
    path = engine.write("inside.py", FILE.replace("def etl", "def inside"))
    engine.ask(Sync(files=True))
    script.serve(SOON, path=str(path), flow="inside")
    engine.write("inside.py", FILE.replace("def etl", "def inside").replace("print(", 'print("anew", '))
    engine.ask(Sync(files=True))
    count = len(found(engine))
    run_id = wait_until(
        lambda: [run.id for run in found(engine) if run.state == "completed"][: -count or None]
    )[0]
    assert "anew" in (rundir.run_dir(engine.state_dir, run_id) / rundir.LOG).read_text()


def test_an_event_may_be_what_a_served_flow_waits_for(engine: Running, script: Script) -> None:
    script.serve(to_json(Schedule(OnEvent("day.closed"), "on-close")), parameters={"day": "monday"})
    engine.ask(EmitEvent("day.closed", {}, "1"))
    (run,) = wait_until(lambda: [run for run in found(engine) if run.state == "completed"])
    assert (run.served, run.trigger, run.parameters["day"]) == ("nightly", "trigger", "monday")
    script.die()
    wait_until(lambda: state(engine)[0] == "paused")
    engine.ask(EmitEvent("day.closed", {}, "2"))
    engine.ask(Sync())
    assert len(found(engine)) == 1


def test_an_engine_killed_before_it_told_the_script_serves_it_all_the_same(
    engine: Running, script: Script
) -> None:
    dying = engine.serve("--stay", **{ENV_FAILPOINT: "served-stored:1:kill"})
    with pytest.raises(EngineError), client.connect(engine.settings) as connection:
        connection.ask(ServeFlows(script.id, [script.wish(RARE)]))
    assert dying.wait(10) == -signal.SIGKILL
    assert state(engine) == ("active", None)
    script.serve(RARE)
    assert state(engine) == ("active", None)
    script.die()
    wait_until(lambda: state(engine) == ("paused", "its server"))


ASKS = """
    from tui_flow import flow, pause_flow_run, suspend_flow_run

    @flow
    def pauses():
        assert pause_flow_run(wait_for_input=int) == 7

    @flow
    def suspends():
        assert suspend_flow_run(wait_for_input=int) == 7
"""


@pytest.mark.parametrize("flow", ["pauses", "suspends"])
def test_an_answer_outlives_the_engine_that_was_killed_over_it(engine: Running, flow: str) -> None:
    engine.write("asks.py", ASKS)
    dying = engine.serve("--stay", **{ENV_FAILPOINT: "answer-given:1:kill"})
    run_id = engine.run(flow)
    engine.wait_for(run_id, "paused")
    with pytest.raises(EngineError), client.connect(engine.settings) as connection:
        connection.ask(AnswerRun(run_id, {"value": 7}))
    assert dying.wait(10) == -signal.SIGKILL
    engine.hang_up()
    assert engine.wait_for(run_id).state == "completed"
