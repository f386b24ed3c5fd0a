"""When schedules fire, held to two oracles: cronsim, which follows Debian's cron, and a walk through every minute."""

import itertools
import os
import random
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from tui_flow import fire_times
from tui_flow.contract.schedules import At, Cron, Interval, OnEvent, RRule, Schedule, When, jitter
from tui_flow.fire_times import BadSchedule, check, fires_between, next_fire, note

CHANGES = {
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "Europe/Paris": ("2026-03-29", "2026-10-25"),
    "Europe/Dublin": ("2026-03-29", "2026-10-25"),
    "Australia/Lord_Howe": ("2026-10-04", "2026-04-05"),
    "America/Santiago": ("2026-09-06", "2026-04-05"),
    "Africa/Cairo": ("2026-04-24", "2026-10-30"),
    "Asia/Beirut": ("2026-03-29", "2026-10-25"),
    "America/Sao_Paulo": ("2018-11-04", "2018-02-18"),
    "Pacific/Apia": ("2011-12-30", "2011-04-02"),
    "Africa/Casablanca": ("2026-03-22", "2026-02-15"),
    "Antarctica/Troll": ("2026-03-29", "2026-10-25"),
    "Asia/Kolkata": ("2026-03-29", "2026-10-25"),
}
"""The day on which the clocks go forward, and the one on which they go back, by zone. Kolkata's never do."""
EXPRESSIONS = (
    "30 1 * * *", "30 2 * * *", "0 0 * * *", "*/15 * * * *", "0 * * * *", "30 */2 * * *", "15,45 0-3 * * *",
    "30 2 * * 0",
)  # fmt: skip


def scheduled(when: When, **fields: object) -> Schedule:
    return Schedule(when, "one", **fields)  # type: ignore[arg-type]


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def told(schedule: Schedule, start: str, count: int) -> list[str]:
    """Local times with their offset."""
    found = itertools.islice(fire_times.fires_after(schedule, at(start)), count)
    place = fire_times.zone_of(schedule)
    return [datetime.fromtimestamp(one, place).isoformat() for one in found]


def oracle(expression: str, zone: str, after: float, until: float) -> list[float]:
    """What cronsim says."""
    found = []
    for one in CronSim(expression, datetime.fromtimestamp(after, ZoneInfo(zone))):
        if one.timestamp() > until:
            return found
        found.append(one.timestamp())
    return found


@pytest.mark.parametrize("zone", CHANGES)
@pytest.mark.parametrize("way", ["forward", "back"])
def test_fires_around_a_clock_change_as_debians_cron_does(zone: str, way: str) -> None:
    day = datetime.fromisoformat(CHANGES[zone][way == "back"]).replace(tzinfo=ZoneInfo(zone))
    start, end = (day - timedelta(days=1)).timestamp(), (day + timedelta(days=3)).timestamp()
    for expression in EXPRESSIONS:
        ours = fires_between(scheduled(Cron(expression, zone)), start, end, 1_000)
        assert ours == oracle(expression, zone, start, end), expression
        assert len(ours) >= (1 if expression.endswith("0") and "* * 0" in expression else 3)


def test_the_days_that_the_golden_cases_name_are_those_of_a_clock_change() -> None:
    for zone, days in CHANGES.items():
        for day in map(datetime.fromisoformat, days):
            offsets = {
                (day + timedelta(hours=hour)).replace(tzinfo=ZoneInfo(zone)).utcoffset()
                for hour in range(-30, 31)
            }
            assert len(offsets) == (1 if zone == "Asia/Kolkata" else 2), (zone, day)


FIELDS = (
    ("*", "*/7", "*/20", "0", "5", "30", "59", "0,30", "10-13", "*/2"),
    ("*", "*/2", "*/5", "0", "1", "2", "3", "1,2", "0-4", "23"),
    ("*", "*", "*", "1", "*/2", "28-31", "15"),
    ("*", "*", "*/2", "3", "10-11", "JAN,NOV"),
    ("*", "*", "*", "0", "1-5", "7", "SUN"),
)
"""What each field of a random expression is drawn from."""


def cases(count: int, seed: int) -> Iterator[tuple[str, str, int]]:
    """Expression, zone and moment: half of the moments within 30 hours of a clock change."""
    chance = random.Random(seed)
    for _ in range(count):
        zone = chance.choice(list(CHANGES))
        near = at(chance.choice(CHANGES[zone])) + chance.uniform(-30, 30) * 3600
        anywhere = chance.uniform(at("2024-01-01"), at("2028-01-01"))
        yield " ".join(map(chance.choice, FIELDS)), zone, int(chance.choice((near, anywhere)))


