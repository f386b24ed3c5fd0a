"""Which lines of a traceback are somebody else's code, so that a reader sees their own first."""

import re
from collections.abc import Sequence

MARK = "Traceback (most recent call last)"
_FRAME = re.compile(r'\s*File "([^"]*)", line (\d+)')
_LIBRARY = ("/site-packages/", "/dist-packages/", "/lib/python", "/tui_flow/sdk/", "<frozen ")


def place_of(text: str) -> tuple[str, int] | None:
    """The file and the line that a line of a traceback names; None for what is none."""
    match = _FRAME.match(text)
    return None if match is None else (match[1], int(match[2]))


def is_library_frame(text: str) -> bool:
    """Whether a line names a frame outside the project."""
    place = place_of(text)
    return place is not None and is_library(place[0])


def is_library(path: str) -> bool:
    """Whether a file is somebody else's code. What has no file, as `<string>`, is nobody's."""
    return path.startswith("<") or any(part in path for part in _LIBRARY)


def library_frames(texts: Sequence[str]) -> list[tuple[range, int]]:
    """The stretches of a traceback's lines that are library frames, and how many frames each of them has.

    A frame is its "File" line and the more deeply indented lines after it, with the source and the carets.
    """
    found: list[tuple[range, int]] = []
    start, frames = -1, 0
    for index, text in enumerate([*texts, ""]):
        if is_library_frame(text):
            start, frames = (index, 1) if start < 0 else (start, frames + 1)
        elif start >= 0 and not _belongs(text, texts[start]):
            found.append((range(start, index), frames))
            start = -1
    return found


def exception_line(texts: Sequence[str]) -> int | None:
    """The line that says what was raised: the first one after the last traceback's frames."""
    begin = max((index for index, text in enumerate(texts) if text.startswith(MARK)), default=len(texts))
    after = (index for index in range(begin + 1, len(texts)) if texts[index][:1].strip())
    return next(after, None)


def _belongs(text: str, frame: str) -> bool:
    """Whether a line goes on with the frame above it."""
    return _FRAME.match(text) is None and _indent(text) > _indent(frame)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
