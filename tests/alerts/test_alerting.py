"""Alerts are raised with what they are about, once, whatever dies; and messages go out while nobody looks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.house import FakeClock
from tests.store.rows import a_file, a_fire_time, a_flow, a_run
from tui_flow.alerts import rules, throttle
from tui_flow.alerts.alerting import LOOK_SECONDS, Alerting
from tui_flow.alerts.notifier import Delivery
from tui_flow.contract import commands
from tui_flow.contract.changes import AlertChanged, Change, RoomChanged
from tui_flow.contract.errors import BadParameters, UnknownAlert, UnknownFlow
from tui_flow.contract.failure import Failure
from tui_flow.contract.rundir import open_state_dir
from tui_flow.contract.schedules import Interval, to_json
from tui_flow.contract.schedules import Schedule as Declared
from tui_flow.contract.states import EndReason, FireOutcome, FireReason, FlowRunState
from tui_flow.engine.engine_log import EngineLog
from tui_flow.settings import Settings
from tui_flow.store import alerts, database, flows, runs, schedules
from tui_flow.store.records import Alert

TIMEOUT = Failure("OSError", "timeout after 31s", "Traceback", "flows/etl.py", 8, "load")


class FakeNotifier:
    """Keeps what is to be sent, and says what becomes of it when the test does."""

    has_channels = True

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self._under_way: tuple[int, ...] = ()
        self._results: list[Delivery] = []

    @property
    def is_busy(self) -> bool:
        return bool(self._under_way)

    def begin(self, message: dict[str, Any], ids: tuple[int, ...]) -> None:
        self.messages.append(message)
        self._under_way = ids

    def finish(self, *, is_sent: bool = True) -> None:
        said = "exit 0" if is_sent else "exit 1"
        self._results.append(Delivery(self._under_way, "notify.sh", is_sent, said))
        self._under_way = ()

    def results(self) -> list[Delivery]:
        found, self._results = self._results, []
        return found


class Desk:
    """An alerting duty on a history of its own."""

    def __init__(self, folder: Path) -> None:
        state_dir = open_state_dir(folder)
        self.db = database.open_writer(state_dir)
        self.clock, self.notifier = FakeClock(1_000_000.0), FakeNotifier()
        self.told: list[Change] = []
        self.log = EngineLog(state_dir)
        self.settings = Settings(folder)
        self.start()

    def start(self) -> None:
        """A new engine's."""
        self.alerting = Alerting(
            self.settings,
            self.db,
            self.clock,
            self.told.append,
            self.log,
            self.notifier,  # type: ignore[arg-type]
        )

    def tick(self, seconds: float = 0.0) -> float:
        self.clock.now += seconds
        return self.alerting.tick(self.clock.now)

    def end(
        self, run_id: int, state: str = "failed", failure: Failure | None = TIMEOUT, **changes: Any
    ) -> None:
        """A run ends, in a transaction as the ingest has it."""
        at = self.clock.time()
        reason = EndReason.RETURNED if state == "completed" else EndReason.ERROR
        run = a_run(
            run_id,
            state=FlowRunState(state),
            started_at=at,
            ended_at=at,
            reason=reason,
            failure=failure,
            **changes,
        )
        with database.transaction(self.db):
            runs.insert_run(self.db, run)
            self.alerting.run_ended(run)

    @property
    def all(self) -> list[Alert]:
        return alerts.list_alerts(self.db)

    def ask(self, command: Any) -> dict[str, Any]:
        return self.alerting.answer(command, "uid 7")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.db.close()
    desk.log.close()


