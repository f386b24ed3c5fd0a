"""Stories of the Schedule view: what runs when, what did not, and keys that change it."""

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.store.rows import a_fire_time
from tests.tui.pages import FakeEngine, console
from tests.tui.project import Project
from tests.tui.schedules import DAY, HOUR, NOW, stored
from tui_flow.cli.commands.backfill import end_of
from tui_flow.contract import changes, commands
from tui_flow.contract.schedules import At, Cron, Interval, OnEvent
from tui_flow.contract.states import FireOutcome, FireReason, FlowRunState
from tui_flow.store import schedules
from tui_flow.store.records import Flow, FlowRun
from tui_flow.tui.presentation import agenda, fires, hourly, times
from tui_flow.tui.presentation.fires import Coming, Reading
from tui_flow.tui.presentation.flow_list import EMPTY
from tui_flow.tui.screens.backfill import range_of


async def test_what_fires_is_listed_in_order_with_what_waits_and_what_is_paused(planned: Project) -> None:
    async with console(planned, size=(120, 30)) as page:
        await page.press("4")
        await page.shows("289 fires of 2 flows", "cleanup_tmp", "1h")
        assert page.order_of("now ", "cleanup_tmp", "etl_daily", "event day.closed", "by uid 4294967294") == [
            "now ", "cleanup_tmp", "etl_daily", "event day.closed", "by uid 4294967294",
        ]  # fmt: skip
        assert "x288" in page.line_with("cleanup_tmp") and "every 5 min" in page.line_with("cleanup_tmp")
        assert "by uid 4294967294 2d ago" in page.line_with("reports_v2")
        await page.press("j", "l", "h")
        await page.shows(
            f"{times.hour_minute((time.time() + 2 * HOUR) // HOUR * HOUR)}  13 fires: cleanup_tmp x12"
        )


async def test_what_was_missed_stands_on_top_with_its_reason(planned: Project) -> None:
    now = time.time()
    known = schedules.get_schedule(planned.db, "cleanup_tmp", "nightly")
    assert known is not None
    missed = a_fire_time(
        known.id,
        now - 3 * HOUR,
        outcome=FireOutcome.MISSED,
        reason=FireReason.DOWN,
        until=now - HOUR,
        times=24,
        message="the engine was down",
    )
    schedules.insert_fire_times(planned.db, [missed])
    planned.run(
        813,
        "etl_daily",
        "pending",
        trigger="schedule",
        schedule="nightly",
        scheduled_for=now - 240,
        created_at=now - 240,
    )
    planned.run(
        814,
        "cleanup_tmp",
        "pending",
        trigger="schedule",
        schedule="nightly",
        scheduled_for=now - 180,
        created_at=now - 180,
    )
    engine = FakeEngine()
    engine.answers[commands.GetQueue] = {"waiting": [{"run_id": 813, "why": "1 run with tag io goes on"}]}
    async with console(planned, size=(120, 30), engine=engine) as page:
        await page.press("4")
        await page.shows(
            "the engine was down; not caught up", "LATE 4m", "run 813 waits: 1 run with tag io goes on"
        )
        assert "run 814 has not begun" in page.line_with("LATE 3m")
        assert "? " in page.line_with("not caught up") and "-1h" in page.line_with("not caught up")
        assert page.order_of("not caught up", "LATE 4m", "now ") == ["not caught up", "LATE 4m", "now "]


async def test_p_pauses_a_schedule_and_u_takes_that_back(planned: Project) -> None:
    async with console(planned) as page:
        await page.press("4")
        await page.shows("cleanup_tmp")
        await page.press("p")
        await page.shows("cleanup_tmp/nightly is paused: it fires no more; u undoes")
        assert page.engine.asked_for(commands.PauseSchedules) == [
            commands.PauseSchedules("cleanup_tmp", "nightly")
        ]
        await page.press("u")
        await page.shows("undone: pause of cleanup_tmp/nightly")
        assert page.engine.asked_for(commands.ResumeSchedules) == [
            commands.ResumeSchedules("cleanup_tmp", "nightly")
        ]
        await page.press("u")
        await page.shows("nothing to undo")
        await page.press("G", "p")
        await page.shows("reports_v2/nightly fires again")


