"""The month in the Schedule view: what became of each day, and how much fires on those to come."""

import time
from datetime import date, timedelta

import pytest

from tests.tui.pages import console
from tests.tui.project import REFUSED, Project
from tests.tui.schedules import DAY, NOW, stored
from tui_flow.contract.errors import HistoryError
from tui_flow.contract.schedules import At, Cron, Interval
from tui_flow.contract.states import FlowRunState
from tui_flow.tui.presentation import agenda, calendar, filters, fires, text_of, times
from tui_flow.tui.presentation.calendar import Day, Expected
from tui_flow.tui.presentation.fires import Reading
from tui_flow.tui.presentation.flow_list import EMPTY
from tui_flow.tui.presentation.glyphs import ASCII, UNICODE

MARCH = date(2026, 3, 1)


def a_day(day: int = 20, **changes: object) -> Day:
    start = NOW + (day - 1) * DAY
    return Day(MARCH.replace(day=day), start, start + DAY, {})._replace(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        (a_day(counts={FlowRunState.COMPLETED: 30}), "✓"),
        (a_day(counts={FlowRunState.COMPLETED: 30, FlowRunState.FAILED: 2}), "✗2"),
        (a_day(counts={FlowRunState.FAILED: 2, FlowRunState.CRASHED: 1}), "!1"),
        (a_day(counts={FlowRunState.COMPLETED: 1, FlowRunState.RUNNING: 1}), "✓"),
        (a_day(counts={FlowRunState.COMPLETED: 1}, missed=12), "?12"),
        (a_day(counts={FlowRunState.FAILED: 1}, missed=12), "✗1"),
        (a_day(to_come=Expected(31)), "○31"),
        (a_day(to_come=Expected(87_049, True)), "~87k"),
        (a_day(), ""),
    ],
    ids=["fine", "failed", "crashed", "at-work", "missed", "failed-and-missed", "to-come", "many", "nothing"],
)
def test_a_day_shows_its_worst_state_or_what_is_to_come(day: Day, shown: str) -> None:
    assert calendar.cell(day, UNICODE, 4)[0] == shown


@pytest.mark.parametrize(
    ("count", "room", "text"),
    [(999, 3, "999"), (1436, 4, "1436"), (1436, 3, "1k"), (12_345, 3, "12k"), (999_999, 3, "1M"), (10, 1, "+"), (2_500_000, 4, "2.5M")],
)  # fmt: skip
def test_a_number_fits_into_its_cells(count: int, room: int, text: str) -> None:
    assert calendar.short_count(count, room) == text


