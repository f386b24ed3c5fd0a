"""What runs were asked for with, as their directories have it."""

from pathlib import Path
from typing import Any

from tui_flow.contract.rundir import read_spec, run_dir
from tui_flow.store.records import FlowRun


def asked_parameters(state_dir: Path, run: FlowRun) -> dict[str, Any]:
    """What a run was asked for with, whole: its row has the values as they read after validation, cut short."""
    spec = read_spec(run_dir(state_dir, run.id))
    return run.parameters if spec is None else spec.parameters
