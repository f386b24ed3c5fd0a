"""Lines that somebody takes out of the console, into a new file."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tui_flow.counting import counted
from tui_flow.safe import safe

if TYPE_CHECKING:
    from tui_flow.tui.app import Console


def file_name(text: str) -> str:
    """A name for a file that says what is in it."""
    return "".join(each if each.isalnum() or each in "-_." else "_" for each in text)


def save(console: "Console", name: str, lines: Iterable[str]) -> None:
    """The lines made harmless, readable for their owner only; never over a file that is there."""
    path = console.settings.project / Path(name).expanduser()
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8", errors="replace") as file:
            count = sum(file.write(safe(line) + "\n") > 0 for line in lines)
    except OSError as error:
        console.say(f"not saved, {error.strerror}: {path}", "warn")
        return
    console.say(f"saved {counted(count, 'line')} to {path}")
