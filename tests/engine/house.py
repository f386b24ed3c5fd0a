"""The engine's duties put together by hand, with a clock that stands still until it is told the time."""

import asyncio
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.engine.fake_asker import FakeAsker
from tests.engine.fake_supervisor import FakeSupervisor
from tests.store.rows import a_file, a_flow
from tui_flow.contract import changes, rundir
from tui_flow.contract.changes import Change, Snapshot
from tui_flow.contract.schedules import Interval, Schedule, to_json
from tui_flow.contract.states import FlowRunState
from tui_flow.engine.arrivals import Arrivals
from tui_flow.engine.attempts import Attempts
from tui_flow.engine.bus import Bus
from tui_flow.engine.clock import Clock
from tui_flow.engine.dispatcher import Dispatcher
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.firing import Firing
from tui_flow.engine.ingest import Ingest
from tui_flow.engine.rescuer import Rescuer
from tui_flow.engine.scheduler import Scheduler
from tui_flow.engine.supervisor import Supervisor
from tui_flow.engine.triggers import Triggers
from tui_flow.engine.watching import Watching
from tui_flow.settings import Settings
from tui_flow.store import database, flows, runs
from tui_flow.store.records import FireTime, Flow, FlowRun

FAKE_KEEPER = str(Path(__file__).with_name("fake_keeper.py"))


def every(seconds: float, slug: str = "tick", **more: Any) -> dict[str, Any]:
    """A schedule as a flow file declares it."""
    return to_json(Schedule(Interval(seconds), slug, **more))


class FakeClock(Clock):
    """The same time for both, seconds since the epoch that only a test moves; until `set` sets the wall clock alone."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now
        self.ahead = 0.0

    def set(self, seconds: float) -> None:
        """The wall clock is set, by so many seconds."""
        self.ahead += seconds

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now + self.ahead


class Listener:
    """A subscriber that keeps what it is told, and reads as fast as the test says."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, Change]] = []
        self.waiting = 0

    def send(self, line: bytes) -> None:
        message = json.loads(line)
        change = changes.decode(message)
        assert change is not None
        self.heard.append((message["seq"], change))

    def waiting_bytes(self) -> int:
        return self.waiting

    @property
    def changes(self) -> list[Change]:
        return [change for _, change in self.heard]


class House:
    """An engine without watcher, discovery and server. `crash` and `House(project)` again is a kill and a restart."""

    def __init__(self, project: Path, fake: bool = False, **settings: Any) -> None:
        """With `fake`, runs have no processes: `self.fake` says what becomes of them."""
        self.settings = Settings(project=project, **settings)
        self.state_dir = rundir.open_state_dir(project)
        self.clock = FakeClock()
        self.log = EngineLog(self.state_dir)
        self.db = database.open_writer(self.state_dir)
        self.bus = Bus(Snapshot(os.getpid(), 0.0))
        self.listener = Listener()
        self.bus.subscribe(self.listener)
        self.ingest = Ingest(self.db, self.state_dir, self.bus, self.log)
        self.arrivals = Arrivals(self.db, self.state_dir, self.ingest, self.log)
        self.fake = FakeSupervisor(self.clock)
        self.supervisor: Any = self.fake if fake else Supervisor(self.log, lambda: None, (FAKE_KEEPER,))
        self.dispatcher = Dispatcher(
            self.settings, self.db, self.clock, self.ingest, self.supervisor, self.log
        )
        self.rescuer = Rescuer(self.db, self.clock, self.ingest, self.dispatcher, self.supervisor, self.log)

        self.attempts = Attempts(
            self.db, self.clock, self.ingest, self.dispatcher, self.supervisor, self.bus, self.log
        )
        self.firing = Firing(
            self.settings,
            self.db,
            self.clock,
            self.ingest,
            self.dispatcher,
            self.bus,
            self.log,
            self.rescuer.cancel,
            lambda decided: self.on_decided(decided),
        )
        self.on_decided: Callable[[Iterable[FireTime]], None] = lambda _: None

        self.scheduler = Scheduler(self.db, self.clock, self.firing, self.bus, self.log)
        self.asker = FakeAsker()
        watching = Watching(
            project, self.db, self.clock, self.firing, in_background=lambda call: call(), asker=self.asker
        )
        self.triggers = Triggers(
            self.db, self.clock, self.scheduler, self.firing, watching, self.bus, self.log
        )

    def tick(self, seconds: float = 0.0) -> None:
        """One step of every duty, so many seconds later."""
        self.clock.now += seconds
        for duty in (
            self.arrivals,
            self.ingest,
            self.rescuer,
            self.attempts,
            self.scheduler,
            self.triggers,
            self.dispatcher,
            self.bus,
        ):
            duty.tick(self.clock.now)

    def describe(self, *known: Flow) -> None:
        """Lets the history know these flows of one file, or a flow "etl"."""
        flows.save_described(self.db, a_file(described_at=self.clock.now), known or [a_flow()])

    def make_run(self, **parameters: Any) -> int:
        flow = flows.get_flow(self.db, "etl")
        assert flow is not None
        return self.dispatcher.make_run(flow, parameters, None, [], "command")

    def run(self, run_id: int) -> FlowRun:
        run = runs.get_run(self.db, run_id)
        assert run is not None
        return run

    def state(self, run_id: int) -> FlowRunState:
        return self.run(run_id).state

    def directory(self, run_id: int) -> Path:
        return rundir.run_dir(self.state_dir, run_id)

    def starts(self, run_id: int) -> int:
        """How often a keeper began the run."""
        path = self.directory(run_id) / "starts"
        return path.read_text().count("once") if path.exists() else 0

    def crash(self) -> None:
        """Ends as a kill would: nothing is said to anybody."""
        self.db.close()
        self.log.close()
        for active in self.ingest.active.values():
            active.tail.close()


async def until(
    condition: Callable[[], Any], house: House, seconds: float = 0.0, timeout: float = 10.0
) -> None:
    """Ticks the house until the condition holds; each tick is `seconds` later."""
    deadline = asyncio.get_running_loop().time() + timeout
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "waited in vain"
        house.tick(seconds)
        await asyncio.sleep(0.005)
