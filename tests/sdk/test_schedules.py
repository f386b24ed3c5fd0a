"""What authors may say about when a flow runs, and what each bad word gets."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tui_flow import At, Cron, Interval, RRule, every, flow, on_condition, on_event, on_file, on_flow
from tui_flow.contract import schedules as contract
from tui_flow.contract.zones import local_zone
from tui_flow.sdk.describe import describe
from tui_flow.sdk.schedules import CronSchedule, IntervalSchedule, RRuleSchedule, Schedule


@flow
def other() -> None: ...


def is_ready() -> bool:
    return True


DECLARED: list[tuple[Schedule, contract.When]] = [
    (Cron("0 3 * * *", timezone="Europe/Paris"), contract.Cron("0 3 * * *", "Europe/Paris")),
    (Cron("0 3 * * 1", "UTC", day_or=False), contract.Cron("0 3 * * 1", "UTC", False)),
    (CronSchedule(cron="0 3 * * *", timezone="UTC"), contract.Cron("0 3 * * *", "UTC")),
    (Interval(timedelta(minutes=15)), contract.Interval(900.0)),
    (Interval(600), contract.Interval(600.0)),
    (
        Interval(timedelta(days=1), datetime(2026, 1, 1, 9, tzinfo=UTC), "Europe/Paris"),
        contract.Interval(86_400.0, 1767258000.0, "Europe/Paris"),
    ),
    (IntervalSchedule(interval=timedelta(hours=1)), contract.Interval(3600.0)),
    (RRule("FREQ=DAILY", timezone="UTC"), contract.RRule("FREQ=DAILY", "UTC", "2020-01-01T00:00:00")),
    (RRuleSchedule(rrule="FREQ=DAILY", timezone="UTC"), contract.RRule("FREQ=DAILY", "UTC", "2020-01-01T00:00:00")),
    (At("2026-12-24 18:00", timezone="Europe/Paris"), contract.At((1798131600.0,))),
    (At([datetime(1970, 1, 2, tzinfo=UTC), "1970-01-01T00:00+00:00"]), contract.At((0.0, 86_400.0))),
    (every("15m"), contract.Interval(900.0)),
    (every("1h30m"), contract.Interval(5400.0)),
    (every("1 d 12 h"), contract.Interval(129_600.0)),
    (At("2026-03-08 02:30", timezone="America/New_York"), contract.At((1772953200.0,))),
    (At(datetime(2026, 3, 8, 2, 30, tzinfo=ZoneInfo("America/New_York"))), contract.At((1772953200.0,))),
    (At(datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=ZoneInfo("America/New_York"))), contract.At((1793514600.0,))),
    (every("90s", after_end=True), contract.Interval(90.0, after_end=True)),
    (every("1d", at="09:00", timezone="Asia/Kolkata"), contract.Interval(86_400.0, 0.0, "Asia/Kolkata", "09:00")),
    (on_file("data/*.csv", stable="5s"), contract.OnFile("data/*.csv", 5.0)),
    (on_flow("etl"), contract.OnFlow(("etl",), ("completed",))),
    (on_flow([other, "etl"], ["failed", "Crashed"]), contract.OnFlow(("other", "etl"), ("failed", "crashed"))),
    (on_condition(is_ready, poll="1m"), contract.OnCondition("is_ready", 60.0, 10.0)),
    (on_event("order.placed"), contract.OnEvent("order.placed")),
]  # fmt: skip


@pytest.mark.parametrize(("schedule", "when"), DECLARED, ids=[repr(one) for one, _ in DECLARED])
def test_what_the_author_says_is_what_is_declared(schedule: Schedule, when: contract.When) -> None:
    assert schedule.declared.when == when


def test_without_a_zone_it_is_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Sao_Paulo")
    assert Cron("0 3 * * *").declared.when == contract.Cron("0 3 * * *", "America/Sao_Paulo")
    monkeypatch.setenv("TZ", "Nowhere/At_All")
    assert local_zone() != "Nowhere/At_All"


def test_the_words_that_all_have_in_common() -> None:
    schedule = on_event(
        "x", active=False, parameters={"day": 1}, slug="mine", catchup="all", catchup_window="2d",
        overlap="queue", jitter=timedelta(minutes=1),
    )  # fmt: skip
    assert schedule.declared == contract.Schedule(
        contract.OnEvent("x"), "mine", False, {"day": 1}, "all", 172_800.0, "queue", 60.0
    )


@pytest.mark.parametrize(
    ("declare", "says"),
    [
        (lambda: Cron(3), "cron is to be text, not 3"),  # type: ignore[arg-type]
        (lambda: Interval("soon"), "interval is to be a duration such as '1h30m' or 90, not 'soon'"),
        (lambda: Interval(0), "must be longer than 0"),
        (lambda: every("1h30"), "is to be a duration"),
        (lambda: every("-5m"), "is to be a duration"),
        (lambda: every("1h 30x"), "is to be a duration"),
        (lambda: every("15m", at="09:00"), "goes with whole days"),
        (lambda: every(True), "is to be a duration"),
        (lambda: At("tomorrow"), "a moment is a datetime or text such as"),
        (lambda: At("2026-12-24 18:00", timezone="Mars/Olympus"), "there is no time zone 'Mars/Olympus'"),
        (lambda: on_file(""), "glob is to be text"),
        (lambda: on_flow("etl", "running"), "no run ends as 'running'; the states are cancelled, completed"),
        (lambda: on_flow([]), "on_flow needs the name of a flow"),
        (lambda: on_condition(lambda: True), "on_condition is for a function that the flow file defines"),
        (lambda: on_event("x", overlap="maybe"), "overlap is to be one of"),
        (lambda: on_event("x", catchup="some"), "catchup is to be one of"),
        (lambda: on_event("x", into="a b"), "into is to be the name of a parameter"),
        (lambda: every("15m", into="day"), "into= is for triggers"),
        (lambda: flow(schedules=[on_event("x"), on_event("x")])(is_ready), "is declared twice"),
        (
            lambda: flow(schedules=[on_event("x", slug="a"), on_event("y", slug="a")])(is_ready),
            "two schedules are named",
        ),
    ],
)
def test_a_bad_word_is_refused_where_it_stands(declare: Callable[[], Any], says: str) -> None:
    with pytest.raises(ValueError) as refused:
        declare()
    assert says in str(refused.value)


def test_every_event_has_its_run_and_what_is_asked_again_and_again_waits() -> None:
    overlaps = [one.declared.overlap for one in (on_file("*"), on_flow("a"), on_event("x"))]
    assert overlaps == ["allow"] * 3
    assert [one.declared.overlap for one in (on_condition(is_ready), every(60))] == ["skip"] * 2


def test_a_flow_takes_one_schedule_or_several() -> None:
    one, two = Cron("0 3 * * *", "UTC"), every("15m")
    assert flow(schedule=one)(is_ready).schedules == [one]
    assert flow(schedule=[one, two])(is_ready).schedules == [one, two]
    assert flow(schedule=one, schedules=[two])(is_ready).schedules == [one, two]
    assert flow(is_ready).schedules == []
    assert flow(schedule=one)(is_ready).with_options(name="x").schedules == [one]
    with pytest.raises(TypeError, match="Expected a schedule such as Cron"):
        flow(schedule="0 3 * * *")(is_ready)


def test_equal_times_with_other_parameters_have_names_of_their_own() -> None:
    def declared(*days: int) -> list[str]:
        crons = [Cron("0 3 * * *", "UTC", parameters={"day": day} if day else None) for day in days]
        return [one.declared.slug for one in flow(schedules=crons)(is_ready).schedules]

    plain, one, two = declared(0, 1, 2)
    assert len({plain, one, two}) == 3 and plain == declared(0)[0]
    assert declared(0, 2, 1) == [plain, two, one] == declared(0, 2, 1)
    shared = Cron("0 3 * * *", "UTC", parameters={"day": 1})
    flow(schedules=[Cron("0 3 * * *", "UTC"), shared])(is_ready)
    assert shared.declared.slug == plain  # what the author holds stays as it was


@pytest.fixture(autouse=True)
def imports_as_they_were(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file that is described in this process leaves nothing for other tests."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    yield
    for name in ("sample", "flow_file_sample"):
        sys.modules.pop(name, None)


def described(tmp_path: Path, decorator: str, more: str = "", signature: str = "") -> dict[str, Any]:
    path = tmp_path / "flows" / "sample.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"from tui_flow import *\n{more}\n@flow(schedule={decorator})\ndef sample({signature}): pass\n"
    )
    return describe(tmp_path, path)[0]


def test_a_description_has_the_schedules(tmp_path: Path) -> None:
    answer = described(tmp_path, "[Cron('0 3 * * *', timezone='UTC'), on_file('*.csv', slug='files')]")
    assert answer["error"] is None
    cron, files = answer["flows"][0]["schedules"]
    assert contract.from_json(cron).when == contract.Cron("0 3 * * *", "UTC")
    assert (files["kind"], files["slug"], files["glob"]) == ("file", "files", "*.csv")


@pytest.mark.parametrize(
    ("decorator", "more", "says"),
    [
        ("Cron('0 25 * * *')", "", "'0 25 * * *' is no cron expression"),
        ("Cron('0 0 30 2 *', timezone='UTC')", "", "never fires"),
        ("Cron('0 0 * * *', timezone='Mars/Olympus')", "", "there is no time zone 'Mars/Olympus'"),
        ("on_event('x', parameters={'when': {1, 2}})", "", "not JSON serializable"),
        (
            "on_condition(made())",
            "def made():\n def inner(): ...\n return inner",
            "there is no inner() in this file",
        ),
    ],
)
def test_a_schedule_that_cannot_work_makes_its_file_broken(
    tmp_path: Path, decorator: str, more: str, says: str
) -> None:
    error = described(tmp_path, decorator, more)["error"]
    assert says in error["error"]
    assert "the schedule of flow 'sample' cannot work" in error["error"]
    assert error["line"] == 3 + more.count("\n")


@pytest.mark.parametrize(
    ("decorator", "says"),
    [
        ("on_flow('Sample')", "it would fire itself"),
        ("on_event('x', parameters={'path': '', 'size': 1})", "cannot work: the flow has no parameter size; it has path, count"),
        ("on_event('x')", "cannot work: it gives no path: add parameters={'path': …} to it, or a default to the flow"),
        ("Cron('0 3 * * *', parameters={'path': 'a', 'count': 'many'})", "does not take its parameters: count: Input should be a valid integer"),
        ("on_file('*.csv', into='path', parameters={'path': 'a'})", "both give 'path'"),
        ("on_file('*.csv', into='file', parameters={'path': ''})", "the flow has no parameter file"),
        ("on_file('*.csv', into='path', parameters={'count': '3'})", None),
        ("Cron('0 3 * * *', parameters={'path': 'a'})", None),
        ("every('1h', parameters={'path': 'a', 'token': 'hidden'})", "token is a secret, and would be kept"),
        ("every('1h', parameters={'path': '', 'token': SecretStr('a')})", "let the flow get it, by Secret.load"),
    ],
)  # fmt: skip
def test_a_schedule_gives_its_flow_what_it_takes(tmp_path: Path, decorator: str, says: str | None) -> None:
    signature = "path: str, count: int = 1, token: SecretStr | None = None"
    error = described(tmp_path, decorator, "from pydantic import SecretStr", signature)["error"]
    assert error is None if says is None else says in error["error"]


VARIANTS = """
from tui_flow import Cron, every, flow

