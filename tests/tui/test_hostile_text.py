"""Text from flows that would like to command the terminal, on every screen, down to the bytes."""

import io
import time
from typing import Any

import pytest
from textual import events

from tests.store.rows import a_fire_time
from tests.tui.pages import FakeEngine, Page, console
from tests.tui.project import NOON, Project, said, the_task
from tui_flow.alerts.happenings import Happening
from tui_flow.contract import commands
from tui_flow.contract.errors import BadParameters
from tui_flow.contract.failure import Failure
from tui_flow.contract.journal import ArtifactCreated
from tui_flow.contract.rundir import keep_source
from tui_flow.contract.schedules import Interval, OnFile
from tui_flow.contract.states import AlertKind
from tui_flow.store import alerts, artifacts, runs, schedules
from tui_flow.store.records import Attempt

EVIL = (
    "\x1b]52;c;cHduZWQ=\x07 \x1b[2J \x1bc \x9b31m \x9d0;x\x9c \u202eevil\u2066 [/x] [@click=app.quit]go[/] [bold"
    " \x1b]8;;http://evil\x1b\\link \x1b_G\x1b\\ \x1bP1$r \r\x08\x7f\u200b"
)
FORBIDDEN = (
    "\x1b]52",
    "\x1b[2J",
    "\x1bc",
    "\x1b]8;",
    "\x1b_",
    "\x1bP",
    "\x9b",
    "\x9d",
    "\x9c",
    "\u202e",
    "\u2066",
    "\x07",
    "\u200b",
)


@pytest.fixture
def hostile(project: Project) -> Project:
    """A project in which every text is hostile."""
    failure = Failure(EVIL, EVIL + "\n" + EVIL, f"Traceback\n{EVIL}\n", f"flows/{EVIL}.py", 3, EVIL)
    properties = {EVIL: {"type": "string", "default": EVIL, "description": EVIL}, "x": {"enum": [EVIL, "b"]}}
    project.flow(
        "tame", parameters={"type": "object", "properties": properties}, description=EVIL, tags=[EVIL]
    )
    project.db.execute("UPDATE flows SET name = ?, function = ?", (EVIL, EVIL))
    project.broken_file(f"flows/{EVIL.replace('/', '_')}.py", EVIL, 3)
    how: dict[str, Any] = {
        "path": EVIL,
        "run_name": EVIL,
        "message": EVIL,
        "failure": failure,
        "tags": [EVIL],
    }
    project.run(
        1,
        EVIL,
        "failed",
        parameters={EVIL: EVIL, "deep": {EVIL: [EVIL]}},
        state_name=EVIL,
        trigger=EVIL,
        **how,
    )
    project.run(2, EVIL, "running", parameters={EVIL: EVIL})
    project.tasks(
        1,
        [
            the_task(
                1, EVIL, "failed", at=60.0, run_name=EVIL, message=EVIL, failure=failure, tags=[EVIL], tries=2
            ),
            *(
                the_task(2 + n, EVIL, at=60.0, run_name=EVIL, map_id=2, map_index=n, upstream=[1])
                for n in range(3)
            ),
        ],
    )
    plan = project.schedule(EVIL, OnFile(EVIL), at=NOON, slug=EVIL)
    project.schedule(EVIL, Interval(60.0), at=NOON, slug="b")
    schedules.pause(project.db, plan.id, EVIL, EVIL, NOON)
    evil = Happening(AlertKind.FAILURE, EVIL, EVIL, EVIL, NOON, 1, EVIL, 3)
    project.alert(evil, at=NOON)
    alerts.keep_message(project.db, 1, EVIL, NOON, False, EVIL)
    alerts.keep_note(project.db, 1, NOON, EVIL, EVIL)
    skipped = a_fire_time(plan.id, time.time() - 60, message=EVIL)
    schedules.insert_fire_times(project.db, [skipped])
    project.log(
        1, *(said(f"{EVIL} \x1b[31mred\x1b[0m {EVIL}", "ERROR", task, at=60.0) for task in (0, 1, 2)),
        said("\x1b[1;32mgreen\x1b[0m " + EVIL.replace("\x1b", "")), b"torn " + EVIL.encode() + b"\n",
        said(f"multi\nline {EVIL}\n\x1b[4m{EVIL}", "ERROR", 1),
    )  # fmt: skip
    assert NOON
    return project