def test_in_ten_thousand_cases_the_next_fire_is_that_of_debians_cron() -> None:
    for expression, zone, after in cases(10_000, seed=1):
        found = next_fire(scheduled(Cron(expression, zone)), float(after))
        theirs = next(CronSim(expression, datetime.fromtimestamp(after, ZoneInfo(zone)))).timestamp()
        assert found is not None and found > after, (expression, zone, after)
        if found != theirs:
            assert found == _arbitrated(expression, zone, after, found, theirs), (expression, zone, after)


def _arbitrated(expression: str, zone: str, after: int, ours: float, theirs: float) -> float | None:
    """What the plain rules say where cronsim differs. It does so near clock changes only: it steps by hours of real
    time, so a change of half an hour leads it past a match; and within an overlap's second pass it starts from the wall
    clock, and tells a time of the first pass that is over; and a gap at midnight it takes for the hour that is lost."""
    day = 26 * 3600
    offsets = [
        {datetime.fromtimestamp(moment, ZoneInfo(zone)).utcoffset() for moment in (one - day, one + day)}
        for one in (ours, theirs)
    ]
    assert max(map(len, offsets)) == 2 or theirs <= after, "cronsim differs, and no clock change is near"
    start = int(max(after, min(ours, theirs) - 60))
    if ours - start > day:  # too far to walk: theirs must be wrong, and ours a match
        assert minute_scan(expression, zone, int(theirs) - 60, 60) is None
        start = int(ours) - 60
    return minute_scan(expression, zone, start, day)


