"""What is asked of the logs, and how the hits are put together: by run, by try, and by message."""

from tests.store.rows import a_run
from tests.tui.project import ERROR, WARNING
from tui_flow.contract.states import FlowRunState
from tui_flow.store.log_search import ALL_LEVELS, Hit, Needle
from tui_flow.tui.presentation import filters, hit_lines, log_hits, text_of
from tui_flow.tui.presentation.glyphs import UNICODE
from tui_flow.tui.presentation.hits import HitList
from tui_flow.tui.presentation.log_hits import query_of


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


def test_tasks_are_named_by_themselves_and_by_what_called_them() -> None:
    filter = filters.parse("task:load* -task:load_fx")
    assert log_hits.is_of_task(filter, ("load_orders", "load_orders-3"))
    assert not log_hits.is_of_task(filter, ("load_fx", "load_fx-3"))
    assert not log_hits.is_of_task(filter, ())


def a_hit(text: str, level: int = WARNING, stamp: str = "2026-08-20T14:03:22.000000Z", line: int = 1) -> Hit:
    return Hit(line, 0, text, (0, 1), stamp, level, 0, 1)


def a_run_of_two_tries(**how: bool) -> HitList:
    """Hits of two tries of task run 3 and of the flow, and one of another run."""
    found = HitList(**how)
    run, hit = a_run(7, flow="etl", state=FlowRunState.FAILED), a_hit("a timeout", ERROR)
    second, first = hit._replace(task_run=3, tries=2), hit._replace(task_run=3)
    found.add(run, [hit._replace(line=9), second._replace(line=8), first._replace(line=5)], {3: "load-3"})
    found.add(run, [second._replace(line=4, level=WARNING)], {})
    found.add(run._replace(id=6), [hit], {})
    return found


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
