"""What a table gives up where the terminal has no room for all of it."""

import pytest

from tui_flow.cli.output import print_table

LONG = "a_flow_with_a_name_that_is_so_long_that_nothing_has_room_beside_it"
NEXT = "Fri 2026-11-27 21:00:00 CET (20:00 UTC)"


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)


def test_a_long_name_gives_way_to_the_columns_after_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_a_terminal(monkeypatch)
    rows = [
        (f"{LONG}/nightly", 'cron "0 3 * * 1-5" Europe/Berlin', "active", NEXT),
        ("b/c", "1h", "paused", "-"),
    ]
    print_table(("SCHEDULE", "WHEN", "STATE", "NEXT"), rows, yielding=("SCHEDULE", "WHEN"))
    head, first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(NEXT) and first.startswith("a_flow_wit") and len(first) <= 80
    assert head.index("NEXT") == first.index(NEXT) == second.index("-")


def test_prose_at_the_end_takes_no_more_from_a_name_than_it_needs_to_be_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_a_terminal(monkeypatch)
    prose = "Loads the orders of yesterday into the warehouse, and tells those who care."
    rows = [("ingest_orders", "flows/ingest_orders.py:12", "date [limit]", prose)]
    print_table(("FLOW", "FILE", "PARAMETERS", "WHAT"), rows, yielding=("FLOW", "FILE"), last=20)
    line = capsys.readouterr().out.splitlines()[1]
    assert line.startswith("ingest_orders  flows/ingest_orders.py:12  date [limit]  Loads the orders"), line
    assert line.endswith("...") and len(line) == 80


def test_a_table_that_no_terminal_gets_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("FLOW", "WHAT"), [(LONG, LONG)], yielding=("FLOW",))
    assert capsys.readouterr().out.splitlines()[1] == f"{LONG}  {LONG}"
