"""How long it takes from the start of a keeper to the author's first line, and from his last to the last word."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from tests.benchmarks.figure import Figure
from tests.sdk.keeping import Kept, make_kept
from tui_flow.contract import journal

RUNS = 15
MARK_MS = 120.0
"""The issue's limit, from the command that reaches the engine to the first line; the engine has its part of it."""
HELLO = Path(__file__).parents[2] / "flows" / "hello.py"
NOTHING = "from tui_flow import flow\n@flow\ndef sample(): pass\n"
STAMP = "import time; print(time.time())\n"
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
"""An installed package is not compiled anew at every start."""


def figures() -> Iterator[Figure]:
    project = Path(tempfile.mkdtemp())
    try:
        yield from _figures(project)
    finally:
        shutil.rmtree(project)


def _figures(project: Path) -> Iterator[Figure]:
    (project / "flows").mkdir()
    nothing, hello, plain = (project / "flows" / name for name in ("sample.py", "hello.py", "plain.py"))
    nothing.write_text(STAMP + NOTHING)
    hello.write_text(STAMP + HELLO.read_text())
    plain.write_text(STAMP)
    script = _median(lambda: _first_line_of_a_script(plain))
    floor = _median(_pass)
    yield Figure("python -c pass", floor, "ms", None, None, None, "the floor")
    yield Figure("a plain script's first line", script, "ms", None, None, None, "python plain.py")
    for name, path in (("nothing", nothing), ("hello", hello)):
        runs = [
            _keep(make_kept(project, path=str(path), flow=path.stem, function=path.stem)) for _ in range(RUNS)
        ]
        keeper, first, flow, last, whole = (median(times) for times in zip(*runs, strict=True))
        yield _figure(f"{name}: keeper's start to RunStarted", keeper, 60.0, script)
        yield _figure(f"{name}: keeper's start to the file's first line", first, MARK_MS, script)
        yield _figure(f"{name}: keeper's start to the flow's first line", flow, None, script)
        yield _figure(f"{name}: the worker's report to the last word", last, None, None)
        yield _figure(f"{name}: the whole of it", whole, None, None)
    yield _figure(
        "python hello.py: the whole of it", _median(lambda: _script(hello)), None, floor, "python -c pass"
    )
    yield _figure("describe hello.py", _median(lambda: _describe(project, hello)), None, None)


def _figure(
    name: str,
    value: float,
    mark: float | None,
    baseline: float | None,
    note: str = "a plain script's first line",
) -> Figure:
    ratio = value / baseline if baseline else None
    return Figure(name, value, "ms", mark, baseline, ratio, note if baseline else "")


def _median(measure: Callable[[], float]) -> float:
    return median(measure() for _ in range(RUNS))


def _pass() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True, env=ENVIRONMENT)
    return 1000 * (time.perf_counter() - began)


def _first_line_of_a_script(path: Path) -> float:
    began = time.time()
    printed = subprocess.run(
        [sys.executable, str(path)],
        check=True,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return 1000 * (float(printed.stdout.split()[0]) - began)


def _keep(kept: Kept) -> tuple[float, float, float, float, float]:
    """Milliseconds to RunStarted, to the file's and the flow's first line, from the report to the last word, and of
    the whole process."""
    began = time.time()
    command = [sys.executable, "-m", "tui_flow.sdk.keeper", str(kept.directory)]
    subprocess.run(command, check=True, cwd="/", env=ENVIRONMENT)
    whole = time.time() - began
    at = {type(event): event.at for event in kept.events}
    first = float(kept.lines("stdout")[0]) - began
    times = (at[journal.RunStarted] - began, first, at[journal.FlowStarted] - began)
    ends = (at[journal.RunEnded] - at[journal.FlowFinished], whole)
    keeper, first, flow, last, whole = (1000 * seconds for seconds in (*times, *ends))
    return keeper, first, flow, last, whole


def _script(path: Path) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, str(path)],
        check=True,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return 1000 * (time.perf_counter() - began)


def _describe(project: Path, path: Path) -> float:
    end, child_end = os.pipe()
    began = time.perf_counter()
    command = [sys.executable, "-m", "tui_flow.sdk.describe", str(project), str(path), str(child_end)]
    subprocess.run(command, check=True, pass_fds=[child_end], stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    took = time.perf_counter() - began
    os.close(end)
    os.close(child_end)
    return 1000 * took
