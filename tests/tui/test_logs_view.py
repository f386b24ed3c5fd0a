"""Stories of the Logs view: in which runs something was said."""

from pathlib import Path

import pytest

from tests.store.rows import a_run
from tests.tui.pages import console
from tests.tui.project import NOON, Project, said, the_task
from tui_flow.store.log_search import Hit
from tui_flow.tui import saved_views
from tui_flow.tui.app import Console
from tui_flow.tui.presentation import times
from tui_flow.tui.presentation.hits import HitList


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


async def test_all_hits_are_saved_to_a_file_and_read_in_the_pager(
    said_often: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    paged: list[tuple[list[str], int]] = []
    monkeypatch.setattr(Console, "page", lambda _, lines, at: paged.append((list(lines), at)))
    async with console(said_often) as page:
        await page.press("3", "S")
        await page.look_for("timeout")
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
        await page.press("escape", "n", "o")
        ((read, at),) = paged
        assert len(read) == len(lines) and at == 2
        assert read[0] == lines[0].replace(
            when, times.local(NOON + 60 * 812 + 191).strftime("%m-%d %H:%M:%S.000")
        )


async def test_a_hit_of_a_task_opens_the_run_at_that_task(said_often: Project) -> None:
    async with console(said_often) as page:
        await page.press("3")
        await page.look_for("connecting again")
        await page.shows("1 hit in 1 run")
        await page.press("enter")
        await page.shows("Log load_warehouse", "line 50 of the log")
        assert page.line_with("load_warehouse x2").startswith("│>")
        assert page.line_with("connecting again").startswith("│> ")


async def test_a_hit_in_folded_library_frames_opens_at_its_very_line(said_often: Project) -> None:
    async with console(said_often) as page:
        await page.press("3")
        await page.look_for("tenacity")
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
        await page.press("3")
        await page.look_for('"in wrapped" run:812')
        await page.shows("2 hits in 1 run", "done")
        await page.press("n", "e")
        assert edited == [("/usr/lib/python3.11/site-packages/tenacity/retry.py", 12)]
        await page.press("y")
        await page.shows("tui-flow open run/812/load_warehouse:")
        await page.press("escape", "D")
        await page.shows("What changed: run 811 to run 812")
        await page.press("escape", "v")
        await page.shows("the text of flows/etl_daily.py that run 812 ran was not kept")
        await page.look_for('"load failed"')
        await page.shows("2 hits in 1 run", "done")
        await page.press("n", "e")
        assert edited[1:] == [("flows/etl_daily.py", 4)]


async def test_runs_fold_and_are_stepped_over(said_often: Project) -> None:
    async with console(said_often) as page:
        await page.press("3")
        await page.look_for("timeout flow:etl_*")
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
        await page.look_for("nobody said this")
        await page.shows("No log says nobody said this.")
        assert "capital" not in page.text
        for key in ("n", "N", "J", "K"):
            await page.press("j", key)
            assert page.message == "nothing has been found", key
        await page.press("enter", "equals_sign", "h", "l", "y")
        assert page.app.is_running
        await page.look_for("CONNECTING")
        await page.shows("No log says CONNECTING.", "a capital letter makes the case count")


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
        await page.press("3")
        await page.look_for("timeout")
        await page.shows("7 hits in 5 runs", "57 ERROR")
        assert page.footer.startswith("⏎ open") and page.footer.endswith("? help")


async def test_equal_messages_fold_and_what_was_asked_comes_back_with_the_key_up(
    said_often: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "views.toml"
    path.write_text('"warehouse timeouts" = "logs/timeout since:24h"\n"failed" = "runs/is:failed"\n')
    monkeypatch.setattr(saved_views, "path_of_views", lambda: path)
    async with console(said_often, size=(160, 45)) as page:
        await page.press("3")
        await page.look_for("timeout")
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
        await page.look_for("again")
        await page.press("slash", "up")
        await page.until(lambda: page.app.screen.prompt.value == "timeout", "what was asked before")  # type: ignore[attr-defined]
        await page.press("down")
        await page.until(lambda: page.app.screen.prompt.value == "again", "what it began with")  # type: ignore[attr-defined]
        await page.press("escape", "equals_sign")
        await page.look_for("started|timeout|fine")
        await page.shows("Matches by message: ", "done")
        assert page.app.screen.section.list.cursor == 0, "the most frequent"


async def test_grouping_by_message_and_back_keeps_the_hit_under_the_cursor_and_what_is_unfolded(
    said_often: Project,
) -> None:
    async with console(said_often) as page:
        await page.press("3")
        await page.look_for("timeout")
        await page.shows("7 hits in 5 runs")
        await page.press("J", "l", "j", "j")
        hit = page.line_with("│>")
        assert "a timeout" not in hit and "retrying" in hit
        await page.press("equals_sign")
        assert "4x WARN" in page.line_with("│>")
        await page.press("equals_sign")
        assert page.line_with("│>") == hit, page.text
        await page.press("equals_sign", "l", "G")
        await page.shows("Matches by message")
        while "run 500" not in page.line_with("│>"):
            await page.press("k")
        await page.press("equals_sign")
        assert "retrying" in page.line_with("│>"), "in the run that was folded"
        assert page.app.screen.section.list.selected.group.run.id == 500  # type: ignore[attr-defined]
        await page.press("equals_sign")
        assert "run 500" in page.line_with("│>"), "the message is still unfolded"


async def test_the_most_frequent_message_stays_under_the_cursor_while_more_is_found(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("3")
        await page.shows("[3 Logs]")
        lines, found = page.app.screen.section.list, HitList(is_by_message=True)  # type: ignore[attr-defined]
        for id, text in enumerate(("rare", "often", "often", "gone", "rare", "rare")):
            hit = Hit(1, 0, text, (0, 1), "2026-08-20T14:03:22.000000Z", 1, 0, 1)
            found.add(a_run(99 - id), [hit], {})
            lines.show_hits(found)
            if id == 2:
                assert lines.selected.message.text == "often", "nobody has gone anywhere"
                await page.press("j")
                assert lines.selected.message.text == "rare"
        assert (lines.cursor, lines.selected.message.text) == (0, "rare"), "where somebody went it stays"


async def test_a_task_is_looked_for_with_what_it_called(said_often: Project) -> None:
    said_often.tasks(
        811,
        [the_task(1, "extract", kind="flow", at=811 * 60.0), the_task(2, "fetch", parent=1, at=811 * 60.0)],
    )
    said_often.log(811, said("needle", task=2), said("needle", task=0), said("needle", task=77))
    async with console(said_often) as page:
        await page.press("3")
        await page.look_for("needle task:extract")
        await page.shows("1 hit in 1 run", "fetch-2")
        await page.press("slash", "ctrl+u")
        await page.type("needle logger:flow -logger:std task:load")
        await page.press("tab")
        await page.shows("task:load_warehouse")
        await page.type("run:50")
        await page.press("tab")
        await page.shows("Tab 501 500")


async def test_a_wide_list_of_hits_has_tries_which_fold_by_themselves(said_often: Project) -> None:
    async with console(said_often, size=(160, 45)) as page:
        await page.press("3")
        await page.look_for("/load failed|connecting again|31402/")
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


async def test_the_hit_is_in_sight_below_lines_that_take_many_rows(project: Project) -> None:
    project.flow("wordy")
    project.run(1, "wordy", "completed")
    project.log(1, *(said("many words " * 40) for _ in range(4)), said("the needle"))
    async with console(project, size=(60, 20)) as page:
        await page.press("3")
        await page.look_for("needle")
        await page.shows("1 hit", "5 ", "line 5")
        await page.until(lambda: page.text.count("the needle") > 1, "the hit, in its list and in the log")
