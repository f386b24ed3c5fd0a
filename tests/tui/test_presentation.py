import time
from collections.abc import Iterable

import pytest

from tests.store.rows import a_file, a_flow, a_run
from tests.tui.project import NOON, REFUSED, the_task
from tui_flow.contract.states import FlowRunState, TaskRunState
from tui_flow.store.records import TaskRun
from tui_flow.tui import editor
from tui_flow.tui.actions import ACTIONS, footer
from tui_flow.tui.keymap import Keymap
from tui_flow.tui.presentation import filters, flow_list, gantt, glyphs, text_of, times, tracebacks
from tui_flow.tui.presentation.flow_list import Overview
from tui_flow.tui.presentation.key_help import help_lines
from tui_flow.tui.presentation.tree import ROOT, TaskForest
from tui_flow.tui.widgets.paint import Paint


def test_every_state_has_its_own_shape_in_both_alphabets() -> None:
    states = {*FlowRunState, *TaskRunState}
    assert set(glyphs.LEGEND) == {str(state) for state in states} | {"missed"}
    for ascii in (False, True):
        shapes = [glyphs.glyph(state, ascii) for state in states]
        assert len(set(shapes)) == len(states)
        assert all(len(shape) == 1 and (shape.isascii() or not ascii) for shape in shapes)
    assert all(len(glyphs.word(state)) <= 10 and glyphs.role(state) in glyphs.ROLES for state in states)


@pytest.mark.parametrize(
    ("environ", "ascii"),
    [
        ({"LANG": "en_US.UTF-8"}, False),
        ({}, False),
        ({"LANG": "C"}, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LC_CTYPE": "C.UTF-8"}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "POSIX"}, True),
        ({"LANG": "en_US.UTF-8", "TERM": "linux"}, True),
    ],
)
def test_ascii_is_for_terminals_that_cannot_show_more(environ: dict[str, str], ascii: bool) -> None:
    assert glyphs.wants_ascii(environ) is ascii


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "0ms"), (0.012, "12ms"), (0.0999, "0.1s"), (0.84, "0.8s"), (41.23, "41.2s"), (59.96, "1m00s"),
        (192, "3m12s"), (3599.7, "1h00m"), (7800, "2h10m"), (273_600, "3d04h"), (-5, "0ms"),
    ],
)  # fmt: skip
def test_durations_are_short(seconds: float, text: str) -> None:
    assert times.duration(seconds) == text


def test_a_live_duration_goes_on_in_whole_seconds() -> None:
    assert [times.duration(seconds, live=True) for seconds in (0.9, 59.9, 61.9)] == ["0s", "59s", "1m01s"]


def test_times_ago_are_rough() -> None:
    assert [times.ago(seconds) for seconds in (5, 120, 7200, 200_000, 9e6)] == [
        "just now", "2m ago", "2h ago", "2d ago", "14w ago",
    ]  # fmt: skip


def overview(**runs: Iterable[str]) -> Overview:
    """A project whose flows had runs in these states, newest first."""
    known = {
        name: [
            a_run(
                100 - place,
                flow=name,
                state=FlowRunState(state),
                ended_at=None if state in ("running", "pending") else 50.0,
            )
            for place, state in enumerate(states)
        ]
        for name, states in runs.items()
    }
    return Overview([], [a_flow(name, f"flows/{name}.py") for name in runs], known, {}, {})


def test_what_needs_attention_comes_first() -> None:
    found = overview(
        fine=["completed"], works=["running"], waits=["pending"], bad=["failed", "completed"], new=[]
    )
    found.files.append(
        a_file("flows/odd.py", state="broken", error="SyntaxError", error_line=3, traceback="")
    )
    names = [row.name for row in flow_list.rows_of(found)]
    assert names == ["bad", "odd.py", "works", "waits", "fine", "new"]


def test_shown_rows_keep_their_places_and_new_ones_find_theirs() -> None:
    rows = flow_list.rows_of(overview(a=["failed"], b=["running"], c=["completed"]))
    kept = flow_list.keep_order(rows, ["c", "a"])
    assert [row.name for row in kept] == ["c", "b", "a"]


