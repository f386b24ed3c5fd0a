"""A schedule fires at its times: never early, each time once, and none of them silently not at all."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.engine.house import House, every
from tests.store.rows import a_file, a_flow
from tui_flow.alerts.alerting import Alerting
from tui_flow.alerts.notifier import Notifier
from tui_flow.contract import failpoints, rundir
from tui_flow.contract.errors import HistoryError
from tui_flow.contract.failpoints import FailpointReached
from tui_flow.contract.schedules import At, Cron, Interval, Schedule, to_json
from tui_flow.contract.states import AlertKind
from tui_flow.engine.scheduler import GRACE_SECONDS
from tui_flow.fire_times import fires_between
from tui_flow.store import alerts, facts, flows, runs, schedules
from tui_flow.store.records import FireTime, FlowRun

DAY = 86_400.0


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm(None)


@pytest.fixture
def build(make_house: Callable[..., House]) -> Callable[..., House]:
    """A house without processes whose flow "etl" has these schedules; at second 1000."""

    def build(*specs: dict[str, Any], flow: dict[str, Any] | None = None, **settings: Any) -> House:
        house = make_house(fake=True, **settings)
        house.describe(a_flow(schedules=list(specs), **(flow or {})))
        house.scheduler.changed()
        house.tick()
        return house

    return build


def rows(house: House, slug: str = "tick") -> list[FireTime]:
    """What became of the schedule's fire times, the oldest first."""
    schedule = schedules.get_schedule(house.db, "etl", slug)
    assert schedule is not None
    return sorted(schedules.list_fire_times(house.db, schedule.id, limit=10_000), key=lambda one: one.fire_at)


def told(house: House, slug: str = "tick") -> list[tuple[float, str, str, int]]:
    return [(one.fire_at, one.outcome, one.reason, one.times) for one in rows(house, slug)]


def made(house: House) -> list[FlowRun]:
    return sorted(runs.list_runs(house.db, limit=100_000), key=lambda run: run.id)


def finish(house: House) -> None:
    """Everything that runs completes."""
    for _ in range(3):
        for id in house.fake.running:
            house.fake.end(id)
        house.tick()


def again(house: House, make_house: Callable[..., House], seconds: float = 0.0) -> House:
    """The engine is killed, and so much later there is another one."""
    house.crash()
    later = make_house(fake=True)
    later.clock.now, later.clock.ahead = house.clock.now + seconds, house.clock.ahead
    return later


def test_it_fires_at_its_time_and_not_before(build: Callable[..., House]) -> None:
    house = build(every(60))
    assert house.scheduler.tick(house.clock.now) == house.clock.now + 5.0  # the next one is at 1020
    house.tick(19.999)
    assert made(house) == []
    house.tick(0.001)
    (run,) = made(house)
    assert (run.schedule, run.scheduled_for, run.trigger, run.created_at) == (
        "tick",
        1020.0,
        "schedule",
        1020.0,
    )
    assert told(house) == [(1020.0, "run", "on_time", 1)] and rows(house)[0].run_id == run.id
    spec = rundir.read_spec(house.directory(run.id))
    assert spec is not None and (spec.scheduled_for, spec.fired_at, spec.previous_success) == (
        1020.0,
        1020.0,
        None,
    )
    finish(house)
    house.tick(60.0)
    spec = rundir.read_spec(house.directory(2))
    assert spec is not None and spec.previous_success == 1020.0


def test_the_next_fire_time_is_shown(build: Callable[..., House]) -> None:
    house = build(every(60), every(3600, "hourly", jitter_seconds=600.0))
    shown = {one.slug: one.next_at for one in schedules.list_schedules(house.db)}
    assert shown["tick"] == 1020.0
    hourly = shown["hourly"]
    assert hourly is not None and 3600.0 < hourly < 4200.0
    house.tick(hourly - house.clock.now)
    assert [run.scheduled_for for run in made(house) if run.schedule == "hourly"] == [hourly]


def test_nothing_before_its_registration_fires(build: Callable[..., House]) -> None:
    house = build(to_json(Schedule(At((500.0, 1030.0)), "once")))
    house.tick()
    assert made(house) == []
    house.tick(30.0)
    assert [run.scheduled_for for run in made(house)] == [1030.0]
    finish(house)
    house.tick(DAY)
    assert len(made(house)) == 1 and schedules.list_schedules(house.db)[0].next_at is None


