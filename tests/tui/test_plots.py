"""Plots of block characters: what is high, what is not, and that they survive ASCII."""

import time
from pathlib import Path

import pytest

from tests.tui.pages import console
from tests.tui.project import Project
from tui_flow.contract.states import FlowRunState
from tui_flow.store import database, runs, spans
from tui_flow.store.spans import Span
from tui_flow.tui.presentation import plots, text_of, times
from tui_flow.tui.presentation.glyphs import ASCII, UNICODE, Marks

NOW = 1_000_000.0
DONE = FlowRunState.COMPLETED


def span(id: int, seconds: float | None = 10.0, state: FlowRunState = DONE, at: float = NOW) -> Span:
    """A run that was made at some time and took so long."""
    return Span(id, state, at, at, None if seconds is None else at + seconds)


@pytest.mark.parametrize("marks", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_a_bar_has_eight_heights_and_nothing(marks: Marks) -> None:
    assert [plots.bar(value, 7.0, marks) for value in range(1, 8)] == list(marks.bars[1:])
    assert plots.bar(0.1, 7.0, marks) == marks.bars[0]
    assert plots.bar(0.0, 7.0, marks) == plots.bar(3.0, 0.0, marks) == marks.nothing
    assert plots.bar(99.0, 7.0, marks) == marks.bars[-1]
    assert len(set(marks.bars)) == 8 and (not marks.ascii or marks.bars.isascii())


def test_percentiles_are_of_the_runs_that_completed() -> None:
    ones = [span(n, float(n)) for n in range(1, 101)] + [span(200, 9999.0, FlowRunState.FAILED)]
    assert (plots.percentile(ones, 0.5), plots.percentile(ones, 0.95)) == (51.0, 96.0)
    assert plots.percentile([span(1, None)], 0.5) is None


def test_a_run_that_did_not_succeed_shows_its_shape_in_place_of_a_height() -> None:
    ones = [
        span(4, None, FlowRunState.RUNNING),
        span(3, 10.0),
        span(2, 3.0, FlowRunState.FAILED),
        span(1, 1.0),
    ]
    assert text_of(plots.strip(ones, 14, UNICODE)) == "▂✗█▸"
    assert text_of(plots.strip(ones, 2, UNICODE)) == "█▸"
    assert text_of(plots.strip(ones, 14, ASCII)) == ".X#>"


@pytest.mark.parametrize(
    ("took", "told"), [(None, ""), (10.0, ""), (31.0, "3.1 times the usual")], ids=["none", "usual", "long"]
)
def test_what_is_usual_is_told_and_what_is_not(took: float | None, told: str) -> None:
    (line,) = plots.duration_lines([span(n) for n in range(20)], 76, UNICODE, took)
    assert "p50 10.0s  p95 10.0s" in text_of(line) and text_of(line).rstrip().endswith(told or "p95 10.0s")
    assert len(text_of(line)) <= 76
    assert plots.duration_lines([span(1)], 76, UNICODE) == []


def test_the_hours_count_runs_failures_and_busy_slots() -> None:
    hour = times.hour_of(NOW)
    ones = [
        span(1, 1800.0, at=hour - 1800.0),
        span(2, 5400.0, FlowRunState.FAILED, at=hour - 3 * 3600.0),
        span(3, None, FlowRunState.RUNNING, at=NOW - 60),
        span(4, 1.0, at=hour - 99 * 3600.0),
        span(5, 0.0, FlowRunState.CANCELLED, at=hour - 5 * 3600.0),
    ]
    loads = plots.hours(ones, NOW)
    assert [(load.runs, load.bad) for load in loads[-4:]] == [(1, 1), (0, 0), (1, 0), (1, 0)]
    assert [round(load.busy, 2) for load in loads[-4:-1]] == [1.0, 0.5, 0.5]
    assert loads[-1].busy == pytest.approx(60 / (NOW - hour))
    text = text_of(plots.load_line(loads, 8, 120, UNICODE))
    assert "24h: 4 runs, 50.0% ok" in text and "slots" in text and "most 1.0 of 8" in text
    assert "slots" not in text_of(plots.load_line(loads, 8, 80, UNICODE))
    assert len(text_of(plots.load_line(loads, 8, 80, UNICODE))) <= 80
    assert text_of(plots.load_line(loads, 8, 56, UNICODE)).endswith("24h: 4 runs"), "whole, or not at all"


def test_the_runs_of_a_day_are_found_without_reading_the_others(tmp_path: Path) -> None:
    project = Project(tmp_path)
    try:
        for id in range(1, 40, 3):
            project.run(id, "etl")
        newest = project.run(40, "other", "running")
        assert 28 < runs.first_id_since(project.db, newest.created_at - 10 * 60) <= 31
        assert [one.id for one in spans.since(project.db, newest.created_at - 10 * 60)] == [40, 37, 34, 31]
        assert runs.first_id_since(project.db, 0.0) == 1
        assert spans.since(project.db, newest.created_at + 1) == []
        assert [one.id for one in spans.of_flow(project.db, "etl", 2)] == [37, 34]
        assert spans.of_flow(project.db, "etl", 1)[0].seconds == 10.0
    finally:
        project.close()
    assert database.is_there(project.settings.state_dir)


async def test_the_flow_under_the_cursor_shows_how_long_it_takes(etl: Project) -> None:
    async with console(etl) as page:
        await page.shows("███✗████████✗  p50 10.0s  p95 10.0s")
    async with console(etl, open_run=811) as page:
        await page.press("i")
        await page.shows("PARAMETERS", "p50 10.0s")


async def test_the_runs_view_shows_runs_by_the_hour(etl: Project) -> None:
    etl.run(900, "cleanup_tmp")
    etl.db.execute(
        "UPDATE flow_runs SET created_at = ?, started_at = ?, ended_at = ? WHERE id = 900",
        [time.time() - 5] * 3,
    )
    async with console(etl, size=(120, 30)) as page:
        await page.press("2")
        await page.shows("runs/hour", "24h: 1 run, 100.0% ok", "slots")
    async with console(etl, size=(120, 30), ascii=True) as page:
        await page.press("2")
        await page.shows("runs/hour")
        assert page.line_with("runs/hour").isascii()