def test_the_strip_has_the_newest_run_on_the_right() -> None:
    row = flow_list.rows_of(overview(a=["failed", "cancelled", "completed"]))[0]
    assert text_of(flow_list.strip(row, glyphs.UNICODE, 5)) == "  ✓⊘✗"
    assert text_of(flow_list.strip(row, glyphs.ASCII, 2)) == "#X"


def forest(*tasks: object) -> TaskForest:
    found = TaskForest()
    found.update(tasks)  # type: ignore[arg-type]
    return found


def shape(found: TaskForest) -> list[str]:
    return [f"{'  ' * row.depth}{row.label}" for row in found.rows("flow")]


def test_mapped_task_runs_fold_into_one_row_that_counts_them() -> None:
    found = forest(*(the_task(n, "load", map_id=1, map_index=n - 1) for n in range(1, 4)), the_task(4, "end"))
    assert shape(found) == ["flow", "  load[3]", "  end-4"]
    found.update([the_task(2, "load", "failed", map_id=1, map_index=1, revision=9)])
    group = found.groups[1]
    assert group.counts == {TaskRunState.COMPLETED: 2, TaskRunState.FAILED: 1} and group.state == "failed"
    assert found.revision == 9
    assert found.fold(("map", 1), False)
    assert shape(found) == ["flow", "  load[3]", "    load-1", "    load-2", "    load-3", "  end-4"]


def test_a_nested_flow_is_a_branch_and_its_log_holds_all_that_is_inside() -> None:
    found = forest(
        the_task(1, "inner", kind="flow"),
        the_task(2, "step", parent=1),
        the_task(3, "many", parent=1, map_id=3, map_index=0),
        the_task(4, "many", parent=1, map_id=3, map_index=1),
        the_task(5, "other"),
    )
    assert shape(found) == ["flow", "  inner", "    step-2", "    many[2]", "  other-5"]
    assert found.members(("task", 1)) == {1, 2, 3, 4}
    assert found.members(("map", 3)) == {3, 4}
    assert found.members(ROOT) is None
    assert found.fold(("task", 1), True) and not found.fold(("task", 1), True)
    assert shape(found) == ["flow", "  inner", "  other-5"]
    assert found.visible_key(4) == ("task", 1)
    found.reveal(4)
    assert "      many-4" in shape(found)


def test_the_cause_is_the_task_run_that_says_what_the_run_says() -> None:
    found = forest(
        the_task(1, "early", "failed", took=1),
        the_task(2, "cause", "failed", took=5, failure=REFUSED),
        the_task(3, "inside", "failed", took=5, failure=REFUSED, parent=2),
    )
    cause, first = found.cause(REFUSED), found.cause(None)
    assert cause is not None and cause.id == 3
    assert first is not None and first.id == 1


def test_library_frames_are_found_with_their_source_lines() -> None:
    texts = [
        "Traceback (most recent call last):",
        '  File "/x/site-packages/a.py", line 1, in a',
        "    b()",
        "    ^^^",
        '  File "/usr/lib/python3.11/b.py", line 2, in b',
        '  File "/home/me/flows/c.py", line 3, in c',
        "    raise ValueError",
        '  File "/x/site-packages/d.py", line 4, in d',
        "ValueError: no",
    ]
    assert tracebacks.library_frames(texts) == [(range(1, 5), 2), (range(7, 8), 1)]


def test_one_key_has_one_action_in_each_place() -> None:
    for place in ("flows", "run"):
        taken = [
            key
            for action in ACTIONS
            if action.where in (place, "app", "list")
            for key in action.keys.split(",")
        ]
        assert len(taken) == len(set(taken)), place


def test_no_line_of_the_help_is_too_long_for_two_columns() -> None:
    for places in (["list", "flows", "app"], ["list", "tree", "run", "app"], ["list", "log", "run", "app"]):
        lines = help_lines(places, glyphs.UNICODE, Keymap(), wide=True)
        assert max(len(text_of(line).rstrip()) for line in lines) <= 76
        keys = lines[: [text_of(line) for line in lines].index(" STATES")]
        assert all(text_of(line)[38:39] in ("", " ") for line in keys), "the columns touch"


def test_the_footer_ends_with_leaving_and_help() -> None:
    for place in ("flows", "run"):
        assert [action.id for action in footer([place, "app"])][-2:] == ["leave", "help"]


