"""What is seen while the console starts, and what becomes of one that is left, or goes wrong, before it has."""

import gc
import os
import signal
import time
from collections.abc import Iterator
from threading import Event

import pytest
from textual.worker import WorkerFailed

from tests.tui.pages import FakeEngine, Page
from tests.tui.project import Project
from tests.tui.pty_console import NO_ENGINE, PROGRAM, PtyConsole
from tui_flow.tui import app, launch, seen, terminal
from tui_flow.tui.app import Console
from tui_flow.tui.bridge import Bridge

PATIENT = """
from tui_flow.tui import app
app._HELD = 60
"""
"""Waits for the flows, however long it takes."""
SLOW = """
from tui_flow.tui.bridge import Bridge
Bridge._read_overview = lambda self, db: db.execute(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000000) SELECT max(i) FROM n"
).fetchall()
"""
"""A history that takes minutes to read."""
AT_A_RUN = """
from functools import partial
from tui_flow.tui.presentation.address import Address
run = partial(run, begin=Address("runs", run_id=812))
"""


def starting(project: Project, program: str = "") -> PtyConsole:
    return PtyConsole(project.settings.project, program=PROGRAM.replace("{engine}", NO_ENGINE + program))


def test_the_first_frame_has_the_flows_in_it(etl: Project) -> None:
    with starting(etl, PATIENT) as console:
        console.wait_for("etl_daily")
        before = console.raw[: console.raw.index("etl_daily")]
        assert "\x1b[24;" not in before, "a frame without them was drawn to its last line"


def test_a_console_that_is_opened_at_a_run_shows_nothing_else_before(etl: Project) -> None:
    with starting(etl, PATIENT + AT_A_RUN) as console:
        console.wait_for("load failed")
        assert "Schedule" not in console.raw, "the tabs of the views were drawn"


def test_a_history_that_takes_long_to_read_does_not_hold_up_the_first_frame(etl: Project) -> None:
    with starting(etl, SLOW) as console:
        console.wait_for("[1 Flows]")
        assert "etl_daily" not in console.text


def test_it_is_left_at_once_while_the_history_is_being_read(etl: Project) -> None:
    with starting(etl, SLOW) as console:
        console.wait_for("[1 Flows]")
        os.kill(console.pid, signal.SIGTERM)
        assert console.wait(5.0) == 128 + signal.SIGTERM


def test_sigterm_restores_the_terminal_from_the_moment_on_that_it_is_the_console_s(etl: Project) -> None:
    with starting(etl) as console:
        deadline = time.monotonic() + 10
        while "\x1b[?1049h" not in console.raw:
            assert time.monotonic() < deadline
            console.read(0.001)
        os.kill(console.pid, signal.SIGTERM)
        assert console.wait() == 128 + signal.SIGTERM
        assert "\x1b[?1049l" in console.raw


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What goes to the terminal, of a console whose first frame waits for the flows however long it takes."""
    updates: list[object] = []
    monkeypatch.setattr(app, "_HELD", 60)
    monkeypatch.setattr(Console, "_display", lambda _, __, update: updates.append(update) if update else None)
    return updates


@pytest.fixture
def may_read(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """The history is read only once this is set."""
    event, real = Event(), Bridge._read_overview
    monkeypatch.setattr(Bridge, "_read_overview", lambda *of: event.wait(10) and real(*of))
    yield event
    event.set()


async def test_what_was_laid_out_while_the_first_frame_was_held_is_in_it(
    etl: Project, drawn: list[object], may_read: Event
) -> None:
    console = Console(etl.settings, connect=FakeEngine().connect)
    async with console.run_test() as pilot:
        await Page(pilot, FakeEngine()).until(console.bridge.has_audience.is_set, "the first view")
        await pilot.pause()
        assert not drawn
        console.screen._dirty_widgets.clear()  # nothing has changed since
        console.draw_first_frame()
        assert drawn


async def test_one_that_comes_back_from_a_suspension_before_its_first_frame_still_waits_for_the_flows(
    etl: Project, drawn: list[object], may_read: Event
) -> None:
    console = Console(etl.settings, connect=FakeEngine().connect)
    async with console.run_test() as pilot:
        page = Page(pilot, FakeEngine())
        await page.until(console.bridge.has_audience.is_set, "the first view")
        console.app_resume_signal.publish(console)
        await pilot.pause()
        assert not drawn
        may_read.set()
        await page.until(lambda: drawn, "the first frame")
        assert "etl_daily" in page.text


async def test_who_leaves_before_anything_was_shown_has_seen_nothing(etl: Project, may_read: Event) -> None:
    console = Console(etl.settings, connect=FakeEngine().connect)
    async with console.run_test():
        console.exit()
    assert seen.last_seen(etl.settings.state_dir) is None


def test_garbage_is_collected_again_after_a_console_that_was_left_at_once(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "why_unusable", str)
    monkeypatch.setattr(terminal, "leave_on_hang_up", lambda: None)
    monkeypatch.setattr(Console, "run", lambda _, **__: 0)
    assert launch.run(etl.settings) == 0
    assert gc.isenabled()


async def test_a_defect_where_the_history_is_read_ends_it_and_no_empty_list_is_left(
    etl: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bridge, "_read_overview", lambda *_: 1 / 0)
    console = Console(etl.settings, connect=FakeEngine().connect)
    with pytest.raises(WorkerFailed, match="division by zero"):
        async with console.run_test() as pilot:
            await Page(pilot, FakeEngine()).until(lambda: console._exception, "the defect")
