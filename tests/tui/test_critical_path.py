"""The chain of task runs that a run had to wait for."""

import time

from tests.tui.project import NOON, the_task
from tui_flow.store.records import TaskRun
from tui_flow.tui.presentation import glyphs, text_of
from tui_flow.tui.presentation.critical_path import Chain, chain_line, critical_path

NOW = NOON + 100


def path(*tasks: TaskRun) -> Chain:
    return critical_path({task.id: task for task in tasks}, NOW)


def ids(chain: Chain) -> list[int]:
    return [task.id for task in chain.tasks]


def submitted(id: int, name: str, start: float, took: float, upstream: list[int]) -> TaskRun:
    """One that was submitted when the run began."""
    return the_task(id, name, at=start, took=took, upstream=upstream)._replace(created_at=NOON)


def test_it_follows_what_was_waited_for_and_not_what_ran_beside_it() -> None:
    found = path(
        submitted(1, "extract", 0, 40, []),
        submitted(2, "fx", 0, 3, []),
        submitted(3, "validate", 40, 20, [1, 2]),
        submitted(4, "load", 60, 30, [3]),
        submitted(5, "notify", 60, 1, [3]),
    )
    assert ids(found) == [1, 3, 4] and not found.by_times
    assert found.seconds(NOW) == 90
    assert text_of(chain_line(found, 100, glyphs.UNICODE, NOW)) == (
        " critical path: extract-1 → validate-3 → load-4  1m30s"
    )


def test_calls_that_a_flow_waited_for_itself_are_told_by_their_times() -> None:
    found = path(
        the_task(1, "a", at=0, took=5), the_task(2, "b", at=5, took=5), the_task(3, "c", at=2, took=1)
    )
    assert ids(found) == [1, 2] and found.by_times
    assert "critical path, by times: a-1 → b-2" in text_of(chain_line(found, 80, glyphs.UNICODE, NOW))


def test_what_is_inside_a_nested_flow_stands_for_it_and_a_future_of_it_leads_there() -> None:
    found = path(
        the_task(1, "branch", kind="flow", at=0, took=10),
        submitted(2, "inside", 0, 9, [])._replace(parent=1),
        submitted(3, "after", 10, 5, [2]),
    )
    assert ids(found) == [2, 3]


def test_what_never_ran_is_no_part_of_it_and_what_still_runs_is() -> None:
    found = path(
        the_task(1, "a", at=0, took=5),
        the_task(2, "b", "upstream_failed", at=50),
        the_task(3, "c", "running", at=5),
    )
    assert ids(found) == [1, 3]
    assert path() == Chain([], False) and chain_line(path(), 80, glyphs.UNICODE, NOW) == []


def test_of_many_the_first_and_the_last_are_named_and_equal_ones_are_one() -> None:
    same = path(*(the_task(n, "step", at=n, took=1) for n in range(1, 51)))
    assert "step (50 in turn)" in text_of(chain_line(same, 60, glyphs.UNICODE, NOW))
    many = path(*(the_task(n, f"step{n}", at=n, took=1) for n in range(1, 51)))
    for width in (60, 80, 120):
        text = text_of(chain_line(many, width, glyphs.UNICODE, NOW))
        assert len(text) <= width and "step1-1 → " in text and " → … → " in text and "step50-50" in text


def test_twenty_thousand_calls_take_no_second() -> None:
    tasks = {n: the_task(n, "step", at=n, took=1) for n in range(1, 20_001)}
    begun = time.process_time()
    assert len(critical_path(tasks, NOW).tasks) == 20_000
    assert time.process_time() - begun < 1.0