async def test_p_in_the_flows_view_pauses_all_schedules_of_a_flow(planned: Project) -> None:
    async with console(planned) as page:
        await page.shows("NEXT FIRE")
        assert "paused" in page.line_with("reports_v2")
        await page.press("p")
        await page.shows("etl_daily is paused")
        assert page.engine.asked_for(commands.PauseSchedules) == [commands.PauseSchedules("etl_daily", "")]
        schedules.pause_flow(planned.db, "etl_daily", "uid 0", "", time.time())
        page.engine.tell(changes.ScheduleChanged("etl_daily"))
        await page.until(lambda: "paused" in page.line_with("etl_daily"), "the pause to be shown")
        await page.press("p")
        await page.shows("etl_daily fires again")


async def test_x_skips_one_fire_time_and_lets_it_fire_after_all(planned: Project) -> None:
    async with console(planned, size=(120, 30)) as page:
        await page.press("4")
        await page.shows("etl_daily")
        await page.press("j", "x")
        await page.shows("etl_daily will not run at")
        (asked,) = page.engine.asked_for(commands.SkipFireTime)
        known = schedules.get_schedule(planned.db, "etl_daily", "nightly")
        assert known is not None
        skip = a_fire_time(known.id, asked.fire_at, reason=FireReason.ASKED, message="by uid 4294967294")
        schedules.insert_fire_times(planned.db, [skip])
        page.engine.tell(changes.ScheduleChanged("etl_daily", "nightly"))
        await page.shows("will be skipped by uid 4294967294")
        assert "next  " not in page.text and "fires no more" not in page.text
        await page.press("x")
        await page.shows("etl_daily runs at")
        assert page.engine.asked_for(commands.UnskipFireTime)[0].fire_at == asked.fire_at
        await page.press("j", "x")
        await page.shows("ingest_s3 will not run at the next event; u undoes")
        event = commands.SkipFireTime("ingest_s3", "closed")
        assert page.engine.asked_for(commands.SkipFireTime)[-1] == event
        closed = schedules.get_schedule(planned.db, "ingest_s3", "closed")
        assert closed is not None
        schedules.save_memory(planned.db, closed.id, {"skips": 1})
        page.engine.tell(changes.ScheduleChanged("ingest_s3", "closed"))
        await page.shows("will skip the next event")
        await page.press("x")
        await page.shows("ingest_s3 runs at the next event after all")
        assert page.engine.asked_for(commands.UnskipFireTime)[-1] == commands.UnskipFireTime(*event)
        await page.press("j", "x")
        await page.shows("this schedule is paused: it has no fire time to skip; p resumes it")


async def test_a_backfill_shows_what_it_would_run_and_enter_makes_none(planned: Project) -> None:
    engine = FakeEngine()
    slots = [
        {"fire_at": 1000.0 + n, "action": "run" if n else "skip", "why": "", "run_id": None}
        for n in range(10)
    ]
    engine.answers[commands.Backfill] = {"slots": slots}
    async with console(planned, engine=engine) as page:
        await page.press("4")
        await page.shows("cleanup_tmp")
        await page.press("b")
        await page.type("soon")
        await page.press("enter")
        await page.shows("soon is not a range in the past", "take it")
        await page.press("backspace")
        await page.hides("is not a range")
        await page.shows("soo ")
        await page.press("ctrl+u")
        await page.type("7d")
        await page.press("enter")
        await page.shows("Back-fill 9 runs?", "and 1 more", ">[ Make none ]", "1 left out")
        await page.press("enter")
        assert [asked.dry_run for asked in engine.asked_for(commands.Backfill)] == [True]
        await page.press("b")
        await page.type("7d")
        await page.press("enter")
        await page.shows("Make none")
        await page.press("tab", "enter")
        await page.shows("9 runs made")
        await page.press("u")
        await page.shows("9 runs made: x in 2 Runs cancels them, u does not")
        assert [asked.dry_run for asked in engine.asked_for(commands.Backfill)] == [True, True, False]


