"""The console as a person sees it: in a real terminal, on a real project."""

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.e2e.conftest import FLOWS
from tests.project import TUI_FLOW, Project
from tests.terminal import Terminal
from tests.waiting import wait_until

Open = Callable[[], Terminal]


@pytest.fixture
def console(project: Project) -> Iterator[Open]:
    """Opens a console at 80x24; all of them are closed after the test."""
    with ExitStack() as stack:

        def open_one() -> Terminal:
            terminal = Terminal([TUI_FLOW], cwd=project.root, env=project.environment)
            stack.callback(terminal.close)
            terminal.wait_for("gated", "quick")
            return terminal

        yield open_one


def choose(terminal: Terminal, flow: str) -> None:
    """Moves the cursor to a flow, from the top."""
    terminal.press("g")

    def there() -> bool:
        found = re.search(rf"^│>.*\b{flow}\b", terminal.text, re.MULTILINE)
        if not found:
            terminal.press("j")
        return bool(found)

    wait_until(there)


def test_a_flow_is_seen_run_watched_and_left(console: Open, project: Project) -> None:
    terminal = console()
    choose(terminal, "quick")
    terminal.press("r")
    run = project.wait_for_state(1, "completed")
    assert (run["flow"], run["trigger"]) == ("quick", "console")
    terminal.wait_for("✓")
    terminal.press("enter")
    screen = terminal.wait_for("run 1", "hello world")
    assert "quick" in screen
    terminal.press("q")
    terminal.wait_for("gated")
    terminal.press("q")
    assert terminal.wait_exit() == 0


def test_a_run_is_watched_live_and_cancelled_after_asking(
    console: Open, project: Project, gate: Path
) -> None:
    terminal = console()
    choose(terminal, "gated")
    terminal.press("r")
    terminal.wait_for("▸1 running")
    terminal.press("enter")
    terminal.wait_for("tick[50]", "wait_for_gate", "waiting at the gate")
    terminal.press("x")
    terminal.wait_for("Cancel run 1?", "Keep it running")
    terminal.press("enter")
    terminal.wait_gone("Cancel run 1?")
    assert project.ask("show", "1")["state"] == "running"
    terminal.press("x")
    terminal.wait_for("Cancel run 1?")
    terminal.press("right", "enter")
    terminal.wait_for("⊘")
    assert project.wait_for_state(1, "cancelled")["reason"] == "cancelled"


def test_a_key_leads_to_another_project_in_the_same_terminal_and_back(
    project: Project, tmp_path: Path
) -> None:
    other, opened = tmp_path / "other", tmp_path / "state" / "tui-flow" / "projects.json"
    for folder in (other / "flows", opened.parent):
        folder.mkdir(parents=True)
    opened.write_text(json.dumps({str(other): 0.0}))
    environment = {**project.environment, "XDG_STATE_HOME": str(tmp_path / "state")}
    with closing(Terminal([TUI_FLOW, "--read-only"], cwd=project.root, env=environment)) as terminal:
        terminal.wait_for("project@", "read-only")
        terminal.press("@")
        terminal.wait_for("Go to another project; here is project", "other")
        terminal.press("1")
        terminal.wait_for("other@", "read-only")
        terminal.press("@")
        terminal.wait_for("Go to another project; here is other")
        terminal.press("1")
        terminal.wait_for("project@", "read-only")
        terminal.press("q")
        assert terminal.wait_exit() == 0


def test_leaving_ends_no_run_and_opening_again_shows_it(console: Open, project: Project, gate: Path) -> None:
    terminal = console()
    choose(terminal, "gated")
    terminal.press("r")
    project.wait_for_state(1, "running")
    terminal.wait_for("▸")
    terminal.press("q")
    assert terminal.wait_exit() == 0
    again = console()
    again.wait_for("▸")
    assert project.ask("show", "1")["state"] == "running"
    gate.touch()
    again.wait_for("✓")
    assert project.ask("show", "1")["state"] == "completed"


