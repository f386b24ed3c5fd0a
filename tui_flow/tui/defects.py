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


def keep_defect(state_dir: Path, error: BaseException) -> str:
    """Appends the traceback to the console's log; gives what to tell the person."""
    story = "".join(traceback.format_exception(error))
    path = state_dir / CONSOLE_LOG
    try:
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, log.encode(time.time(), "CRITICAL", None, 1, "console", story))
        finally:
            os.close(fd)
        where = f"the whole story: {path}"
    except OSError as trouble:
        where = f"its story could not be kept: {trouble.strerror}"
    what = safe(f"{type(error).__name__}: {error}")[:200]
    return (
        f"the console has met a defect of its own: {what}\n{safe(where)}\nruns go on; open it again: tui-flow"
    )
