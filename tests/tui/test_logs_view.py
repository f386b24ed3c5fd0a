"""Stories of the Logs view: in which runs something was said."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.store.rows import a_run
from tests.tui.pages import console
from tests.tui.project import NOON, Project, said, the_task
from tui_flow.contract.states import FlowRunState
from tui_flow.store.log_search import ALL_LEVELS, Hit, Needle
from tui_flow.tui import saved_views, searching
from tui_flow.tui.app import Console
from tui_flow.tui.presentation import filters, hit_lines, log_hits, text_of, times
from tui_flow.tui.presentation.glyphs import UNICODE
from tui_flow.tui.presentation.hits import HitList
from tui_flow.tui.presentation.log_hits import query_of

WARNING, ERROR, CRITICAL = 2, 3, 4


@pytest.fixture
def said_often(etl: Project) -> Iterator[Project]:
    """Runs 803, 810 and 811 of etl_daily, and 500 of cleanup_tmp, speak of timeouts as run 812 does."""
    for id in (500, 803, 810, 811):
        etl.log(
            id, said("flow started"), said("retrying after Timeout (1/1)", "WARNING"), said("fine", "DEBUG")
        )
    etl.log(
        811,
        *(said(f"row {n}") for n in range(300)),
        said("a timeout\nin the middle"),
        *(said("x") for _ in range(50)),
    )
    yield etl


async def test_what_was_said_is_found_in_all_runs_and_opens_there(said_often: Project) -> None:
    async with console(said_often) as page:
        await page.press("3")
        await page.shows("[3 Logs]", "finds text in the logs of all runs", "timeout|refused")
        await page.press("slash")
        await page.type("timeout")
        await page.shows("7 hits in 5 runs", "done")
        assert page.order_of("run 812", "run 811", "run 810", "run 803", "run 500") == [
            "run 812", "run 811", "run 810", "run 803", "run 500",
        ]  # fmt: skip
        assert "2 hits  load_warehouse" in page.line_with("run 812")
        await page.press("enter")
        assert page.line_with("57 ERROR").startswith("│>")
        await page.shows("run 812  load_warehouse try 2", "conn = connect(dsn)", "line 57")
        await page.press("n", "n")
        await page.shows("▾ ✓ run 811", "line 304", "305    in the middle", "─ run 811  etl_daily ─")
        await page.press("enter")
        await page.shows("run 811", "COMPLETED", "a timeout", "line 304 of the log")
        assert page.line_with("a timeout").startswith("│> ")
        await page.press("escape")
        await page.shows("[3 Logs]", "7 hits in 5 runs")
        assert page.line_with("304 INFO").startswith("│>")


async def test_a_search_that_the_history_refused_is_made_again_when_it_can_be_read(
    said_often: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui_flow.contract import changes
    from tui_flow.contract.errors import HistoryError
    from tui_flow.store import database

    real = database.open_reader
    async with console(said_often) as page:

        def refuse(*_: object, **__: object) -> None:
            raise HistoryError("the history is from an older version")

        monkeypatch.setattr(database, "open_reader", refuse)
        await page.press("3", "slash")
        await page.type("connecting again")
        await page.press("enter")
        await page.shows("the history is from an older version")
        monkeypatch.setattr(database, "open_reader", real)
        page.engine.tell(changes.RunChanged(812, "etl_daily", "failed"))
        await page.shows("1 hit in 1 run", "Matches by run  WARN 1")


async def test_all_hits_are_saved_to_a_file_and_read_in_the_pager(
    said_often: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    paged: list[tuple[list[str], int]] = []
    monkeypatch.setattr(Console, "page", lambda _, lines, at: paged.append((list(lines), at)))
    async with console(said_often) as page:
        await page.press("3", "S", "slash")
        await page.type("timeout")
        await page.press("enter")
        await page.shows("7 hits in 5 runs")
        await page.press("S")
        await page.shows("search-timeout.log")
        await page.press("enter")
        await page.shows("saved 7 lines to")
        lines = (said_often.settings.project / "search-timeout.log").read_text().splitlines()
        when = times.stamp(NOON + 60 * 812 + 191)
        assert lines[0].startswith(f"812:57 {when} ERROR    etl_daily/load_warehouse: OperationalError")
        await page.press("S", "enter")
        await page.shows("not saved, File exists")
        await page.press("n", "o")
        ((read, at),) = paged
        assert len(read) == len(lines) and at == 2
        assert read[0] == lines[0].replace(
            when, times.local(NOON + 60 * 812 + 191).strftime("%m-%d %H:%M:%S.000")
        )


async def test_a_hit_of_a_task_opens_the_run_at_that_task(said_often: Project) -> None:
    async with console(said_often) as page:
        await page.press("3", "slash")
        await page.type("connecting again")
        await page.press("enter")
        await page.shows("1 hit in 1 run")
        await page.press("enter")
        await page.shows("Log load_warehouse", "line 50 of the log")
        assert page.line_with("load_warehouse x2").startswith("│>")
        assert page.line_with("connecting again").startswith("│> ")


async def test_a_hit_in_folded_library_frames_opens_at_its_very_line(said_often: Project) -> None:
    async with console(said_often) as page:
        await page.press("3", "slash")
        await page.type("tenacity")
        await page.press("enter")
        await page.shows("2 hits in 1 run")
        await page.press("n", "enter")
        await page.shows("line 45 of the log")
        assert page.line_with("tenacity").startswith("│> ") and " 45 " in page.line_with("tenacity")


async def test_a_hit_leads_to_the_line_that_it_names_and_to_the_code_of_its_run(
    said_often: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited: list[tuple[str, int]] = []
    async with console(said_often, size=(100, 24)) as page:
        monkeypatch.setattr(page.app, "edit", lambda path, line: edited.append((str(path), line)))
        await page.press("3", "slash")
        await page.type('"in wrapped" run:812')
        await page.press("enter")
        await page.shows("2 hits in 1 run", "done")
        await page.press("n", "e")
        assert edited == [("/usr/lib/python3.11/site-packages/tenacity/retry.py", 12)]
        await page.press("y")
        await page.shows("tui-flow open run/812/load_warehouse:")
        await page.press("escape", "D")
        await page.shows("What changed: run 811 to run 812")
        await page.press("escape", "v")
        await page.shows("the text of flows/etl_daily.py that run 812 ran was not kept")
        await page.press("slash", "ctrl+u")
        await page.type('"load failed"')
        await page.press("enter")
        await page.shows("2 hits in 1 run", "done")
        await page.press("n", "e")
        assert edited[1:] == [("flows/etl_daily.py", 4)]


async def test_runs_fold_and_are_stepped_over(said_often: Project) -> None:
    async with console(said_often) as page:
        await page.press("3", "slash")
        await page.type("timeout flow:etl_*")
        await page.press("enter")
        await page.shows("6 hits in 4 runs")
        await page.press("J")
        assert page.line_with("run 811").startswith("│>")
        await page.shows("─ run 811  etl_daily ─", "WARN 1  INFO 1   etl_daily 2")
        await page.press("l", "j", "K")
        assert page.line_with("run 811").startswith("│>▾")
        await page.press("K", "h")
        assert page.line_with("run 812").startswith("│>▸")
        await page.press("h", "l", "l")
        await page.shows("▾ ✓ run 810", "▾ ✗ run 803")
        await page.press("N")
        await page.press("N")
        assert "first hit" in page.message
        await page.press("G", "n")
        assert "last hit" in page.message
        await page.press("J")
        assert "last one" in page.message
        await page.press("K", "enter")
        assert "▸ ✗ run 803" in page.text


async def test_a_filter_that_is_none_and_a_search_in_vain_say_so(said_often: Project) -> None:
    async with console(said_often) as page:
        await page.press("3", "slash")
        await page.type("/(/")
        await page.shows("is not a regular expression")
        await page.press("escape", "escape")
        await page.shows("finds text in the logs of all runs")
        await page.press("slash")
        await page.type("nobody said this")
        await page.press("enter")
        await page.shows("No log says nobody said this.")
        assert "capital" not in page.text
        for key in ("n", "N", "J", "K"):
            await page.press("j", key)
            assert page.message == "nothing has been found", key
        await page.press("enter", "equals_sign", "h", "l", "y")
        assert page.app.is_running
        await page.press("slash", "ctrl+u")
        await page.type("CONNECTING")
        await page.press("enter")
        await page.shows("No log says CONNECTING.", "a capital letter makes the case count")


async def test_a_search_stops_at_its_cap_and_says_so(
    said_often: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MAX_HITS", 40)
    async with console(said_often) as page:
        await page.press("3", "slash")
        await page.type("row flow:etl_* -run:812")
        await page.press("enter")
        await page.shows(
            "first 40 hits in 1 run", "Matches by run  INFO 40+", "303 INFO  row 299", "40+ hits"
        )
        await page.shows("the newest 40; 2 older files not read: narrow it")


async def test_a_search_that_found_just_as_much_as_it_keeps_is_whole(
    said_often: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MAX_HITS", 7)
    async with console(said_often) as page:
        await page.press("3", "slash")
        await page.type("timeout")
        await page.shows(" 7 hits in 5 runs", "done")


def a_slow_search(monkeypatch: pytest.MonkeyPatch, after: int = 0) -> Event:
    """Has searches wait after so many logs, until the event is set."""
    go_on, real = Event(), searching.search_logs

    def slow(*args: Any) -> Iterator[searching.Found]:
        for count, found in enumerate(real(*args)):
            yield found
            if count >= after:
                go_on.wait(10)

    monkeypatch.setattr(searching, "search_logs", slow)
    return go_on


async def test_escape_stops_a_search_and_keeps_what_was_found(
    said_often: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = a_slow_search(monkeypatch)
    monkeypatch.setattr(searching, "TELL_SECONDS", 0.0)
    async with console(said_often) as page:
        await page.press("3", "slash")
        await page.type("timeout")
        await page.press("enter")
        await page.shows("2 hits in 1 run", "searching, Esc stops")
        await page.press("escape")
        go_on.set()
        await page.shows("stopped: 1 of 5 files read", "2 hits in 1 run")
        await page.press("escape")
        await page.shows("finds text in the logs of all runs")


async def test_a_search_in_vain_that_was_stopped_does_not_speak_of_what_it_did_not_read(
    said_often: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = a_slow_search(monkeypatch)
    monkeypatch.setattr(searching, "TELL_SECONDS", 0.0)
    async with console(said_often) as page:
        await page.press("3", "slash")
        await page.type("nobody said this")
        await page.press("enter")
        await page.shows("1 file,")
        await page.press("escape")
        go_on.set()
        await page.shows("stopped: 1 of 5 files read", "None of the logs that were read says nobody said")


async def test_a_long_search_says_how_far_it_has_come(
    said_often: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = a_slow_search(monkeypatch, 3)
    monkeypatch.setattr(searching, "TELL_SECONDS", 0.0)
    async with console(said_often) as page:
        await page.press("3", "slash")
        await page.type("nobody said this")
        await page.press("enter")
        await page.shows("3 files", "searching, Esc stops", "Searching ─", "Looking, the newest runs first")
        go_on.set()
        await page.shows("5 files", "done", "No log says")


async def test_a_log_that_is_gone_and_a_history_that_is_not_there_are_no_error(project: Project) -> None:
    project.run(1, "etl")
    path = project.log(1, said("hello there"))
    async with console(project) as page:
        await page.press("3", "slash")
        await page.type("hello")
        await page.shows("1 hit in 1 run")
        path.unlink()
        await page.press("enter", "k", "j")
        await page.shows("the log is not there any more")


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (60, 20)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_footer_is_whole_at_every_size(said_often: Project, size: tuple[int, int]) -> None:
    async with console(said_often, size=size) as page:
        await page.press("3", "slash")
        await page.type("timeout")
        await page.press("enter")
        await page.shows("7 hits in 5 runs", "57 ERROR")
        assert page.footer.startswith("⏎ open") and page.footer.endswith("? help")


def test_a_filter_becomes_a_query_and_a_choice_of_runs() -> None:
    now = 1_000_000.0
    filter = filters.parse(
        '"two words" -debug /took \\d/ level>=WARN -level:critical since:1h flow:etl_* task:load -logger:sql*'
    )
    assert query_of(filter, now) == (
        (Needle("two words"), Needle("debug", False, True), Needle("took \\d", True)),
        frozenset({WARNING, ERROR}),
        now - 3600,
        (("sql*", True),),
    )
    assert [term.field for term in log_hits.runs_filter(filter).terms] == ["flow"]
    assert query_of(filters.parse("flow:x"), now) == ((), ALL_LEVELS, None, ())


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("level:warn", {WARNING, ERROR, CRITICAL}), ("level>warn", {ERROR, CRITICAL}), ("level=warn", {WARNING}),
        ("level<warn", {0, 1}), ("level<=warn", {0, 1, WARNING}), ("-level>=warn", {0, 1}), ("level:", set(range(5))),
    ],
)  # fmt: skip
def test_levels_are_compared(text: str, levels: set[int]) -> None:
    (term,) = filters.parse(text).terms
    assert filters.levels_of(term) == levels


def test_one_word_or_the_other_is_a_filter_of_every_view() -> None:
    (term,) = filters.parse("time.out|refused").terms
    assert term == ("regex", ":", r"time\.out|refused", False)
    (term,) = filters.parse('"a|b"').terms
    assert term == ("text", ":", "a|b", False)
    (term,) = filters.parse("|").terms
    assert term == ("text", ":", "|", False)


def test_tasks_are_named_by_themselves_and_by_what_called_them() -> None:
    filter = filters.parse("task:load* -task:load_fx")
    assert log_hits.is_of_task(filter, ("load_orders", "load_orders-3"))
    assert not log_hits.is_of_task(filter, ("load_fx", "load_fx-3"))
    assert not log_hits.is_of_task(filter, ())


def test_what_was_found_is_counted_by_level_and_writer() -> None:
    found = HitList()
    run = a_run(7, flow="etl", state=FlowRunState.FAILED)
    hit = Hit(4, 0, "a timeout", (2, 9), "", ERROR, 3, 1)
    found.add(run, [hit, hit._replace(line=1, level=WARNING, task_run=0)], {3: "load-3"})
    found.add(run._replace(id=6), [hit._replace(task_run=9)], {})
    assert found.total == 3
    assert text_of(found.by_level()) == "ERROR 2  WARN 1  "
    assert found.by_task() == "load-3 1, etl 1, task 9 1"
    first = found.groups[0]
    assert text_of(first.summary(first.hits)) == "ERROR 1  WARN 1   load-3 1, etl 1"
    assert [row.hit is None for row in found.rows()] == [True, False, False, True]


def a_hit(text: str, level: int = WARNING, stamp: str = "2026-08-20T14:03:22.000000Z", line: int = 1) -> Hit:
    return Hit(line, 0, text, (0, 1), stamp, level, 0, 1)


def test_equal_messages_are_one_group_and_the_most_frequent_comes_first() -> None:
    found = HitList(is_by_message=True)
    run = a_run(7, flow="etl", state=FlowRunState.FAILED)
    found.add(run, [a_hit("once", ERROR), a_hit("often", line=3), a_hit("often", line=2)], {})
    found.add(run._replace(id=6), [a_hit(" often")], {})
    assert [
        (head.text, len(head.hits)) for head in found.heads() if isinstance(head, hit_lines.EqualHits)
    ] == [("often", 3), ("once", 1)]
    found.heads()[0].folded = False
    assert [(row.group.run.id, row.hit and row.hit.line) for row in found.rows()] == [
        (7, None), (7, 3), (7, 2), (6, 1), (7, None),
    ]  # fmt: skip
    shown = [text_of(hit_lines.row_line(row, 78, UNICODE, 0.0)) for row in found.rows()]
    assert shown[0] == "▾    3x WARN  in 2 runs  often" and shown[4] == "▸    1x ERROR in run 7  once"
    found.add(run._replace(id=5), [a_hit("once", ERROR)] * 3, {})
    first, second = found.heads()
    assert (len(first.hits), first.folded, second.folded) == (4, True, False)


def test_hits_are_counted_by_the_hour_or_over_a_longer_time_by_the_day() -> None:
    found = HitList()
    run = a_run(7, flow="etl", state=FlowRunState.FAILED)
    hours = ("11", "13", "13")
    found.add(run, [a_hit("x", stamp=f"2026-08-20T{hour}:00:01.000000Z") for hour in hours], {})
    found.add(run, [a_hit("x", stamp="no time at all and so on...")], {})
    assert hit_lines.per_hour_or_day(found.hours)[:2] == ("hour", [1, 0, 2])
    assert "▅·█" in text_of(hit_lines.overview_line(found, UNICODE))
    found.add(run, [a_hit("x", stamp="2026-08-10T14:00:01.000000Z")], {})
    unit, counts, first, last = hit_lines.per_hour_or_day(found.hours)
    assert (unit, counts[0], counts[-1], sum(counts), first, last) == ("day", 1, 3, 4, "10 Aug", "20 Aug")
    found.add(run, [a_hit("x", stamp="2020-08-10T14:00:01.000000Z")], {})
    assert len(hit_lines.per_hour_or_day(found.hours)[1]) == hit_lines.BARS


async def test_equal_messages_fold_and_what_was_asked_comes_back_with_the_key_up(
    said_often: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "views.toml"
    path.write_text('"warehouse timeouts" = "logs/timeout since:24h"\n"failed" = "runs/is:failed"\n')
    monkeypatch.setattr(saved_views, "path_of_views", lambda: path)
    async with console(said_often, size=(160, 45)) as page:
        await page.press("3", "slash")
        await page.type("timeout")
        await page.press("enter")
        await page.shows(
            "7 hits in 5 runs",
            " done ",
            "hits per",
            "by task: ",
            "= folds equal messages",
            "SAVED SEARCHES",
            "warehouse timeouts  timeout since:24h",
        )
        await page.press("equals_sign")
        await page.shows("Matches by message: 3", "4x WARN", "in 4 runs")
        await page.press("g", "enter", "j")
        assert "run 811" in page.line_with("│>")
        await page.press("N", "J")
        assert "x " in page.line_with("│>")
        await page.press("equals_sign")
        await page.shows("Matches by run ")
        await page.press("slash", "ctrl+u")
        await page.type("again")
        await page.press("enter", "slash", "up")
        await page.until(lambda: page.app.screen.prompt.value == "timeout", "what was asked before")  # type: ignore[attr-defined]
        await page.press("down")
        await page.until(lambda: page.app.screen.prompt.value == "again", "what it began with")  # type: ignore[attr-defined]
        await page.press("escape", "equals_sign", "slash", "ctrl+u")
        await page.type("started|timeout|fine")
        await page.press("enter")
        await page.shows("Matches by message: ", "done")
        assert page.app.screen.section.list.cursor == 0, "the most frequent"


async def test_a_task_is_looked_for_with_what_it_called(said_often: Project) -> None:
    said_often.tasks(
        811,
        [the_task(1, "extract", kind="flow", at=811 * 60.0), the_task(2, "fetch", parent=1, at=811 * 60.0)],
    )
    said_often.log(811, said("needle", task=2), said("needle", task=0), said("needle", task=77))
    async with console(said_often) as page:
        await page.press("3", "slash")
        await page.type("needle task:extract")
        await page.press("enter")
        await page.shows("1 hit in 1 run", "fetch-2")
        await page.press("slash", "ctrl+u")
        await page.type("needle logger:flow -logger:std task:load")
        await page.press("tab")
        await page.shows("task:load_warehouse")
        await page.type("run:50")
        await page.press("tab")
        await page.shows("Tab 501 500")


def a_run_of_two_tries(**how: bool) -> HitList:
    """Hits of two tries of task run 3 and of the flow, and one of another run."""
    found = HitList(**how)
    run, hit = a_run(7, flow="etl", state=FlowRunState.FAILED), a_hit("a timeout", ERROR)
    second, first = hit._replace(task_run=3, tries=2), hit._replace(task_run=3)
    found.add(run, [hit._replace(line=9), second._replace(line=8), first._replace(line=5)], {3: "load-3"})
    found.add(run, [second._replace(line=4, level=WARNING)], {})
    found.add(run._replace(id=6), [hit], {})
    return found


def test_the_hits_of_a_run_are_listed_by_the_try_that_wrote_them_where_several_did() -> None:
    found = a_run_of_two_tries(is_by_try=True)
    for group in found.groups:
        group.folded = False
    shown = [text_of(hit_lines.row_line(row, 78, UNICODE, 0.0)).rstrip() for row in found.rows()]
    assert shown[1:8] == [
        "  ▾ etl  1 hit", "       10 ERROR a timeout", "  ▾ load-3 try 2  2 hits", "        9 ERROR a timeout",
        "        5 WARN  a timeout", "  ▾ load-3 try 1  1 hit", "        6 ERROR a timeout",
    ]  # fmt: skip
    assert shown[8].startswith("▾ ✗ run 6") and len(shown) == 10, "one who wrote has no line of its own"
    found.split_by_try(False)
    assert [row.hit and row.hit.line for row in found.rows()][:5] == [None, 9, 8, 5, 4]


async def test_a_wide_list_of_hits_has_tries_which_fold_by_themselves(said_often: Project) -> None:
    async with console(said_often, size=(160, 45)) as page:
        await page.press("3", "slash")
        await page.type("/load failed|connecting again|31402/")
        await page.press("enter")
        await page.shows(
            "▾ load_warehouse try 2  2 hits", "▾ load_warehouse try 1", "run 812  load_warehouse try 2"
        )
        assert "load failed" in page.line_with("│>"), "the newest hit"
        await page.press("h")
        assert "▸ load_warehouse try 2  2 hits" in page.line_with("│>")
        await page.press("n", "n")
        assert "WARN  connecting again" in page.line_with("│>")
        await page.press("n")
        assert "load failed" in page.line_with("│>")
        await page.press("h")
        assert "▸ load_warehouse try 1" in page.line_with("│>")
        await page.press("h")
        assert "▸ ✗ run 812" in page.line_with("│>")
        await page.press("l", "j", "K")
        assert "▾ ✗ run 812" in page.line_with("│>")
        await page.press("n", "n")
        assert "WARN  connecting again" in page.line_with("│>")
        await page.pilot.resize_terminal(80, 24)
        await page.hides("load_warehouse try 1 ")
        assert "WARN  connecting again" in page.line_with("│>"), "the cursor stays with its hit"
