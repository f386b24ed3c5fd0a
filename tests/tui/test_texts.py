"""Stories of what leaves the console as text: copied, saved, read in a pager, narrowed to what matches."""

import base64
import stat
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.store.rows import a_run
from tests.tui.pages import Page, callers_of, console
from tests.tui.project import NOON, REFUSED, Project, said
from tui_flow.tui import copying, editor, saving
from tui_flow.tui.presentation import log_lines
from tui_flow.tui.presentation.address import Address
from tui_flow.tui.presentation.times import clock, stamp


def clipboard(monkeypatch: pytest.MonkeyPatch, page: Page) -> list[str]:
    """What the terminal gets to hear."""
    written: list[str] = []
    monkeypatch.setattr(type(page.app._driver), "write", lambda _, data: written.append(data), raising=False)
    return written


def copied(written: list[str]) -> str:
    """What the last sequence for the clipboard holds."""
    last = [data for data in written if data.startswith("\x1b]52;c;")][-1]
    return base64.b64decode(last.removeprefix("\x1b]52;c;").partition("\x07")[0]).decode()


async def test_a_menu_says_what_can_be_copied_and_a_file_keeps_it(
    etl: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    yank = tmp_path / "cache" / "yank.txt"
    async with console(etl, open_run=812, yank=yank, size=(110, 30)) as page:
        written = clipboard(monkeypatch, page)
        await page.shows("│> 49 ")
        await page.press("y")
        await page.shows(
            "y  line",
            "tui-flow rerun 812",
            "tui-flow open run/812/load_warehouse:49",
            "flows/etl_daily.py:4",
            "6 lines: Traceback (most",
            "16 lines: ",
        )
        await page.press("y")
        await page.shows("copied the line, also to ~/cache/yank.txt")
        assert (
            copied(written)
            == yank.read_text()
            == 'OperationalError: connection to server at "wh-2" failed: timeout expired'
        )
        assert stat.S_IMODE(yank.stat().st_mode) == 0o600
        for key, text in (
            ("t", "Traceback (most"),
            ("c", "tui-flow rerun 812"),
            ("p", "flows/etl_daily.py:4"),
            ("i", "812"),
        ):
            await page.press("y", key)
            await page.until(lambda text=text: yank.read_text().startswith(text), f"{text} to be kept")
            assert copied(written).startswith(text)
        page.app.say(page.app.copy("one\ntwo\n", "it"))
        await page.shows("copied it (2 lines), also to ~")
        assert copying.Copyable("t", "it", "one\ntwo\n").preview == "2 lines: one", (
            "as it is said when it is copied"
        )
        await page.press("y", "l")
        await page.shows("copied the shown log (16 lines)")
        assert "tenacity" in yank.read_text(), "what is folded is part of it"
        assert " load_warehouse: load failed\n    Traceback" in yank.read_text(), "whose it is, in words"


async def test_a_row_hands_out_and_shows_what_its_run_does(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    read: list[tuple[str, int]] = []
    callers = callers_of(monkeypatch, log_lines, "read_line")
    async with console(etl) as page:
        monkeypatch.setattr(page.app, "page", lambda lines, at: read.append(("\n".join(lines), at)))
        written = clipboard(monkeypatch, page)
        await page.press("2")
        await page.shows("812  etl_daily")
        for key, text in (("y", "OperationalError: connection"), ("t", "Traceback"), ("c", "tui-flow rerun 812"),
                          ("u", "tui-flow open run/812"), ("p", "flows/etl_daily.py:4"), ("l", "2025-08-")):  # fmt: skip
            await page.press("y", key)
            await page.shows("copied the ")
            assert copied(written).startswith(text)
        assert callers and threading.main_thread() not in callers
        await page.press("o")
        ((text, line),) = read
        assert "ERROR" in text.splitlines()[line - 1] and "ERROR" not in "".join(
            text.splitlines()[: line - 1]
        )
        await page.press("v")
        await page.shows("the text of flows/etl_daily.py that run 812 ran was not kept")
        await page.press("D")
        await page.shows("What changed: run 811 to run 812", "LOG  the first line")
        await page.press("escape", "j", "o")
        await page.shows("run 811 has no log any more")
        await page.press("1", "y", "c")
        await page.shows("copied the command")
        assert copied(written) == "tui-flow rerun 812", "of a flow whose run failed"
        await page.press("y", "u")
        assert copied(written) == "tui-flow open flows/flow:etl_daily"
        await page.press("y", "t")
        assert copied(written).startswith("Traceback")
        await page.press("o")
        assert len(read) == 2


async def test_what_is_copied_cannot_harm_whoever_pastes_it(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    etl.log(501, said("\x1b[31mrm -rf\x1b[201~ \x9b"))
    async with console(etl, open_run=501) as page:
        written = clipboard(monkeypatch, page)
        await page.shows("rm -rf", "RUNNING")
        await page.press("y", "y")
        await page.shows("copied the line")
        assert copied(written) == "␛[31mrm -rf␛[201~ �"


async def test_a_cache_that_cannot_be_written_is_said(etl: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with console(etl, open_run=812, yank=tmp_path / "file" / "yank.txt", size=(160, 30)) as page:
        await page.shows("│> 49 ")
        await page.press("y", "i")
        await page.shows("copied the run's number, not kept, File exists: /")


def test_tmux_gets_the_sequence_in_both_ways() -> None:
    plain = copying.sequence("hi", {})
    assert plain == "\x1b]52;c;aGk=\x07"
    assert copying.sequence("hi", {"TMUX": "x"}) == plain + "\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\"


def test_a_terminal_gets_no_more_than_it_takes() -> None:
    text = "ü" * 100_000
    data = copying.sequence(text, {}).removeprefix("\x1b]52;c;").removesuffix("\x07")
    assert len(data) <= copying.MAX_ENCODED
    assert set(base64.b64decode(data).decode()) == {"ü"}
    assert not copying.is_whole(text) and copying.is_whole("ü")


async def test_the_shown_log_is_saved_but_never_over_a_file(etl: Project, tmp_path: Path) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("│> 49 ")
        await page.press("S")
        await page.shows("run-812-load_warehouse.log")
        await page.press("enter")
        await page.shows("saved 16 lines to")
        path = etl.settings.project / "run-812-load_warehouse.log"
        lines = path.read_text().splitlines()
        assert len(lines) == 16 and "tenacity" in path.read_text()
        assert lines[0] == f"{stamp(NOON + 60 * 812 + 130)} INFO     load_warehouse: 31402 rows to load"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        await page.press("S", "enter")
        await page.shows("not saved, File exists")
        await page.press("ctrl+u", "enter", "S", "escape")
        assert page.app.is_running


async def test_a_file_that_takes_long_says_how_far_it_is_and_that_it_is_not_whole_where_it_ends_early(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in (("SLICE_SECONDS", -1.0), ("SAY_SECONDS", 0.0), ("REST_SECONDS", 600.0)):
        monkeypatch.setattr(saving, name, seconds)
    etl.log(811, said("one"), said("two"))
    folder = etl.settings.project
    async with console(etl, open_run=812) as page:
        await page.shows("│> 49 ")
        await page.press("S", "enter")
        await page.shows("saving 1 of 16 lines to")
        await page.press("S", "enter")
        await page.shows("another file is still being saved")
        await page.press("comma")
        await page.shows("not whole: 1 of 16 lines saved to", "run 811")
        await page.shows("two")
        await page.press("S", "enter")
        await page.shows("saving 1 of 2 lines to")
    for id, count in ((812, 16), (811, 2)):
        (path,) = folder.glob(f"run-{id}*.log")
        assert path.read_text().splitlines()[1:] == [f"-- not whole: 1 of {count} lines --"]


async def test_the_shown_log_is_read_in_a_pager_made_harmless(
    etl: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    etl.log(501, said("one"), said("\x1b]52;c;x\x07 two\nand more"), said("\x1b[31mred\x1b[0m", task=None))
    async with console(etl, open_run=501) as page:
        monkeypatch.setattr(page.app, "suspend", nullcontext)
        monkeypatch.setenv("PAGER", a_program(tmp_path / "less", 'echo "$@" > "$0.told"; cat > "$0.read"'))
        await page.shows("red", "RUNNING")
        await page.press("tab", "g", "j", "o")
        at = f"{clock(NOON)}.000"
        assert (tmp_path / "less.read").read_text().splitlines() == [
            f"{at} INFO     ingest_s3: one",
            f"{at} INFO     ingest_s3: ␛]52;c;x␇ two",
            "    and more",
            f"{at} INFO     -: red",
        ]
        assert (tmp_path / "less.told").read_text() == "-S -j2 +2g\n"


async def test_a_pager_begins_before_a_long_log_was_read_and_may_leave_before_its_end(
    etl: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given: list[int] = []
    async with console(etl) as page:
        monkeypatch.setattr(page.app, "suspend", nullcontext)
        monkeypatch.setenv("PAGER", a_program(tmp_path / "pager", "head -n 1 > /dev/null"))
        page.app.page((given.append(number) or "x" * 1000 for number in range(1_000_000)), 1)
        assert 0 < len(given) < 10_000


def a_program(path: Path, script: str) -> str:
    """A program that does what this script says."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return str(path)


def test_the_pager_is_told_the_line_and_lets_no_colours_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    command, environ = editor.pager(7, {"PAGER": "less -i", "LESS": "-R", "A": "b"})
    assert command == ["less", "-i", "-S", "-j7", "+7g"]
    assert environ == {"PAGER": "less -i", "A": "b"}
    assert editor.pager(900, {"PAGER": "less"})[0] == ["less", "-S", "-j16", "+900g"], "with what leads there"
    assert editor.pager(7, {"PAGER": "cat"})[0] == ["cat"]
    with pytest.raises(ValueError, match="there is no command nowhere here"):
        editor.pager(7, {"PAGER": "nowhere"})


async def test_only_matching_lines_are_shown_and_escape_goes_back_to_the_line(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("│> 49 ")
        await page.press("ampersand")
        await page.type("wh-2")
        await page.press("enter")
        await page.shows("&wh-2 2", "2 lines")
        assert "connecting again" not in page.text
        await page.press("ampersand")
        await page.shows("/wh-2 2", "16 lines")
        assert "> 49" in page.line_with("OperationalError")
        await page.press("ampersand", "n")
        await page.shows("match 2 of 2")
        await page.press("escape")
        await page.shows("/wh-2 2", "> 57 OperationalError")
        await page.press("escape")
        await page.shows("error 2/2", "> 57 OperationalError")


async def test_matching_lines_come_in_while_a_run_goes_on(etl: Project) -> None:
    etl.log(501, said("row 1"), said("other"))
    async with console(etl, open_run=501) as page:
        await page.shows("other", "RUNNING")
        await page.press("ampersand")
        await page.type("row")
        await page.press("enter")
        await page.shows("&row 1")
        etl.log(501, said("row 2"), said("another"))
        await page.shows("&row 2", "row 2")
        assert "another" not in page.text


async def test_a_line_of_ten_megabytes_is_shown_in_part_and_holds_up_no_key(etl: Project) -> None:
    etl.log(811, said("before"), said("x" * 10_000_000), said("after"))
    async with console(etl, open_run=811) as page:
        await page.shows("COMPLETED", "before", "3 lines")
        begun = time.process_time()
        await page.press("tab", "G", "w", "g", "j", "w")
        await page.look_for("aft")
        await page.shows("1 line with", "after")
        assert time.process_time() - begun < 3.0
        await page.press("k", "y", "y")
        await page.shows("copied the first 54 KiB of the line")
        await page.press("S", "enter")
        await page.shows("saved 3 lines")
        assert (etl.settings.project / "run-811.log").stat().st_size > 10_000_000


@pytest.mark.parametrize("size", [(80, 24), (60, 20)], ids=str)
async def test_in_ascii_nothing_in_a_frame_is_cut_with_another_sign(
    etl: Project, size: tuple[int, int]
) -> None:
    name = "a_flow_of_which_the_name_has_no_end_" * 3
    etl.flow(name)
    etl.run(900, name, "failed")
    async with console(etl, size=size, ascii=True) as page:
        await page.look_for("no_end")
        await page.press("m")
        await page.shows("Send no message about", "~ -")
        assert page.text.isascii()
        await page.press("escape", "2")
        await page.shows("900")
        await page.press("enter")
        await page.shows("Log ")
        assert page.text.isascii(), page.text


@pytest.mark.parametrize("width", [60, 66, 80])
async def test_how_long_a_run_took_is_whole_in_its_header(etl: Project, width: int) -> None:
    etl.run(900_123, "ingest_of_everything", "cancelled", took=605.0, run_name="a-long-name-of-a-run")
    async with console(etl, size=(width, 20), ascii=True, open_run=900_123) as page:
        await page.shows("CANCELLED 10m05s", "run 900123")
        assert "10m05s~" not in page.text


def test_a_path_is_copied_as_seen_from_the_project_whether_the_run_failed_or_not() -> None:
    failure = REFUSED._replace(path="/srv/flows/etl.py", line=7)
    for failed, path in ((failure, "flows/etl.py:7"), (None, "flows/etl.py")):
        found = copying.of_run(a_run(1), failed, Path("/srv/.tui_flow"), Address("runs", run_id=1))
        assert next(one.text for one in found if one.key == "p") == path
