"""What a run ran, and what is different from the run before that worked: read in threads, shown over the Run view."""

import asyncio
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_flow.contract.errors import HistoryError, RequestError
from tui_flow.contract.failure import Failure
from tui_flow.contract.version import read_kept, relative
from tui_flow.store.records import FlowRun
from tui_flow.tui.presentation import code, differences, stacks, times
from tui_flow.tui.presentation.address import Spot
from tui_flow.tui.screens.reader import ReaderScreen

if TYPE_CHECKING:
    from tui_flow.tui.app import Console


_STACK_ROLES = {
    "process": "strong", "thread": "live", "own": "key", "source": "", "library": "dim", "note": "dim",
}  # fmt: skip


async def show_code(console: "Console", run: FlowRun, failure: Failure | None, task: str = "") -> None:
    """The code as it was when the run began: where it failed, else where the task of that name is made, else the flow."""
    project = console.settings.project
    kept = await asyncio.to_thread(_kept_texts, console.settings.state_dir, run)
    failed_in = _within(failure.path, project) if failure is not None else ""
    if failure is not None and failed_in in kept:
        path, line, mark = failed_in, failure.line, failure.line
    elif run.path in kept:
        flow = console.flow_of(run)
        (path, line), mark = await asyncio.to_thread(_definition, kept, run, task), 0
        line = line or (flow.line if flow else 0)
    else:
        why = f"the text of {run.path} that run {run.id} ran was not kept"
        console.say(why if run.started_at is not None else f"run {run.id} has run no code yet", "warn")
        return
    note = "" if _is_still(project / path, kept[path]) else "the file has been edited since"
    console.push_screen(
        ReaderScreen(
            f"Code of run {run.id}: {path}",
            await asyncio.to_thread(code.code_lines, kept[path].decode("utf-8", "replace"), mark),
            start=max(0, line - 1),
            edit=lambda place: console.edit(project / path, place + 1),
            copy=partial(console.copy, what=f"{path} as it was"),
            note=note,
        )
    )


def _kept_texts(state_dir: Path, run: FlowRun) -> dict[str, bytes]:
    """The files that the run was made of, as far as they were kept."""
    from tui_flow.store import what_changed

    texts = what_changed.texts_of(state_dir, run).items()
    return {path: text for path, sha in texts if (text := read_kept(state_dir, sha)) is not None}


def _definition(kept: Mapping[str, bytes], run: FlowRun, task: str) -> tuple[str, int]:
    """In which of the files, and at which line, the task is made; else the flow, at line 0 where it is not found."""
    for path in sorted(kept, key=lambda path: path != run.path):
        line = code.line_of(kept[path], task) if task else 0
        if line:
            return path, line
    return run.path, code.line_of(kept[run.path], run.flow)


async def show_diff(console: "Console", run: FlowRun) -> None:
    """Parameters, versions, log and code, against the last run of the flow that completed before."""
    from tui_flow.store import what_changed

    try:
        other = await console.bridge.read(lambda db: what_changed.last_success(db, run))
        if other is None:
            console.say(f"nothing to compare with: no run of {run.flow} completed before run {run.id}")
            return
        console.say(f"comparing with run {other.id}", "dim")
        sides = await console.bridge.read(lambda db: what_changed.read_sides(db, run, other))
    except HistoryError as error:
        console.say(error.what, "bad")
        return
    found = await asyncio.to_thread(what_changed.compare, console.settings.state_dir, sides)
    lines = differences.difference_lines(found, console.paint.marks, time.time())
    console.say("")
    console.push_screen(
        ReaderScreen(
            differences.difference_title(found),
            lines,
            stops=[place for place, line in enumerate(lines) if line and line[0][0].strip().isupper()],
            copy=partial(console.copy, what="what changed"),
            note=f"tui-flow diff {run.id}",
        )
    )


async def show_grid(console: "Console", run: FlowRun, task: str) -> None:
    """How each task went in the flow's last runs up to this one; the run that is chosen there is opened."""
    from tui_flow.store import runs, task_history
    from tui_flow.tui.presentation.grid import MOST_RUNS, Grid
    from tui_flow.tui.screens.grid import GridScreen

    def read(db: Any) -> Grid:
        last = runs.list_runs(db, flow=run.flow, limit=MOST_RUNS)
        if last and run.id < last[-1].id:  # it is none of the last: those up to it
            last = runs.list_runs(db, flow=run.flow, before=run.id + 1, limit=MOST_RUNS)
        newest = last[0].id if last else 0
        return Grid(last, task_history.grid_of(db, run.flow, newest, MOST_RUNS))

    def chosen(place: tuple[int, str] | None) -> None:
        if place is not None:
            run_id, task = place
            console.open_run(run_id, Spot(task=task))

    try:
        found = await console.bridge.read(read)
    except HistoryError as error:
        console.say(error.what, "bad")
        return
    console.push_screen(GridScreen(found, run.id, task), chosen)


async def show_stack(console: "Console", run: FlowRun) -> None:
    """Where each thread of a running run stands, and on what it works."""
    from tui_flow.client.stacks import ask_for_stacks
    from tui_flow.store.sources import source_lines

    state_dir, project = console.settings.state_dir, console.settings.project
    console.say(f"asking run {run.id} where it stands", "dim")
    try:
        processes = await asyncio.to_thread(ask_for_stacks, state_dir, run)
    except RequestError as error:
        console.say(error.what)
        return
    source_of = await asyncio.to_thread(source_lines, state_dir, run)
    told = list(stacks.stack_lines(processes, project, source_of))
    own = [place for place, line in enumerate(told) if line.role == "own"]

    def edit(place: int) -> None:
        if (frame := told[place].frame) is not None:
            console.edit(Path(frame.path), frame.line)

    console.say("")
    console.push_screen(
        ReaderScreen(
            f"Where run {run.id} of {run.flow} stands, at {times.clock(time.time())}",
            [[(line.text, _STACK_ROLES[line.role])] for line in told],
            start=own[0] if own else 0,
            stops=own,
            edit=edit,
            copy=partial(console.copy, what="where it stands"),
            note=f"tui-flow stack {run.id}",
        )
    )


def _within(path: str, project: Path) -> str:
    """A path as versions name it."""
    return relative(path, project) or path


def _is_still(path: Path, text: bytes) -> bool:
    try:
        return path.read_bytes() == text
    except OSError:
        return False