def test_nothing_that_acts_at_once_is_part_of_a_split_escape_sequence() -> None:
    acts = {
        key
        for action in ACTIONS
        if action.id in ("run", "cancel", "kill", "rerun")
        for key in action.keys.split(",")
    }
    assert not acts & set("ABCDFHMOPQRS[<;0123456789")


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("vim", ["vim", "+7", "/p/a.py"]),
        ("emacsclient -t", ["emacsclient", "-t", "+7", "/p/a.py"]),
        ("code", ["code", "--wait", "--goto", "/p/a.py:7"]),
        ("hx", ["hx", "/p/a.py:7"]),
        ("unheard-of", ["unheard-of", "/p/a.py"]),
    ],
)
def test_editors_are_told_the_line_in_their_own_way(
    named: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pathlib import Path

    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert editor.command(Path("/p/a.py"), 7, {"EDITOR": named}) == words
    assert editor.takes_line(words) == any("7" in word for word in words)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "no editor found; set EDITOR"),
        ({"EDITOR": "gone -w"}, "there is no command gone here; set EDITOR to another"),
        (
            {"EDITOR": "vi", "VISUAL": "'unclosed"},
            "there is no command 'unclosed here; set VISUAL to another",
        ),
    ],
)
def test_without_an_editor_it_says_why(
    environ: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pathlib import Path

    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ValueError, match=words):
        editor.command(Path("/p/a.py"), 7, environ)


def test_times_are_shown_and_read_in_utc_where_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        summer = 1_755_691_200.0  # 2025-08-20 12:00 UTC
        assert times.clock(summer) == "08:00:00"
        assert times.stamp(summer + 0.25).endswith(" 08:00:00.250-04:00")
        assert filters.since_of("today", summer) == summer - 8 * 3600
        times.show_in("utc")
        assert times.clock(summer) == "12:00:00"
        assert (
            filters.since_of("today", summer) == filters.since_of("2025-08-20", summer) == summer - 12 * 3600
        )
    finally:
        monkeypatch.undo()
        time.tzset()


def a_mapped(n: int, state: str = "completed", took: float = 1.0) -> TaskRun:
    return the_task(n, "upload", state, took=took, map_id=1, map_index=n)


def test_a_map_call_is_a_strip_of_heights_and_shapes() -> None:
    tasks = [
        a_mapped(1, took=8.0),
        a_mapped(2, took=4.0),
        a_mapped(3, "failed"),
        a_mapped(4, "cached"),
        a_mapped(5, "pending"),
    ]
    line = gantt.strip(tasks, 60, NOON + 10, glyphs.UNICODE)
    assert text_of(line)[2:] == "✗=◌" and text_of(line)[0] > text_of(line)[1]
    assert gantt.strip([], 60, NOON, glyphs.UNICODE) == []


def test_a_large_map_call_hides_no_failure_in_its_strip() -> None:
    tasks = [a_mapped(n, "failed" if n == 777 else "completed") for n in range(20_000)]
    line = gantt.strip(tasks, 40, NOON + 10, glyphs.ASCII)
    assert len(text_of(line)) == 40
    assert text_of(line).count("X") == 1


def test_a_day_ends_in_the_zone_in_which_times_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert times.last_second(1_792_879_200.0) == 1_792_879_200.0 + 25 * 3600 - 1, (
            "25 October 2026 has 25 hours"
        )
        monkeypatch.setenv("TZ", "America/Havana")
        time.tzset()
        assert times.last_second(1_772_946_000.0) == 1_772_946_000.0 + 23 * 3600 - 1, (
            "8 March 2026 begins at one o'clock"
        )
        times.show_in("utc")
        assert times.last_second(1_792_886_400.0) == 1_792_886_400.0 + 24 * 3600 - 1
    finally:
        monkeypatch.undo()
        time.tzset()


def test_in_ascii_a_text_takes_as_many_cells_as_it_would() -> None:
    poor = Paint({}, ascii=True)
    assert poor.clean("日本 caf\u00e9 e\u0301… ok") == "???? caf? e~ ok"
    assert Paint({}).clean("日本") == "日本"
