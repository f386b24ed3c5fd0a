"""Stories of the code that ran, and of what changed since it worked."""

import threading

import pytest

from tests.store.rows import a_run
from tests.tui.pages import callers_of, console
from tests.tui.project import Project, said
from tui_flow.contract.rundir import keep_source
from tui_flow.contract.states import FlowRunState
from tui_flow.store.what_changed import FileChange, LogChange, LogLine, ValueChange, WhatChanged
from tui_flow.tui.presentation import code, text_of
from tui_flow.tui.presentation.code import code_lines, line_of, lines_of
from tui_flow.tui.presentation.differences import difference_lines
from tui_flow.tui.presentation.glyphs import ASCII, UNICODE

OLD = "from tui_flow import flow\n\n\ndef load_warehouse():\n    return connect()\n"
NEW = (
    "from tui_flow import flow\n\ndef load_warehouse():\n    conn = connect(dsn)  # slow\n"
    + "x = 1\n" * 60
    + "@task\ndef notify(x):\n    pass\n"
)


@pytest.fixture
def kept(etl: Project) -> Project:
    """The etl project, with the texts that runs 811 and 812 ran."""
    for id, text in ((811, OLD), (812, NEW)):
        sha = keep_source(etl.settings.state_dir, text.encode())
        etl.db.execute("UPDATE flow_runs SET source_sha = ? WHERE id = ?", (sha, id))
    (etl.settings.project / "flows/etl_daily.py").write_text(NEW)
    etl.log(811, said("flow etl_daily started", at=60.0 * 811), said("all is well", at=60.0 * 811))
    return etl


async def test_the_code_that_ran_opens_where_it_failed(
    kept: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited: list[tuple[str, int]] = []
    callers = callers_of(monkeypatch, code, "line_of"), callers_of(monkeypatch, code, "code_lines")
    async with console(kept, open_run=812) as page:
        await page.shows("Log load_warehouse")
        monkeypatch.setattr(page.app, "edit", lambda path, line: edited.append((path.name, line)))
        await page.press("v")
        await page.shows("Code of run 812: flows/etl_daily.py", "! 4      conn = connect(dsn)  # slow")
        assert "edited since" not in page.text
        await page.press("e")
        await page.hides("Code of run 812")
        assert edited == [("etl_daily.py", 4)]
        (kept.settings.project / "flows/etl_daily.py").write_text("another")
        await page.press("v")
        await page.shows("the file has been edited since")
        await page.press("G", "y")
        await page.shows("copied flows/etl_daily.py as it was")
        await page.press("v")
        await page.hides("Code of run 812")
        await page.press("G", "v")  # a task that did not fail
        await page.shows("> 66  def notify(x)")
        assert all(callers) and threading.main_thread() not in set.union(*callers)
        await page.press("n")
        await page.look_for("x = 1")
        await page.shows("match 1/60 of “x = 1”  n N next  Esc clears", ">  5  x = 1")
        await page.press("N")
        await page.shows("match 60/60", "> 64  x = 1")
        await page.press("n", "n")
        await page.look_for("No such")
        await page.shows("no line with “No such”", ">  6  x = 1")
        await page.press("escape")
        await page.shows("/ search  e edit  y copy  Esc close")
        await page.press("slash", "escape", "escape")
        await page.hides("Code of run 812")


async def test_a_run_whose_code_was_not_kept_says_so(etl: Project) -> None:
    async with console(etl, open_run=812) as page:
        await page.shows("Log load_warehouse")
        await page.press("v")
        await page.shows("was not kept")


async def test_what_changed_since_the_last_success_is_a_key_away(kept: Project) -> None:
    async with console(kept, open_run=812, size=(100, 40)) as page:
        await page.shows("Log load_warehouse")
        await page.press("D")
        await page.shows(
            "What changed: run 811 to run 812, etl_daily", "✓ run 811", "✗ run 812", "tui-flow diff 812"
        )
        await page.shows("date  — → 2026-08-20", "ENVIRONMENT  the same", "- nothing more")
        await page.shows(
            "differs, of extract_orders",
            "+     2 DEBUG    row 0",
            "CODE  flows/etl_daily.py",
            "+    conn = connect(dsn)",
        )
        await page.press("n", "n", "N", "y")
        await page.shows("copied what changed (", " lines)")
        await page.press("k")
        await page.shows("tui-flow diff 812")
        await page.press("escape")
        await page.hides("What changed")


async def test_a_first_run_has_nothing_to_be_compared_with(etl: Project) -> None:
    async with console(etl, open_run=500) as page:
        await page.shows("COMPLETED")
        await page.press("D")
        await page.shows("no run of cleanup_tmp completed before run 500")


def test_a_task_is_found_in_the_code_by_the_name_that_it_has() -> None:
    text = b"""@task
def load(): ...
def publish(): ...
@flow(name="my flow")
def publish(): ...
if True:
    @task(name=NAME, retries=1)
    async def fetch_all(): ...
"""
    assert [line_of(text, name) for name in ("load", "publish", "my flow", "fetch-all")] == [2, 0, 5, 8]
    assert line_of(b"def (", "load") == 0


def test_code_has_roles_and_loses_nothing() -> None:
    text = '@task\ndef f(x):  # why\n    """Two\n    lines."""\n    return x + 1.5\n'
    lines = code_lines(text, mark=2)
    assert [text_of(line)[4:] for line in lines] == text.splitlines()
    assert text_of(lines[1]).startswith("!2  ")
    roles = {piece: role for line in lines for piece, role in line[2:]}
    assert (roles["def"], roles["f"], roles["# why"], roles["1.5"], roles["return"]) == (
        "live", "strong", "dim", "warn", "live",
    )  # fmt: skip
    assert roles['"""Two'] == roles['    lines."""'] == "ok"


@pytest.mark.parametrize(
    "text", ["def (:\n  '''x\n\ty\n", "", "\x00\n", "é = 'ü'\n\n", "x = (\n" * 3, "a\x0cb\u2028c\nd"]
)
def test_what_is_no_python_is_shown_as_it_is(text: str) -> None:
    assert [text_of(line)[4:] for line in code_lines(text)] == lines_of(text)


def test_lines_are_counted_as_python_counts_them() -> None:
    assert lines_of("a\r\nb\rc\x0cd\u2028e\n") == ["a", "b", "c\x0cd\u2028e"]
    assert lines_of("") == []


def test_what_is_equal_is_said_to_be() -> None:
    run, other = a_run(2, started_at=1.0, state=FlowRunState.FAILED), a_run(1, started_at=1.0)
    texts = [
        text_of(line) for line in difference_lines(WhatChanged(run, other, [], [], [], None, []), ASCII, 9.0)
    ]
    assert sum("the same" in text for text in texts) == 4
    changed = WhatChanged(
        run, other, [FileChange("flows/a.py", ["@@ -1 +1 @@", "-a", "+b"])], [ValueChange("x", None, "1" * 999)],
        [ValueChange("pandas", "1", "2")], LogChange("load", LogLine(3, "INFO", "ok"), None), ["gone"],
    )  # fmt: skip
    lines = difference_lines(changed, UNICODE, 9.0)
    whole = "\n".join(map(text_of, lines))
    for text in (
        "gone",
        "  x  — → 111",
        "…",
        "pandas  1 → 2",
        "-     4 INFO     ok",
        "+ nothing more",
        "flows/a.py",
        "  -a",
    ):
        assert text in whole
    goes_on = changed._replace(run=run._replace(state=FlowRunState.RUNNING))
    assert "+ nothing yet" in "\n".join(map(text_of, difference_lines(goes_on, UNICODE, 9.0)))
