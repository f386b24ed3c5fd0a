"""What the console needs of its terminal, and what it does when that goes away."""

import os
import select
import signal
import sys
import threading
from collections.abc import Mapping
from typing import NoReturn

HANG_UP_EXIT = 129
"""As a shell reports a process that SIGHUP ended."""
POOR_TERMS = ("linux", "vt100", "vt102", "vt220", "xterm", "screen", "ansi", "tmux")
"""Terminals of sixteen colours or fewer."""


def why_unusable(environ: Mapping[str, str] = os.environ) -> str:
    """Why there can be no console here; empty where there can."""
    if not (sys.__stdin__ and sys.__stdin__.isatty()):
        return "the console needs a terminal to read keys from, and its standard input is not one"
    if not (sys.__stderr__ and sys.__stderr__.isatty()):
        return "the console draws on standard error, which is not a terminal here"
    if environ.get("TERM", "") in ("", "dumb", "unknown"):
        return f"the console cannot draw on this terminal (TERM={environ.get('TERM', '')})"
    return ""


def theme_name(wanted: str = "auto", environ: Mapping[str, str] = os.environ) -> str:
    """The theme that somebody wants ("dark", "light" or "ansi"), or ("auto") that suits the terminal: of its own sixteen
    colours where it is poor, else dark or light."""
    if wanted != "auto":
        return f"tui-flow-{wanted}"
    poor = environ.get("TERM", "") in POOR_TERMS and environ.get("COLORTERM", "") not in (
        "truecolor",
        "24bit",
    )
    background = environ.get("COLORFGBG", "").rpartition(";")[2]
    light = background in ("7", "15")
    if poor or environ.get("NO_COLOR"):
        return "tui-flow-ansi"
    return "tui-flow-light" if light else "tui-flow-dark"


def escape_seconds(usual: float, environ: Mapping[str, str] = os.environ) -> float:
    """How long the rest of an escape sequence is waited for: over SSH longer, so that a split arrow key does not
    become letters."""
    over_ssh = environ.get("SSH_CONNECTION") or environ.get("SSH_TTY")
    return max(usual, 0.3) if over_ssh and "ESCDELAY" not in environ else usual


def leave_on_hang_up(fd: int = 0) -> None:
    """Ends this process when its terminal goes away, whatever it is doing: Textual would spin on it for ever.

    By SIGHUP's default action, and, where that does not come, by a thread that looks each second.
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    threading.Thread(target=_watch, args=(fd,), name="hang-up", daemon=True).start()


def _watch(fd: int) -> NoReturn:
    poll = select.poll()
    poll.register(fd, 0)
    while True:
        if any(event & (select.POLLHUP | select.POLLNVAL | select.POLLERR) for _, event in poll.poll(1000)):
            os._exit(HANG_UP_EXIT)
