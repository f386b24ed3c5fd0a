"""How the user's editor is told to open a file at a line."""

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

_PLUS = (
    "vi",
    "vim",
    "nvim",
    "view",
    "gvim",
    "nano",
    "emacs",
    "emacsclient",
    "micro",
    "kak",
    "joe",
    "ne",
    "mg",
)
_COLON = ("hx", "helix", "subl", "zed")
_GOTO = ("code", "codium", "cursor")


def command(path: Path, line: int, environ: Mapping[str, str] = os.environ) -> list[str] | None:
    """The words of the command, or None where there is no editor."""
    named = environ.get("VISUAL") or environ.get("EDITOR") or ""
    words = shlex.split(named) or [next(filter(shutil.which, ("nano", "vim", "vi")), "")]
    if not words[0] or shutil.which(words[0]) is None:
        return None
    name = Path(words[0]).name
    if line and name in _PLUS:
        return [*words, f"+{line}", str(path)]
    if line and name in _COLON:
        return [*words, f"{path}:{line}"]
    if name in _GOTO:
        return [*words, "--wait", "--goto", f"{path}:{line}"]
    return [*words, str(path)]