def test_equal_failures_are_one_alert_until_a_run_completes(desk: Desk) -> None:
    desk.end(1)
    desk.clock.now += 60
    desk.end(2, failure=TIMEOUT._replace(message="timeout after 7s"))
    desk.end(3, failure=TIMEOUT._replace(message="refused"))
    refused, timeout = desk.all
    assert (timeout.times, timeout.runs, timeout.last_at - timeout.first_at) == (2, (2, 1), 60)
    assert (refused.what, refused.times) == ("OSError: refused", 1)
    desk.tick()
    assert [change for change in desk.told if isinstance(change, AlertChanged)] == [
        AlertChanged(timeout.id, "new"), AlertChanged(refused.id, "new"),
    ]  # fmt: skip
    desk.end(4, "completed", None, flow="other")
    assert len(alerts.list_open(desk.db)) == 2
    desk.end(5, "completed", None)
    assert {(one.state, one.changed_by) for one in desk.all} == {("recovered", "run 5")}
    desk.end(6)
    assert [one.state for one in alerts.list_open(desk.db)] == ["new"]


def test_an_acknowledged_error_keeps_no_other_one_quiet(desk: Desk) -> None:
    desk.end(1, failure=TIMEOUT._replace(message="HTTP 401 for invoice 3"))
    desk.ask(commands.AcknowledgeAlerts((desk.all[0].id,)))
    desk.end(2, failure=TIMEOUT._replace(message="HTTP 401 for invoice 4"))
    desk.end(3, failure=TIMEOUT._replace(message="HTTP 503 for invoice 4"))
    assert {(one.what, one.state, one.times) for one in desk.all} == {
        ("OSError: HTTP 401 for invoice 4", "acknowledged", 2),
        ("OSError: HTTP 503 for invoice 4", "new", 1),
    }


def test_what_was_acknowledged_under_an_older_rule_stays_so(desk: Desk) -> None:
    desk.end(1)
    desk.ask(commands.AcknowledgeAlerts((desk.all[0].id,)))
    alerts.save(desk.db, desk.all[0]._replace(fingerprint="of an older version"))
    desk.end(2)
    assert [(one.state, one.times) for one in desk.all] == [("acknowledged", 2)]
    desk.end(3)
    assert [one.times for one in desk.all] == [3]


def test_an_older_run_that_completes_later_proves_nothing(desk: Desk) -> None:
    desk.end(10)
    desk.end(9, "completed", None)
    assert [one.state for one in alerts.list_open(desk.db)] == ["new"]
    desk.end(11, "completed", None)
    assert alerts.list_open(desk.db) == []


def test_an_alert_and_the_end_of_its_run_are_written_together_or_not_at_all(desk: Desk) -> None:
    with pytest.raises(RuntimeError), database.transaction(desk.db):
        desk.alerting.run_ended(a_run(1, state=FlowRunState.FAILED, ended_at=1.0, failure=TIMEOUT))
        raise RuntimeError
    assert desk.all == []
    desk.tick()
    assert desk.told == []


def test_what_no_alert_can_be_made_of_keeps_no_history_from_being_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_flow.alerts.happenings.of_run", lambda *_: 1 / 0)
    desk.end(1)
    assert runs.get_run(desk.db, 1) is not None and desk.all == []
    assert "no alert could be made of run 1" in (desk.settings.state_dir / "engine.log").read_text()


def test_one_message_tells_of_all_that_happened_at_about_the_same_time(desk: Desk) -> None:
    for number, message in enumerate(("a", "b", "c")):
        desk.end(number + 1, failure=TIMEOUT._replace(message=message))
    desk.tick()
    assert desk.notifier.messages == []
    desk.tick(throttle.COLLECT_SECONDS)
    (message,) = desk.notifier.messages
    assert message["total"] == 3 and message["title"].startswith("3 alerts")
    assert desk.alerting.is_needed
    desk.notifier.finish()
    desk.tick(0.1)
    assert not desk.alerting.is_needed
    assert [one.said for one in alerts.list_messages(desk.db, desk.all[0].id)] == ["exit 0"]
    desk.end(9)
    desk.tick(10)
    assert len(desk.notifier.messages) == 2


