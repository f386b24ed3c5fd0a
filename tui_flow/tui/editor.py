"""How the user's editor, and pager, are told to open a file at a line."""

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
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


def takes_line(command: Sequence[str]) -> bool:
    """Whether it is known how the editor of a command is told a line."""
    return Path(command[0]).name in (*_PLUS, *_COLON, *_GOTO)


def pager(line: int, environ: Mapping[str, str] = os.environ) -> tuple[list[str], dict[str, str]]:
    """The words of a pager's command that reads what it is given from a line on, and its environment. Raises ValueError
    where there is no pager."""
    words = _named(environ, "PAGER") or [next(filter(shutil.which, ("less", "more")), "")]
    if not words[0]:
        raise ValueError("no pager found; set PAGER, for example: export PAGER=less")
    # Without LESS a less would leave at once where all fits, or let colours through.
    kept = {name: value for name, value in environ.items() if name != "LESS"}
    if Path(words[0]).name == "less":
        # What leads to the line stands above it, and nothing stands above the first one.
        row = min(line, shutil.get_terminal_size().lines * 2 // 3)
        return [*words, "-S", f"-j{row}", f"+{line}g"], kept
    return words, kept


def _named(environ: Mapping[str, str], variable: str = "") -> list[str]:
    """The words of the program that the environment names; none where it names none."""
    variable = variable or ("VISUAL" if environ.get("VISUAL") else "EDITOR")
    named = environ.get(variable, "")
    try:
        words = shlex.split(named)
    except ValueError:
        words = [named]
    if words and shutil.which(words[0]) is None:
        raise ValueError(f"there is no command {words[0]} here; set {variable} to another")
    return words
