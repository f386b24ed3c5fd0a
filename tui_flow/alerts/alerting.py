"""Raises alerts in the transactions that write down what they are about, and sends messages while nobody looks.

The engine is its host, and neither knows the other: `engine/__main__.py` puts them together. What happens (runs that
end, fire times that are missed) comes in with the row that says so; what lasts (broken files, late runs, pauses, a full
disk) is looked at when something has changed, and once in a while.
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from tui_flow.alerts import happenings, messages, rules, throttle
from tui_flow.alerts.happenings import Happening
from tui_flow.alerts.notifier import Delivery, Notifier, channels_of
from tui_flow.contract import changes, commands
from tui_flow.contract.asked_by import is_debugged
from tui_flow.contract.changes import AlertChanged, Change
from tui_flow.contract.errors import BadParameters, HistoryError, UnknownAlert, UnknownFlow
from tui_flow.contract.flow_names import same_name
from tui_flow.contract.states import WENT_WRONG, FlowRunState
from tui_flow.settings import Settings
from tui_flow.store import alerts, flows, runs, schedules, tasks
from tui_flow.store.database import Connection, transaction
from tui_flow.store.records import Alert, FireTime, FlowRun, Mute

LOOK_SECONDS = 10.0
"""Between two looks at what lasts, if nothing is heard."""
SOON_SECONDS = 0.5
"""After something is heard; a save is often followed by another."""
BUSY_SECONDS = 0.1
"""Between two looks at messages that are on their way."""
MAX_NOTE = 2_000
"""Characters of a note."""
MAX_MUTE_SECONDS = 366 * 86_400.0
_STALE = (changes.FlowFileChanged, changes.ScheduleChanged, changes.RoomChanged)


class Clock(Protocol):
    def time(self) -> float: ...
    def monotonic(self) -> float: ...


class Log(Protocol):
    def say(self, text: str) -> None: ...
    def warn(self, text: str) -> None: ...


class Alerting:
    """A duty of the engine."""

    def __init__(
        self,
        settings: Settings,
        db: Connection,
        clock: Clock,
        publish: Callable[[Change], None],
        log: Log,
        notifier: Notifier,
    ) -> None:
        self._settings, self._db, self._clock, self._log = settings, db, clock, log
        self._publish, self._notifier = publish, notifier
        self._changed: dict[str, None] = {}  # fingerprints of alerts that clients are to be told of
        self._look_at = 0.0
        self._no_room = ""
        self._sent: list[float] = []
        self._on_their_way: set[int] = set()
        self._tries: dict[int, int] = {}

    @property
    def is_needed(self) -> bool:
        """Whether a message is due or on its way, for which the engine has to be there."""
        return self._notifier.has_channels and (
            self._notifier.is_busy or alerts.next_owed_at(self._db) is not None
        )

    def use(self, settings: Settings) -> None:
        """Messages go through the channels of these settings from now on."""
        self._settings = settings
        self._notifier.use(channels_of(settings))

    # What happens, in the transaction that writes it down.

    def run_ended(self, run: FlowRun) -> None:
        """Raises an alert of a run that failed, and ends those that a run that completed is the end of."""
        with self._harmless(f"run {run.id}"):
            self._run_ended(run)

    def _run_ended(self, run: FlowRun) -> None:
        if run.state is FlowRunState.COMPLETED:
            self._recover_flow(run)
        elif run.state in WENT_WRONG and not is_debugged(run.trigger, run.attempt):
            self._raise(happenings.of_run(run, tasks.first_failed(self._db, run.id, run.first_task_run_id)))

    def fire_times_decided(self, decided: Iterable[FireTime]) -> None:
        """Raises an alert of those that make no run, but should have."""
        with self._harmless("fire times"):
            self._fire_times_decided([one for one in decided if happenings.makes_no_run(one)])

    def _fire_times_decided(self, unfired: list[FireTime]) -> None:
        if not unfired:
            return
        known = {schedule.id: schedule for schedule in schedules.list_schedules(self._db)}
        for one in unfired:
            if one.schedule in known:
                self._raise(happenings.of_fire_time(known[one.schedule], one))

    @contextmanager
    def _harmless(self, about: str) -> Iterator[None]:
        """What an alert cannot be made of must not keep the history from being written."""
        try:
            yield
        except HistoryError:
            raise
        except Exception as error:
            self._log.warn(f"no alert could be made of {about}: {error!r}")

    def _raise(self, what: Happening | None) -> None:
        if what is None:
            return
        now = self._clock.time()
        mute = alerts.get_mute(self._db, what.flow) if what.flow else None
        muted = mute is not None and (mute.until is None or now < mute.until)
        alert = rules.happened(self._like(what), what, now, muted=muted)
        if not self._notifier.has_channels:
            alert = alert._replace(owed_at=None)
        self._save(alert)

    def _like(self, what: Happening) -> Alert | None:
        """The alert that it belongs to; also one that an older version raised, which told errors apart in another way."""
        there = alerts.get_like(self._db, what.fingerprint)
        if there is not None:
            return there
        found = alerts.list_open(self._db, what.flow)
        return next((one for one in found if happenings.fingerprint_of(one) == what.fingerprint), None)

    def _recover_flow(self, run: FlowRun) -> None:
        found = alerts.list_open(self._db, run.flow)
        for alert in found:
            if rules.is_over_with(alert, run):
                self._save(rules.recovered(alert, f"run {run.id}", self._clock.time()))
        mute = alerts.get_mute(self._db, run.flow)
        if mute is not None and mute.until is None:
            alerts.unmute(self._db, run.flow)

    def _save(self, alert: Alert) -> None:
        alerts.save(self._db, alert)
        self._changed[alert.fingerprint] = None

    # What lasts, and messages.

    def hear(self, change: Change) -> None:
        """Something changed that may matter."""
        if isinstance(change, changes.RoomChanged):
            self._no_room = change.reason
        if isinstance(change, _STALE):
            self._look_at = min(self._look_at, self._clock.monotonic() + SOON_SECONDS)

    def tick(self, now: float) -> float:
        """Looks at what lasts, tells clients what changed, and sends what is due."""
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._look()
        self._tell()
        self._take_results()
        due_at = self._send_due()
        wall = self._clock.time()
        if self._notifier.is_busy:
            return now + BUSY_SECONDS
        return min(self._look_at, now + max(0.0, due_at - wall)) if due_at is not None else self._look_at

    def _look(self) -> None:
        now = self._clock.time()
        found = [
            *(happenings.of_file(file) for file in flows.list_flow_files(self._db)),
            *(happenings.of_waiting(run, now) for run in runs.list_active(self._db)),
            *(happenings.of_pause(pause) for pause in schedules.list_pauses(self._db)),
            happenings.of_room(self._no_room, now),
        ]
        there = {what.fingerprint: what for what in found if what is not None}
        known = {
            alert.fingerprint: alert
            for alert in alerts.list_open(self._db)
            if alert.kind in happenings.CONDITIONS
        }
        restated = [
            after for before in known.values() if (after := self._restated(before, there, now)) != before
        ]
        if there.keys() == known.keys() and not restated:
            return
        with transaction(self._db):
            for alert in restated:
                self._save(alert)
            for fingerprint in there.keys() - known.keys():
                self._raise(there[fingerprint])
            for fingerprint in known.keys() - there.keys():
                self._save(rules.recovered(known[fingerprint], "", now))

    def _restated(self, alert: Alert, there: dict[str, Happening], now: float) -> Alert:
        what = there.get(alert.fingerprint)
        return alert if what is None else rules.restated(alert, what, now)

    def _tell(self) -> None:
        """Clients are told once it is in the history for good."""
        changed, self._changed = self._changed, {}
        for fingerprint in changed:
            alert = alerts.get_like(self._db, fingerprint)
            if alert is not None:
                self._publish(AlertChanged(alert.id, alert.state))

    def _send_due(self) -> float | None:
        """Sends one message about all that is due, if it may. Gives the wall time of the next one."""
        if not self._notifier.has_channels:
            return None
        now = self._clock.time()
        at = throttle.next_at(alerts.next_owed_at(self._db), self._sent)
        if at is None or self._notifier.is_busy:
            return None
        if at > now:
            return at
        owed = alerts.list_owed(self._db, now)
        ids = tuple(alert.id for alert in owed)
        self._on_their_way = set(ids)
        self._sent = [*self._sent, now][-throttle.MOST :]
        text = messages.message(owed, self._settings.project.name, socket.gethostname(), now)
        self._notifier.begin(text, ids)
        return None

    def _take_results(self) -> None:
        results = self._notifier.results()
        if not results:
            return
        now = self._clock.time()
        with transaction(self._db):
            for result in results:
                self._keep(result, now)
            if not self._notifier.is_busy:
                self._settle(now)

    def _keep(self, result: Delivery, now: float) -> None:
        for id in result.alerts:
            alerts.keep_message(self._db, id, result.channel, now, result.is_sent, result.said)
            if result.is_sent:
                self._on_their_way.discard(id)
                self._done(id, now)
        if not result.is_sent:
            self._log.warn(f"an alert did not go out through {result.channel}: {result.said}")

    def _settle(self, now: float) -> None:
        """All channels are through: what none of them took is due again later, but not for ever."""
        for id in self._on_their_way:
            self._tries[id] = self._tries.get(id, 0) + 1
            alert = alerts.get_alert(self._db, id)
            if self._tries[id] >= throttle.MOST_TRIES or alert is None:
                self._done(id, now)
            elif alert.owed_at is not None:
                self._save(alert._replace(owed_at=now + throttle.RETRY_SECONDS))
        self._on_their_way = set()

    def _done(self, id: int, now: float) -> None:
        """Nothing is owed about it any more."""
        alert = alerts.get_alert(self._db, id)
        self._tries.pop(id, None)
        if alert is not None:
            self._save(alert._replace(owed_at=None, sent_at=now))

    # Commands.

    def answer(self, command: Any, by: str) -> dict[str, Any]:
        """What a command about alerts gives. Raises TuiFlowError."""
        with transaction(self._db):
            answer: dict[str, Any] = _ANSWERS[type(command)](self, command, by)
        self._tell()
        return answer

    def _acknowledge(self, command: commands.AcknowledgeAlerts, by: str) -> dict[str, Any]:
        now, changed = self._clock.time(), []
        for id in command.alerts:
            alert = self._alert(id)
            after = rules.renewed(alert, now) if command.undo else rules.acknowledged(alert, by, now)
            if after != alert:
                self._save(after)
                changed.append(id)
        return {"alerts": changed}

    def _mute(self, command: commands.MuteAlerts, by: str) -> dict[str, Any]:
        flow, now, seconds = self._flow_name(command.flow), self._clock.time(), command.seconds
        if seconds is not None and not 0 < seconds <= MAX_MUTE_SECONDS:
            raise BadParameters("a mute lasts longer than nothing, and a year at most", next="say 1h, 8h, 2d")
        alerts.mute(self._db, Mute(flow, now, by, None if seconds is None else now + seconds))
        for alert in alerts.list_open(self._db, flow):
            self._save(alert._replace(owed_at=None))
        self._publish(AlertChanged(0))
        return {"flow": flow}

    def _unmute(self, command: commands.UnmuteAlerts, by: str) -> dict[str, Any]:  # noqa: ARG002
        flow = self._flow_name(command.flow)
        was_muted = alerts.unmute(self._db, flow)
        self._publish(AlertChanged(0))
        return {"flow": flow, "was_muted": was_muted}

    def _note(self, command: commands.NoteAlert, by: str) -> dict[str, Any]:
        text = command.text.strip()
        if not 0 < len(text) <= MAX_NOTE:
            raise BadParameters(f"a note has 1 to {MAX_NOTE:,} characters")
        alert = self._alert(command.alert)
        if not command.undo:
            alerts.keep_note(self._db, alert.id, self._clock.time(), by, text)
        elif not alerts.forget_note(self._db, alert.id, text):
            raise BadParameters(
                f"alert {alert.id} has no such note", next=f"tui-flow alerts show {alert.id} lists them"
            )
        self._changed[alert.fingerprint] = None
        return {}

    def _alert(self, id: int) -> Alert:
        alert = alerts.get_alert(self._db, id)
        if alert is None:
            raise UnknownAlert(f"there is no alert {id}", next="tui-flow alerts list shows those there are")
        return alert

    def _flow_name(self, name: str) -> str:
        """The flow's own name, also of one that is gone and has alerts still."""
        flow = flows.get_flow(self._db, name)
        if flow is not None:
            return flow.name
        for alert in alerts.list_alerts(self._db):
            if alert.flow and same_name(alert.flow, name):
                return alert.flow
        raise UnknownFlow(f"there is no flow {name!r}", next="tui-flow flows lists those there are")


_ANSWERS: dict[type, Any] = {
    commands.AcknowledgeAlerts: Alerting._acknowledge,
    commands.MuteAlerts: Alerting._mute,
    commands.UnmuteAlerts: Alerting._unmute,
    commands.NoteAlert: Alerting._note,
}
