"""What is copied goes to the terminal's clipboard, and into a file: a terminal gives no answer."""

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

MAX_ENCODED = 74_994
"""Terminals take no more of base64 in one sequence."""
MAX_BYTES = MAX_ENCODED // 4 * 3


class Copyable(NamedTuple):
    """Something that can be copied: the key of the menu, what it is, and its text."""

    key: str
    what: str
    text: str

    @property
    def preview(self) -> str:
        """How it begins, in one line."""
        first, _, rest = self.text.strip().partition("\n")
        lines = rest.count("\n") + 2 if rest else 1
        return f"{first[:200]}{f'  ({lines:,} lines)' if lines > 1 else ''}"


def sequence(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """What makes a terminal take a text into its clipboard (OSC 52); as much of the text as it takes.

    tmux takes the plain one where `set-clipboard` is on, and hands the wrapped one on where `allow-passthrough` is.
    """
    data = text.encode("utf-8", "replace")[:MAX_BYTES].decode("utf-8", "ignore").encode()
    plain = f"\x1b]52;c;{base64.b64encode(data).decode()}\x07"
    if not environ.get("TMUX"):
        return plain
    doubled = plain.replace("\x1b", "\x1b\x1b")
    return f"{plain}\x1bPtmux;{doubled}\x1b\\"


def is_whole(text: str) -> bool:
    """Whether a terminal takes all of it."""
    return len(text.encode("utf-8", "replace")) <= MAX_BYTES


def yank_path() -> Path:
    """Where the last thing that was copied lies: `~/.cache/tui_flow/yank.txt`, or where caches are."""
    from platformdirs import user_cache_path

    return user_cache_path("tui_flow") / "yank.txt"


def keep(path: Path, text: str) -> None:
    """Writes it where only its owner reads it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8", errors="replace") as file:
        os.fchmod(fd, 0o600)
        file.write(text)
