"""The console: how soon it is there, what it costs when nothing happens, and large runs."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median

from tests.benchmarks.figure import Figure
from tests.project import temporary_project
from tests.tui.project import Project, said, seed_etl, the_task
from tests.tui.pty_console import PtyConsole
from tests.waiting import wait_until
from tui_flow.store.logs import LogFile

ROUNDS = 25
"""So many, since a machine that is not the only one on its processor is fast in one and slow in the next."""
FIRST_FLOW = "etl_daily"
"""Its row is what somebody opened the console for."""
LAST_LINE = "\x1b[24;1H"
"""Where the last line of a frame is drawn: the frame is whole."""
EMPTY_APP = """
from textual.app import App
class Empty(App): pass
Empty().run()
"""
COMMAND = """
import os, sys
os.chdir(sys.argv.pop())
from tui_flow.cli.main import main
main()
"""
TASKS, LINES = 20_000, 1_000_000
KEYS = 40


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small", Path(folder) / "large"
        with closing(Project(small)) as project:
            seed_etl(project)
            project.set_run(501, "completed")
        yield first_frame(small)
        yield first_frame_of_the_command(Path(folder) / "command")
        yield from idle(small)
        with closing(Project(small)) as project:
            project.run(900, "ingest_s3", "running", started_at=time.time())
        yield one_run(small)
        log = make_large(large)
        yield from large_run(large, log)
        log.unlink()
        yield from large_tree(large)


def first_frame(project: Path) -> Figure:
    return against_empty_app(
        "first useful frame, by that of an empty Textual app",
        lambda: _until_frame(lambda: PtyConsole(project), FIRST_FLOW),
        lambda: _until_frame(lambda: PtyConsole(project, program=EMPTY_APP)),
    )


def first_frame_of_the_command(folder: Path) -> Figure:
    with temporary_project(folder) as project:
        shutil.copy(Path(__file__).parent.parent.parent / "flows" / "hello.py", project.root / "flows")
        project.ask("engine", "start")
        wait_until(lambda: "hello" in str(project.ask("flows")))
        environ = dict(project.environment)
        return against_empty_app(
            "the same of the command, with an engine that runs",
            lambda: _until_frame(lambda: PtyConsole(project.root, environ, program=COMMAND), "hello"),
            lambda: _until_frame(lambda: PtyConsole(project.root, environ, program=EMPTY_APP)),
        )


def against_empty_app(
    name: str, ours: Callable[[], float], empty: Callable[[], float], note: str = ""
) -> Figure:
    """Seconds of ours by those of an empty Textual app, in turn: the median of all pairs."""
    pairs = [(ours(), empty()) for _ in range(ROUNDS)]
    our, their = (median(times) for times in zip(*pairs, strict=True))
    ratio = median(one / other for one, other in pairs)
    note = f"{our:.3f} s against {their:.3f} s{note}"
    return Figure(name, ratio, "x", 1.3, their, ratio, note)


def _until_frame(start: Callable[[], PtyConsole], text: str = "") -> float:
    """Until a whole frame stands there, and this text in it."""
    begun = time.perf_counter()
    with start() as console:
        while LAST_LINE not in console.raw or text not in console.raw:
            console.read(1.0)
        return time.perf_counter() - begun


def idle(project: Path) -> Iterator[Figure]:
    with PtyConsole(project) as console:
        console.wait_for("etl_daily")
        console.wait_for_silence()
        cpu, written = _spent(console, 5.0)
    yield Figure("idle, CPU", cpu, "%", 1.0, None, None, "over 5 s, no run active")
    yield Figure("idle, written to the terminal", written, "B/s", 0.0, None, None, "the minute's tick apart")


def one_run(project: Path) -> Figure:
    with PtyConsole(project) as console:
        console.wait_for("running")
        console.wait_for_silence(0.3)
        cpu, written = _spent(console, 5.0)
    note = f"its time goes on once a second; {cpu:.1f} % CPU"
    return Figure("one active run, written to the terminal", written, "B/s", 1024.0, None, None, note)


def _spent(console: PtyConsole, seconds: float) -> tuple[float, float]:
    """Per cent of a core, and bytes a second."""
    cpu, before, end = console.cpu_seconds(), len(console.raw), time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        console.read(left)
    written = len(console.raw[before:].encode())
    return (console.cpu_seconds() - cpu) / seconds * 100, written / seconds


def make_large(folder: Path) -> Path:
    """A run of many mapped tasks with a long log."""
    with closing(Project(folder)) as project:
        project.flow("big")
        project.run(1, "big", "completed", took=600.0)
        tasks = (
            the_task(n, "work", at=60 + n * 0.02, map_id=1, map_index=n - 1) for n in range(1, TASKS + 1)
        )
        project.tasks(1, tasks)
        block = [
            said(f"rows to load {n} into the warehouse", task=n % TASKS, at=n * 0.001) for n in range(10_000)
        ]
        for _ in range(LINES // len(block)):
            path = project.log(1, *block)
    return path


def large_run(folder: Path, log: Path) -> Iterator[Figure]:
    lines, tasks, whole, index = [], [], [], []
    for _ in range(3):
        with PtyConsole(folder) as console:
            console.wait_for("big")
            console.wait_for_silence(0.3)
            begun = time.perf_counter()
            console.send("\r")
            lines.append(_until_shown(console, "rows to load 0", begun))
            tasks.append(_until_shown(console, f"work[{TASKS}]", begun))
            whole.append(_until_shown(console, f"{LINES:,} lines", begun))
        begun = time.perf_counter()
        file = LogFile(log)
        file.refresh()
        index.append(time.perf_counter() - begun)
        file.close()
    size = log.stat().st_size / 1e6
    yield Figure(
        f"first lines of a log of {LINES:,}",
        median(lines),
        "s",
        0.3,
        None,
        None,
        f"{size:.0f} MB, from the key press",
    )
    yield Figure(
        f"the same with {TASKS:,} task runs", median(tasks), "s", None, None, None, "while the log is indexed"
    )
    yield Figure(
        f"both, {LINES:,} lines to the last",
        median(whole),
        "s",
        None,
        None,
        None,
        "the keyboard is free meanwhile",
    )
    yield Figure(
        f"index of {LINES:,} lines alone", median(index), "s", None, None, None, "splitting lines limits it"
    )


def large_tree(folder: Path) -> Iterator[Figure]:
    """The same run without its log: opened, and gone through line by line with all of it unfolded."""
    opened, spent = [], []
    for _ in range(5):
        with PtyConsole(folder) as console:
            console.wait_for("big")
            console.wait_for_silence(0.3)
            begun = time.perf_counter()
            console.send("\r")
            opened.append(_until_shown(console, f"work[{TASKS}]", begun))
            console.send("jl")
            console.wait_for("work-1 ")
            console.wait_for_silence(0.3)
            before = console.cpu_seconds()
            for _ in range(KEYS):
                console.send("j")
                console.read(0.03)
            console.wait_for_silence(0.3)
            spent.append((console.cpu_seconds() - before) / KEYS * 1000)
    yield Figure(f"opening {TASKS:,} task runs", median(opened), "s", 0.3, None, None, "from the key press")
    yield Figure(
        f"a line further among {TASKS:,} rows", median(spent), "ms", 16.0, None, None, "CPU; a frame is 16 ms"
    )


def _until_shown(console: PtyConsole, text: str, begun: float) -> float:
    while text not in console.text:
        console.read(0.01)
    return time.perf_counter() - begun
