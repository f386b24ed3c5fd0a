"""What a task run costs, with all of its events on disk, and what the author's two names cost to import."""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import redirect_stderr
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from tests.benchmarks.figure import Figure
from tui_flow import ProcessPoolTaskRunner, flow, task
from tui_flow.contract import journal, rundir
from tui_flow.contract.masking import Masker
from tui_flow.sdk.cache_policies import INPUTS

TASKS = 10_000
TASKS_IN_PROCESSES = 2_000
RUNS = 5
IMPORTS = 21


@task
def nothing(number: int) -> int:
    return number


@task(cache_policy=INPUTS)
def again(number: int) -> int:
    return number


def plain(number: int) -> int:
    return number


def figures() -> Iterator[Figure]:
    before = os.environ.get(rundir.ENV_PROJECT)
    with tempfile.TemporaryDirectory() as project, open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        os.environ[rundir.ENV_PROJECT] = project
        try:
            yield from _figures(Path(project))
        finally:
            os.environ.pop(rundir.ENV_PROJECT)
            if before:
                os.environ[rundir.ENV_PROJECT] = before


def _masking() -> Iterator[Figure]:
    """What it costs to look for secrets in a log line of 100 bytes."""
    line = b"2026-01-01T00:00:00.000000Z INFO     3.1 flow.load: 31402 rows to load from s3://bucket/data.csv now\n"
    for count in (0, 10):
        masker = Masker()
        for number in range(count):
            masker.learn(f"secret-number-{number}-of-them")
        micros = _micros(lambda masker=masker: [masker.mask(line) for _ in range(TASKS)] and None)
        yield Figure(f"a log line, {count} secrets known", micros, "µs", None, None, None, "beside its write")


def _figures(project: Path) -> Iterator[Figure]:
    two, three = (_micros(lambda lines=lines: _write_lines(project, lines)) for lines in (2, 3))
    pool, pool_bulk = _micros(_pool), _micros(_pool_in_bulk)
    call = _micros(_calls)
    direct = _micros(_in_flow(lambda: [nothing(n) for n in range(TASKS)]))
    yield from _masking()
    yield Figure("two JSON lines written", two, "µs", None, None, None, "the floor of a called task")
    yield Figure("a thread pool's submit and result", pool, "µs", None, None, None, "one after another")
    yield Figure("a thread pool's submit and result, in bulk", pool_bulk, "µs", None, None, None, "")
    note = "over the plain call; baseline: two JSON lines written"
    yield Figure("a called task", direct - call, "µs", 40.0, two, (direct - call) / two, note)
    note = "baseline: a thread pool's submit and result, and three JSON lines written"
    for name, floor, body in (
        ("a submitted task, one after another", pool + three, _submit_one_by_one),
        ("a submitted task, in bulk", pool_bulk + three, _submit_in_bulk),
        ("a mapped task", pool_bulk + three, _map),
    ):
        value = _micros(_in_flow(body))
        yield Figure(name, value, "µs", 80.0, floor, value / floor, note)
    with patch("tui_flow.sdk.script_run.CallBook", lambda *_: None):
        forgetful = _micros(_in_flow(lambda: [nothing(n) for n in range(TASKS)]))
    note = "a called task with its result kept, over one that nothing is kept of"
    yield Figure("a result kept for a rerun", direct - forgetful, "µs", 20.0, None, None, note)
    flow(lambda: again(1))()
    hit = _micros(_in_flow(lambda: [again(1) for _ in range(TASKS)]))
    yield Figure("a cache hit", hit, "µs", 150.0, None, None, "its record read, checked and told")
    yield Figure("100,000 task runs in a flow", _memory_mib(), "MiB", 300.0, None, None, "the run's peak")
    yield Figure("10,000 mapped tasks", value * TASKS / 1e6, "s", 1.5, None, None, "their events on disk")
    yield from _process_figures()
    bare = _import_ms("pass")
    api = _import_ms("from tui_flow import flow, task")
    yield Figure(
        "from tui_flow import flow, task", api - bare, "ms", 25.0, bare, None, "over `python -c pass`"
    )
    run = _import_ms("import tui_flow.sdk.flow_run")
    yield Figure("all that a run imports", run - bare, "ms", None, bare, None, "over `python -c pass`")


