"""Lines that somebody takes out of the console, into a new file: a slice after the other, so that keys and frames come
through meanwhile. Lines are read where the console reads them, on its loop: what they stand in is not for two threads."""

import asyncio
import errno
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from tui_flow.counting import counted
from tui_flow.safe import safe
from tui_flow.tui.refusal import Refused

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from tui_flow.tui.app import Console

SLICE_SECONDS, REST_SECONDS = 0.008, 0.004
"""So long lines are written, and so long all others may do something."""
SAY_SECONDS = 0.5
"""Between two words of how far it is."""
_GROUP = "saving"


def file_name(text: str) -> str:
    """A name for a file that says what is in it."""
    return "".join(each if each.isalnum() or each in "-_." else "_" for each in text)


def save(console: "Console", node: "DOMNode", name: str, lines: Iterable[str], count: int) -> None:
    """The lines of a view, so many, made harmless, readable for their owner only; never over a file that is there, which
    it refuses. One file at a time; it ends with the view."""
    if any(worker.group == _GROUP and not worker.is_finished for worker in console.workers):
        console.say("another file is still being saved: save this one when that is done", "warn")
        return
    path = console.settings.project / Path(name).expanduser()
    if os.path.lexists(path) or not path.parent.is_dir():
        why = os.strerror(errno.EEXIST if os.path.lexists(path) else errno.ENOENT)
        raise Refused(f"not saved, {why}: {path}")
    node.run_worker(_save(console, path, lines, count), group=_GROUP)


def stop(node: "DOMNode") -> None:
    """Ends what is being saved of a view, whose lines are about to be others."""
    node.workers.cancel_group(node, _GROUP)


async def _save(console: "Console", path: Path, lines: Iterable[str], count: int) -> None:
    writing = _Writing(console, path, count)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8", errors="replace") as file:
            await writing.write(file, lines)
    except OSError as error:
        console.say(f"not saved, {error.strerror}: {path}", "warn")
    except asyncio.CancelledError:
        if console.is_running:
            writing.tell()
        raise
    else:
        writing.tell()


class _Writing:
    """How far a file is."""

    def __init__(self, console: "Console", path: Path, count: int) -> None:
        self._console, self._path, self._count = console, path, count
        self._done = 0

    async def write(self, file: TextIO, lines: Iterable[str]) -> None:
        rest_at = time.monotonic() + SLICE_SECONDS
        say_at = time.monotonic() + SAY_SECONDS
        try:
            for line in lines:
                file.write(safe(line) + "\n")
                self._done += 1
                if (now := time.monotonic()) < rest_at:
                    continue
                if now >= say_at:
                    self._console.say(f"saving {self._so_many()} to {self._path}", stays=True)
                    say_at = now + SAY_SECONDS
                await asyncio.sleep(REST_SECONDS)
                rest_at = time.monotonic() + SLICE_SECONDS
        finally:
            if self._done < self._count:
                file.write(f"-- not whole: {self._so_many()} --\n")

    def tell(self) -> None:
        if self._done < self._count:
            self._console.say(f"not whole: {self._so_many()} saved to {self._path}", "warn")
        else:
            self._console.say(f"saved {counted(self._done, 'line')} to {self._path}")

    def _so_many(self) -> str:
        return f"{self._done:,} of {counted(self._count, 'line')}"