async def test_the_filter_finds_what_runs_at_three(planned: Project) -> None:
    at = times.moment_of(times.local(time.time()).replace(hour=3, minute=7, second=0, microsecond=0))
    planned.schedule("ingest_s3", At((at if at > time.time() + 60 else at + DAY,)), at=time.time() - DAY)
    planned.schedule("ingest_s3", Cron("0 12 29 2 *", "Australia/Sydney"), at=time.time() - DAY, slug="leap")
    async with console(planned) as page:
        await page.press("4", "slash")
        await page.shows("cleanup_tmp", "clock change Sun ", "(Sydney): no fire time changes")
        await page.type("03:07")
        await page.shows("only: 03:07", "ingest_s3", "Next 24h: 1 of 290 fires")
        assert "cleanup_tmp  " not in page.text
        await page.press("ctrl+u")
        await page.type("tag:co")
        await page.press("tab")
        await page.shows("only: tag:core", "Next 24h: 1 of 290 fires", "etl_daily")
        await page.press("ctrl+u")
        await page.type("is:paused")
        await page.shows("only: is:paused", "Next 24h: 0 of 290 fires", "reports_v2")
        assert "etl_daily" not in page.text
        await page.press("ctrl+u")
        await page.type("stat:x")
        await page.shows(
            "This is no filter", 'no word stat:; "stat:x" in quotes is a text; there are flow: tag: is:'
        )
        await page.press("ctrl+u")
        await page.type("flow:cleanup")
        await page.shows("No flow is called cleanup: flow: takes the whole name, or flow:cleanup*. Esc")
        await page.press("ctrl+u")
        await page.press("enter")
        await page.press("slash")
        await page.type("nowhere")
        await page.shows("Nothing matches", "Esc shows all")
        await page.press("escape", "escape")
        await page.shows("cleanup_tmp")


async def test_a_schedule_runs_now_with_its_own_parameters_and_shows_its_last_run(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    etl.schedule("etl_daily", At((now + HOUR,)), at=now - DAY, parameters={"date": "2026-08-20"})
    async with console(etl) as page:
        page.engine.answers[commands.RunFlow] = {"run_id": 813}
        await page.press("4")
        await page.shows("etl_daily")
        await page.press("y")
        await page.shows("fire time", f"{datetime.fromtimestamp(int(now + HOUR), UTC):%Y-%m-%dT%H:%M:%SZ}", "tui-flow schedule show etl_daily", "traceback")  # fmt: skip
        await page.press("escape", "D")
        await page.shows("run 811 to run 812", "PARAMETERS")
        await page.press("escape", "v")
        await page.shows("the text of flows/etl_daily.py that run 812 ran was not kept")
        read: list[str] = []
        monkeypatch.setattr(page.app, "page", lambda lines, at: read.append(list(lines)[at - 1]))
        await page.press("o")
        await page.until(lambda: read, "its log in the pager")
        assert "load failed" in read[0]
        await page.press("r")
        await page.shows("run 813 of etl_daily is on its way")
        assert page.engine.asked_for(commands.RunFlow)[0].parameters == {"date": "2026-08-20"}
        await page.press("enter")
        await page.shows("run 812", "FAILED")


async def test_without_schedules_it_says_how_to_make_one(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("4")
        await page.shows("No flow runs by itself yet", '@flow(schedule=Cron("0 3 * * *"')
        assert "mark" not in page.footer
        await page.press("p", "x", "b", "r", "enter", "l", "D", "v", "o", "y")
        assert page.app.is_running


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (60, 20)], ids=str)
async def test_it_fits_at_every_size(planned: Project, size: tuple[int, int]) -> None:
    async with console(planned, size=size) as page:
        await page.press("4")
        await page.shows("cleanup_tmp")
        assert "[4 Schedule]" in page.lines[1] and "5 Alerts" in page.lines[1]
        assert page.footer.endswith("? help")
        assert all(len(line) == size[0] for line in page.lines)
        assert ("etl_daily" in page.text) and (size[0] < 100 or "every 5 min" in page.text)


# The agenda itself.


def test_a_schedule_that_fires_all_the_time_is_counted_without_working_all_out() -> None:
    every_minute = fires.coming(stored(Interval(60.0)), NOW)
    assert (len(every_minute.times), every_minute.total) == (fires.MOST, 1440)
    yearly = fires.coming(stored(Cron("0 0 1 1 *", "UTC")), NOW)
    assert (len(yearly.times), yearly.total) == (1, 0)
    assert fires.coming(stored(At((NOW - 5,))), NOW) == Coming((), 0)
    first = every_minute.times[0]
    assert fires.coming(stored(Interval(60.0)), NOW, {(1, first)}).times[0] == every_minute.times[1]
    assert fires.coming(stored(Interval(60.0)), NOW, {(1, first)}).total == 1439
    beyond = fires.coming(stored(Cron("0 0 1 1 *", "UTC")), NOW, {(1, yearly.times[0])})
    assert (len(beyond.times), beyond.total) == (1, 0) and beyond.times[0] > yearly.times[0]


