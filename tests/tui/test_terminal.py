"""The console in a real terminal."""

import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.project import Project
from tests.tui.pty_console import NO_ENGINE, PROGRAM, PtyConsole
from tests.waiting import wait_until
from tui_flow.tui import terminal


@pytest.fixture
def running(etl: Project) -> Iterator[PtyConsole]:
    with PtyConsole(etl.settings.project) as console:
        yield console


def test_it_starts_shows_the_flows_and_leaves_the_terminal_as_it_was(running: PtyConsole) -> None:
    running.wait_for("etl_daily")
    running.send("\r")
    running.wait_for("Log load_warehouse")
    running.send("q")
    running.wait_for("sort: attention")
    running.send("q")
    assert running.wait() == 0
    assert "1 run continues; reattach: tui-flow" in running.raw
    for undone in ("\x1b[?1049l", "\x1b[?25h", "\x1b[?1003l", "\x1b[?2004l"):
        assert undone in running.raw


def test_closing_the_terminal_ends_it_within_three_seconds(running: PtyConsole) -> None:
    running.wait_for("etl_daily")
    running.hang_up()
    assert running.wait(3.0) in (-signal.SIGHUP, terminal.HANG_UP_EXIT)


def test_it_ends_even_where_nobody_sends_it_a_signal(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    pid = os.fork()
    if pid == 0:
        os.dup2(theirs, 0)
        os.close(ours)
        terminal.leave_on_hang_up()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        time.sleep(30)
        os._exit(0)
    os.close(theirs)
    os.close(ours)
    try:
        wait_until(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT), 3.0)
    finally:
        os.kill(pid, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == terminal.HANG_UP_EXIT


def test_sigterm_restores_the_terminal(running: PtyConsole) -> None:
    running.wait_for("etl_daily")
    os.kill(running.pid, signal.SIGTERM)
    assert running.wait() == 128 + signal.SIGTERM
    assert "\x1b[?1049l" in running.raw


def test_it_is_silent_and_idle_when_nothing_happens(etl: Project) -> None:
    etl.set_run(501, "completed")
    with PtyConsole(etl.settings.project) as console:
        console.wait_for("etl_daily")

        def is_still() -> bool:
            console.wait_for_silence()
            before = console.cpu_seconds()
            return not select.select([console.fd], [], [], 1.5)[0] and console.cpu_seconds() - before < 0.05

        assert is_still() or is_still(), "only the clock of the header moves, once a minute"


@pytest.mark.parametrize(
    ("environ", "theme"),
    [
        ({"TERM": "xterm-256color"}, "tui-flow-dark"),
        ({"TERM": "xterm-256color", "COLORFGBG": "0;15"}, "tui-flow-light"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "tui-flow-ansi"),
        ({"TERM": "linux"}, "tui-flow-ansi"),
        ({"TERM": "screen"}, "tui-flow-ansi"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "tui-flow-dark"),
    ],
)
def test_the_theme_suits_the_terminal(environ: dict[str, str], theme: str) -> None:
    assert terminal.theme_name(environ=environ) == theme


def test_a_theme_that_somebody_wants_wins() -> None:
    assert terminal.theme_name("light", {"TERM": "linux"}) == "tui-flow-light"


@pytest.mark.parametrize(
    "environ", [{"TERM": "linux"}, {"LANG": "C", "LC_CTYPE": "C.UTF-8"}, {"NO_COLOR": "1"}]
)
def test_a_poor_terminal_gets_no_colours_that_it_cannot_show(etl: Project, environ: dict[str, str]) -> None:
    with PtyConsole(etl.settings.project, {"TERM": "xterm-256color", **environ}) as console:
        console.wait_for("etl_daily")
        console.send("\r")
        console.wait_for("load failed")
        if "LANG" not in environ:
            assert "[38;2;" not in console.raw and "[48;2;" not in console.raw
            assert "[38;5;" not in console.raw and "[48;5;" not in console.raw
        if "NO_COLOR" in environ:
            assert "\x1b[31" not in console.raw and ";31m" not in console.raw
        else:
            assert console.raw.isascii()


def test_a_dumb_terminal_is_refused_in_words(etl: Project) -> None:
    with PtyConsole(etl.settings.project, {"TERM": "dumb"}) as console:
        assert console.wait() == 2
        assert "cannot draw on this terminal (TERM=dumb)" in console.raw
        assert "\x1b" not in console.raw


def test_escape_sequences_get_more_time_over_ssh() -> None:
    assert terminal.escape_seconds(0.1, {}) == 0.1
    assert terminal.escape_seconds(0.1, {"SSH_CONNECTION": "1 2 3 4"}) == 0.3
    assert terminal.escape_seconds(0.1, {"SSH_TTY": "/dev/pts/1", "ESCDELAY": "50"}) == 0.1


def test_a_split_arrow_key_changes_no_data(running: PtyConsole) -> None:
    running.wait_for("etl_daily")
    for piece in ("\x1b", "[A", "\x1b", "[<35;20;5M"):
        running.send(piece)
        time.sleep(0.15)
    running.send("1j")  # the digits of a torn mouse report go from view to view, which is all they do
    running.wait_for("> !  reports_v2")
    assert sys.version_info


def test_a_defect_of_its_own_is_told_in_a_few_words_and_shows_no_variables(etl: Project) -> None:
    broken = (
        NO_ENGINE
        + """
from tui_flow.tui import app
def boom(self):
    secret = "hunter2-" + "x" * 3
    raise RuntimeError("no help \\x1b]52;c;AAAA\\x07")
app.Console.action_help = boom
"""
    )
    program = PROGRAM.replace("{engine}", broken)
    with PtyConsole(etl.settings.project, program=program) as console:
        console.wait_for("etl_daily")
        console.send("?")
        assert console.wait() == 1
        assert "the console has met a defect of its own: RuntimeError: no help" in console.raw
        assert "hunter2" not in console.raw
        assert "\x1b]52" not in console.raw
    story = (etl.settings.state_dir / "console.log").read_text()
    assert "in boom" in story
    assert "hunter2-xxx" not in story
