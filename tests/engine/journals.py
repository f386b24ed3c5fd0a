"""Journals of runs that never were, in tests."""

from pathlib import Path

from tui_flow.contract import journal, rundir
from tui_flow.contract.journal import Event
from tui_flow.contract.rundir import RunSpec


def a_spec(run_id: int, project: Path, **changes: object) -> RunSpec:
    spec = RunSpec(
        run_id=run_id,
        flow="etl",
        path=str(project / "flows/etl.py"),
        function="etl",
        parameters={},
        run_name=None,
        tags=[],
        trigger="command",
        created_at=100.0,
        project=str(project),
        cookie=f"{run_id:032x}",
        timeout_seconds=None,
        grace_seconds=1.0,
    )
    return spec._replace(**changes)


def started(at: float = 101.0) -> list[Event]:
    """A run begins."""
    return [
        journal.RunStarted(at, 1, 10, 11, "here", "3.11"),
        journal.FlowStarted(at, "etl", "brave-otter", 1, "f" * 64, {"n": 1}, ["nightly"]),
    ]


def ended(at: float = 109.0, state: str = "completed", reason: str = "returned") -> list[Event]:
    """A run ends as its worker reports."""
    name = state.capitalize()
    return [
        journal.FlowFinished(at, state, name, reason, "", None),
        journal.RunEnded(at, state, reason, "", 0, None),
    ]


def created(id: int, state: str = "pending", at: float = 102.0, map_id: int | None = None) -> Event:
    index = None if map_id is None else id - map_id
    return journal.TaskCreated(
        at, id, 0, "task", "load", f"load-{id}", state, index, map_id, [], [], 1, f"part='{id}'"
    )


def finished(id: int, state: str = "completed", reason: str = "returned", at: float = 104.0) -> Event:
    return journal.TaskFinished(at, id, state, state.capitalize(), reason, "", None)


def mapped(count: int) -> list[Event]:
    """A whole run that maps over so many items: three events each."""
    middle: list[Event] = [created(id, map_id=1) for id in range(1, count + 1)]
    for id in range(1, count + 1):
        middle += [journal.TaskStarted(103.0, id, 1), finished(id)]
    return [*started(), *middle, *ended()]


def lines(events: list[Event]) -> bytes:
    return b"".join(map(journal.encode, events))


def make_run(state_dir: Path, **changes: object) -> tuple[int, Path]:
    """A run directory with its spec, as a script would make it."""
    run_id, directory = rundir.make_run_dir(state_dir)
    rundir.write_spec(directory, a_spec(run_id, state_dir.parent, **changes))
    return run_id, directory


def append(directory: Path, data: bytes) -> None:
    with (directory / rundir.JOURNAL).open("ab") as file:
        file.write(data)
