"""What happens to an alert, when a message is due, and what of it leaves the machine: tables of pure functions."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.store.rows import a_file, a_fire_time, a_run
from tui_flow.alerts import happenings, messages, rules, throttle
from tui_flow.alerts.grouping import steady
from tui_flow.alerts.happenings import Happening
from tui_flow.alerts.redaction import place_of, redacted
from tui_flow.contract.failure import Failure
from tui_flow.contract.schedules import Interval, to_json
from tui_flow.contract.schedules import Schedule as Declared
from tui_flow.contract.states import (
    AlertKind,
    AlertState,
    FireOutcome,
    FireReason,
    FlowRunState,
    ScheduleState,
)
from tui_flow.store.records import Alert, Pause, Schedule

NOW, HOUR = 1_000_000.0, 3600.0


def failed(what: str = "OSError: timeout", **changes: Any) -> Happening:
    return Happening(AlertKind.FAILURE, "etl", "load", what, NOW, 7)._replace(**changes)


def alert(state: str = "new", *, at: float = NOW, sent_at: float | None = None, **changes: Any) -> Alert:
    """An alert that is in that state since `at`."""
    fresh = rules.happened(None, failed(at=at), at, muted=True)
    return fresh._replace(id=1, state=AlertState(state), changed_at=at, sent_at=sent_at, **changes)


@pytest.mark.parametrize(
    ("before", "state", "times", "owed_at"),
    [
        pytest.param(None, "new", 1, NOW, id="the first time"),
        pytest.param(alert(sent_at=NOW - HOUR), "new", 2, None, id="again"),
        pytest.param(alert(sent_at=NOW - 7 * HOUR), "new", 2, NOW, id="again, hours after the message"),
        pytest.param(alert(owed_at=NOW - 1), "new", 2, NOW - 1, id="again, with a message due"),
        pytest.param(alert("acknowledged", at=NOW - HOUR), "acknowledged", 2, None, id="acknowledged"),
        pytest.param(
            alert("acknowledged", at=NOW - 25 * HOUR, sent_at=NOW - 25 * HOUR),
            "new",
            2,
            NOW,
            id="a day after",
        ),
        pytest.param(alert("recovered", at=NOW - 60, sent_at=NOW - 90), "new", 2, NOW, id="recovered"),
    ],
)
def test_what_a_failure_does_to_its_alert(
    before: Alert | None, state: str, times: int, owed_at: float | None
) -> None:
    after = rules.happened(before, failed(), NOW, muted=False)
    assert (after.state, after.times, after.owed_at) == (state, times, owed_at)
    assert rules.happened(before, failed(), NOW, muted=True).owed_at == (before.owed_at if before else None)


@pytest.mark.parametrize(
    ("what", "owed_at"),
    [
        pytest.param(failed(), NOW, id="at once"),
        pytest.param(failed(at=NOW - 2 * HOUR), None, id="history"),
        pytest.param(failed(kind=AlertKind.LATE), None, id="clears by itself"),
        pytest.param(
            failed(kind=AlertKind.BROKEN_FILE), NOW + rules.STANDING_SECONDS, id="a condition must stand"
        ),
    ],
)
def test_when_a_message_is_due(what: Happening, owed_at: float | None) -> None:
    assert rules.happened(None, what, NOW, muted=False).owed_at == owed_at


def test_the_runs_of_an_alert_are_the_newest_ones() -> None:
    found = alert()
    for run_id in (8, 9, 8, *range(100, 130)):
        found = rules.happened(found, failed(run_id=run_id), NOW, muted=False)
    assert found.runs == tuple(range(129, 109, -1))
    assert found.times == 34


def test_acknowledging_and_taking_that_back() -> None:
    known = rules.acknowledged(alert(owed_at=NOW), "uid 7", NOW + 1)
    assert (known.state, known.changed_by, known.owed_at) == ("acknowledged", "uid 7", None)
    assert rules.renewed(known, NOW + 2).state == "new"
    over = rules.recovered(known, "run 9", NOW + 3)
    assert rules.acknowledged(over, "uid 7", NOW) == over == rules.renewed(over, NOW)


def test_a_condition_that_says_something_else_is_new_again() -> None:
    broken = failed("SyntaxError: line 3", kind=AlertKind.BROKEN_FILE)
    known = rules.acknowledged(rules.happened(None, broken, NOW, muted=False), "uid 7", NOW)
    assert rules.restated(known, broken._replace(what="SyntaxError: line 31"), NOW) == known
    other = rules.restated(known, broken._replace(what="NameError: x"), NOW)
    assert (other.state, other.what, other.times) == ("new", "NameError: x", 2)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (failed("timeout after 31s at 0x7f01"), failed("timeout after 7s at 0x99ab"), True),
        (failed("no file /tmp/x81/a"), failed("no file /tmp/y2/b"), True),
        (
            failed("row 5f2b7a90-1111-2222-3333-444455556666"),
            failed("row 00000000-0000-0000-0000-000000000000"),
            True,
        ),
        (failed("timeout"), failed("refused"), False),
        (failed(), failed(place="fetch"), False),
        (failed(), failed(flow="other"), False),
        (failed(), failed(kind=AlertKind.CRASH), False),
        (failed("a", kind=AlertKind.BROKEN_FILE), failed("b", kind=AlertKind.BROKEN_FILE), True),
    ],
)
def test_equal_errors_have_one_fingerprint(one: Happening, other: Happening, same: bool) -> None:
    assert (one.fingerprint == other.fingerprint) is same


ONE_ERROR = [
    ("HTTP 401 for invoice 3 of customer acme", "HTTP 401 for invoice 184530 of customer acme"),
    ("timeout after 31s", "timeout after 1m7s"),
    ("took 1.5 ms, 1,234 rows", "took 12 ms, 7 rows"),
    ("refused by 10.0.0.5:5432", "refused by 10.0.0.17:5433"),
    ("refused by [fe80::1]:80", "refused by [2001:db8:0:1::7]:80"),
    ("no file /tmp/x81/a", "no file /tmp/y2/b"),
    ("nothing since 2026-11-26T22:59:47.58Z", "nothing since 2026-11-27 01:02:03"),
    ("at 23:59:47 of 2026-11-26", "at 00:00:01 of 2026-11-27"),
    ("<Client object at 0x7f01>", "<Client object at 0x99ab1>"),
    ("row 5f2b7a90-1111-2222-3333-444455556666", "row 00000000-0000-0000-0000-000000000000"),
    ("commit 3f9a7c1", "commit 9a417c1e"),
    ("Thread-7 died", "Thread-12 died"),
    ("ThreadPoolExecutor-0_3 is full", "ThreadPoolExecutor-1_0 is full"),
    ("run-17, line 3, port 8080", "run-9, line 31, port 80"),
    ("returned 200 rows", "returned 300 rows"),
    ("order-184530 is lost", "order-184531 is lost"),
    ("list index 3 of 7", "list index 12 of 30"),
]
TWO_ERRORS = [
    ("HTTP 401 for invoice 3 of customer acme", "HTTP 503 for invoice 3 of customer acme"),
    ("HTTP 401 for customer zed1", "HTTP 401 for customer zed2"),
    ("connection to wh-1 failed", "connection to wh-2 failed"),
    ("no table orders_1", "no table orders_2"),
    ("[Errno 111] refused", "[Errno 113] refused"),
    ("HTTP Error 404: x", "HTTP Error 500: x"),
    ("HTTP/1.1 401", "HTTP/1.1 503"),
    ("401 Client Error: no", "404 Client Error: no"),
    ("Client error '404 Not Found'", "Client error '403 Not Found'"),
    ("500, message='x'", "502, message='x'"),
    ("502 Bad Gateway", "504 Bad Gateway"),
    ("returned non-zero exit status 1.", "returned non-zero exit status 137."),
    ("exited with 1", "exited with -9"),
    ("ended by signal 9", "ended by signal 15"),
    ('{"status_code": 401}', '{"status_code": 503}'),
    ('{"statusCode": "401"}', '{"statusCode": "503"}'),
    ("returncode=1", "returncode=2"),
    ("the service answered 502", "the service answered 503"),
    ("ORA-00942: x", "ORA-01017: x"),
    ("SQLSTATE[42S02]", "SQLSTATE[28000]"),
    ("timeout", "refused"),
]


@pytest.mark.parametrize(("one", "other"), ONE_ERROR)
def test_errors_are_one_that_differ_in_what_differs_each_time(one: str, other: str) -> None:
    assert steady(one) == steady(other)


@pytest.mark.parametrize(("one", "other"), TWO_ERRORS)
def test_errors_are_two_where_a_number_says_what_went_wrong_or_is_of_a_name(one: str, other: str) -> None:
    assert steady(one) != steady(other)


ERROR = Failure("psycopg.OperationalError", "timeout\nexpired", "Traceback", "flows/etl.py", 88, "load")


def test_the_end_of_a_run_in_the_words_of_an_alert() -> None:
    run = a_run(7, state=FlowRunState.FAILED, ended_at=NOW, message="boom", failure=ERROR)
    found = happenings.of_run(run, ("load", ERROR))
    assert found == Happening(
        AlertKind.FAILURE, "etl", "load", "OperationalError: timeout", NOW, 7, "flows/etl.py", 88
    )
    own = happenings.of_run(run, None)
    assert own is not None and own.place == "flow"
    refused = happenings.of_run(run._replace(failure=None), None)
    assert refused is not None and refused.what == "boom"
    crashed = happenings.of_run(run._replace(state=FlowRunState.CRASHED, message="ended by SIGKILL"), None)
    assert crashed is not None and (crashed.kind, crashed.what) == (AlertKind.CRASH, "ended by SIGKILL")
    for state in (FlowRunState.COMPLETED, FlowRunState.CANCELLED):
        assert happenings.of_run(run._replace(state=state), None) is None


def schedule() -> Schedule:
    spec = to_json(Declared(Interval(60.0), "tick"))
    return Schedule(
        1,
        "etl",
        "tick",
        "interval",
        spec,
        "file",
        ScheduleState.ACTIVE,
        None,
        None,
        None,
        0.0,
        0.0,
        None,
        None,
    )


def test_fire_times_in_the_words_of_an_alert() -> None:
    missed = a_fire_time(
        1,
        NOW - 60,
        outcome=FireOutcome.MISSED,
        reason=FireReason.DOWN,
        until=NOW,
        times=5,
        message="the engine was down",
        decided_at=NOW + 9,
    )
    found = happenings.of_fire_time(schedule(), missed)
    assert (found.kind, found.place, found.times, found.at) == ("missed", "tick", 5, NOW + 9)
    assert found.what.startswith("missed 5 fire times, ") and found.what.endswith(": the engine was down")
    refused = happenings.of_fire_time(
        schedule(), a_fire_time(1, NOW, reason=FireReason.REFUSED, message="no flow")
    )
    assert refused.what == "no run could be made: no flow"
    assert happenings.makes_no_run(missed) and not happenings.makes_no_run(a_fire_time(1, NOW))


def test_conditions_in_the_words_of_an_alert() -> None:
    broken = happenings.of_file(a_file(state="broken", error="SyntaxError: '('", error_line=31))
    assert broken is not None and (broken.place, broken.line, broken.what) == (
        "flows/etl.py",
        31,
        "SyntaxError: '('",
    )
    assert happenings.of_file(a_file()) is None
    late = a_run(7, scheduled_for=NOW - 61, schedule="tick")
    assert happenings.of_waiting(late, NOW) is not None
    assert happenings.of_waiting(late._replace(created_at=NOW - 1), NOW) is None, (
        "made late, it begins in time"
    )
    for other in (late._replace(scheduled_for=NOW - 5), late._replace(trigger="backfill"), a_run(8)):
        assert happenings.of_waiting(other, NOW) is None
    paused = Pause("etl", NOW, "tui_flow", "3 failures in a row", None)
    assert happenings.of_pause(paused) is not None
    assert happenings.of_pause(paused._replace(paused_by="uid 7")) is None
    assert happenings.of_pause(paused._replace(resumed_at=NOW)) is None
    assert happenings.of_room("", NOW) is None and happenings.of_room("3 MiB free", NOW) is not None


@pytest.mark.parametrize(
    ("owed", "sent", "at"),
    [
        (None, [], None),
        (NOW, [], NOW + 3),
        (NOW, [NOW - 1], NOW + 3),
        (NOW, [NOW - n for n in range(6)], NOW - 5 + 600),
        (NOW, [NOW - 700 + n for n in range(6)], NOW + 3),
    ],
)
def test_a_bad_night_is_a_handful_of_messages(
    owed: float | None, sent: list[float], at: float | None
) -> None:
    assert throttle.next_at(owed, sent) == at


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://etl:hunter2@wh-2:5432/dw", "postgresql://***@wh-2:5432/dw"),
        ("password=hunter2, user=etl", "password=***, user=etl"),
        ('{"api_key": "abc", "n": 1}', '{"api_key": ***, "n": 1}'),
        ("Authorization: Bearer abcdefgh12345", "Authorization: *** ***"),
        ("db_pwd=hunter2 private-key: abc credentials=x", "db_pwd=*** private-key: *** credentials=***"),
        ("sent Bearer abcdefgh12345", "sent Bearer ***"),
        ("key AKIAABCDEFGHIJKLMNOP", "key ***"),
        ("ghp_0123456789abcdef", "***"),
        ("connection to wh-2 failed: timeout", "connection to wh-2 failed: timeout"),
    ],
)
def test_what_looks_like_a_secret_stays_here(text: str, shown: str) -> None:
    assert redacted(text) == shown


def test_of_an_address_only_the_host_is_shown() -> None:
    assert place_of("https://user:pw@hooks.slack.com/services/T0/B0/key") == "https://hooks.slack.com"
    assert place_of("mailto://user:pw@gmail.com") == "mailto"


def test_a_message_is_safe_cut_and_says_how_many_more_there_are() -> None:
    one = alert(what="password=hunter2 \x1b]52;c;x\x07" + "long " * 100)
    found = messages.message([one] * 25, "shop", "etl-01", NOW)
    assert found["title"] == "25 alerts (shop)" and found["total"] == 25 and len(found["alerts"]) == 20
    assert found["text"].endswith("and 5 more: tui-flow alerts list")
    assert "hunter2" not in str(found) and "\x1b" not in str(found)
    single = messages.message([alert()], "shop", "etl-01", NOW)
    assert single["title"] == "etl failed (shop)"
    assert single["text"] == "etl load: OSError: timeout (run 7)"
    assert single["alerts"][0]["open"] == "tui-flow open run/7"


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("UTC", "00:30 to 01:30 UTC"),
        ("Asia/Kolkata", "06:00 to 07:00 UTC+05:30"),
        ("Europe/Berlin", "02:30 UTC+02:00 to 02:30 UTC+01:00"),
        ("America/New_York", "Sat 24 Oct 20:30 to Sat 24 Oct 21:30 UTC-04:00"),
    ],
)
def test_the_times_in_an_alert_say_of_which_zone_they_are(
    monkeypatch: pytest.MonkeyPatch, zone: str, told: str
) -> None:
    at = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()
    missed = a_fire_time(
        1, at, outcome=FireOutcome.MISSED, until=at + 3600, times=2, decided_at=at + 4 * 3600
    )
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        what = happenings.of_fire_time(schedule(), missed._replace(message="the engine was down")).what
    finally:
        monkeypatch.undo()
        time.tzset()
    assert what == f"missed 2 fire times, {told}: the engine was down"