def test_weeks_begin_on_monday_and_months_keep_the_day(in_utc: None) -> None:
    days = [a_day(n) for n in range(1, 32)]
    weeks = calendar.weeks(days)
    assert [day and day.date.day for day in weeks[0]] == [None] * 6 + [1]
    assert [len(week) for week in weeks] == [7] * 6 and calendar.weeks([]) == []
    assert calendar.same_day(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert calendar.same_day(date(2026, 1, 31), -2) == date(2025, 11, 30)
    assert calendar.midnights(MARCH)[:2] == [NOW, NOW + DAY] and len(calendar.midnights(MARCH)) == 32


def test_fires_to_come_are_counted_by_day_and_estimated_where_they_are_many(in_utc: None) -> None:
    starts, now = calendar.midnights(MARCH), NOW + 12 * 3600
    nightly = stored(Cron("0 3 * * *", "UTC"))._replace(cursor=now)
    found = calendar.expected([nightly], starts, now, frozenset({(1, NOW + DAY + 3 * 3600)}))
    assert [one.fires for one in found[:4]] == [0, 0, 1, 1] and not any(one.is_estimate for one in found)
    often = stored(Interval(1.0))._replace(cursor=now)
    begun = time.process_time()
    found = calendar.expected([often], starts, now, frozenset())
    assert time.process_time() - begun < 1.0
    assert abs(found[0].fires - DAY / 2) < 100 and abs(found[30].fires - DAY) < 100
    assert found[30].is_estimate and found[30].text().startswith("about 86,4")


def test_a_fire_at_midnight_belongs_to_the_day_that_begins(in_utc: None) -> None:
    starts = calendar.midnights(MARCH)
    found = calendar.expected([stored(Cron("0 0 * * *", "UTC"))], starts, NOW - 60, frozenset())
    assert [one.fires for one in found] == [1] * 31


def test_a_summary_names_states_and_the_first_failure(in_utc: None) -> None:
    from tests.store.rows import a_run

    bad = a_run(7, flow="etl_daily", state=FlowRunState.FAILED, ended_at=NOW + 3 * 3600 + 60)
    day = a_day(1, counts={FlowRunState.COMPLETED: 1106, FlowRunState.FAILED: 3}, first_failure=bad)
    said = [text_of(line) for line in calendar.summary(day, NOW + 2 * DAY, ASCII)]
    assert said == [
        "Sun 1 Mar  2d ago",
        "1,109 runs",
        "X3  .1,106  ",
        "first X 03:01 etl_daily",
        "Enter its runs",
    ]
    empty = [text_of(line) for line in calendar.summary(a_day(1), NOW + 2 * DAY, ASCII)]
    assert empty == ["Sun 1 Mar  2d ago", "no run is kept"]


def test_a_filter_knows_days(in_utc: None) -> None:
    assert filters.day_of("2026-03-20", NOW) == (NOW + 19 * DAY, NOW + 20 * DAY)
    assert filters.day_of("yesterday", NOW) == (NOW - DAY, NOW)
    assert filters.day_of("24h", NOW) is None
    last = filters.day_of("9999-12-31", NOW)
    assert last is not None and last[1] - last[0] == DAY
    with pytest.raises(filters.BadFilter, match="day: takes today"):
        filters.parse("day:24h")


async def test_the_month_leads_to_the_runs_of_a_day_and_to_what_fires_on_another(etl: Project) -> None:
    now = time.time()
    yesterday = now - DAY
    today = times.local(now).date()
    before, after = today - timedelta(days=1), today + timedelta(days=1)
    etl.run(900, "etl_daily", "failed", failure=REFUSED, created_at=yesterday, started_at=yesterday, ended_at=yesterday + 5)  # fmt: skip
    etl.run(901, "etl_daily", created_at=now, started_at=now, ended_at=now)
    etl.schedule("etl_daily", At((calendar.midnight(after),)), at=now)
    async with console(etl) as page:
        await page.press("4", "comma")
        await page.shows("M shows the month")
        await page.press("M")
        await page.shows(f"{times.local(now):%B %Y}", "today", "✓1")
        await page.press("full_stop")
        await page.shows(f"{calendar.first_of(today, 1):%B %Y}")
        moved = calendar.same_day(calendar.same_day(today, 1), -1)
        await page.press("comma", *["right"] * (today - moved).days)
        await page.shows("today")
        await page.press("left")
        await page.shows(f"{before:%a} {before.day} {before:%b}", "first ✗", "✗1")
        await page.press("right", "right")
        await page.shows(f"{after:%a} {after.day} {after:%b}", "1 fire", "what fires")
        await page.press("enter")
        await page.shows(f"{after:%a %d %b}: 1 fire of 1 flow", "00:00")
        await page.press("escape")
        await page.shows("Next 24h: 1 fire of 1 flow")
        await page.press("h", "h", "enter")
        await page.shows(f"only: day:{before}", "Runs 1 ")
        await page.press("enter")
        await page.shows("run 900", "FAILED")
        await page.press("escape", "escape")
        await page.shows(f"{before:%a} {before.day} {before:%b}", "first ✗", "[4 Schedule]")
        await page.press("2")
        await page.hides("only: day:")
        await page.press("escape")
        assert "[2 Runs]" in page.text, "nobody came from elsewhere"
        await page.press("4", "slash")
        await page.type("etl_daily")
        await page.shows(f"{times.local(now):%B %Y}, of all flows")
        await page.press("escape")
        await page.hides("of all flows")
        await page.press("tab", "escape")
        await page.hides("M hides it")


async def test_a_month_that_cannot_be_read_says_why(etl: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from tui_flow.store import days

    def refuse(*_: object) -> None:
        raise HistoryError("the disk is gone")

    etl.schedule("etl_daily", At((time.time() + DAY,)), at=time.time())
    monkeypatch.setattr(days, "count_by_day", refuse)
    async with console(etl, size=(160, 45)) as page:
        await page.press("4")
        await page.shows("the disk is gone", "Timeline: ")
        await page.press("full_stop", "comma")
        assert page.app.is_running


def test_what_will_be_skipped_is_no_fire() -> None:
    schedule = stored(At((NOW + 60, NOW + 120)))
    skips = frozenset({(1, NOW + 60)})
    reading = Reading((), (), {1: fires.coming(schedule, NOW, skips)}, NOW, skips)
    rows = agenda.rows_of_day(reading, EMPTY._replace(schedules=[schedule]), slots=8)
    assert agenda.count_text(rows, rows, NOW + DAY) == "1 fire of 1 flow"
    assert [(row.kind, row.at) for row in rows] == [("day", NOW), ("fire", NOW + 120)]
