"""What a person waits for at the prompt: whole commands, from their start to their end, with an engine running."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.benchmarks.figure import Figure
from tests.project import TUI_FLOW, Project, temporary_project

_RUNS = 9
_FLOWS = Path(__file__).parent.parent.parent / "flows"


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, temporary_project(Path(folder) / "project") as project:
        shutil.copy(_FLOWS / "hello.py", project.root / "flows")
        project.ask("engine", "start")
        plain = _milliseconds(project, [sys.executable, "-c", "pass"])
        for name, arguments, mark in (
            ("tui-flow --version", ["--version"], 80.0),
            ("tui-flow runs", ["runs"], None),
            ("tui-flow flows", ["flows"], None),
            ("tui-flow run hello", ["run", "hello"], 500.0),
        ):
            found = _milliseconds(project, [TUI_FLOW, *arguments])
            yield Figure(name, found, "ms", mark, plain, found / plain, "baseline: python -c pass")


def _milliseconds(project: Project, command: list[str]) -> float:
    times = []
    for _ in range(_RUNS):
        begun = time.perf_counter()
        subprocess.run(command, cwd=project.root, env=project.environment, check=True, capture_output=True)
        times.append(time.perf_counter() - begun)
    return 1000 * median(times)