@pytest.mark.parametrize("how", ["killed", "hung up"])
def test_a_console_that_dies_ends_no_run(how: str, console: Open, project: Project, gate: Path) -> None:
    terminal = console()
    choose(terminal, "gated")
    terminal.press("r")
    project.wait_for_state(1, "running")
    if how == "killed":
        os.kill(terminal.process.pid, signal.SIGKILL)
    else:
        terminal.hang_up()
    assert terminal.wait_exit() != 0
    assert project.ask("show", "1")["state"] == "running"
    gate.touch()
    assert project.wait_for_state(1, "completed", "failed", "crashed")["state"] == "completed"


def test_a_storm_of_resizes_ends_in_a_whole_screen_and_harms_no_run(
    console: Open, project: Project, gate: Path
) -> None:
    terminal = console()
    choose(terminal, "gated")
    terminal.press("r")
    terminal.wait_for("▸1 running")
    for number in range(200):
        terminal.resize(20 + number * 37 % 180, 5 + number * 13 % 60)
    terminal.resize(80, 24)
    terminal.press("enter")
    terminal.wait_for("wait_for_gate", "waiting at the gate")
    gate.touch()
    assert project.wait_for_state(1, "completed")
    terminal.wait_for("✓")
    terminal.press("q", "q")
    assert terminal.wait_exit() == 0


def test_a_terminal_that_takes_nothing_more_holds_up_neither_engine_nor_runs(
    console: Open, project: Project
) -> None:
    terminal = console()
    terminal.is_read = False
    for _ in range(100):
        terminal.press("2", "1")  # from view to view: more than the line holds
    run_id = project.ask("run", "quick", "--detach")["run_id"]
    assert project.wait_for_state(run_id, "completed")
    terminal.is_read = True
    terminal.wait_for("gated", "quick", "✓", timeout=20)
    terminal.press("q")
    assert terminal.wait_exit() == 0


def test_an_engine_that_dies_is_replaced_under_the_open_console(
    console: Open, project: Project, gate: Path
) -> None:
    terminal = console()
    choose(terminal, "gated")
    terminal.press("r")
    project.wait_for_state(1, "running")
    terminal.wait_for("▸")
    os.kill(project.ask("engine", "status")["pid"], signal.SIGKILL)
    gate.touch()
    terminal.wait_for("✓", "engine ok")
    assert project.ask("show", "1")["state"] == "completed"


def test_saved_files_show_by_themselves_and_a_broken_one_hurts_only_itself(
    console: Open, project: Project
) -> None:
    terminal = console()
    fresh = project.write("fresh.py", "from tui_flow import flow\n\n@flow\ndef brand_new():\n    pass\n")
    terminal.wait_for("brand-new")
    fresh.write_text("from tui_flow import flow\n\n@flow\ndef brand_new(:\n    pass\n")
    terminal.wait_for("line 4")
    choose(terminal, "quick")
    terminal.press("r")
    assert project.wait_for_state(1, "completed")["flow"] == "quick"
    assert project.tui_flow("run", "brand_new").returncode == 2
    fresh.write_text("from tui_flow import flow\n\n@flow\ndef brand_new():\n    pass\n")
    terminal.wait_gone("line 4")
    assert project.tui_flow("run", "brand_new").returncode == 0
    fresh.unlink()
    terminal.wait_gone("brand-new")


def test_nothing_from_a_flow_reaches_the_terminal_raw(project: Project) -> None:
    hostile = "\\x1b]52;c;Z290Y2hh\\x07 \\x9b31m [/red] [@click=app.quit]x[/] \\u202e"
    project.write("tiny.py", FLOWS.replace('"hello %s", name', f'"{hostile}"').replace("Say hello.", hostile))
    terminal = Terminal([TUI_FLOW], cwd=project.root, env=project.environment)
    try:
        terminal.wait_for("quick")
        choose(terminal, "quick")
        terminal.press("r")
        project.wait_for_state(1, "completed")
        terminal.press("enter")
        terminal.wait_for("␛]52;c;Z290Y2hh␇")
        terminal.press("q", "q")
        assert terminal.wait_exit() == 0
    finally:
        terminal.close()
    assert b"]52;" not in terminal.raw.replace("␛]52;".encode(), b"")
    assert "\u202e".encode() not in terminal.raw
    assert "\x9b".encode() not in terminal.raw
