"""Stories of the log in the Run view: what it shows, follows, and finds."""

import time

import pytest
from rich.segment import Segment
from textual.strip import Strip

from tests.tui.pages import console
from tests.tui.project import NOON, REFUSED, Project, said, the_task
from tui_flow.contract import log
from tui_flow.tui.widgets.log_text import breaks


async def test_a_log_of_which_lines_were_dropped_says_how_much_is_gone(etl: Project) -> None:
    mark = log.encode(NOON + 60 * 811, "WARNING", None, 1, log.KEEPER, "1,234 bytes dropped")
    etl.log(811, said("this says 5 bytes dropped"), mark)
    async with console(etl, open_run=811, size=(160, 45)) as page:
        await page.shows("exit code 0 ── 1,234 bytes dropped ── .tui_flow/runs/811/log")


async def test_the_log_follows_the_row_and_the_root_is_the_whole_run(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("g", "j", "j")
        await page.shows("Log extract_orders", "40 lines")
        await page.press("k")
        await page.shows("Log extract ", "40 lines")
        await page.press("k")
        await page.shows("Log whole run", "58 lines")


async def test_errors_are_stepped_through_and_library_frames_are_folded(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("1 library frame folded", "error 1/2  16 lines")
        assert "tenacity" not in page.text
        await page.press("n")
        assert "error 2 of 2" in page.message
        await page.press("n")
        assert "error 1 of 2" in page.message
        await page.press("tab", "k", "k", "k", "enter")
        await page.shows("tenacity")
        await page.press("equals_sign", "equals_sign", "n")
        await page.shows("1 library frame folded")
        await page.press("equals_sign")
        await page.shows("error 2/2", "tenacity")


async def test_level_wrap_and_time_are_toggled_and_shown(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("g")
        await page.shows("Log whole run")
        await page.press("L", "L", "L")
        await page.shows("L ERROR", "lines shown: ERROR and higher")
        assert "connecting again" not in page.text
        await page.press("w", "t")
        await page.shows("w off", "t delta", "+31.000")
        assert page.message == "", "what L did is no news after other keys"


async def test_the_place_in_a_log_is_kept_though_a_level_shows_none_of_it(project: Project) -> None:
    project.flow("long")
    project.run(1, "long", "completed")
    words = [said(f"line {n}", "WARNING" if n in (20, 70) else "INFO") for n in range(100)]
    project.log(1, *words)
    async with console(project, open_run=1) as page:
        await page.shows("100 lines")
        await page.look_for("line 60")
        await page.press("tab", "L", "L")
        assert page.line_with("line 70").startswith("│>"), "the next one that is shown"
        await page.press("L")
        await page.shows("no line of ERROR or higher")
        await page.press("L")
        assert page.line_with("line 60").startswith("│>"), page.text
        await page.press("L", "L", "k", "L", "L")
        assert page.line_with("line 20").startswith("│>"), "a place that somebody went to meanwhile"


async def test_a_click_finds_its_line_below_one_that_takes_several_rows(project: Project) -> None:
    project.flow("long")
    project.run(1, "long", "completed")
    project.log(1, said("first"), said("a long word " * 20), said("after it"), said("last"))
    async with console(project, open_run=1) as page:
        await page.press("tab")
        await page.shows("after it")
        y = next(y for y, line in enumerate(page.lines) if "after it" in line)
        await page.pilot.click(offset=(30, y))
        assert "after it" in page.line_with("│>  3")
        await page.pilot.click(offset=(30, y - 1))
        assert "long word" in page.line_with("│>  2")


async def test_the_log_is_searched_and_escape_clears_the_search(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("g")
        await page.look_for(r"/row [12]\d/")
        await page.shows(r"20 lines with “/row [12]\d/”", "row 10 extracted")
        await page.look_for("/row [/")
        await page.shows("/row [/ is not a regular expression: unterminated character set", "take it")
        await page.look_for("TRACEBACK|WH-2")
        await page.shows("no line with “TRACEBACK|WH-2”")
        await page.look_for("debug|row -extracted")
        await page.shows("1 line with “debug|row -extracted”")
        await page.look_for("begin:|row -/1/ -2")
        await page.press("ampersand")
        await page.shows("&begin:|row -/1/ -2 16 ", " row 0 extracted", " row 3 extracted")
        await page.press("escape", "g")
        await page.look_for('"row 1"')
        await page.shows("11 lines with", "row 1 extracted")
        await page.press("n")
        assert "match 2 of 11" in page.message
        await page.press("N", "N")
        assert "match 11 of 11" in page.message
        await page.press("escape")
        assert "/row 1" not in page.text
        assert "Flows › etl_daily › run 812" in page.text


async def test_the_lines_of_a_growing_log_are_counted_once(etl: Project) -> None:
    etl.run(900, "ingest_s3", "running", started_at=time.time())
    etl.tasks(900, [the_task(1, "first", "running", at=900 * 60.0)])
    etl.log(900, *(said(f"line {n}", task=1) for n in range(5)))
    async with console(etl, open_run=900) as page:
        await page.press("j")
        await page.shows("Log first-1", " 5 lines")
        etl.log(900, *(said(f"later {n}", task=1) for n in range(5)))
        await page.shows("later 4", " 10 lines")


async def test_the_log_follows_its_end_until_somebody_goes_up(etl: Project) -> None:
    etl.run(900, "ingest_s3", "running", started_at=time.time())
    etl.log(900, *(said(f"line {n}") for n in range(100)))
    async with console(etl, open_run=900) as page:
        await page.shows("f on", "line 99")
        etl.log(900, said("the newest"))
        await page.shows("the newest")
        await page.press("tab", "k")
        await page.shows("f off")
        etl.log(900, *(said(f"later {n}") for n in range(50)))
        await page.shows("151 lines")
        assert "later 49" not in page.text
        await page.press("f")
        await page.shows("later 49", "f on")


async def test_a_search_that_finds_nothing_says_only_that_and_goes_with_escape(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.look_for("nowhere")
        await page.shows("no line with “nowhere” in what is shown; Esc clears")
        await page.press("escape")
        assert page.message == ""


async def test_a_run_whose_log_has_no_error_is_not_said_to_be_open_at_one(etl: Project) -> None:
    etl.run(813, "etl_daily", "failed", failure=REFUSED, message=REFUSED.message)
    etl.log(813, said("Begins"))
    async with console(etl, open_run=813) as page:
        await page.shows("opened at what failed, which logged no error, e edits etl_daily.py:4")


@pytest.mark.parametrize("room", [10, 59, 60])
@pytest.mark.parametrize(
    "text",
    [
        "界" * 80,
        "ab " + "界 " * 80,
        "e\u0301" * 90,
        "\U0001f469\u200d\U0001f467" * 80,
        "some words " * 9 + "界" * 9,
    ],
    ids=["wide", "wide words", "accents", "joined", "mixed"],
)
def test_a_line_breaks_into_rows_that_have_all_of_its_wide_characters(text: str, room: int) -> None:
    message = Strip([Segment(text)])
    rows = message.divide([*breaks(message, room), message.cell_length])
    assert "".join(row.text for row in rows) == text
    assert all(room * 2 // 3 - 1 < row.cell_length <= room for row in rows[:-1])