def _process_figures() -> Iterator[Figure]:
    """Tasks in two processes, beside the standard library's pool of them."""
    found: list[tuple[float, float]] = []

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=2))
    def mapped() -> None:
        first = _seconds(lambda: nothing.submit(1).result())
        nothing.map(range(4)).wait()
        found.append((first, _seconds(lambda: nothing.map(range(TASKS_IN_PROCESSES)).result())))

    for _ in range(3):
        mapped()
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        first_plain = _seconds(lambda: pool.submit(plain, 1).result())
        list(pool.map(plain, range(4)))
        bulk = _seconds(lambda: list(pool.map(plain, range(TASKS_IN_PROCESSES))))
    first, many = (median(times) for times in zip(*found, strict=True))
    bulk_each, each = 1e6 * bulk / TASKS_IN_PROCESSES, 1e6 * many / TASKS_IN_PROCESSES
    note = "baseline: the standard library's pool of processes"
    yield Figure(
        "a first task in a process", 1e3 * first, "ms", None, 1e3 * first_plain, first / first_plain, note
    )
    yield Figure("a task mapped over processes", each, "µs", None, bulk_each, each / bulk_each, note)


def _seconds(measure: Callable[[], object]) -> float:
    began = time.perf_counter()
    measure()
    return time.perf_counter() - began


def _micros(measure: Callable[[], object]) -> float:
    """Microseconds for each of TASKS, the median of several runs."""
    measure()
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        measure()
        times.append(time.perf_counter() - began)
    return 1e6 * median(times) / TASKS


def _in_flow(body: Callable[[], object]) -> Callable[[], object]:
    """The body in a flow run: what begins and ends the run counts for its part of the tasks."""
    return flow(name="benchmark")(lambda: [body(), None][1])


def _calls() -> None:
    for number in range(TASKS):
        plain(number)


def _submit_one_by_one() -> None:
    for number in range(TASKS):
        nothing.submit(number).result()


def _submit_in_bulk() -> None:
    for future in [nothing.submit(number) for number in range(TASKS)]:
        future.result()


def _map() -> None:
    nothing.map(range(TASKS)).result()


def _write_lines(project: Path, lines: int) -> None:
    """What a plain program would do to tell as much: a dictionary, as JSON, one write each."""
    finished = journal.TaskFinished(time.time(), 1, "completed", "Completed", "returned", "", None)
    fields: dict[str, Any] = {"event": "TaskFinished", **finished._asdict()}
    fd = os.open(project / "lines", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for _ in range(TASKS * lines):
        os.write(fd, json.dumps(fields).encode() + b"\n")
    os.close(fd)


def _pool() -> None:
    with ThreadPoolExecutor(32) as pool:
        for number in range(TASKS):
            pool.submit(plain, number).result()


def _pool_in_bulk() -> None:
    with ThreadPoolExecutor(32) as pool:
        for future in [pool.submit(plain, number) for number in range(TASKS)]:
            future.result()


def _import_ms(code: str) -> float:
    times = []
    for _ in range(IMPORTS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(time.perf_counter() - began)
    return 1000 * median(times)


_MANY = """
import resource, sys
from tui_flow import flow, task

@task
def give(number):
    return [number] * 10

@flow
def many():
    for number in range(100_000):
        give(number)

many()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _memory_mib() -> float:
    """The most that a process held which ran 100,000 task runs one after another."""
    done = subprocess.run(
        [sys.executable, "-c", _MANY], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return int(done.stdout) / (1024 * 1024 if sys.platform == "darwin" else 1024)
