"""Between the engine and the screens: one connection, one reader of the history, and no rows over the wire.

A change from the engine says only what to read again. Reading happens in a thread of its own, at most four times a
second, and the screens are told when there is something new. A change that was missed (a gap in the numbers) means
that everything is read again; a connection that broke is made again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from tui_flow.contract import changes, commands
from tui_flow.contract.errors import (
    EngineError,
    EngineSilent,
    HistoryError,
    HistoryMissing,
    ReadOnly,
    TuiFlowError,
)
from tui_flow.contract.states import FlowRunState
from tui_flow.settings import Settings
from tui_flow.store.advance import Advance, Pace
from tui_flow.store.records import Artifact, Attempt, FlowRun, TaskRun
from tui_flow.tui.first_failures import FirstFailures
from tui_flow.tui.presentation import activity
from tui_flow.tui.presentation.flow_list import EMPTY, STRIP, Overview, spoken_of

Found = TypeVar("Found")
STOPPED = EngineError("the engine is stopped", next=":restart, or tui-flow engine start, starts it")
"""What a question hears that is no reason to start one."""
OTHER = "of another version"
"""How an engine is that was started before an upgrade."""
_CHANGES_OF_THE_OVERVIEW = (
    changes.RunChanged, changes.FlowFileChanged, changes.ScheduleChanged, changes.AlertChanged,
)  # fmt: skip
PAUSE_SECONDS = 0.25
"""Between two readings of the history."""
PULSE_SECONDS = 5.0
"""Between two questions whether the engine is well; nothing of it goes to the terminal."""
STALE_SECONDS = 5.0
"""An engine that has not answered by then hangs, or has far too much to do."""
ANSWER_SECONDS = 20.0
"""An answer is waited for so long, and before that an engine."""
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
"""Between attempts to reach an engine."""


class RunReading(NamedTuple):
    """What has changed of the run on the screen."""

    run_id: int
    run: FlowRun | None
    changed: list[TaskRun]
    artifacts: list[Artifact] = []  # noqa: RUF012
    """New ones, and those that changed."""
    attempts: list[Attempt] = []  # noqa: RUF012
    """The earlier ones."""


class Audience(Protocol):
    """Who wants to know."""

    def take_overview(self, overview: Overview) -> None: ...
    def take_advances(self, overview: Overview) -> None:
        """Runs have come further; the rest of the overview is what it was."""

    def wants_advances(self) -> bool: ...
    def take_run(self, reading: RunReading) -> None: ...
    def take_engine(self, state: str, error: TuiFlowError | None) -> None:
        """ "connecting", "ok", OTHER, "stale" (it is silent), "gone" (it died, or cannot be reached) or "stopped" (somebody
        ended it)."""

    def take_room(self, reason: str) -> None:
        """Why the engine starts no run for now, such as a full disk; empty where it does, or there is none."""

    def take_settings(self, trouble: str) -> None:
        """The settings' file was saved; `trouble` is why it does not count in the engine."""

    def take_trouble(self, error: TuiFlowError | None) -> None:
        """The history cannot be read, or (None) can be again."""


