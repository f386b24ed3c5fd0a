"""The lines of flow files and modules as a run found them."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from tui_flow.contract.stacks import Frame
from tui_flow.contract.version import read_kept, relative
from tui_flow.store.records import FlowRun


def file_lines(state_dir: Path, run: FlowRun) -> Callable[[str], list[str]]:
    """The lines of a file by its path: of what the run imported from the project in the version that it did, of any
    other file as it is, unless it was changed since the run began; else there are none."""
    from tui_flow.store.what_changed import texts_of

    kept, project = texts_of(state_dir, run), state_dir.parent

    @lru_cache
    def lines_of(path: str) -> list[str]:
        sha = kept.get(relative(path, project) or path)
        text = read_kept(state_dir, sha) if sha else None
        try:
            if text is None and Path(path).stat().st_mtime <= (run.started_at or 0.0):
                text = Path(path).read_bytes()
        except OSError:
            return []
        return (text or b"").decode("utf-8", "replace").splitlines()

    return lines_of


def source_lines(state_dir: Path, run: FlowRun) -> Callable[[Frame], str]:
    """The text of the line that a frame is at, as the run found it."""
    lines_of = file_lines(state_dir, run)

    def source_of(frame: Frame) -> str:
        lines = lines_of(frame.path)
        return lines[frame.line - 1].strip() if 0 < frame.line <= len(lines) else ""

    return source_of
