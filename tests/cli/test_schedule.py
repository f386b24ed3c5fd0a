"""`tui-flow schedule next`: the next fire times, and what clock changes do to them."""

import json

import pytest
from click.testing import CliRunner, Result

from tui_flow.cli.main import cli
from tui_flow.contract import errors

NEW_YORK = ("--timezone", "America/New_York")


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["schedule", "next", *arguments])


def fire_times(*arguments: str) -> list[str]:
    result = ask(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return [fire["local"] for fire in json.loads(result.stdout)["fire_times"]]


def test_a_time_that_happens_twice_is_told_once_and_why() -> None:
    asked = ("30 1 * * *", *NEW_YORK, "--after", "2026-10-31T00:00:00+00:00", "-n", "5")
    assert fire_times(*asked) == [
        "2026-10-31T01:30:00-04:00",
        "2026-11-01T01:30:00-04:00",
        "2026-11-02T01:30:00-05:00",
        "2026-11-03T01:30:00-05:00",
        "2026-11-04T01:30:00-05:00",
    ]
    told = ask(*asked).output.splitlines()
    assert told[0].split() == ["LOCAL", "(America/New_York)", "UTC", "CLOCK", "CHANGE"]
    assert told[2].startswith("Sun 2026-11-01 01:30:00 EDT  2026-11-01 05:30:00  01:30 happens twice")
    assert told[2].endswith("it fires once, the first time")
    fires = json.loads(ask(*asked, "--json").stdout)["fire_times"]
    assert ["note" in fire for fire in fires] == [False, True, False, False, False]
    assert fires[1]["fire_at"] == "2026-11-01T05:30:00.000Z", "in UTC, as all times for programs"


def test_a_time_that_does_not_exist_is_told_at_the_end_of_the_gap() -> None:
    asked = ("30 2 * * *", *NEW_YORK, "--after", "2026-03-08", "-n", "1")
    assert fire_times(*asked) == ["2026-03-08T03:00:00-04:00"]
    assert "02:30 does not exist" in ask(*asked).output


def test_intervals_and_rules_are_told_too() -> None:
    after = ("--after", "2026-03-28T12:00:00+00:00", "-n", "2")
    assert fire_times("--interval", "15m", "--timezone", "UTC", *after) == [
        "2026-03-28T12:15:00+00:00",
        "2026-03-28T12:30:00+00:00",
    ]
    assert fire_times("--interval", "1d", "--timezone", "Europe/Paris", *after) == [
        "2026-03-29T00:00:00+01:00",
        "2026-03-30T00:00:00+02:00",
    ]
    rule = "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17"
    assert fire_times("--rrule", rule, *NEW_YORK, *after) == [
        "2026-04-24T17:00:00-04:00",
        "2026-05-29T17:00:00-04:00",
    ]


def test_what_is_over_is_said_and_no_error() -> None:
    result = ask("--rrule", "DTSTART:20200101T000000\nRRULE:FREQ=DAILY;COUNT=1", "--after", "2026-01-01")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "it does not fire after 2026-01-01" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("0 25 * * *",), "'0 25 * * *' is no cron expression"),
        (("0 3 * *",), "has 4 fields; cron has five"),
        (("0 0 30 2 *",), "never fires"),
        (("0 3 * * *", "--timezone", "Mars/Olympus"), "there is no time zone 'Mars/Olympus'"),
        (("0 3 * * *", "--after", "soon"), "'soon' is not a time"),
        (("--interval", "often"), "'often' is not a duration such as"),
        (("--rrule", "FREQ=SECONDLY"), "fires by the second"),
        (("--rrule", "\x1b[31m"), "is no recurrence rule"),
        ((), "either a cron expression"),
        (("0 3 * * *", "--interval", "1h"), "either a cron expression"),
        (("0 3 * * *", "-n", "0"), "0 is not in the range"),
    ],
)
def test_nonsense_is_refused_with_what_and_where(arguments: tuple[str, ...], says: str) -> None:
    result = ask(*arguments)
    assert result.exit_code == errors.EXIT_USAGE
    assert says in result.stderr
    assert "\x1b" not in result.stderr
    assert "Traceback" not in result.output
