"""States and times as the commands print them: the console's own shapes and words."""

import sys
import time
from pathlib import Path

from tui_flow.cli.output import style
from tui_flow.contract.failure import Failure
from tui_flow.safe import safe, safe_lines
from tui_flow.store.records import FlowRun, TaskRun
from tui_flow.store.waits import Waits, work_seconds
from tui_flow.tui.presentation import Line
from tui_flow.tui.presentation.glyphs import ROLES, glyph, role, wants_ascii
from tui_flow.tui.presentation.times import duration


def plain_ascii() -> bool:
    """Whether standard output cannot be trusted with the shapes beyond ASCII."""
    return wants_ascii() or (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"


def shape(state: str) -> str:
    """The state's glyph, in its colour."""
    return style(glyph(state, plain_ascii()), fg=ROLES[role(state)])


def state_text(state: str) -> str:
    """Glyph and full word."""
    return f"{shape(state)} {state}"


def painted(line: Line) -> str:
    """A line of the console, safe to print."""
    spans = ((safe(text), ROLES.get(role)) for text, role in line)
    return "".join(style(text, fg=colour) if colour else text for text, colour in spans).rstrip()


def took(run: FlowRun | TaskRun, now: float | None = None, waits: Waits | None = None) -> str:
    """How long it was at work, or has been so far; "-" before it began. A flow run knows its `waits` itself."""
    if waits is None:
        waits = run.waited if isinstance(run, FlowRun) else ()
    seconds = work_seconds(run.started_at, run.ended_at or now or time.time(), waits)
    return "-" if seconds is None else duration(seconds, live=run.ended_at is None)


def failure_lines(failure: Failure, project: Path, *, traceback: bool = False) -> list[str]:
    """What went wrong and where, safe to print; with the traceback as the interpreter would print it."""
    message = safe_lines(failure.message) or [""]
    lines = [style(f"{safe(failure.type)}: {message[0]}", fg=ROLES["bad"]), *message[1:]]
    if failure.path:
        inside = f" in {safe(failure.function)}" if failure.function else ""
        path = Path(failure.path)
        near = path.relative_to(project) if path.is_relative_to(project) else path
        line = f":{failure.line}" if failure.line else ""
        lines.append(f"{safe(str(near))}{line}{inside}")
    if traceback and failure.traceback:
        lines += ["", *safe_lines(failure.traceback.rstrip("\n"))]
    return lines
