"""The words for schedules: what is declared comes through JSON as it was, and nonsense is refused with a sentence."""

import json
import re
from typing import Any

import pytest

from tui_flow.contract import schedules
from tui_flow.contract.schedules import (
    At,
    Cron,
    Interval,
    OnCondition,
    OnEvent,
    OnFile,
    OnFlow,
    RRule,
    Schedule,
    When,
)

EVERY: list[tuple[When, str]] = [
    (Cron("0 3 * * *", "Europe/Paris"), "0 3 * * * Europe/Paris"),
    (Interval(900.0), "every 15 min"),
    (Interval(86_400.0, 0.0, "Asia/Kolkata", "09:00"), "every 1 day at 09:00 Asia/Kolkata"),
    (Interval(90.0, after_end=True), "every 90 s after its end"),
    (RRule("FREQ=DAILY;COUNT=3", "UTC", "2026-01-01T00:00:00"), "FREQ=DAILY;COUNT=3 UTC"),
    (At((0.0, 60.0)), "at 1970-01-01 00:00 UTC and 1 more"),
    (OnFile("data/*.csv"), "file data/*.csv"),
    (OnFlow(("etl",), ("failed", "crashed")), "after etl failed or crashed"),
    (OnCondition("is_ready"), "when is_ready() says so"),
    (OnEvent("order.placed"), "event order.placed"),
]


@pytest.mark.parametrize(("when", "words"), EVERY, ids=[words for _, words in EVERY])
def test_every_kind_comes_through_json_as_it_was(when: When, words: str) -> None:
    schedule = Schedule(when, schedules.default_slug(when), False, {"day": 1}, "all", 60.0, "queue", 5.0)
    assert schedules.from_json(json.loads(json.dumps(schedules.to_json(schedule)))) == schedule
    assert schedules.describe(schedule) == words


def test_every_kind_is_among_them() -> None:
    assert {type(when) for when, _ in EVERY} == set(schedules.KINDS.values())


def test_a_schedule_without_a_slug_has_one_that_depends_on_its_words_alone() -> None:
    one, same, other = (Cron(cron, "UTC") for cron in ("0 3 * * *", "0 3 * * *", "0 4 * * *"))
    assert schedules.default_slug(one) == schedules.default_slug(same) != schedules.default_slug(other)
    assert schedules.from_json({"kind": "cron", "cron": "0 3 * * *", "timezone": "UTC"}).slug.startswith(
        "cron-"
    )


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "no kind None"),
        ({"kind": "hourly"}, "no kind 'hourly'"),
        ({"kind": "cron"}, "cannot be made of"),
        ({"kind": "event", "name": "x", "overlap": "never"}, "overlap is to be one of 'skip'"),
        ({"kind": "event", "name": "x", "catchup": 1}, "catchup is to be one of 'last'"),
        ({"kind": "interval", "seconds": -1}, "seconds is to be a number of seconds, not -1"),
        ({"kind": "interval", "seconds": "often"}, "not 'often'"),
        ({"kind": "event", "name": "x", "jitter_seconds": float("nan")}, "not nan"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        schedules.from_json(fields)


def test_jitter_is_the_same_each_time_and_another_for_each_flow() -> None:
    schedule = Schedule(Cron("0 * * * *", "UTC"), "hourly", jitter_seconds=300.0)
    found = {schedules.jitter(schedule, flow) for flow in map(str, range(50))}
    assert len(found) == 50
    assert all(0 <= seconds < 300 for seconds in found)
    assert schedules.jitter(schedule, "1") == schedules.jitter(schedule, "1")
    assert schedules.jitter(schedule._replace(jitter_seconds=0.0), "1") == 0.0