def minute_scan(expression: str, zone: str, after: int, limit: int) -> float | None:
    """The rules in their plainest form: look at every minute, in the order in which they come."""
    place, fields = ZoneInfo(zone), expression.split()
    is_elapsed = "*" in (fields[0][0], fields[1][0])
    for moment in range(after // 60 * 60 + 60, after + limit, 60):
        here = datetime.fromtimestamp(moment, place)
        before = datetime.fromtimestamp(moment - 60, place)
        skipped = here.replace(tzinfo=None) - before.replace(tzinfo=None) - timedelta(minutes=1)
        if _fits(expression, here) and (is_elapsed or here.fold == 0):
            return float(moment)
        for lost in range(int(skipped.total_seconds()) // 60 if not is_elapsed else 0):
            if _fits(expression, before.replace(tzinfo=None) + timedelta(minutes=1 + lost)):
                return float(moment)
    return None


def _fits(expression: str, here: datetime) -> bool:
    naive = here.replace(tzinfo=None, fold=0)
    return next(CronSim(expression, naive - timedelta(minutes=1))) == naive


def test_the_next_fire_is_what_a_walk_through_every_minute_finds() -> None:
    limit = 5 * 3600
    for expression, zone, after in cases(150, seed=2):
        found = next_fire(scheduled(Cron(expression, zone)), float(after))
        assert found is not None
        walked = minute_scan(expression, zone, after, limit)
        assert (found if found < after // 60 * 60 + limit else None) == walked, (expression, zone, after)


def test_fires_strictly_rise() -> None:
    for expression, zone, after in cases(500, seed=3):
        found = list(itertools.islice(fire_times.fires_after(scheduled(Cron(expression, zone)), after), 5))
        assert len(found) == 5
        assert all(one < other for one, other in itertools.pairwise([after, *found]))


def test_a_time_in_the_gap_fires_once_at_its_end() -> None:
    assert told(scheduled(Cron("30 2 * * *", "America/New_York")), "2026-03-07T12:00", 2) == [
        "2026-03-08T03:00:00-04:00",
        "2026-03-09T02:30:00-04:00",
    ]
    several = scheduled(Cron("0,15,30 2 * * *", "America/New_York"))
    assert told(several, "2026-03-08T00:00", 2) == ["2026-03-08T03:00:00-04:00", "2026-03-09T02:00:00-04:00"]


def test_a_time_in_the_overlap_fires_once_in_the_first_pass() -> None:
    assert told(scheduled(Cron("30 1 * * *", "America/New_York")), "2026-10-31T00:00", 3) == [
        "2026-10-31T01:30:00-04:00",
        "2026-11-01T01:30:00-04:00",
        "2026-11-02T01:30:00-05:00",
    ]


def test_a_wildcard_follows_elapsed_time_through_the_overlap() -> None:
    hourly = scheduled(Cron("0 * * * *", "Europe/Paris"))
    found = fires_between(hourly, at("2026-10-24T22:00"), at("2026-10-25T06:00"), 100)
    assert {later - earlier for earlier, later in itertools.pairwise(found)} == {3600.0}


def test_what_a_clock_change_does_is_told_in_words() -> None:
    twice = scheduled(Cron("30 1 * * *", "America/New_York"))
    assert note(twice, at("2026-11-01T05:30")) == (
        "01:30 happens twice on Sunday 1 November 2026: it fires once, the first time"
    )
    assert note(twice, at("2026-11-02T06:30")) is None
    gone = scheduled(Cron("30 2 * * *", "America/New_York"))
    assert note(gone, at("2026-03-08T07:00")) == (
        "02:30 does not exist on Sunday 8 March 2026: it fires at the end of the gap, at 03:00"
    )
    always = scheduled(Cron("*/30 * * * *", "America/New_York"))
    assert note(always, at("2026-11-01T06:30")) == (
        "01:30 happens twice on Sunday 1 November 2026: it fires both times"
    )
    assert note(always, at("2026-03-08T07:00")) is None


def test_an_interval_keeps_its_phase_whenever_it_is_asked() -> None:
    quarter = scheduled(Interval(900.0))
    assert told(quarter, "2026-01-01T00:07", 2) == ["2026-01-01T00:15:00+00:00", "2026-01-01T00:30:00+00:00"]
    anchored = scheduled(Interval(7200.0, at("2026-01-01T00:30")))
    assert told(anchored, "2026-01-01T00:30", 1) == ["2026-01-01T02:30:00+00:00"]
    assert told(anchored, "2025-12-31T23:00", 1) == ["2026-01-01T00:30:00+00:00"]
    tenth = scheduled(Interval(0.1))
    found = list(itertools.islice(fire_times.fires_after(tenth, 1e9), 1000))
    assert all(one < other for one, other in itertools.pairwise([1e9, *found]))


def test_days_are_counted_in_local_time() -> None:
    daily = scheduled(Interval(86_400.0, 0.0, "Europe/Paris", "09:00"))
    assert told(daily, "2026-03-27T12:00", 3) == [
        "2026-03-28T09:00:00+01:00",
        "2026-03-29T09:00:00+02:00",
        "2026-03-30T09:00:00+02:00",
    ]
    every_third = scheduled(Interval(3 * 86_400.0, at("2026-01-01T08:00"), "Europe/Paris", "09:00"))
    assert told(every_third, "2026-01-01T08:00", 1) == ["2026-01-04T09:00:00+01:00"]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo", "Pacific/Apia"])
def test_without_an_anchor_days_are_counted_alike_in_every_zone(zone: str) -> None:
    weekly = scheduled(Interval(7 * 86_400.0, 0.0, zone, "09:00"))
    every_other = scheduled(Interval(2 * 86_400.0, 0.0, zone, "09:00"))
    assert told(weekly, "2026-01-02T12:00", 1)[0][:16] == "2026-01-08T09:00"
    assert told(every_other, "2026-01-02T12:00", 1)[0][:16] == "2026-01-03T09:00"
    assert told(scheduled(Interval(86_400.0, 0.0, zone)), "2026-01-02T18:00", 1)[0][10:16] == "T00:00"


def test_zone_data_is_there_where_the_system_has_none() -> None:
    where = {**os.environ, "PYTHONTZPATH": ""}
    code = "from tui_flow.fire_times import zone; print(zone('Europe/Paris'))"
    done = subprocess.run([sys.executable, "-c", code], env=where, capture_output=True, text=True)
    assert done.stdout == "Europe/Paris\n", done.stderr
    pyproject = tomllib.loads((Path(fire_times.__file__).parents[1] / "pyproject.toml").read_text())
    assert any(one.startswith("tzdata") for one in pyproject["project"]["dependencies"])


def test_an_interval_after_the_end_counts_from_there() -> None:
    assert next_fire(scheduled(Interval(60.0, after_end=True)), 1_000.5) == 1_060.5


@pytest.mark.parametrize(
    ("rule", "start", "wanted"),
    [
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "2026-03-07T12:00", "2026-03-08T03:00:00-04:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "2026-11-24T00:00", "2026-12-07T00:00:00-05:00"),
        ("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17", "2026-11-24T00:00", "2026-11-27T17:00:00-05:00"),
        ("FREQ=MINUTELY;INTERVAL=7", "2026-11-24T00:00", "2026-11-23T19:05:00-05:00"),
        ("FREQ=DAILY;COUNT=3", "2000-01-02T00:00", "2000-01-02T00:00:00-05:00"),
        ("DTSTART:20261224T180000\nRRULE:FREQ=YEARLY", "2026-11-24T00:00", "2026-12-24T18:00:00-05:00"),
    ],
)
def test_a_recurrence_rule_fires_in_local_time(rule: str, start: str, wanted: str) -> None:
    schedule = scheduled(RRule(rule, "America/New_York", "2000-01-01T00:00:00"))
    assert told(schedule, start, 1) == [wanted]


def test_a_rule_that_is_moved_near_keeps_its_phase() -> None:
    from dateutil.rrule import rrulestr

    for rule in (
        "FREQ=MINUTELY;INTERVAL=7",
        "FREQ=WEEKLY;INTERVAL=3",
        "FREQ=DAILY;INTERVAL=5",
        "FREQ=HOURLY;INTERVAL=5",
    ):
        anchor = datetime(2026, 1, 1, 0, 30)
        whole = rrulestr(rule, dtstart=anchor).xafter(datetime(2026, 3, 1), count=20)
        ours = fires_between(
            scheduled(RRule(rule, "UTC", anchor.isoformat())), at("2026-03-01"), at("2028-01-01"), 20
        )
        assert ours == [one.replace(tzinfo=UTC).timestamp() for one in whole]


def test_a_counted_rule_and_a_moment_end() -> None:
    counted = scheduled(RRule("FREQ=DAILY;COUNT=3", "UTC", "2026-01-01T00:00:00"))
    assert next_fire(counted, at("2026-01-03")) is None
    once = scheduled(At((at("2026-01-01"), at("2026-02-01"))))
    assert next_fire(once, at("2026-01-01")) == at("2026-02-01")
    assert next_fire(once, at("2026-02-01")) is None
    assert next_fire(scheduled(OnEvent("x")), 0.0) is None


def test_jitter_makes_it_later_always_by_the_same() -> None:
    plain = scheduled(Cron("0 * * * *", "UTC"))
    late = plain._replace(jitter_seconds=600.0)
    by = jitter(late, "etl")
    assert 0 < by < 600
    start, end = at("2026-01-01"), at("2026-01-02")
    assert fires_between(late, start + by, end + by, 99, "etl") == [
        one + by for one in fires_between(plain, start, end, 99)
    ]


@pytest.mark.parametrize(
    ("when", "says"),
    [
        (Cron("0 25 * * *", "UTC"), "'0 25 * * *' is no cron expression"),
        (Cron("* * * *", "UTC"), "has 4 fields; cron has five"),
        (Cron("0 0 * * * *", "UTC"), "has 6 fields; cron has five"),
        (Cron("", "UTC"), "has 0 fields"),
        (Cron("0 0 30 2 *", "UTC"), "never fires"),
        (Cron("0 0 * * *", "Mars/Olympus"), "there is no time zone 'Mars/Olympus'"),
        (Cron("0 0 * * *", "../../etc/passwd"), "there is no time zone"),
        (RRule("FREQ=SECONDLY", "UTC", "2026-01-01T00:00:00"), "fires by the second"),
        (RRule("every day", "UTC", "2026-01-01T00:00:00"), "is no recurrence rule"),
        (RRule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "UTC", "2026-01-01T00:00:00"), "never fires"),
        (At(()), "at no time at all"),
        (Interval(0.0), "must be longer than 0"),
        (Interval(86_400.0, 0.0, "UTC", "9 o'clock"), "is not a time of day"),
    ],
)
def test_what_cannot_fire_is_refused_with_a_sentence(when: When, says: str) -> None:
    with pytest.raises(BadSchedule) as refused:
        check(scheduled(when))
    assert says in str(refused.value)


@pytest.mark.parametrize("alias", ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly"])
def test_the_usual_nicknames_are_known(alias: str) -> None:
    assert next_fire(check(scheduled(Cron(alias, "UTC"))), at("2026-06-15T12:30")) is not None


def test_a_day_and_a_weekday_that_are_both_named_are_two_chances() -> None:
    either = scheduled(Cron("0 0 13 * 5", "UTC"))
    assert told(either, "2026-11-24T00:00", 2) == ["2026-11-27T00:00:00+00:00", "2026-12-04T00:00:00+00:00"]
    both = scheduled(Cron("0 0 13 * 5", "UTC", day_or=False))
    assert told(both, "2026-11-24T00:00", 1) == ["2027-08-13T00:00:00+00:00"]