def test_what_was_missed_is_caught_up_once_and_the_rest_is_told_in_one_row(
    build: Callable[..., House], make_house: Callable[..., House]
) -> None:
    house = again(build(every(600)), make_house, 10 * 600.0 + 300)  # at 7300: 1200 to 7200 were missed
    house.tick()
    assert [run.scheduled_for for run in made(house)] == [7200.0]
    assert told(house) == [(1200.0, "missed", "down", 10), (7200.0, "run", "catch_up", 1)]
    assert rows(house)[0].until == 6600.0
    finish(house)
    house.tick(600.0)
    assert [run.scheduled_for for run in made(house)] == [7200.0, 7800.0]


def test_what_was_missed_raises_an_alert_that_the_next_fire_ends(
    build: Callable[..., House], make_house: Callable[..., House]
) -> None:
    house = again(build(every(600, catchup="none")), make_house, 6300.0)
    alerting = Alerting(house.settings, house.db, house.clock, house.bus.publish, house.log, Notifier([]))
    house.on_decided = alerting.fire_times_decided
    house.tick()
    (alert,) = alerts.list_open(house.db)
    assert (alert.kind, alert.flow, alert.place, alert.times) == (AlertKind.MISSED, "etl", "tick", 11)
    assert alert.what.startswith("missed 11 fire times, ")
    house.tick(500.0)
    finish(house)
    (run,) = made(house)
    alerting.run_ended(run)
    assert alerts.list_open(house.db) == []


def test_without_catch_up_all_is_told_and_nothing_runs(
    build: Callable[..., House], make_house: Callable[..., House]
) -> None:
    house = again(build(every(600, catchup="none")), make_house, 6300.0)
    house.tick()
    assert made(house) == [] and told(house) == [(1200.0, "missed", "down", 11)]


def test_all_are_caught_up_one_after_another_the_oldest_first(
    build: Callable[..., House], make_house: Callable[..., House]
) -> None:
    house = again(build(every(600, catchup="all", overlap="allow")), make_house, 3 * 600.0)
    house.tick()
    order = []
    for _ in range(3):
        order += [house.run(id).scheduled_for for id in house.fake.running]
        assert len(house.fake.running) == 1
        finish_one(house)
    assert order == [1200.0, 1800.0, 2400.0]


def finish_one(house: House) -> None:
    for id in list(house.fake.running):
        house.fake.end(id)
    house.tick()
    house.tick()


def test_catch_up_has_a_window_and_a_limit(
    build: Callable[..., House], make_house: Callable[..., House]
) -> None:
    specs = (
        every(60, "many", catchup="all"),
        every(600, "short", catchup="all", catchup_window_seconds=1800.0),
    )
    house = again(build(*specs), make_house, 1000 * 60.0)
    house.tick()
    many, short = told(house, "many"), told(house, "short")
    assert len(many) == 101 + 1 and many[0][1:3] == ("missed", "down")  # and one that is on time
    assert sum(one[3] for one in many) == 1000
    assert [one[1] for one in short] == ["missed", "run", "run", "run"]


def test_a_slot_that_is_less_than_a_minute_late_is_on_time(build: Callable[..., House]) -> None:
    house = build(every(600, catchup="none"))
    house.tick(199.9 + GRACE_SECONDS)
    assert told(house) == [(1200.0, "run", "on_time", 1)]


@pytest.mark.parametrize(
    ("overlap", "outcomes", "running"),
    [
        ("skip", ["run", "skipped", "skipped", "skipped"], 1),
        ("queue", ["run", "run", "skipped", "skipped"], 1),
        ("queue_all", ["run", "run", "run", "run"], 1),
        ("allow", ["run", "run", "run", "run"], 4),
    ],
)
def test_while_a_run_is_not_over_the_overlap_rule_counts(
    build: Callable[..., House], overlap: str, outcomes: list[str], running: int
) -> None:
    house = build(every(60, overlap=overlap))
    for _ in range(4):
        house.tick(60.0)
    assert [one[1] for one in told(house)] == outcomes
    assert len(house.fake.running) == running
    skipped = [one for one in rows(house) if one.outcome == "skipped"]
    assert all(one.reason == "overlap" and one.message.startswith("run ") for one in skipped)


def test_a_later_run_may_cancel_the_one_before(build: Callable[..., House]) -> None:
    house = build(every(60, overlap="cancel_old"))
    house.tick(60.0)
    house.tick(60.0)
    assert (house.state(1), house.state(2)) == ("cancelling", "pending")
    house.fake.vanish(1)
    for _ in range(3):
        house.tick(1.0)
    assert (house.state(1), house.state(2)) == ("cancelled", "running")