def test_the_times_of_a_schedule_are_told_in_the_zone_in_which_times_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(times, "_shown", [ZoneInfo("Asia/Tokyo")])
    schedule = stored(At((NOW, NOW + DAY)))
    assert fires.words(schedule) == fires.short_words(schedule) == "at 2026-03-01 09:00 and 1 more"


def test_a_trigger_says_what_keeps_it_from_firing() -> None:
    trigger = stored(OnEvent("go"))._replace(memory={"trouble": "ready() raised ValueError"})
    overview = EMPTY._replace(schedules=(trigger,))
    (row,) = (one for one in agenda.rows_of(fires.EMPTY, overview, 8) if one.kind == "trigger")
    assert (row.note, row.role) == ("ready() raised ValueError", "bad")


def test_the_hours_count_what_was_only_estimated() -> None:
    schedule = stored(Interval(60.0))
    reading = Reading((), (), {1: fires.coming(schedule, NOW)}, NOW)
    hours = hourly.hours(reading, [schedule])
    assert {hour.fires for hour in hours[:1]} == {59} and all(55 <= hour.fires <= 65 for hour in hours[1:])
    assert hours[20].flows[0].startswith("etl x")


def run(**changes: object) -> FlowRun:
    from tests.store.rows import a_run

    return a_run(7, flow="etl", schedule="tick", state=FlowRunState.RUNNING, started_at=NOW - 5, **changes)


@pytest.mark.parametrize(
    ("overlap", "note"),
    [
        ("skip", "run 7 goes on: will skip"),
        ("queue", "run 7 goes on: will wait for it"),
        ("cancel_old", "run 7 goes on: will cancel it"),
        ("allow", ""),
    ],
)
def test_a_note_says_what_an_earlier_run_does_to_the_next_fire(overlap: str, note: str) -> None:
    schedule = stored(Interval(3600.0 * 12), overlap=overlap)
    reading = Reading((), [run()], {1: fires.coming(schedule, NOW)}, NOW)

    def told(usual: float) -> str:
        overview = EMPTY._replace(schedules=[schedule], runs={"etl": [done(usual)]})
        rows = agenda.rows_of(reading, overview, slots=8)
        return next(row.note for row in rows if row.kind == "fire")

    assert told(DAY) == note
    assert told(60.0) == "", "by then it is over"
    assert told(3.0) == note.replace("will", "may"), "it takes longer than usual, and nobody knows how long"


def done(took: float, **changes: object) -> FlowRun:
    return run(ended_at=NOW - 5 + took, **changes)._replace(state=FlowRunState.COMPLETED)


def test_the_peak_counts_runs_that_hold_a_slot_and_those_asked_for_later() -> None:
    paused = run()._replace(state=FlowRunState.PAUSED)
    later = run(scheduled_for=NOW + 3600)._replace(
        id=9, schedule=None, state=FlowRunState.PENDING, started_at=None
    )
    reading = Reading((), [paused, later], {}, NOW)
    overview = EMPTY._replace(runs={"etl": [done(60.0)]})
    assert hourly.peak(reading, (), overview) == (2, NOW + 3600)
    hours = hourly.hours(reading, ())
    assert [(hour.fires, hour.flows) for hour in hours[:2]] == [
        (0, ()),
        (1, (f"etl {times.hour_minute(NOW + 3600)}",)),
    ]
    rows = agenda.rows_of(reading, overview, slots=8)
    assert agenda.count_text(rows, rows, NOW + DAY) == "1 fire of 1 flow"


def test_a_note_says_that_no_slot_is_free() -> None:
    schedule = stored(At((NOW + 60,)), flow="other")
    reading = Reading((), [run()], {1: fires.coming(schedule, NOW)}, NOW)
    rows = agenda.rows_of(reading, EMPTY._replace(schedules=[schedule]), slots=1)
    assert [row.note for row in rows if row.kind == "fire"] == ["no slot is free now"]