def test_a_message_that_did_not_go_out_is_tried_again_a_few_times(desk: Desk) -> None:
    desk.end(1)
    for tried in range(1, throttle.MOST_TRIES + 1):
        desk.tick(throttle.RETRY_SECONDS + 10)
        assert len(desk.notifier.messages) == tried
        desk.notifier.finish(is_sent=False)
        desk.tick(0.1)
    desk.tick(10 * throttle.RETRY_SECONDS)
    assert len(desk.notifier.messages) == throttle.MOST_TRIES and not desk.alerting.is_needed
    assert [one.is_sent for one in alerts.list_messages(desk.db, 1)] == [False] * throttle.MOST_TRIES


def test_an_engine_that_dies_with_a_message_due_leaves_it_to_the_next_one(desk: Desk) -> None:
    desk.end(1)
    desk.tick(5)
    assert len(desk.notifier.messages) == 1
    desk.notifier = FakeNotifier()
    desk.start()
    desk.tick(1)
    assert len(desk.notifier.messages) == 1


def test_without_a_channel_nothing_is_due(desk: Desk) -> None:
    desk.notifier.has_channels = False
    desk.end(1)
    desk.tick(60)
    assert desk.notifier.messages == [] and not desk.alerting.is_needed


def test_an_acknowledged_alert_is_quiet_and_that_can_be_taken_back(desk: Desk) -> None:
    desk.end(1)
    assert desk.ask(commands.AcknowledgeAlerts([1])) == {"alerts": [1]}
    assert desk.ask(commands.AcknowledgeAlerts([1])) == {"alerts": []}
    desk.tick(60)
    desk.end(2)
    desk.tick(60)
    assert desk.notifier.messages == [] and desk.all[0].changed_by == "uid 7"
    assert desk.ask(commands.AcknowledgeAlerts([1], undo=True)) == {"alerts": [1]}
    assert desk.all[0].state == "new"
    with pytest.raises(UnknownAlert, match="no alert 99"):
        desk.ask(commands.AcknowledgeAlerts([99]))


@pytest.mark.parametrize("seconds", [8 * 3600.0, None], ids=["for a while", "until it completes"])
def test_a_muted_flow_raises_alerts_and_sends_nothing(desk: Desk, seconds: float | None) -> None:
    desk.end(1)
    assert desk.ask(commands.MuteAlerts("ETL", seconds)) == {"flow": "etl"}
    desk.end(2, failure=TIMEOUT._replace(message="refused"))
    desk.tick(60)
    assert desk.notifier.messages == []
    assert all(one.is_muted(desk.clock.time()) for one in desk.all)
    if seconds is None:
        desk.end(3, "completed", None)
    else:
        desk.clock.now += seconds
    desk.end(4)
    desk.tick(5)
    assert len(desk.notifier.messages) == 1


def test_mutes_and_notes_are_checked(desk: Desk) -> None:
    desk.end(1)
    assert desk.ask(commands.UnmuteAlerts("etl")) == {"flow": "etl", "was_muted": False}
    desk.ask(commands.NoteAlert(1, " it restarts on Tuesdays "))
    assert [(one.by, one.text) for one in alerts.list_notes(desk.db, 1)] == [
        ("uid 7", "it restarts on Tuesdays")
    ]
    desk.ask(commands.NoteAlert(1, "and on Fridays"))
    desk.ask(commands.NoteAlert(1, "it restarts on Tuesdays", undo=True))
    assert [one.text for one in alerts.list_notes(desk.db, 1)] == ["and on Fridays"]
    for wrong in (
        commands.MuteAlerts("etl", -1.0),
        commands.NoteAlert(1, " "),
        commands.NoteAlert(1, "x" * 3000),
        commands.NoteAlert(1, "never said", undo=True),
    ):
        with pytest.raises(BadParameters):
            desk.ask(wrong)
    with pytest.raises(UnknownFlow, match="no flow 'nobody'"):
        desk.ask(commands.MuteAlerts("nobody"))