class Bridge:
    """Follows the engine of a project, and reads its history, for one audience."""

    def __init__(
        self,
        settings: Settings,
        audience: Audience,
        connect: Callable[..., Awaitable[Any]] | None = None,
        *,
        read_only: ReadOnly | None = None,
    ):
        """`read_only` says why nothing is asked for that changes anything, and no engine is started."""
        self.settings, self._audience, self.read_only = settings, audience, read_only
        self._connect = connect or _connect_async
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._heard_at = time.monotonic()
        self._db: Any = None
        self._is_another = False
        self._connection: Any = None
        self._is_stopped = read_only is not None
        """Whether no engine is to be started: somebody ended it, and nobody has asked for anything that needs one since."""
        self._well = "ok"
        """What the audience is told of an engine that answers."""
        self._connected = asyncio.Event()
        self._wake_up = asyncio.Event()
        self._stale = asyncio.Event()
        self._hurry = asyncio.Event()
        """Somebody waits for another run, and not for the pause to end."""
        self.has_audience = asyncio.Event()
        """Whether there is a screen that could show what is told; the history is read meanwhile."""
        self._has_read = asyncio.Event()
        """Whether the audience has been told of the history, or why it cannot be read."""
        self._overview_is_stale = self._run_is_stale = False
        self._watched: int | None = None
        self._overview = EMPTY
        self._advances: dict[int, Advance] = {}
        self._paces: dict[str, Pace] = {}
        self._further: set[int] = set()
        """Runs that have come further since that was read."""
        self.failures = FirstFailures()
        self._known: Callable[[], tuple[int, float]] = lambda: (-1, 0.0)

    async def run(self) -> None:
        """Reads once, so that there is something to see; then follows the engine, for ever. Raises whatever is a defect."""
        self.read_again()
        try:
            await asyncio.gather(self._read_when_stale(), self._follow_once_read())
        finally:
            self._stop_reading()

    async def ask(self, command: commands.Command) -> dict[str, Any]:
        """What the engine answers; starts one if there is none, but for a mere question not one that somebody stopped.
        Raises what it refuses, ReadOnly, and EngineError."""
        only_reads = isinstance(command, commands.READING)
        if self.read_only and not only_reads:
            raise self.read_only
        if not self._connected.is_set():
            if self._is_stopped and only_reads:
                raise STOPPED
            self._is_stopped = False
            self._wake_up.set()
        is_asked = False
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._connected.wait()
                is_asked = True
                return await self._connection.ask(command)  # type: ignore[no-any-return]
        except TimeoutError:
            what = "the engine does not answer" + (
                ", and may still do it" if is_asked and not only_reads else ""
            )
            raise EngineError(what, next="tui-flow engine status says more") from None

    def watch(self, run_id: int | None, known: Callable[[], tuple[int, float]] = lambda: (-1, 0.0)) -> None:
        """Follows one run; `known` tells the newest revision of its task runs, and when the newest of its artifacts
        changed, of those that are known already."""
        self._watched, self._known = run_id, known
        self._run_is_stale = run_id is not None
        self._stale.set()
        self._hurry.set()

    def read_again(self) -> None:
        self._overview_is_stale = self._run_is_stale = True
        self._stale.set()

    def read_advances(self) -> None:
        """Where runs are is looked at now, and was not before."""
        self._further |= {run.id for run in self._overview.active_runs()}
        self.look_at_advances()

    def look_at_advances(self) -> bool:
        """Reads how far those runs are that came further; `take_advances` follows. Whether there are any.

        Asked once a second, and not with every task: each look costs a slow line some bytes.
        """
        if self._further:
            self._stale.set()
        return bool(self._further)

    async def read(self, question: Callable[[Any], Found]) -> Found:
        """What a function finds in the history, in the reader's thread. Raises HistoryError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask_history, question)

    # The engine.

    async def _follow_once_read(self) -> None:
        await self._has_read.wait()
        await self._keep_connected()

    async def _keep_connected(self) -> None:
        attempt = 0
        while True:
            start = not self._is_stopped
            try:
                self._connection = await self._connect(self.settings, start=start)
            except TuiFlowError as error:
                gone = "stale" if isinstance(error, EngineSilent) else "gone"
                self._audience.take_engine(gone if start else "stopped", error if start else None)
                await self._wait_woken(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
                attempt += 1
                continue
            self._wake_up.clear()
            self._connected.set()
            await self._follow_until_it_ends()
            attempt = 0
            self._audience.take_engine("stopped" if self._is_stopped else "gone", None)

    async def _wait_woken(self, seconds: float) -> None:
        """Waits, but not while somebody wants something of the engine."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake_up.wait(), seconds)
        self._wake_up.clear()

    async def _follow_until_it_ends(self) -> None:
        """Takes in the changes of one connection."""
        last: int | None = None
        self._heard_at = time.monotonic()
        pulse = asyncio.create_task(self._feel_pulse(self._connection))
        try:
            with suppress(TuiFlowError, OSError):  # it is gone
                await self._connection.ask(commands.Subscribe())
                await self._compare_versions()
                async for seq, change in self._connection.changes():
                    self._heard_at = time.monotonic()
                    if last is not None and seq != last + 1:
                        self.read_again()
                    last = seq
                    if isinstance(change, changes.EngineStopping):
                        self._is_stopped = True
                        return
                    self._mark(change)
        finally:
            pulse.cancel()
            self._connected.clear()
            self._audience.take_room("")
            await self._connection.close()

    async def _compare_versions(self) -> None:
        from tui_flow.client.other_version import other_version

        is_other = other_version(await self._connection.ask(commands.GetStatus()))
        self._well = OTHER if is_other else "ok"
        self._audience.take_engine(self._well, None)

    async def replace_engine(self) -> None:
        """Ends the engine that is there; whatever is asked for next starts one of this version. Raises as `ask`."""
        connection = self._connection
        await self.ask(commands.StopEngine())
        while self._connection is connection and self._connected.is_set():
            await asyncio.sleep(PAUSE_SECONDS / 10)

    @property
    def silent_seconds(self) -> float:
        """Since the engine said something last."""
        return time.monotonic() - self._heard_at

    async def _feel_pulse(self, connection: Any) -> None:
        """Asks the engine for a word now and then, and tells while none comes: one that hangs keeps its socket open."""
        with suppress(TuiFlowError, OSError):  # it is gone, which is told elsewhere
            while True:
                await asyncio.sleep(PULSE_SECONDS)
                asked = asyncio.ensure_future(connection.ask(commands.GetStatus()))
                done, _ = await asyncio.wait([asked], timeout=STALE_SECONDS)
                if not done:
                    self._audience.take_engine("stale", None)
                await asked
                self._heard_at = time.monotonic()
                if not done:
                    self._audience.take_engine(self._well, None)

    def _mark(self, change: changes.Change | None) -> None:
        """Notes what a change makes stale."""
        if isinstance(change, changes.Snapshot):
            self._is_stopped = (
                self.read_only is not None
            )  # only now: one that is ending takes connections, too
            self._is_another = True  # another engine may serve another history, such as a restored one
            self._audience.take_room(change.no_room)
            self.read_again()
            return
        if isinstance(change, changes.RoomChanged):
            self._audience.take_room(change.reason)
        if isinstance(change, changes.SettingsChanged):
            self._audience.take_settings(change.trouble)
        if isinstance(change, _CHANGES_OF_THE_OVERVIEW):
            self._overview_is_stale = True
        if isinstance(change, changes.RunChanged | changes.TasksChanged) and change.run_id == self._watched:
            self._run_is_stale = True
        if isinstance(change, changes.TasksChanged) and self._audience.wants_advances():
            self._further.add(change.run_id)
        if self._overview_is_stale or self._run_is_stale:
            self._stale.set()

    # The history.

    async def _read_when_stale(self) -> None:
        while True:
            await self._stale.wait()
            self._stale.clear()
            overview, self._overview_is_stale = self._overview_is_stale, False
            run_id = self._watched if self._run_is_stale else None
            self._run_is_stale = False
            try:
                if run_id is not None:
                    reading = await self.read(partial(_read_run, run_id=run_id, known=self._known()))
                    if run_id == self._watched:
                        self._audience.take_run(reading)
                if overview:
                    found = await self.read(self._read_overview)
                    waiting, limits = await self._why_runs_wait(found)
                    self._overview = found._replace(waiting=waiting, limits=limits)
                    await self.has_audience.wait()
                    self._audience.take_overview(self._overview)
                await self._follow_advances()
                self._audience.take_trouble(None)
            except HistoryError as error:
                await self.has_audience.wait()
                self._take_trouble(error)
            self._has_read.set()
            self._hurry.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), PAUSE_SECONDS)

    async def _follow_advances(self) -> None:
        """Reads where those runs are that came further, and of new ones, once the overview is on the screen."""
        if not self._audience.wants_advances():
            return
        active = {run.id: run.flow for run in self._overview.active_runs()}
        further = {id for id in active if id in self._further or id not in self._advances}
        self._further.clear()
        if further:
            await self.read(partial(self._read_advances, active=active, further=further))
            self._overview = self._overview._replace(advances=dict(self._advances), paces=dict(self._paces))
            self._audience.take_advances(self._overview)

    def _read_advances(self, db: Any, active: dict[int, str], further: set[int]) -> None:
        from tui_flow.store import advance

        kept = {id: found for id, found in self._advances.items() if id in active}
        self._advances = kept | {id: advance.of_run(db, id) for id in further}
        paces = {flow: self._overview.usual_run(flow) for flow in set(active.values())}
        self._paces = {
            flow: known
            if (known := self._paces.get(flow)) and known.run_id == run.id
            else advance.pace_of(db, run)
            for flow, run in paces.items()
            if run is not None
        }

    async def _why_runs_wait(self, overview: Overview) -> tuple[dict[int, str], dict[int, str]]:
        """In words, and in a few letters, by run; nothing where none waits, or the engine cannot say."""
        waits = overview.counts.get(FlowRunState.PENDING) or overview.counts.get(FlowRunState.SCHEDULED)
        if not waits or not self._connected.is_set():
            return {}, {}
        try:
            answer = await asyncio.wait_for(self._connection.ask(commands.GetQueue()), 5)
        except (TuiFlowError, OSError, TimeoutError):
            return {}, {}
        waiting = answer.get("waiting", ())
        return (
            {int(run["run_id"]): str(run["why"]) for run in waiting},
            {int(run["run_id"]): str(run.get("limit", "")) for run in waiting},
        )

    def _read_overview(self, db: Any) -> Overview:
        from tui_flow.store import alerts, flows, runs, schedules

        last = runs.last_runs(db, STRIP)
        spoken = [run for found in last.values() if (run := spoken_of(found))]
        return Overview(
            flows.list_flow_files(db),
            flows.list_flows(db),
            last,
            runs.active_counts(db),
            self.failures.of(db, [*spoken, *activity.failed_of(last, activity.MOST)]),
            schedules.list_schedules(db),
            schedules.list_pauses(db),
            alerts.list_alerts(db),
            flows.callers(db),
            advances=dict(self._advances),
            paces=dict(self._paces),
        )

    def _take_trouble(self, error: HistoryError) -> None:
        """A project without a history yet is merely empty."""
        if isinstance(error, HistoryMissing):
            self._audience.take_overview(EMPTY)
        else:
            self._audience.take_trouble(error)

    def _stop_reading(self) -> None:
        """What is being read is not wanted any more; the process would wait for it at its end."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        if (db := self._db) is not None:
            with suppress(db.ProgrammingError):  # it has been closed meanwhile
                db.interrupt()

    def _ask_history(self, question: Callable[[Any], Found]) -> Found:
        from tui_flow.store import database, looking

        if self._is_another and self._db is not None:
            self._db.close()
            self._db = None
        self._is_another = False
        try:
            if self._db is None:
                self._db = database.open_reader(self.settings.state_dir, newer=self.read_only is not None)
            with (
                looking.as_far_as_understood(self.settings.state_dir),
                database.readable(self.settings.state_dir),
            ):
                return question(self._db)
        except HistoryError:
            if self._db is not None:
                self._db.close()
                self._db = None
            raise


def _read_run(db: Any, run_id: int, known: tuple[int, float]) -> RunReading:
    from tui_flow.store import artifacts, runs, tasks

    changed = tasks.list_tasks(db, run_id, since_revision=known[0])
    shown = artifacts.list_of_run(db, run_id, since=known[1])
    run = runs.get_run(db, run_id)
    attempts = runs.list_attempts(db, run_id) if run is not None and run.attempt > 1 else []
    return RunReading(run_id, run, changed, shown, attempts)


async def _connect_async(settings: Settings, *, start: bool) -> Any:
    from tui_flow.client import connect_async

    return await connect_async(settings, start=start)
