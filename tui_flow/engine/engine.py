"""The engine of a project: watches flow files, starts runs, takes in what they report, and answers clients.

Each duty is a small object with one step, `tick(now)`, that does what is due and gives the time when it wants to be
asked again. All of them share one thread and one writing connection to the history.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol

from tui_flow.contract.changes import Change, EngineStopping, Snapshot
from tui_flow.contract.commands import Command
from tui_flow.contract.errors import HistoryDamaged, TuiFlowError
from tui_flow.contract.rundir import run_ids
from tui_flow.counting import counted
from tui_flow.engine import answers
from tui_flow.engine.arrivals import Arrivals
from tui_flow.engine.attempts import Attempts
from tui_flow.engine.bus import Bus
from tui_flow.engine.clock import Clock
from tui_flow.engine.discovery import Discovery
from tui_flow.engine.dispatcher import Dispatcher
from tui_flow.engine.ends import Ends
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.firing import Firing
from tui_flow.engine.home import Home
from tui_flow.engine.ingest import Ingest
from tui_flow.engine.pruner import Pruner
from tui_flow.engine.rescuer import Rescuer
from tui_flow.engine.room import Room
from tui_flow.engine.scheduler import Scheduler
from tui_flow.engine.server import Connection, Server
from tui_flow.engine.serving import Serving
from tui_flow.engine.settings_reader import SettingsReader
from tui_flow.engine.spool import Spool
from tui_flow.engine.supervisor import Supervisor
from tui_flow.engine.templates import Templates
from tui_flow.engine.triggers import Triggers
from tui_flow.engine.troubles import Troubles
from tui_flow.engine.watcher import Watcher
from tui_flow.engine.watching import Watching
from tui_flow.settings import Settings
from tui_flow.store import database
from tui_flow.store.records import FireTime, FlowRun


class Duty(Protocol):
    def tick(self, now: float) -> float:
        """Does what is due at the monotonic time `now`, and gives the time of its next step."""
        ...


class Alerts(Duty, Protocol):
    """What raises alerts: a duty that comes from outside, since neither it nor the engine knows the other."""

    @property
    def is_needed(self) -> bool:
        """Whether the engine has to be there for it."""
        ...

    def use(self, settings: Settings) -> None:
        """These settings count from now on."""

    def run_ended(self, run: FlowRun) -> None:
        """In the transaction that takes in the end of a run."""

    def fire_times_decided(self, decided: Iterable[FireTime]) -> None:
        """In the transaction that writes them down."""

    def hear(self, change: Change) -> None:
        """Is told every change."""

    def answer(self, command: Any, by: str) -> dict[str, Any]:
        """What a command about alerts gives. Raises TuiFlowError."""


MakeAlerts = Callable[[Settings, database.Connection, Clock, Callable[[Change], None], EngineLog], Alerts]


class Engine:
    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        log: EngineLog,
        lock: int,
        stay: bool,
        make_alerts: MakeAlerts,
    ) -> None:
        """`lock` is the descriptor of `engine.lock`, which the caller holds.

        Raises HistoryError where the history cannot be used.
        """
        self.settings, self.clock, self.log = settings, clock, log
        self.started_at = clock.time()
        was_there = database.is_there(settings.state_dir)
        self.db = database.open_writer(settings.state_dir)
        self.bus = Bus(Snapshot(os.getpid(), self.started_at))
        self.watcher = Watcher(settings, clock, log)
        self.settings_reader = SettingsReader(settings, self.watcher, self._use, self.bus, log)
        self.templates = Templates(settings, clock, log, self.wake)
        self.discovery = Discovery(
            settings, self.db, clock, self.watcher, self.bus, self.wake, self.templates, log
        )
        self.alerts = make_alerts(settings, self.db, clock, self.bus.publish, log)
        self.bus.listen(self.alerts.hear)
        self.ingest = Ingest(self.db, settings.state_dir, self.bus, log, self.alerts.run_ended)
        self.arrivals = Arrivals(self.db, settings.state_dir, self.ingest, log)
        self.supervisor = Supervisor(log, self.wake, templates=self.templates)
        self.room = Room(settings, self.db, self.bus, log)
        self.dispatcher = Dispatcher(
            settings, self.db, clock, self.ingest, self.supervisor, log, self.room.may_start
        )
        self.rescuer = Rescuer(self.db, clock, self.ingest, self.dispatcher, self.supervisor, log)
        self.attempts = Attempts(self.db, clock, self.ingest, self.dispatcher, self.supervisor, self.bus, log)
        self.firing = Firing(
            settings, self.db, clock, self.ingest, self.dispatcher, self.bus, log, self.rescuer.cancel,
            self.alerts.fire_times_decided,
        )  # fmt: skip
        if not was_there and (found := len(run_ids(settings.state_dir))):
            log.warn(f"there was no history: it is built from the journals of {counted(found, 'run')}")
        self.pruner = Pruner(settings, self.db, clock, self.bus, log)
        self.spool = Spool(self.db, settings.state_dir, clock, log)
        self.scheduler = Scheduler(self.db, clock, self.firing, self.bus, log, self.room.may_start, self.wake)
        self.serving = Serving(self.db, settings.state_dir, clock, self.scheduler, self.bus, log)
        self.ends = Ends(self.db, self.bus)
        watching = Watching(settings.project, self.db, clock, self.firing, self.wake_from_thread)
        self.triggers = Triggers(
            self.db, clock, self.scheduler, self.firing, watching, self.bus, log, self.room.may_start
        )
        self.home = Home(settings.state_dir, lock, log, self.stop)
        self.server = Server(settings, self._answer, self._hung_up, log)
        self._stay = stay
        self._needed_at = clock.monotonic()
        self._stopping = False
        self._awake = asyncio.Event()
        self._troubles = Troubles(self.room, log)

    async def run(self) -> None:
        """From the first client to the last. Until told to stop, or needed no more, over and over:

        1. take up the runs that were made elsewhere,
        2. take journals into the history,
        3. see to the runs that have no keeper, and begin the next attempt of those that wait for one,
        4. see which scripts serve flows still, and let fire times, and what triggers wait for, make runs,
        5. start the runs that wait, as far as there are slots,
        6. look at what changed in `flows/`, describe it and publish what it holds, and take over changed settings,
        7. hold flow files ready, imported, that are likely to be run,
        8. raise alerts about what lasts, send messages about them, and tell subscribers what was held back,
        9. make sure that the state directory and the history are still those that they were, and that there is room,
        10. prune what is no longer kept, a little at a time,
        11. sleep until the next step is due, or something wakes the engine.
        """
        loop = self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        await self.server.start()
        self.watcher.watch(self._hint(self.watcher.hint), self._hint(self.arrivals.hint))
        self.log.say(f"engine {os.getpid()} serves {self.settings.project}")
        duties: list[Duty] = [
            self.room, self.arrivals, self.ingest, self.spool, self.rescuer, self.attempts, self.serving,
            self.scheduler, self.triggers, self.dispatcher, self.watcher,
            self.settings_reader, self.discovery, self.templates, self.alerts, self.bus,
            self.home, self.pruner,
        ]  # fmt: skip
        while not self._stopping:
            self._awake.clear()
            now = self.clock.monotonic()
            due_at = min(self._step(duty, now) for duty in duties)
            await self._sleep_until(min(due_at, self._end_if_idle(now)))
        await self._end()

    def keep(self) -> None:
        """From now on it ends only when it is told to."""
        self._stay = True

    def stop(self) -> None:
        """Ends the engine in order, soon. Runs go on without it."""
        self._stopping = True
        self.wake()

    def wake(self) -> None:
        """Something is due before its time."""
        self._awake.set()

    def wake_from_thread(self) -> None:
        with suppress(RuntimeError):  # it has ended meanwhile
            self._loop.call_soon_threadsafe(self.wake)

    async def begin(self, run_id: int) -> None:
        """Starts a run that was just made, if it is its turn, and waits until no power loss can take it any more: the
        run does not wait for the disk. Raises EngineError."""
        self._step(self.dispatcher, self.clock.monotonic())
        self.wake()
        await self.dispatcher.wait_durable(run_id)

    def subscribe(self, connection: Connection) -> None:
        if connection in self.server.connections:
            self.bus.subscribe(connection)

    async def _answer(self, connection: Connection, command: Command) -> dict[str, Any]:
        if not self.home.check():
            raise ConnectionAbortedError  # hung up on, the client finds or starts the engine that is right
        return await answers.answer(self, connection, command)

    def read_settings(self) -> None:
        """Takes over what their file says now, whatever the kernel told of it."""
        now = self.clock.monotonic()
        self.watcher.look(now)
        self.settings_reader.tick(now)

    def _use(self, settings: Settings) -> None:
        """These settings count from now on; of runs, for those that begin."""
        for part in (
            self, self.watcher, self.templates, self.discovery, self.room, self.dispatcher, self.dispatcher.limits,
            self.firing, self.pruner,
        ):  # fmt: skip
            part.settings = settings
        self.alerts.use(settings)
        self.watcher.hint()  # its next look may be due sooner now
        self.wake()

    def _hung_up(self, connection: Connection) -> None:
        self.bus.unsubscribe(connection)
        self.serving.look_soon()
        self.wake()

    def _hint(self, hint: Callable[[], None]) -> Callable[[], None]:
        def take() -> None:
            hint()
            self.wake()

        return take

    def _step(self, duty: Duty, now: float) -> float:
        """One step of a duty. A full disk or a locked database is said once, and tried again. Raises HistoryDamaged."""
        name = type(duty).__name__
        try:
            due_at = duty.tick(now)
        except HistoryDamaged:
            raise  # nothing gets better by trying, and much may get worse
        except (TuiFlowError, OSError) as error:
            return self._troubles.note(name, error, now)
        self._troubles.forget(name)
        return due_at

    async def _sleep_until(self, due_at: float) -> None:
        seconds = due_at - self.clock.monotonic()
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        alarm = asyncio.get_running_loop().call_later(min(seconds, 3600.0), self._awake.set)
        await self._awake.wait()
        alarm.cancel()

    def _end_if_idle(self, now: float) -> float:
        """Stops an engine that started by itself once it has had no client, no run and no active schedule for a while."""
        if self._stay or self.settings.idle_seconds == 0:
            return float("inf")
        duties = (self.scheduler, self.serving, self.alerts)
        if self.server.connections or self.ingest.active or any(duty.is_needed for duty in duties):
            self._needed_at = now
        end_at = self._needed_at + self.settings.idle_seconds
        if now >= end_at:
            self.log.say("nothing needs the engine any more")
            self.stop()
        return end_at

    async def _end(self) -> None:
        self.bus.publish(EngineStopping())
        self.discovery.stop()
        self.templates.stop()
        is_home = self.home.is_ours()
        await self.server.stop(is_home)
        if is_home:
            self.db.close()
        self.log.say(f"engine {os.getpid()} has ended; runs go on")