def test_the_peak_counts_runs_that_take_as_long_as_usual() -> None:
    ones = [stored(At((NOW + 60 * n,)), id=n, flow=f"f{n}") for n in range(1, 4)]
    reading = Reading((), (), {one.id: fires.coming(one, NOW) for one in ones}, NOW)
    done = run(ended_at=NOW + 85, reason=None)._replace(state=FlowRunState.COMPLETED)
    overview = EMPTY._replace(runs={f"f{n}": [done] for n in range(1, 4)})
    assert hourly.peak(reading, ones, overview) == (2, NOW + 120)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("7d", (NOW - 7 * DAY, NOW)),
        ("2d 1d", (NOW - 2 * DAY, NOW - DAY)),
        ("1d 2d", None),
        ("", None),
        ("soon", None),
        ("1d 2d 3d", None),
    ],
)
def test_a_range_of_the_past_is_read(text: str, found: object) -> None:
    assert range_of(text, NOW) == found


def test_a_day_as_the_end_of_a_range_counts_whole_in_console_and_command() -> None:
    last = datetime(2026, 3, 7, 23, 59, 59).timestamp()
    assert range_of("2026-03-01 2026-03-07", last + DAY) == (datetime(2026, 3, 1).timestamp(), last)
    assert range_of("7d yesterday", last + DAY) == (last - 6 * DAY, last)
    assert (end_of("2026-03-07"), end_of("2026-03-07T12:00")) == (last, last - 43_199)


def test_equal_reasons_share_a_row() -> None:
    schedule = stored(Interval(300.0))
    unfired = [a_fire_time(1, NOW - 300 * n, message=f"run {n} was not over") for n in range(1, 6)]
    reading = Reading(unfired, (), {1: fires.coming(schedule, NOW)}, NOW)
    rows = agenda.rows_of(reading, EMPTY._replace(schedules=[schedule]), slots=8)
    assert [(row.kind, row.total, row.at) for row in rows[:1]] == [("skipped", 5, NOW - 300)]


def test_a_flow_has_the_next_of_its_fire_times() -> None:
    from tui_flow.tui.presentation import flow_list

    ones = [stored(Interval(60.0))._replace(next_at=NOW + at, id=int(at)) for at in (300.0, 240.0)]
    flow = Flow("etl", "flows/etl.py", "etl", 1, "", {}, [], None)
    row = flow_list.rows_of(EMPTY._replace(flows=[flow], schedules=ones))[0]
    assert (row.next_at, row.standing) == (NOW + 240.0, "active")
    assert flow_list.next_fire(row, NOW)[0].endswith(" 4m")
    assert flow_list.next_fire(row._replace(next_at=NOW - 600), NOW) == ("LATE 10m", "bad")


async def test_t_goes_on_to_each_schedules_own_zone_and_says_it(etl: Project) -> None:
    now = time.time()
    noon = now - now % DAY + DAY + 12 * HOUR
    etl.schedule("etl_daily", Cron(f"{fires_in(noon, 'Asia/Tokyo'):%M %H} * * *", "Asia/Tokyo"), at=now - 60)
    etl.schedule("cleanup_tmp", At((noon + 60,)), at=now - 60)
    times.show_in("utc")
    there = f"{times.local(noon):%H:%M}"
    times.show_in("here")
    async with console(etl, size=(80, 24)) as page:
        await page.press("4", "T")
        await page.shows("times are shown in UTC; T shows them in each schedule's own zone")
        assert there in page.line_with("> ")
        await page.press("T")
        await page.shows("21:00 JST", "each in its own zone", "T shows them as on this machine")
        await page.shows("next  ", ":00 JST")
        await page.press("space")
        await page.shows("1 marked: etl_daily 21:00")
        await page.press("1", "T")
        await page.shows("times are shown in UTC; T shows them as on this machine")


def fires_in(at: float, zone: str) -> datetime:
    return datetime.fromtimestamp(at, ZoneInfo(zone))


def test_another_day_in_a_zone_of_its_own_is_said_and_a_zone_that_nobody_knows_is_none() -> None:
    times.show_in("own")
    evening = datetime(2026, 3, 4, 20, 0, tzinfo=UTC).timestamp()
    here = times.wall(evening, "Asia/Tokyo")
    assert f"{here:%a %H:%M %Z}" == "Thu 05:00 JST"
    assert times.wall(evening, "Mars/Base").replace(tzinfo=None) == times.local(evening)
    assert times.wall(evening, "").replace(tzinfo=None) == times.local(evening)
