"""Recurrence rules, held to dateutil, which knows them; and an end to every search, which dateutil has not."""

import random
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from tests.test_fire_times import at, scheduled, told
from tui_flow.contract.schedules import BadSchedule, RRule
from tui_flow.fire_times import check, next_fire
from tui_flow.recurrence import next_naive

NEVER = (
    "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30;COUNT=3",
    "FREQ=MINUTELY;INTERVAL=7;BYMONTH=2;BYMONTHDAY=30;BYHOUR=3", "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MINUTELY;BYHOUR=3;BYSETPOS=99", "FREQ=HOURLY;BYMINUTE=5;BYSETPOS=3", "FREQ=WEEKLY;BYSETPOS=9",
    "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=29;BYSETPOS=2", "FREQ=MINUTELY;BYHOUR=25",
    "FREQ=MINUTELY;INTERVAL=1440;BYHOUR=3", "FREQ=DAILY;INTERVAL=7;BYDAY=MO", "FREQ=MINUTELY;BYDAY=MO;BYSETPOS=2",
    "RRULE:FREQ=DAILY;COUNT=2\nEXDATE:20200101T000000,20200102T000000",
)  # fmt: skip


@pytest.mark.parametrize("rule", NEVER)
def test_a_rule_that_never_fires_is_found_out_soon(rule: str) -> None:
    began = time.process_time()
    with pytest.raises(BadSchedule, match="never fires"):
        check(scheduled(RRule(rule, "UTC", "2020-01-01T00:00:00")))
    assert time.process_time() - began < 10.0


def test_a_rule_that_fires_rarely_is_told_at_once() -> None:
    rare = scheduled(RRule("FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "UTC", "2020-01-01T00:00:00"))
    began = time.process_time()
    assert told(rare, "2026-01-01T00:00", 1) == ["2044-02-29T00:00:00+00:00"]
    assert time.process_time() - began < 1.0


PARTS: dict[str, tuple[str, ...]] = {
    "FREQ": ("WEEKLY", "DAILY", "HOURLY", "MINUTELY"),
    "INTERVAL": ("1", "1", "2", "3", "5", "7", "13"),
    "BYMONTH": ("", "", "", "1,2,3", "2,11"),
    "BYMONTHDAY": ("", "", "", "1,15", "-1", "1,-2"),
    "BYDAY": ("", "", "MO", "MO,WE,SU", "1MO,FR"),
    "BYYEARDAY": ("", "", "", "", "32,60,-1"),
    "BYWEEKNO": ("", "", "", "", "1,5,53"),
    "BYHOUR": ("", "", "3", "3,17", "0,12,23"),
    "BYMINUTE": ("", "", "0", "5,35"),
    "BYSETPOS": ("", "", "", "1", "-1", "1,-2"),
    "WKST": ("", "SU", "WE"),
}


def rules(count: int, seed: int) -> list[tuple[str, datetime, datetime]]:
    """Rule, start, and the wall time that is asked from."""
    chance, found = random.Random(seed), []
    for _ in range(count):
        chosen = {name: chance.choice(values) for name, values in PARTS.items()}
        text = ";".join(f"{name}={value}" for name, value in chosen.items() if value)
        start = datetime(2025, 12, 1) + timedelta(minutes=chance.randrange(60 * 24 * 60))
        found.append((text, start, start + timedelta(minutes=chance.randrange(-600, 60 * 24 * 90))))
    return found


@pytest.mark.parametrize("count", [120, pytest.param(10_000, marks=pytest.mark.soak)])
def test_the_next_time_is_that_of_dateutil(count: int) -> None:
    compared = 0
    for text, start, wall in rules(count, seed=7):
        try:
            ours = next_naive(RRule(text, "UTC", start.isoformat()), ZoneInfo("UTC"))(wall)
        except BadSchedule:
            continue
        if ours is not None and ours - wall < timedelta(days=60):
            assert ours == rrulestr(text, dtstart=start).after(wall), (text, start, wall)
            compared += 1
    assert compared > count / 3


def test_dates_and_counts_and_exceptions_are_those_of_dateutil() -> None:
    text = (
        "RRULE:FREQ=DAILY;COUNT=5\nRRULE:FREQ=WEEKLY;BYDAY=FR;UNTIL=20260220T000000\n"
        "RDATE:20260104T120000,20260301T000000\nEXDATE:20260102T000000,20260109T000000"
    )
    start = datetime(2026, 1, 1)
    search, wall, found = (
        next_naive(RRule(text, "UTC", start.isoformat()), ZoneInfo("UTC")),
        start - timedelta(1),
        [],
    )
    while (following := search(wall)) is not None:
        found.append(following)
        wall = following
    assert found == list(rrulestr(text, dtstart=start))


def test_a_time_in_utc_is_one_whatever_the_zone() -> None:
    rule = "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0;UNTIL=20260103T130000Z"
    here = scheduled(RRule(rule, "America/New_York", "2026-01-01T00:00:00"))
    assert (
        next_fire(here, at("2026-01-02T14:00")) is None
    )  # 09:00 there is 14:00Z, which is too late on the third
    later = scheduled(RRule(rule.replace("130000Z", "140000Z"), "America/New_York", "2026-01-01T00:00:00"))
    assert next_fire(later, at("2026-01-02T14:00")) == at("2026-01-03T14:00")
    begun = scheduled(
        RRule("DTSTART:20260101T140000Z\nRRULE:FREQ=DAILY", "America/New_York", "2020-01-01T00:00:00")
    )
    assert told(begun, "2026-01-01T00:00", 1) == ["2026-01-01T09:00:00-05:00"]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("RRULE:FREQ=DAILY\nEXRULE:FREQ=DAILY", "has an EXRULE"),
        ("FREQ=MINUTELY;COUNT=10001", "COUNT=10001 is more than 10,000"),
        ("DTSTART;TZID=Europe/Paris:20260101T090000\nRRULE:FREQ=DAILY", "say timezone='Europe/Paris'"),
    ],
)
def test_what_is_no_rule_here_is_refused_with_what_to_do(rule: str, says: str) -> None:
    with pytest.raises(BadSchedule) as refused:
        check(scheduled(RRule(rule, "UTC", "2026-01-01T00:00:00")))
    assert says in str(refused.value)