nightly = Cron("0 3 * * *", "UTC", slug="nightly")

@flow(schedule=nightly)
def etl(): pass

small = etl.with_options(name="small")
other = etl.with_options(name="other", schedule=every("1h", slug="hourly"))

@flow(schedule=nightly)
def shared(): pass
"""


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ("", {"etl": ["nightly"], "small": [], "other": ["hourly"], "shared": ["nightly"]}),
        ("etl = etl.with_options(retries=3)", {"etl": ["nightly"], "small": [], "other": ["hourly"], "shared": ["nightly"]}),
        ("del etl", {"small": ["nightly"], "other": ["hourly"], "shared": ["nightly"]}),
    ],
    ids=["beside it", "in its place", "alone"],
)  # fmt: skip
def test_a_variant_is_not_scheduled_for_the_flow_that_it_was_made_from(
    tmp_path: Path, more: str, wanted: dict[str, list[str]]
) -> None:
    path = tmp_path / "flows" / "sample.py"
    path.parent.mkdir()
    path.write_text(VARIANTS + more)
    answer = describe(tmp_path, path)[0]
    assert answer["error"] is None
    assert {
        one["name"]: [schedule["slug"] for schedule in one["schedules"]] for one in answer["flows"]
    } == wanted


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Cron("nope"), "'nope' has 1 fields; cron has five"),
        (lambda: print_nothing.to_deployment("x", cron="nope"), "cron has five"),
        (lambda: RRule("FREQ=NOPE"), "FREQ is one of YEARLY"),
        (lambda: RRule("nope"), "it has no FREQ"),
    ],
    ids=["cron", "to_deployment", "frequency", "rule"],
)
def test_what_is_no_pattern_at_all_is_refused_where_it_is_written(
    make: Callable[[], object], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        make()


def test_patterns_by_word_and_dates_without_a_rule_are_taken() -> None:
    assert Cron("@daily", timezone="UTC").declared.when == contract.Cron("@daily", "UTC")
    RRule("RDATE:20261224T180000", timezone="UTC")
    RRule("DTSTART:20260101T000000\nRRULE:FREQ=weekly;BYDAY=MO", timezone="UTC")


@flow
def print_nothing() -> None: ...