async def test_nothing_raw_reaches_the_terminal_from_any_screen(
    hostile: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    engine = FakeEngine()
    engine.answers[commands.RunFlow] = BadParameters(EVIL, where=EVIL, next=EVIL)
    async with console(hostile, engine=engine, size=(100, 30)) as page:
        driver = page.app._driver
        assert driver is not None
        monkeypatch.setattr(type(driver), "write", lambda self, data: written.write(data), raising=False)
        for keys in (
            ["j"], ["k"], ["R"], ["ctrl+r"], ["escape"], ["r"], ["x"], ["escape"], ["question_mark"], ["escape"], ["slash"],
            list("e"), ["escape"], ["e"], ["enter"], ["j"], ["l"], ["j"], ["j"], ["i"], ["tab"], ["G"], ["i"], ["n"], ["w"],
            ["5"], ["tab"], ["G"], ["tab"], ["m"], ["escape"], ["a"], ["c", "x", "escape"], ["e"],
            ["4"], ["g"], ["j"], ["G"], ["p"], ["x"], ["1"], ["enter"],
            ["t"], ["L"], ["z"], ["z"], ["x"], ["escape"], ["slash", "r", "e", "d", "enter"], ["n"], ["comma"], ["y"], ["e"],
        ):  # fmt: skip
            await page.press(*keys)
            assert page.app.is_running, keys
            assert_harmless(page, written.getvalue())
        assert "\x1b" not in page.text
    await in_other_forms(hostile)


async def test_nothing_raw_comes_from_the_panes_around_the_flows(
    hostile: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    async with console(hostile, size=(160, 45)) as page:
        monkeypatch.setattr(
            type(page.app._driver), "write", lambda self, data: written.write(data), raising=False
        )
        await page.shows("Running now 1", "Alerts: 1 new", "Activity", "last 24h")
        for keys in (["j"], ["k"], ["tab", "tab"], ["x"], ["escape"], ["tab"], ["a"]):
            await page.press(*keys)
            assert_harmless(page, written.getvalue())
        assert "\x1b" not in page.text


async def test_nothing_raw_comes_from_menus_code_differences_artifacts_attempts_and_searches(
    hostile: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_a_rerun(hostile)
    written = io.StringIO()
    engine = FakeEngine()
    engine.answers[commands.PreviewRerun] = commands.RerunPreview(1, 2, 1, 0, 0, 0, [EVIL], EVIL)._asdict()
    async with console(hostile, engine=engine, open_run=3, size=(100, 30)) as page:
        monkeypatch.setattr(
            type(page.app._driver), "write", lambda self, data: written.write(data), raising=False
        )
        await page.shows("FAILED", "attempt 2/2", "A 4 art")
        for keys, shown in (
            (["D"], "What changed"), (["G"], ""), (["escape"], ""), (["v"], "Code of run 3"), (["G"], ""), (["escape"], ""),
            (["H"], "in its last"), (["G", "h", "l"], ""), (["escape"], ""),
            (["A"], "What run 3"), (["G"], ""), (["escape"], ""), (["r"], "code changed"), (["j", "j"], ""), (["escape"], ""),
            (["y"], "traceback"), (["j"], ""), (["escape"], ""), (["y", "y"], "copied"), (["ampersand", "r", "e", "d", "enter"], ""),
            (["escape"], ""), (["S"], ""), (["escape"], ""), (["g"], ""), (["comma"], "attempt 1/2"), (["i"], ""), (["i"], ""),
            (["3"], "3 Logs"), (["slash", "l", "i", "n", "e", "enter"], "hits in"), (["n"], ""), (["j"], ""), (["J"], ""), (["l"], ""),
            (["y"], "hits of the run"), (["escape"], ""), (["n", "enter"], "of the log"),
        ):  # fmt: skip
            await page.press(*keys)
            await page.shows(shown)
            assert page.app.is_running, keys
            assert_harmless(page, written.getvalue())


def add_a_rerun(project: Project) -> None:
    """Run 2 succeeded; run 3 failed twice, and left everything that a run can leave."""
    state_dir = project.settings.state_dir
    shas = [keep_source(state_dir, text.encode()) for text in ("x = 1\n", f"# {EVIL}\nx = {EVIL!r}\n")]
    project.set_run(2, "completed", source_sha=shas[0])
    failure = Failure(EVIL, EVIL, f"Traceback (most recent call last):\n{EVIL}\n", "", None, EVIL)
    project.run(
        3,
        EVIL,
        "failed",
        source_sha=shas[1],
        attempt=2,
        first_task_run_id=10,
        failure=failure,
        parameters={EVIL: 2},
    )
    made = runs.get_run(project.db, 3)
    assert made is not None and made.started_at is not None
    earlier = {name: getattr(made, name) for name in Attempt._fields if hasattr(made, name)}
    first = Attempt(
        **{**earlier, "run_id": 3, "attempt": 1, "first_task_run_id": 1, "started_at": made.started_at - 50}
    )
    runs.keep_attempts(project.db, [first])
    at = made.started_at - NOON
    project.tasks(
        3,
        [
            the_task(1, EVIL, "failed", at=at - 50),
            the_task(10, EVIL, "failed", at=at, run_name=EVIL, failure=failure),
        ],
    )
    project.log(2, said(f"line {EVIL}", at=120.0))
    project.log(
        3,
        said(f"line of old {EVIL}", "ERROR", 1, at=at - 49),
        said(f"line \x1b[31mred\x1b[0m {EVIL}", "ERROR", 10, at=at),
    )
    for id, type, data in (
        ("a", "markdown", f"# {EVIL}\n[{EVIL}](http://x)"), ("b", "table", [{EVIL: EVIL}]), ("c", "image", EVIL),
        ("d", "progress", {"done": 1, "total": 2, "unit": EVIL}),
    ):  # fmt: skip
        artifacts.keep_all(project.db, [ArtifactCreated(NOON + at, id, type, EVIL, EVIL, data, 10)], 3)


async def test_the_form_shows_hostile_defaults_and_pastes_as_what_they_are(project: Project) -> None:
    properties = {"p": {"type": "string", "default": EVIL}, "q": {"type": "object", "default": {EVIL: EVIL}}}
    project.flow("evil", parameters={"type": "object", "properties": properties, "required": []})
    project.run(1, "evil", parameters={"p": EVIL + "\x9b2J"})
    engine = FakeEngine()
    engine.answers[commands.RunFlow] = {"run_id": 2}
    async with console(project, engine=engine) as page:
        await page.press("R")
        await page.shows("field 1 of 8", "u001b]52;c;")
        assert_harmless(page, "")
        page.app.post_message(events.Paste("\x9b2J\u202e"))
        await page.shows("�2J�")
        assert_harmless(page, "")
        await page.press("escape", "right", "enter", "R", "ctrl+r")
        await page.until(lambda: engine.asked_for(commands.RunFlow), "the run to be asked for")
        assert engine.asked_for(commands.RunFlow)[0].parameters == {"p": EVIL + "\x9b2J"}


async def in_other_forms(hostile: Project) -> None:
    """The same in the details and the log at 80 columns, and in ASCII."""
    for how in ({"size": (80, 24)}, {"size": (80, 24), "ascii": True}):
        async with console(hostile, open_run=1, **how) as page:  # type: ignore[arg-type]
            await page.shows("FAILED")
            for key in ("i", "tab", "G", "i", "tab", "g", "j", "j", "w"):
                await page.press(key)
                assert_harmless(page, "")
                assert "ascii" not in how or not [line for line in page.lines if not line.isascii()]


def assert_harmless(page: Page, written: str) -> None:
    for forbidden in FORBIDDEN:
        assert forbidden not in page.text, (forbidden, page.text)
    for strip in page.app.screen._compositor.render_strips():
        rendered = strip.render(page.app.console)
        for forbidden in FORBIDDEN:
            assert forbidden not in rendered, (forbidden, rendered)
        for segment in strip:
            style = segment.style
            assert style is None or (not style.link and "@click" not in (style.meta or {})), segment
    without_copies = written.replace(
        "\x1b]52;c;", "", written.count("\x1b]52;c;") if page.app.clipboard else 0
    )
    assert "cHduZWQ=\x07" not in without_copies


async def test_colours_of_a_log_line_stay_and_nothing_else_does(etl: Project) -> None:
    etl.log(811, said("plain \x1b[31mred\x1b[0m and \x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\ here"))
    async with console(etl, open_run=811) as page:
        await page.shows("plain red and ␛]8;;http://evil")
        strip = next(s for s in page.app.screen._compositor.render_strips() if "plain red" in s.text)
        red = next(segment for segment in strip if segment.text == "red")
        assert red.style is not None and red.style.color is not None and red.style.link is None
