"""Everything that can die, dies at random; in the end what must be true, is.

The invariants: a fire time has one row (I1), a run that is over stays as it ended (I2), what is shown as running holds
its lock within seconds (I3), no more runs are at work than may (I4), every fire time is decided (I5), the history says
what the journals say (I6), no process is left of a run that is over (I7), and fire times are decided in their order (I8).
"""

import json
import os
import random
import signal
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.engine.running import Running
from tests.faults.ledger import STEPS, all_runs, assert_sound
from tests.waiting import wait_until
from tui_flow import client
from tui_flow.contract import rundir
from tui_flow.contract.commands import CancelRun, EmitEvent, PauseSchedules, RunFlow, Sync
from tui_flow.contract.errors import TuiFlowError
from tui_flow.contract.states import TERMINAL, FireOutcome
from tui_flow.store import database, schedules, tasks
from tui_flow.store import runs as runs_of
from tui_flow.store.records import FlowRun

WILD = """
    import os, signal, subprocess, time
    from tui_flow import flow, task
    from tui_flow.schedules import Interval, on_event

    @task(retries=1, retry_delay_seconds=0.2)
    def work(kind: str) -> None:
        if kind == "fails":
            raise ValueError("no such luck")
        if kind == "exits":
            os._exit(0)
        if kind == "dies":
            os.kill(os.getpid(), signal.SIGSEGV)
        if kind == "leaves":
            subprocess.Popen(["sleep", "300"], start_new_session=True)
        time.sleep({"long": 5.0, "short": 0.3}.get(kind, 0.01))

    @flow
    def wild(kind: str) -> None:
        work.submit(kind).result()

    @flow(schedule=Interval(1.0, slug="second", overlap="allow", catchup="all"))
    def ticking(): ...

    @flow(schedule=on_event("news"))
    def heard(): ...
"""
ENDS = {
    "short": {"completed"}, "leaves": {"completed"}, "long": {"completed"}, "fails": {"failed"}, "exits": {"failed"},
    "dies": {"crashed"},
}  # fmt: skip
"""How a run ends that nobody meddles with."""
AT_WORK = ("running", "cancelling")
MOST = 12
LIMITS = {
    "TUI_FLOW_MAX_CONCURRENT_RUNS": str(MOST),
    "TUI_FLOW_IDLE_SECONDS": "0",
    "TUI_FLOW_GRACE_SECONDS": "1",
}


class Chaos:
    def __init__(self, engine: Running, chance: random.Random) -> None:
        self.engine, self.chance = engine, chance
        self.process = engine.serve("--stay", **LIMITS)
        engine.ask(Sync(files=True))
        self.asked: dict[int, str] = {}
        """Runs that were acknowledged, and what they are to do."""
        self.meddled: set[int] = set()
        """Runs that somebody cancelled or killed: they may end in several ways."""
        self.over: dict[int, str] = {}
        """Runs that were seen to be over, and how."""
        self.events: set[str] = set()

    def go_on(self, seconds: float) -> None:
        acts = [
            self.run,
            self.run,
            self.run,
            self.emit,
            self.cancel,
            self.kill_one,
            self.kill_engine,
            self.look,
        ]
        self.run()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with suppress(TuiFlowError, OSError):
                self.chance.choice(acts)()
            time.sleep(self.chance.uniform(0, 0.15))  # how close faults follow each other is drawn by lot

    def ask(self, command: object) -> dict[str, object]:
        with client.connect(self.engine.settings, start=False) as connection:
            return connection.ask(command)  # type: ignore[arg-type,no-any-return]

    def run(self) -> None:
        kind = self.chance.choice(list(ENDS))
        self.asked[int(self.ask(RunFlow("wild", {"kind": kind}))["run_id"])] = kind  # type: ignore[call-overload]

    def emit(self) -> None:
        key = f"{self.chance.random()}"
        self.ask(EmitEvent("news", {}, key))
        self.events.add(key)

    def cancel(self) -> None:
        run_id = self.chance.choice(list(self.asked))
        self.meddled.add(run_id)
        self.ask(CancelRun(run_id, kill=self.chance.random() < 0.3))

    def kill_one(self) -> None:
        """A worker, a keeper, or both, whichever comes first."""
        run_id = self.chance.choice(list(self.asked))
        keeper = rundir.lock_holder(rundir.run_dir(self.engine.state_dir, run_id) / rundir.LOCK)
        if keeper is None:
            return
        self.meddled.add(run_id)
        children = Path(f"/proc/{keeper}/task/{keeper}/children")
        workers = [int(pid) for pid in children.read_text().split()]
        for pid in self.chance.choice([workers[:1], [keeper], [keeper, *workers]]):
            os.kill(pid, signal.SIGKILL)

    def kill_engine(self) -> None:
        self.process.kill()
        self.process.wait(10)
        self.engine.hang_up()
        self.process = self.engine.start("--stay", **LIMITS)
        wait_until(lambda: rundir.lock_holder(self.engine.state_dir / "engine.lock") == self.process.pid)

    def look(self) -> None:
        """What is over stays as it is, no more runs are at work than may, and each of them has its keeper."""
        found = all_runs(self.engine.state_dir)
        going = [run.id for run in found if run.state in AT_WORK]
        assert len(going) <= MOST, f"{len(going)} runs at once"
        for run_id in going:
            wait_until(
                lambda id=run_id: self._is_told_truly(id), 10, f"run {run_id} to have a keeper or an end"
            )  # type: ignore[misc]
        for run in found:
            if run.state in TERMINAL:
                assert self.over.setdefault(run.id, run.state) == run.state, (
                    f"run {run.id} changed when it was over"
                )

    def _is_told_truly(self, run_id: int) -> bool:
        """Whether a run that is shown as at work holds its lock."""
        lock = rundir.run_dir(self.engine.state_dir, run_id) / rundir.LOCK
        if rundir.lock_holder(lock) is not None:
            return True
        with closing(database.open_reader(self.engine.state_dir)) as db:
            run = runs_of.get_run(db, run_id)
        return run is not None and run.state not in AT_WORK

    def come_to_rest(self) -> None:
        self.engine.ask(PauseSchedules())
        wait_until(self._is_at_rest, 90, "every run to be over")
        self.look()

    def _is_at_rest(self) -> bool:
        self.engine.ask(Sync())
        return all(run.state in TERMINAL for run in all_runs(self.engine.state_dir))


