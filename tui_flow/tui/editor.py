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


def command(path: Path, line: int, environ: Mapping[str, str] = os.environ) -> list[str]:
    """The words of the command. Raises ValueError, with what to do, where there is no editor."""
    words = _named(environ) or [next(filter(shutil.which, ("nano", "vim", "vi")), "")]
    if not words[0]:
        raise ValueError("no editor found; set EDITOR, for example: export EDITOR=nano")
    name = Path(words[0]).name
    if line and name in _PLUS:
        return [*words, f"+{line}", str(path)]
    if line and name in _COLON:
        return [*words, f"{path}:{line}"]
    if name in _GOTO:
        return [*words, "--wait", "--goto", f"{path}:{line}"]
    return [*words, str(path)]


def _named(environ: Mapping[str, str]) -> list[str]:
    """The words of the editor that the environment names; none where it names none."""
    variable = "VISUAL" if environ.get("VISUAL") else "EDITOR"
    named = environ.get(variable, "")
    try:
        words = shlex.split(named)
    except ValueError:
        words = [named]
    if words and shutil.which(words[0]) is None:
        raise ValueError(f"{variable} is {named}, and there is no such command here; set it to another")
    return words