def test_a_run_that_somebody_asked_for_is_in_nobodys_way_unless_the_flow_is_exclusive(
    build: Callable[..., House],
) -> None:
    house = build(every(60))
    house.make_run()
    house.tick(60.0)
    assert [one[1] for one in told(house)] == ["run"] and len(house.fake.running) == 2
    exclusive = a_flow("alone", "flows/alone.py", schedules=[every(60)], exclusive=True)
    file = a_file("flows/alone.py", described_at=house.clock.now)
    flows.save_described(house.db, file, [exclusive])
    house.scheduler.changed()
    ids = [house.dispatcher.make_run(exclusive, {}, None, [], "command") for _ in range(2)]
    house.tick(60.0)
    schedule = schedules.get_schedule(house.db, "alone", "tick")
    assert schedule is not None
    assert [one.reason for one in schedules.list_fire_times(house.db, schedule.id)] == ["overlap"]
    assert "alone runs once already" in house.dispatcher.obstacles()[ids[1]].why


def test_a_backward_clock_fires_nothing_twice_and_a_forward_one_catches_up(
    build: Callable[..., House],
) -> None:
    house = build(every(600))
    house.tick(200.0)
    finish(house)
    house.clock.set(-3600.0)
    for _ in range(7):
        house.tick(600.0)
        finish(house)
    assert [run.scheduled_for for run in made(house)] == [1200.0, 1800.0]
    house.clock.set(DAY * 30 + 300)
    house.tick()
    assert [one[1:3] for one in told(house)] == [("run", "on_time")] * 2 + [
        ("missed", "down"),
        ("run", "catch_up"),
    ]
    times = [one.fire_at for one in rows(house)]
    assert times == sorted(set(times))


def test_a_clock_that_was_far_ahead_is_told_and_can_be_forgiven(build: Callable[..., House]) -> None:
    house = build(every(600))
    house.clock.set(30 * DAY)
    house.tick(1.0)
    finish(house)
    house.clock.set(-30 * DAY)
    house.tick(600.0)
    assert len(made(house)) == 1 and "tui-flow schedule reset etl/tick" in said(house)
    schedule = schedules.list_schedules(house.db)[0]
    schedules.reset_cursor(house.db, schedule.id, house.clock.time())
    house.scheduler.changed()
    house.tick(600.0)
    assert [run.scheduled_for for run in made(house)][1:] == [1800.0]


def said(house: House) -> str:
    return (house.state_dir / rundir.ENGINE_LOG).read_text()


def test_a_full_disk_lets_fire_times_wait_and_then_catch_up(build: Callable[..., House]) -> None:
    house = build(every(600))
    house.scheduler._may_start = lambda: False
    house.tick(3000.0)
    assert made(house) == [] and told(house) == []
    house.scheduler._may_start = lambda: True
    house.tick(200.0)
    assert [one[1] for one in told(house)] == ["missed", "run"]


