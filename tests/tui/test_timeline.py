"""The timeline in the Schedule view: past and future of all flows on one axis."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from tests.store.rows import a_fire_time, a_run
from tests.tui.pages import console
from tests.tui.project import Project
from tests.tui.schedules import DAY, HOUR, NOW, stored
from tui_flow.contract.schedules import At, Cron, Interval, OnEvent
from tui_flow.contract.states import FireOutcome, FireReason, FlowRunState
from tui_flow.store.records import Schedule
from tui_flow.store.spans import FlowSpan
from tui_flow.tui.presentation import clock_changes, fires, text_of, timeline, timeline_slots, times
from tui_flow.tui.presentation.agenda import Row
from tui_flow.tui.presentation.fires import Coming
from tui_flow.tui.presentation.flow_list import EMPTY
from tui_flow.tui.presentation.glyphs import UNICODE
from tui_flow.tui.presentation.timeline import Facts, Window
from tui_flow.tui.widgets.agenda_table import AgendaTable

pytestmark = pytest.mark.usefixtures("in_utc")
WINDOW = Window(NOW - 6 * HOUR, HOUR / 2, 48)
"""Twelve cells of the past, now, and what comes."""


def facts(schedules: Sequence[Schedule], *, spans: Sequence[FlowSpan] = (), **changes: object) -> Facts:
    coming = {one.id: fires.between(one, NOW + 1, WINDOW.end) for one in schedules}
    return Facts(WINDOW, spans, False, coming, (), NOW)._replace(**changes)  # type: ignore[arg-type]


def ran(hours_ago: float, state: str = "completed", took: float = 60.0) -> FlowSpan:
    at = NOW - hours_ago * HOUR
    return FlowSpan("etl", FlowRunState(state), at, at, at + took)


def lane(schedule: Schedule, found: Facts, took: float = 60.0) -> str:
    done = a_run(
        7, flow="etl", state=FlowRunState.COMPLETED, started_at=NOW - 9000, ended_at=NOW - 9000 + took
    )
    (row,) = timeline.lanes([schedule], found, EMPTY._replace(runs={"etl": [done]}), UNICODE)
    return text_of(row.cells).rstrip()


def test_a_lane_shows_how_runs_ended_and_when_it_fires_and_how_long_that_takes() -> None:
    schedule = stored(At((NOW + 2 * HOUR, NOW + 5 * HOUR)))
    found = facts([schedule], spans=[ran(4), ran(3), ran(2.9, "failed")])
    assert lane(schedule, found) == "    ✓ ✗     │   ○     ○"
    assert lane(schedule, found, took=HOUR) == "    ✓ ✗     │   ○▒    ○▒"
    just_now = facts([schedule], spans=[ran(4), ran(0.001, "failed"), ran(0.002)])
    failed = a_run(7, flow="etl", state=FlowRunState.FAILED, started_at=NOW - 9, ended_at=NOW - 5)
    overview = EMPTY._replace(runs={"etl": [a_run(8, flow="etl"), failed]})
    assert timeline.lanes([schedule], found, overview, UNICODE)[0].shape[0] == "✗", "as in Flows"
    assert lane(schedule, just_now) == "    ✓      ✗│   ○     ○", "what is new is not behind the line"


def test_what_fires_all_the_time_is_dense_and_costs_nothing() -> None:
    schedule = stored(Interval(1.0))
    begun = time.process_time()
    assert lane(schedule, facts([schedule])) == " " * 12 + "│" + "●" * 35
    assert time.process_time() - begun < 0.5
    hourly = stored(Interval(HOUR))
    assert lane(hourly, facts([hourly])).startswith(" " * 12 + "│ ○ ○ ○")


def test_where_counted_fires_end_and_estimated_ones_begin_the_lane_is_as_dense_as_around() -> None:
    often, cell = stored(Interval(60.0)), HOUR / 2
    counted = Coming(tuple(NOW + 1 + n * 60 for n in range(int(cell / 60) + 1)), 1000)
    assert lane(often, facts([often], coming={often.id: counted})) == " " * 12 + "│" + "●" * 35


def test_a_missed_fire_stands_where_it_should_have_run() -> None:
    schedule = stored(At((NOW + HOUR,)))
    missed = a_fire_time(
        1, NOW - 3 * HOUR, outcome=FireOutcome.MISSED, reason=FireReason.DOWN, until=NOW - 2 * HOUR, times=3
    )
    assert lane(schedule, facts([schedule], unfired=[missed])) == "      ???   │ ○"


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        (stored(OnEvent("day.closed")), "event day.closed"),
        (stored(At((NOW - 5,))), "fires no more"),
        (stored(At((NOW + 40 * DAY,)))._replace(next_at=NOW + 40 * DAY), "next Fri 10 Apr 00:00"),
        (
            stored(Interval(60.0))._replace(
                state=fires.ScheduleState.PAUSED, paused_by="ops", paused_at=NOW - DAY
            ),
            "paused by ops 1d ago",
        ),
    ],
    ids=["trigger", "over", "far", "paused"],
)
def test_a_lane_without_fires_says_why(schedule: Schedule, why: str) -> None:
    assert lane(schedule, facts([schedule])).endswith(f"│ {why}")


def test_slots_are_those_of_runs_and_of_what_is_expected() -> None:
    schedule = stored(At((NOW + 2 * HOUR,)))
    done = a_run(
        7, flow="etl", state=FlowRunState.COMPLETED, started_at=NOW - 9000, ended_at=NOW - 9000 + HOUR
    )
    found = facts([schedule], spans=[ran(4, took=HOUR), ran(4, took=HOUR)])
    overview = EMPTY._replace(runs={"etl": [done]})
    line = text_of(timeline_slots.slots_line([schedule], found, overview, 2, UNICODE))
    assert line[:13] == "····██······│" and line[15:19] == "·▅▅·"


def test_the_window_moves_by_whole_cells_and_the_axis_names_full_hours() -> None:
    one, later = (timeline.window_at(NOW + seconds, "24h", 48) for seconds in (1, HOUR / 2 - 1))
    assert one == later == WINDOW
    assert timeline.window_at(NOW, "24h", 48, pan=-1).start == NOW - 12 * HOUR
    assert timeline.axis_line(WINDOW) == "18          Sun 01      06          12          "
    assert timeline.title(WINDOW, False) == "Timeline: 6h back, 18h ahead"


def told_of(*schedules: Schedule, now: float = NOW, own: int = 0) -> str:
    change = clock_changes.first(schedules, now)
    return clock_changes.sentence(change, "->", own) if change else ""


def test_a_clock_change_is_told_in_a_line_with_the_schedule_under_the_cursor_first() -> None:
    paris = [stored(Cron("30 2 * * *", "Europe/Paris"), id=n, flow=f"f{n}") for n in range(1, 6)]
    noon = stored(Cron("0 12 * * *", "Europe/Paris"), id=9, flow="noon")
    assert told_of(*paris, noon, own=3) == (
        "clock change Sun 29 Mar 02:00 -> 03:00 (Paris): f3 02:30 runs at 03:00; f1 02:30 runs at 03:00; "
        "f2 02:30 runs at 03:00; and 2 more"
    )
    autumn = NOW + 200 * DAY
    assert told_of(paris[0], noon, now=autumn) == (
        "clock change Sun 25 Oct 03:00 -> 02:00 (Paris): f1 still runs once"
    )
    hourly = stored(Cron("30 * * * *", "Europe/Paris"), flow="hourly")
    assert told_of(hourly, now=autumn).endswith("(Paris): hourly runs both times")
    assert told_of(noon, stored(Interval(60.0), id=3)).endswith("(Paris): no fire time changes")
    earlier = stored(Cron("0 12 * * *", "America/New_York"), id=10)
    assert told_of(earlier, noon).startswith("clock change Sun 8 Mar 02:00 -> 03:00 (New York)")
    assert told_of(earlier, paris[0]).endswith("(Paris): f1 02:30 runs at 03:00"), "it does something"
    assert told_of(noon, now=NOW + 30 * DAY) == "", "it is too far ahead"
    on_the_day = datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp()
    assert told_of(paris[0], now=on_the_day - 1).startswith(
        "clock change Sun 25 Oct 03:00 -> 02:00 (Paris): f1"
    )
    assert told_of(paris[0], now=on_the_day).startswith("clock change Sun 28 Mar"), "it has been"
    assert told_of(stored(Cron("0 12 * * *", "UTC"))) == "" == told_of(stored(Interval(60.0)))


@pytest.mark.parametrize(
    ("width", "names"),
    [
        (56, ["FLOW"]),
        (76, ["FLOW", "SCHEDULE"]),
        (98, ["FLOW", "SCHEDULE", "EXPECT"]),
        (118, ["FLOW", "SCHEDULE", "ZONE", "EXPECT"]),
    ],
    ids=["narrow", "80", "wider", "wide"],
)
def test_the_agenda_has_as_many_columns_as_leave_room_for_the_notes(width: int, names: list[str]) -> None:
    table = AgendaTable(id="agenda")
    nightly = stored(Cron("0 3 * * *", "Europe/Paris"), flow="etl_daily")
    table.usual = {"etl_daily": 180.0}
    table.rows = [Row("fire", NOW, "run 7 goes on: will wait for it", nightly)]
    assert [column.name for column in table._columns(width)] == names


async def test_one_flow_is_chosen_in_timeline_and_agenda_and_keys_pan_and_scale(planned: Project) -> None:
    times.show_in("here")
    async with console(planned, size=(160, 45)) as page:
        await page.press("4")
        await page.shows("Timeline: 6h back", "slots", "M hides it", "[24h]")
        assert "│" in page.line_with("cleanup_tmp") and "●●●" in page.line_with("cleanup_tmp")
        await page.press("plus")
        await page.shows("[6h]", "1.5h back, 4.5h ahead")
        await page.press("minus", "minus")
        await page.shows("[7d]")
        await page.press("minus")
        await page.shows("there is no time axis here that shows more")
        section = page.app.screen.section  # type: ignore[attr-defined]
        assert section.table.has_focus and "l pan" in page.footer
        await page.press("l")
        await page.until(lambda: " to " in page.lines[2], "another part of the time, from the list")
        await page.press("h")
        await page.shows("Timeline: 42h back")
        section.timeline.focus()
        await page.press("j")
        assert section.table.selected.schedule.flow == section.timeline.selected == "etl_daily"
        await page.press("l")
        await page.until(lambda: " to " in page.lines[2], "another part of the time")
        await page.press("escape")
        await page.shows("Timeline: 42h back")
        await page.press("escape", "slash")
        await page.type("ingest")
        await page.hides("cleanup_tmp  ")
        assert "event day.closed" in page.line_with("ingest_s3")
        await page.type(" nowhere")
        await page.shows("No schedule has ingest nowhere. Esc shows all.")
