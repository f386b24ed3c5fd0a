"""Where the threads of a run stand, as lines: the author's frames with their source, and of the others just enough to
say what they wait for."""

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from tui_flow.client.stacks import ProcessStacks
from tui_flow.contract.stacks import Frame, Standing
from tui_flow.counting import counted
from tui_flow.safe import safe
from tui_flow.tui.presentation.tracebacks import is_library

SourceOf = Callable[[Frame], str]
"""The text of a frame's line; empty where it cannot be told."""


class StackLine(NamedTuple):
    text: str
    """Safe to show."""
    role: str
    """"process", "thread", "own" (a frame of the author's), "source", "library" or "note"."""
    frame: Frame | None = None
    """Which one it is about."""


def stack_lines(
    processes: list[ProcessStacks], project: Path, source_of: SourceOf, *, all_frames: bool = False
) -> Iterator[StackLine]:
    """All that there is to tell, parents first; with `all_frames` nothing is folded."""
    for index, process in enumerate(processes):
        yield StackLine(_title(process, is_worker=index == 0), "process")
        if process.note:
            yield StackLine(f"  {safe(process.note)}", "note")
        idle = 0
        for standing in process.standings:
            if not all_frames and _is_idle(standing):
                idle += 1
                continue
            yield StackLine(f"  {_name(standing)}", "thread")
            for line in _frame_lines(standing.frames, project, source_of, all_frames):
                yield line._replace(text=f"    {line.text}")
        if idle:
            yield StackLine(f"  and {counted(idle, 'idle thread')}", "note")


def _title(process: ProcessStacks, *, is_worker: bool) -> str:
    paths = {frame.path for standing in process.standings for frame in standing.frames}
    if is_worker and (process.standings or process.note):
        return f"worker, process {process.pid}"
    if any(path.endswith("/tui_flow/sdk/task_process.py") for path in paths):
        return f"task process {process.pid}"
    return f"process {process.pid}: {safe(process.command)}"


def _is_idle(standing: Standing) -> bool:
    """A thread that works on nothing of the author's. The main one is always of interest."""
    if standing.is_main or standing.task_run is not None:
        return False
    return all(is_library(frame.path) for frame in standing.frames)


def _name(standing: Standing) -> str:
    name = safe(standing.name) or "a thread"
    if standing.task_run is None:
        return name
    tries = f", try {standing.tries}" if standing.tries > 1 else ""
    works_on = "the flow itself" if standing.task_run == 0 else f"{safe(standing.run_name)}{tries}"
    return f"{name}: {works_on}"


def _frame_lines(
    frames: list[Frame], project: Path, source_of: SourceOf, all_frames: bool
) -> Iterator[StackLine]:
    """Innermost last. Of frames that are not the author's: none before the first of his, a count between two, and the
    ends of what is called by the last."""
    groups = [
        (is_other, list(group)) for is_other, group in groupby(frames, lambda one: is_library(one.path))
    ]
    for index, (is_other, group) in enumerate(groups):
        if not is_other:
            for frame in group:
                yield StackLine(_place(frame, project), "own", frame)
                if source := source_of(frame):
                    yield StackLine(f"  {safe(source)}", "source", frame)
        elif all_frames:
            yield from _library(group, project)
        elif index == len(groups) - 1:
            yield from _ends(group if index else group[-1:], project)
        elif index > 0:
            yield StackLine(f"… {counted(len(group), 'library frame')}", "library")


def _ends(frames: list[Frame], project: Path) -> Iterator[StackLine]:
    """The first one, which the author called, and the last one, which waits."""
    yield from _library(frames[:1], project)
    if len(frames) > 2:
        yield StackLine(f"… {len(frames) - 2} more", "library")
    yield from _library(frames[1:][-1:], project)


def _library(frames: list[Frame], project: Path) -> Iterator[StackLine]:
    for frame in frames:
        yield StackLine(_place(frame, project), "library", frame)


def _place(frame: Frame, project: Path) -> str:
    return f"{safe(_short(frame.path, project))}:{frame.line or '?'} in {safe(frame.function)}"


def _short(path: str, project: Path) -> str:
    """Relative to the project, or to where the library lies."""
    if path.startswith(f"{project}/"):
        return path[len(f"{project}/") :]
    for mark in ("/site-packages/", "/dist-packages/"):
        if mark in path:
            return path.rpartition(mark)[2]
    if "/lib/python" in path:
        return path.rpartition("/lib/python")[2].partition("/")[2]
    return path.rpartition("/tui_flow/sdk/")[1].lstrip("/") + path.rpartition("/tui_flow/sdk/")[2]
