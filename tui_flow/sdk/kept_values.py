"""Where the value of a whole run is, for those in other processes who asked for the run (`run_deployment`).

The run directory says where the flow's persisted result lies; the result itself is read, and unpickled, only by the
code that asks for it: in a worker, or in a script.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_flow.contract.rundir import RETURNED, STATE_DIR, run_dir, write_whole
from tui_flow.sdk.blocks.saving import load_from, place_of
from tui_flow.sdk.exceptions import MissingResult
from tui_flow.sdk.filesystems import LocalFileSystem
from tui_flow.sdk.results import ResultStore

if TYPE_CHECKING:
    from tui_flow.sdk.runs import FlowRun


def note(run: "FlowRun", storage: Any, key: str) -> None:
    """Says in the run directory where the run's result lies. Raises OSError."""
    directory = run.tree.recorder.directory
    if run.number or directory is None:
        return
    told = {"attempt": run.tree.spec.attempt if run.tree.spec else 1, "key": key, **_told(storage)}
    write_whole(directory / RETURNED, json.dumps(told).encode())


def _told(storage: Any) -> dict[str, Any]:
    block = place_of(storage)
    if block is not None:
        return {"block": block}
    return {"folder": str(storage.resolve())} if isinstance(storage, LocalFileSystem) else {}


def load(project: Path, run_id: int, attempt: int) -> Any:
    """What that attempt at a run returned. Raises MissingResult where it was not persisted or is not there any more."""
    try:
        told = json.loads((run_dir(project / STATE_DIR, run_id) / RETURNED).read_bytes())
    except (OSError, ValueError):
        told = {}
    if told.get("attempt") != attempt:
        raise MissingResult(
            f"Run {run_id} completed, and what it returned was not persisted: @flow(persist_result=True) keeps it."
        )
    if "block" not in told and "folder" not in told:
        raise MissingResult(
            f"What run {run_id} returned lies in a storage that only its own process knows: "
            "save the storage as a block, and name that as result_storage."
        )
    storage = load_from(told["block"]) if "block" in told else told["folder"]
    try:
        return ResultStore(storage).read(told["key"]).result
    except ValueError as error:
        raise MissingResult(f"What run {run_id} returned is not there any more: {error}") from None
