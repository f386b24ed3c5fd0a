"""Tells somebody who looks elsewhere: the bell, and what their terminal makes of a notification.

A terminal answers to none of this, so what it understands is guessed from its name: OSC 99 (kitty), OSC 777 (urxvt,
foot, ghostty, VTE), OSC 9 (the others, such as iTerm2, WezTerm and Windows Terminal). Inside tmux it is wrapped, which
takes `allow-passthrough on`. Whoever knows none of them shows nothing.
"""

import os
from collections.abc import Mapping

from tui_flow.safe import safe

MAX_TEXT = 200
BELL = "\a"
_ST = "\x1b\\"


def sequence(title: str, text: str, environ: Mapping[str, str] = os.environ) -> str:
    """Bell and notification, safe and cut, as one piece of output."""
    return BELL + _wrapped(_notification(_clean(title), _clean(text), environ), environ)


def _clean(text: str) -> str:
    """No control character, and nothing that the sequences themselves use to divide."""
    return safe(text).replace(";", ",")[:MAX_TEXT]


def _notification(title: str, text: str, environ: Mapping[str, str]) -> str:
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "").lower()
    if "kitty" in term or "KITTY_WINDOW_ID" in environ:
        return f"\x1b]99;i=tui-flow:d=0;{title}{_ST}\x1b]99;i=tui-flow:p=body;{text}{_ST}"
    if term.startswith(("rxvt", "foot")) or program == "ghostty" or "VTE_VERSION" in environ:
        return f"\x1b]777;notify;{title};{text}{_ST}"
    if term.startswith(("linux", "vt")):
        return ""
    return f"\x1b]9;{title}: {text}{_ST}"


def _wrapped(sequence: str, environ: Mapping[str, str]) -> str:
    if not sequence or "TMUX" not in environ:
        return sequence
    return f"\x1bPtmux;{sequence.replace(chr(27), chr(27) * 2)}{_ST}"
