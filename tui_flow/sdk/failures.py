"""An exception of the author's code, as text for the journal."""

import traceback
from pathlib import Path
from types import FrameType, TracebackType

from tui_flow.contract.failure import Failure
from tui_flow.contract.journal import MAX_TEXT

TOLD_ELSEWHERE = "_tui_flow_failure"
"""Where an exception that came from another process keeps its failure, whose traceback did not come along."""
_OURS = str(Path(__file__).parent)


def failure_of(exception: BaseException, project: str | Path = "") -> Failure:
    """The exception with its traceback, and the innermost frame that lies in the project (for an editor to open).

    Frames of tui_flow itself that lead to the author's code are left out. Never raises, whatever the exception's
    own methods do.
    """
    told = getattr(exception, TOLD_ELSEWHERE, None)
    if isinstance(told, Failure):
        return told
    path, line, function = _innermost(exception, str(project))
    return Failure(
        type=_type_name(exception),
        message=_cut(_text_of(exception)),
        traceback=_cut_middle(_traceback_of(exception)),
        path=path,
        line=line,
        function=function,
    )


def describe(exception: BaseException) -> str:
    """`ValueError: what it says`, in one line."""
    first = _text_of(exception).strip().split("\n", 1)[0]
    name = type(exception).__name__
    if name == "RemoteError":  # it stands for another, whose name is in its text
        return _cut(first)
    return _cut(f"{name}: {first}" if first else name)


def authors_part(error: BaseException | None, found: TracebackType | None) -> TracebackType | None:
    """The traceback from the author's first frame on. Where no frame is the author's: all of it, or, of an error that
    we raise for authors, nothing."""
    part = found
    while part is not None and part.tb_frame.f_code.co_filename.startswith(_OURS):
        part = part.tb_next
    return part or (None if type(error).__module__.startswith("tui_flow.") else found)


def _type_name(exception: BaseException) -> str:
    cls = type(exception)
    is_plain = cls.__module__ in ("builtins", "__main__") or cls.__module__.startswith("tui_flow.")
    return cls.__qualname__ if is_plain else f"{cls.__module__}.{cls.__qualname__}"


def _text_of(exception: BaseException) -> str:
    try:
        return str(exception)
    except Exception as error:
        return f"<its message cannot be told: {type(error).__name__}>"


def _traceback_of(exception: BaseException) -> str:
    part = authors_part(exception, exception.__traceback__)
    try:
        return "".join(traceback.format_exception(type(exception), exception, part))
    except Exception:
        return "".join(traceback.format_tb(part)) + describe(exception)


def _innermost(exception: BaseException, project: str) -> tuple[str, int, str]:
    found: tuple[str, int, str] = ("", 0, "")
    for frame, line in traceback.walk_tb(exception.__traceback__):
        if _is_authors(frame, project):
            found = (frame.f_code.co_filename, line, frame.f_code.co_name)
    if not found[0] and isinstance(exception, SyntaxError) and exception.filename:
        return exception.filename, exception.lineno or 0, ""
    return found


def _is_authors(frame: FrameType, project: str) -> bool:
    path = frame.f_code.co_filename
    if path.startswith((_OURS, "<")):
        return False
    if "site-packages" in path or "/.venv/" in path:
        return False
    return path.startswith(f"{project.rstrip('/')}/") if project else True


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _cut_middle(text: str) -> str:
    if len(text) <= MAX_TEXT:
        return text
    half = MAX_TEXT // 2 - 20
    return f"{text[:half]}\n  … {len(text) - 2 * half} characters …\n{text[-half:]}"