def test_a_broken_file_is_an_alert_while_it_is_broken_and_a_message_if_it_stays_so(desk: Desk) -> None:
    broken = a_file(
        state="broken",
        error="SyntaxError: '(' was never closed",
        error_line=31,
        described_at=desk.clock.time(),
    )
    flows.save_described(desk.db, broken, [])
    desk.tick(LOOK_SECONDS)
    (found,) = alerts.list_open(desk.db)
    assert (found.kind, found.place, found.line) == ("broken_file", "flows/etl.py", 31)
    desk.tick(LOOK_SECONDS)
    assert alerts.list_open(desk.db)[0].times == 1 and desk.notifier.messages == []
    desk.tick(rules.STANDING_SECONDS + 5)
    assert len(desk.notifier.messages) == 1
    flows.save_described(desk.db, a_file(), [a_flow()])
    desk.notifier.finish()
    desk.tick(LOOK_SECONDS)
    assert alerts.list_open(desk.db) == [] and desk.all[0].changed_by == ""


def test_a_disk_without_room_is_an_alert_until_there_is_some(desk: Desk) -> None:
    desk.alerting.hear(RoomChanged("the disk has 3 MiB free"))
    desk.tick(1)
    assert [one.kind for one in alerts.list_open(desk.db)] == ["no_room"]
    desk.alerting.hear(RoomChanged(""))
    desk.tick(1)
    assert alerts.list_open(desk.db) == []


def test_a_late_run_is_an_alert_that_clears_by_itself(desk: Desk) -> None:
    runs.insert_run(desk.db, a_run(1, scheduled_for=desk.clock.time() - 90, schedule="tick"))
    desk.tick(LOOK_SECONDS)
    assert [(one.kind, one.runs) for one in alerts.list_open(desk.db)] == [("late", (1,))]
    before = runs.get_run(desk.db, 1)
    assert before is not None
    runs.save_run(desk.db, before, before._replace(state=FlowRunState.RUNNING, started_at=desk.clock.time()))
    desk.tick(LOOK_SECONDS)
    assert alerts.list_open(desk.db) == [] and desk.notifier.messages == []


def test_missed_fire_times_are_an_alert_until_a_run_completes(desk: Desk) -> None:
    schedules.declare(
        desk.db,
        schedules.Declared("etl", "tick", "interval", to_json(Declared(Interval(60.0), "tick"))),
        "file",
        0.0,
    )
    at = desk.clock.time()
    missed = a_fire_time(1, at - 600, outcome=FireOutcome.MISSED, reason=FireReason.DOWN, until=at, times=11)
    skipped = a_fire_time(1, at + 60)
    desk.alerting.fire_times_decided([missed, skipped, a_fire_time(99, at, outcome=FireOutcome.MISSED)])
    assert [(one.kind, one.place, one.times) for one in desk.all] == [("missed", "tick", 11)]
    desk.end(1, "completed", None, scheduled_for=at - 660)
    assert alerts.list_open(desk.db), "one that catches up proves nothing"
    desk.end(2, "completed", None, scheduled_for=at + 120)
    assert alerts.list_open(desk.db) == []


def test_a_flow_that_the_engine_paused_is_an_alert_until_somebody_resumes_it(desk: Desk) -> None:
    schedules.pause_flow(desk.db, "etl", "tui_flow", "3 failures in a row", desk.clock.time())
    desk.tick(LOOK_SECONDS)
    assert [one.kind for one in alerts.list_open(desk.db)] == ["paused"]
    schedules.resume_flow(desk.db, "etl", desk.clock.time())
    desk.tick(LOOK_SECONDS)
    assert alerts.list_open(desk.db) == []


def test_alerts_that_recovered_long_ago_go(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "MOST", 3)
    for number in range(6):
        desk.clock.now += 1
        desk.end(number * 2 + 1, failure=TIMEOUT._replace(message=chr(97 + number)))
        if number < 4:
            desk.end(number * 2 + 2, "completed", None)
    assert [one.what for one in desk.all] == ["OSError: f", "OSError: e", "OSError: d"]
