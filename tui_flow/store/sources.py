"""The texts of flow files and modules as a run found them."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from tui_flow.contract.rundir import SOURCES
from tui_flow.contract.stacks import Frame
from tui_flow.store.records import FlowRun


def source_lines(state_dir: Path, run: FlowRun) -> Callable[[Frame], str]:
    """The text of a line of the author's: of the flow file in the version that the run is of, of other files as they
    are, unless they were changed since it began."""

    @lru_cache
    def lines_of(path: str) -> list[str]:
        file = Path(path)
        try:
            if path == run.path and run.source_sha:
                file = state_dir / SOURCES / f"{run.source_sha}.py"
            elif file.stat().st_mtime > (run.started_at or 0.0):
                return []
            return file.read_text("utf-8", "replace").splitlines()
        except OSError:
            return []

    def source_of(frame: Frame) -> str:
        lines = lines_of(frame.path)
        return lines[frame.line - 1].strip() if 0 < frame.line <= len(lines) else ""

    return source_of
