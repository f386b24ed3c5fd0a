"""Notes: what the author's code says or shows that changes no state, such as events and artifacts.

In a run they go through the run's journal; elsewhere (a plain script, or a process that the run has started) a file in
the state directory holds one until an engine takes it up. Either way it is safe when the call returns, engine or not.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tui_flow.contract import journal, rundir, spool
from tui_flow.contract.journal import ArtifactCreated, ArtifactUpdated, EventEmitted, Note
from tui_flow.sdk import flow_file
from tui_flow.sdk.context import parent_of_task
from tui_flow.sdk.masking import masker

if TYPE_CHECKING:
    from tui_flow.sdk.runs import FlowRun, TaskRun


_WORDS = {
    EventEmitted: "an event is emitted",
    ArtifactCreated: "an artifact is made",
    ArtifactUpdated: "an artifact changes",
}


def tell(note: Note) -> None:
    """Raises RuntimeError while a flow file is imported, OSError where the disk has no room."""
    if flow_file.importing:
        raise RuntimeError(
            f"{_WORDS[type(note)]} while its file is imported, which happens at every save of it: "
            'put the call in a flow, or under if __name__ == "__main__":'
        )
    run = parent_of_task()
    if run is None or not _told_by(run, note):
        spool.leave(state_dir(), masked(note), _run_id(run))


def masked(note: Note) -> Note:
    """The same without the secrets in it."""
    return journal.decode(masker.mask(journal.encode(note))) if masker.forms else note  # type: ignore[return-value]


def task_run() -> int:
    """The number of the task run that the caller is in; 0 in a flow, and outside of any."""
    run = parent_of_task()
    return 0 if run is None else run.number


def _told_by(run: "FlowRun | TaskRun", note: Note) -> bool:
    """Whether the run's journal has it. A forked child's has not, nor has that of a process of a pool."""
    from tui_flow.sdk.recorder import RunRecorder

    recorder = run.tree.recorder
    if not isinstance(recorder, RunRecorder) or recorder.is_foreign:
        return False
    recorder.record(note)
    return True


def state_dir() -> Path:
    """Of the project of the run that the caller is in, or else of the script."""
    from tui_flow.sdk.script_run import find_project_of_script

    run, directory = parent_of_task(), _run_directory()
    if directory is not None:
        return directory.parents[1]
    project = Path(run.tree.project) if run is not None and run.tree.project else find_project_of_script()
    return rundir.open_state_dir(project)


def _run_id(run: "FlowRun | TaskRun | None") -> int | None:
    """The run whose process, or whose child, this is."""
    if run is not None:
        return run.tree.run_id
    directory = _run_directory()
    return int(directory.name) if directory is not None else None


def _run_directory() -> Path | None:
    named = os.environ.get(rundir.ENV_RUN_DIR, "")
    directory = Path(named)
    return directory if named and directory.name.isdigit() and directory.is_dir() else None
