"""A process of a run tells where its threads stand, when it is asked (`contract.stacks`).

It costs a run nothing until then: who works on which task run is read from the frames of our own that call the body.
The answer is given in the main thread, between two of its instructions, so nothing here may wait for a lock.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from tui_flow.contract.rundir import STACKS
from tui_flow.contract.stacks import ASK, DUMP, MAX_FRAMES, Frame, Standing, encode

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_HIGH_FD = 200
"""Descriptors from here on: code that closes "all" of them often stops earlier."""


_path = Path()
"""Where answers go."""
_dump_fd = -1
"""Where `faulthandler` writes, once it was told to: it is never told otherwise, so that the signal never kills."""


def answer_when_asked(directory: Path) -> bool:
    """From now on this process tells when it is asked. Does nothing where signals are not this thread's to handle, or
    there are none that are free."""
    global _path
    if not hasattr(signal, "SIGRTMIN") or threading.current_thread() is not threading.main_thread():
        return False
    try:
        _dump_to(os.open(directory / STACKS, _FLAGS, 0o600))
    except OSError:  # no room, or no such descriptor: the run is worth more than this
        return False
    _path = directory / STACKS
    signal.signal(ASK, _tell)
    return True


def answer_no_more() -> None:
    """`answer_when_asked`'s way back."""
    signal.signal(ASK, signal.SIG_IGN)
    _dump_to(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))


def _dump_to(fd: int) -> None:
    global _dump_fd
    import faulthandler
    import fcntl

    try:
        if _dump_fd >= 0:
            os.dup2(fd, _dump_fd, inheritable=False)
            return
        _dump_fd = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _HIGH_FD)
        faulthandler.register(DUMP, file=_dump_fd, all_threads=True, chain=False)
    finally:
        os.close(fd)


def _tell(_signal: int, frame: FrameType | None) -> None:
    with suppress(Exception):  # whatever goes wrong here is none of the run's business
        answer = encode(os.getpid(), list(_standings(frame)))
        fd = os.open(_path, _FLAGS, 0o600)
        try:
            while answer:
                answer = answer[os.write(fd, answer) :]
        finally:
            os.close(fd)


def _standings(main: FrameType | None) -> Iterator[Standing]:
    """Of every thread, this one first, and of the coroutines that wait in a loop of any."""
    for frame in _outwards(main):
        if frame.f_code is _tell.__code__:  # somebody asked again before the last answer was given to its end
            main = frame.f_back
    names = {ident: thread.name for ident, thread in dict(threading._active).items()}  # type: ignore[attr-defined]
    here = threading.get_ident()
    frames = {**sys._current_frames(), here: main}
    for ident in sorted(frames, key=lambda one: one != here):
        outwards = list(_outwards(frames[ident]))
        yield _standing(names.get(ident, ""), outwards, is_main=ident == here)
        yield from _coroutines(outwards)


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """The frame and those that called it."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def _standing(
    name: str, outwards: list[FrameType], kind: str = "thread", *, is_main: bool = False
) -> Standing:
    run = _run_of(outwards)
    frames = [
        Frame(frame.f_code.co_filename, frame.f_lineno or 0, frame.f_code.co_qualname)
        for frame in reversed(outwards[:MAX_FRAMES])
    ]
    if run is None:
        return Standing(name, frames, kind, is_main)
    return Standing(name, frames, kind, is_main, run.number, run.name, max(run.run_count, 1))


def _run_of(outwards: Iterable[FrameType]) -> Any:
    """The innermost run whose body is at work in these frames."""
    effects = sys.modules.get("tui_flow.sdk.effects")
    if effects is None:
        return None
    call = effects.Call
    holding = {
        call.perform.__code__: "self", call._value.__code__: "self", call.perform_async.__code__: "self",
        call._value_async.__code__: "self", effects.drive_elsewhere.__code__: "effect",
    }  # fmt: skip
    for frame in outwards:
        if frame.f_code in holding:
            effect = frame.f_locals.get(holding[frame.f_code])
            if isinstance(effect, call):
                return effect.run
    return None


def _coroutines(outwards: list[FrameType]) -> Iterator[Standing]:
    """The asyncio tasks that wait in the loop that runs in these frames. The one at work stands there itself."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return
    runs = asyncio.base_events.BaseEventLoop.run_forever.__code__
    for loop in [frame.f_locals["self"] for frame in outwards if frame.f_code is runs]:
        current = asyncio.current_task(loop)
        for task in sorted(asyncio.all_tasks(loop) - {current}, key=lambda one: one.get_name()):
            waiting = list(_awaits(task.get_coro()))
            yield _standing(task.get_name(), waiting[::-1], "coroutine")


def _awaits(coroutine: Any) -> Iterator[FrameType]:
    """The frames of a coroutine that waits, the outermost first."""
    while coroutine is not None:
        for kind in ("cr", "gi", "ag"):
            frame = getattr(coroutine, f"{kind}_frame", None)
            if frame is not None:
                yield frame
                coroutine = getattr(coroutine, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")
                break
        else:
            return