@pytest.mark.parametrize("seconds", [6.0, pytest.param(1800.0, marks=pytest.mark.soak)])
def test_whatever_dies_what_must_be_true_is_true_in_the_end(engine: Running, seconds: float) -> None:
    engine.write("steps.py", STEPS)
    engine.write("wild.py", WILD)
    seed = random.randrange(10**6)
    print("seed", seed)
    chaos = Chaos(engine, random.Random(seed))
    chaos.go_on(seconds)
    chaos.come_to_rest()
    runs = {run.id: run for run in all_runs(engine.state_dir)}
    assert set(chaos.asked) <= set(runs), "an acknowledged run is gone"
    for run_id, kind in chaos.asked.items():
        if run_id not in chaos.meddled:
            assert runs[run_id].state in ENDS[kind], (kind, runs[run_id])
        assert kind not in ("exits", "dies", "fails") or runs[run_id].state != "completed"
    for run in runs.values():
        assert_the_journal_says_so(engine.state_dir, run)
        assert rundir.lock_holder(rundir.run_dir(engine.state_dir, run.id) / rundir.LOCK) is None
    assert_every_fire_time_is_decided_once(engine.state_dir, chaos.events)
    assert_sound(engine.state_dir)
    with suppress(AssertionError):
        wait_until(lambda: processes_of_runs(engine.state_dir) == [], 5)
    left = processes_of_runs(engine.state_dir)
    assert not left, "\n".join(left)


def assert_the_journal_says_so(state_dir: Path, run: FlowRun) -> None:
    path = rundir.run_dir(state_dir, run.id) / rundir.JOURNAL
    if not path.exists():
        assert run.state == "cancelled" and run.started_at is None
        return
    events = [json.loads(line) for line in path.read_bytes().splitlines() if line.endswith(b"}")]
    ends = [event for event in events if event["event"] == "RunEnded"]
    assert len(ends) == 1 and ends[0]["state"] == run.state, (run, ends)
    with closing(database.open_reader(state_dir)) as db:
        stored = {task.id for task in tasks.list_tasks(db, run.id)}
    assert {event["id"] for event in events if event["event"] == "TaskCreated"} == stored


def assert_every_fire_time_is_decided_once(state_dir: Path, events: set[str]) -> None:
    with closing(database.open_reader(state_dir)) as db:
        rows = {
            schedule.flow: schedules.list_fire_times(db, schedule.id, limit=100_000)
            for schedule in schedules.list_schedules(db)
        }
    slots = sorted(at for row in rows["ticking"] for at in ([row.fire_at] if row.times == 1 else []))
    assert len(slots) == len(set(slots)), "a fire time has two rows"
    in_order = [row.fire_at for row in sorted(rows["ticking"], key=lambda row: row.id)]
    assert in_order == sorted(set(in_order)), "a fire time was decided before an earlier one"
    decided = sum(row.times for row in rows["ticking"])
    assert decided == round(max(row.until or row.fire_at for row in rows["ticking"]) - slots[0]) + 1
    assert all((row.outcome is FireOutcome.RUN) == (row.run_id is not None) for row in rows["ticking"])
    heard = [str(row.event_key) for row in rows["heard"] if row.run_id is not None]
    assert len(heard) == len(set(heard)) and events <= {key.rpartition("/")[2] for key in heard}


def _is_of_a_run(mark: bytes) -> bool:
    """A template, and what it holds ready, has a mark of full length that names no run."""
    return Path(os.fsdecode(mark.partition(b"=")[2])).is_dir()


def processes_of_runs(state_dir: Path) -> list[str]:
    """Processes that belong to a run of this project: their ids, states, run directories and command lines."""
    mark = f"TUI_FLOW_RUN_DIR={state_dir}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            variables = (entry / "environ").read_bytes().split(b"\0") if entry.name.isdigit() else []
            directory = next((one for one in variables if one.startswith(mark)), None)
            if directory is not None and _is_of_a_run(directory):
                name, _, rest = (entry / "stat").read_text().partition(")")
                state, parent, *_ = rest.split()
                command = (entry / "cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ").decode()
                about = [f"{name}) {state}, child of {parent}:", str(directory, "utf-8"), command]
                found.append(" ".join(about))
    return found
