"""A defect of the console itself: told in a few words, with the rest in a file.

Textual would print every local variable, which may hold what the author's flows work on.
"""

import os
import time
import traceback
from pathlib import Path

from tui_flow.contract import log
from tui_flow.contract.rundir import CONSOLE_LOG
from tui_flow.safe import safe

_PACKAGE = Path(__file__).parents[1]
_MISFITS = (ImportError, AttributeError, TypeError)
"""What comes of modules of two versions in one process: most are imported when they are needed first."""
_UPDATED = """\
tui_flow was updated while this console was open: open it again
runs go on; tui-flow opens it"""


def keep_defect(state_dir: Path, error: BaseException, opened_at: float) -> str:
    """Appends the traceback to the console's log; gives what to tell the person. Of a console whose program was replaced
    after `opened_at`, that, since the defect is none then."""
    if _is_misfit(error) and _was_replaced(opened_at):
        return _UPDATED
    story = "".join(traceback.format_exception(error))
    path = state_dir / CONSOLE_LOG
    try:
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, log.encode(time.time(), "CRITICAL", None, 1, "console", story))
        finally:
            os.close(fd)
        where = f"details: {path}"
    except OSError as trouble:
        where = f"the details could not be kept: {trouble.strerror}"
    what = safe(f"{type(error).__name__}: {error}")[:200]
    return (
        f"the console has met a defect of its own: {what}\n{safe(where)}\nruns go on; open it again: tui-flow"
    )


def _is_misfit(error: BaseException | None) -> bool:
    """Also where a worker met it."""
    if error is None or isinstance(error, _MISFITS):
        return error is not None
    return _is_misfit(getattr(error, "error", None) or error.__cause__)


def _was_replaced(since: float) -> bool:
    """Whether a file of the program has been written since then, whatever time it says it is of; or all are gone."""
    try:
        written = [path.stat().st_ctime for path in _PACKAGE.rglob("*.py")]
    except OSError:
        return True
    return max(written, default=float("inf")) > since