def test_what_cannot_be_written_down_leaves_no_directory_and_no_secret(
    build: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = {"properties": {"token": {"type": "string", "format": "password", "writeOnly": True}}}
    house = build(every(600, parameters={"token": "hidden-1"}), flow={"parameters": secret})

    def full(*_: object) -> None:
        raise HistoryError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(runs, "insert_run", full)
        with pytest.raises(HistoryError):
            house.tick(600.0)
        assert made(house) == [] and list(house.state_dir.rglob(rundir.GIVEN)) == []
    house.tick(600.0)
    assert made(house) and len(list(house.state_dir.rglob(rundir.GIVEN))) == len(made(house))


def test_a_flow_that_is_gone_or_takes_no_such_parameter_is_refused_with_its_reason(
    build: Callable[..., House],
) -> None:
    house = build(every(60, parameters={"nonsense": 1}))
    house.tick(60.0)
    assert [(one.outcome, one.reason) for one in rows(house)] == [("skipped", "refused")]
    assert "nonsense" in rows(house)[0].message and made(house) == []


def test_after_its_end_counts_from_there(build: Callable[..., House]) -> None:
    house = build(to_json(Schedule(Interval(600.0, after_end=True), "tick")))
    house.tick(600.0)
    assert [run.scheduled_for for run in made(house)] == [1600.0]
    for _ in range(5):
        house.tick(600.0)
    assert len(made(house)) == 1
    finish(house)
    house.tick(599.0)
    assert len(made(house)) == 1
    house.tick(1.0)
    assert [run.scheduled_for for run in made(house)] == [1600.0, 5200.0]


def test_failures_in_a_row_pause_the_flow(build: Callable[..., House]) -> None:
    house = build(every(60), flow={"pause_on_failure": 2})
    for state in ("failed", "completed", "failed", "failed"):
        house.tick(60.0)
        house.tick()
        house.fake.end(house.fake.running[0], state)
        house.tick()
    house.tick(600.0)
    assert len(made(house)) == 4
    (pause,) = schedules.list_pauses(house.db)
    assert (pause.flow, pause.why, pause.resumed_at) == ("etl", "2 failures in a row", None)
    assert not house.scheduler.is_needed


@pytest.mark.parametrize(
    "point", ["fire-dir-made", "fire-before-commit", "fire-committed", "fire-spec-written"]
)
def test_an_engine_that_dies_at_each_step_leaves_the_next_one_to_make_the_run_once(
    build: Callable[..., House], make_house: Callable[..., House], point: str
) -> None:
    house = build(every(60))
    failpoints.arm(f"{point}:1:raise")
    with pytest.raises(FailpointReached):
        house.tick(20.0)
    failpoints.arm(None)
    house = again(house, make_house, 1.0)
    for _ in range(3):
        house.tick(1.0)
    assert told(house) == [(1020.0, "run", "on_time", 1)]
    assert [(run.scheduled_for, run.state) for run in made(house)] == [(1020.0, "running")]
    assert rows(house)[0].run_id == made(house)[0].id and len(house.fake.order) == 1


def test_a_run_whose_rows_were_lost_is_found_by_its_spec_and_is_not_made_again(
    build: Callable[..., House], make_house: Callable[..., House]
) -> None:
    house = build(every(60))
    house.tick(20.0)
    house.db.execute("DELETE FROM flow_runs")
    house.db.execute("DELETE FROM fire_times")
    house.db.execute("UPDATE schedules SET cursor = 1000")
    house = again(house, make_house, 1.0)
    for _ in range(3):
        house.tick(1.0)
    assert [(run.scheduled_for, run.schedule) for run in made(house)] == [(1020.0, "tick")]
    assert told(house) == [(1020.0, "run", "on_time", 1)]


def test_nothing_is_caught_up_across_a_restore_of_the_history(
    build: Callable[..., House], make_house: Callable[..., House]
) -> None:
    house = build(every(600, catchup="all", overlap="allow"))  # what comes next is a history of second 1000
    facts.put(house.db, facts.RESTORED_AT, "4000.0")
    house = again(house, make_house, 4_100.0)
    for _ in range(3):
        house.tick()
        finish(house)
    assert told(house) == [
        (1200.0, "skipped", "changed", 5),  # to 3600
        (4200.0, "run", "catch_up", 1),
        (4800.0, "run", "catch_up", 1),
    ]
    assert rows(house)[0].message == "a backup took the history's place"
    house = again(house, make_house, 600.0)
    house.tick()
    assert [one[0] for one in told(house)][-2:] == [4800.0, 5400.0]


@pytest.mark.parametrize("jump", [3600.0, 30 * DAY, -3600.0, -30 * DAY, 7200.0, 0.0], ids=["+1h", "+30d", "-1h", "-30d", "suspend 2h", "slew"])  # fmt: skip
@pytest.mark.parametrize("when", [Cron("*/10 * * * *", "UTC"), Interval(700.0)], ids=["cron", "interval"])
def test_whatever_the_clock_does_each_slot_is_decided_once_without_a_storm(
    build: Callable[..., House], when: Any, jump: float
) -> None:
    spec = Schedule(when, "tick", catchup="all")
    house = build(to_json(spec))

    def live(seconds: float) -> None:
        for _ in range(int(seconds // 50)):
            house.clock.set(0.0 if jump else 0.4)  # a slewed clock gains a little all the time
            house.tick(50.0)
            finish(house)

    live(3000.0)
    high, before = house.clock.time(), len(made(house))
    house.clock.set(jump)
    house.tick()
    finish(house)
    live(max(-jump, 0.0) + 3000.0 if jump > -DAY else 3000.0)
    times = [one.fire_at for one in rows(house)]
    assert times == sorted(set(times))  # nothing fires again that was before
    if jump == -30 * DAY:
        assert len(made(house)) == before and "tui-flow schedule reset etl/tick" in said(house)
        schedule = schedules.list_schedules(house.db)[0]
        schedules.reset_cursor(house.db, schedule.id, house.clock.time())
        house.scheduler.changed()
        live(3000.0)
        assert len(made(house)) > before
        return
    (schedule,) = schedules.list_schedules(house.db)
    decided = sum(one.times for one in rows(house))
    assert decided == len(fires_between(spec, 1_000.0, schedule.cursor, 100_000, "etl"))
    assert schedule.cursor >= house.clock.time() - 700.0 and house.clock.time() > high
    assert len(made(house)) <= before + 100 + 3000.0 // 600.0 + 1  # catch-up has its limit
    if jump > DAY:
        assert sum(one.outcome == "missed" for one in rows(house)) == 1
