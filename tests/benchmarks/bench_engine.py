"""The engine: how fast it takes in a journal, how soon it is there, what it costs when nothing happens, and how long
a command takes to become a completed run in the history."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.benchmarks.figure import Figure
from tests.engine.journals import append, lines, make_run, mapped
from tests.engine.running import Running
from tui_flow.contract import rundir
from tui_flow.contract.changes import RunChanged, Snapshot
from tui_flow.contract.commands import GetStatus, RunFlow, Subscribe, Sync
from tui_flow.engine.arrivals import Arrivals
from tui_flow.engine.bus import Bus
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.ingest import Ingest
from tui_flow.store import database

TASKS = 10_000
REPEATS = 5
IDLE_SECONDS = 10.0
HELLO = Path(__file__).parents[2] / "flows" / "hello.py"


def figures() -> Iterator[Figure]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield from _ingest(folder)
        yield from _life(folder / "project")
    finally:
        shutil.rmtree(folder)


def _ingest(folder: Path) -> Iterator[Figure]:
    data = lines(mapped(TASKS))
    events = data.count(b"\n")
    times = [_ingest_once(folder / str(number), data) for number in range(REPEATS)]
    cost = median(whole for whole, _ in times) / events * 1e6
    plain = (
        median(_plain_once(folder / f"plain{number}.db", data) for number in range(REPEATS)) / events * 1e6
    )
    note = (
        f"{1e6 / cost:,.0f} events/s, of the {events:,} of {TASKS:,} mapped tasks; "
        "plain: json.loads and executemany, a row an event"
    )
    yield Figure("ingest: an event", cost, "µs", 20.0, plain, cost / plain, note)
    step = median(longest for _, longest in times) * 1000
    yield Figure(
        "ingest: longest step", step, "ms", None, None, None, "the engine does nothing else meanwhile"
    )


def _ingest_once(project: Path, data: bytes) -> tuple[float, float]:
    """Seconds in all, and of the longest step."""
    project.mkdir()
    state_dir = rundir.open_state_dir(project)
    run_id, directory = make_run(state_dir)
    append(directory, data)
    db, log = database.open_writer(state_dir), EngineLog(state_dir)
    ingest = Ingest(db, state_dir, Bus(Snapshot(1, 0.0)), log)
    Arrivals(db, state_dir, ingest, log).look(0.0)
    active, longest, started = ingest.active[run_id], 0.0, time.perf_counter()
    while True:
        step = time.perf_counter()
        if not ingest.read(active):
            break
        longest = max(longest, time.perf_counter() - step)
    whole = time.perf_counter() - started
    log.close()
    db.close()
    return whole, longest


def _plain_once(path: Path, data: bytes) -> float:
    """What one would write instead: every line parsed, every event a row."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE events (event TEXT, at REAL, id INTEGER, state TEXT)")
    started = time.perf_counter()
    found = map(json.loads, data.splitlines())
    rows = ((event["event"], event["at"], event.get("id"), event.get("state")) for event in found)
    with db:
        db.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", rows)
    seconds = time.perf_counter() - started
    db.close()
    return seconds


def _life(project: Path) -> Iterator[Figure]:
    (project / "flows").mkdir(parents=True)
    running = Running(project)
    starts = [_start(running) for _ in range(REPEATS)]
    floor = median(_pass() for _ in range(REPEATS))
    started = median(starts) * 1000
    yield Figure(
        "engine: spawn to first answer", started, "ms", 400.0, floor, started / floor, "python -c pass"
    )
    try:
        engine = running.serve("--stay")
        shutil.copy(HELLO, project / "flows")
        running.ask(Sync(files=True))
        answer, whole = map(median, zip(*(_hello(running) for _ in range(REPEATS * 2)), strict=True))
        yield Figure(
            "RunFlow: asked to acknowledged", answer, "ms", None, None, None, "the run is durable then"
        )
        yield Figure("RunFlow: asked to completed in the history", whole, "ms", 500.0, None, None, "hello")
        running.hang_up()
        cpu = _cpu_percent(engine.pid, IDLE_SECONDS)
        yield Figure(
            "engine: idle CPU", cpu, "%", 1.0, None, None, f"over {IDLE_SECONDS:g} s, watching flows/"
        )
        yield Figure("engine: RSS", _rss_mib(engine.pid), "MiB", None, None, None, "after some runs")
    finally:
        running.stop()


def _start(running: Running) -> float:
    started = time.perf_counter()
    running.ask(GetStatus())
    seconds = time.perf_counter() - started
    running.stop()
    return seconds


def _pass() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return (time.perf_counter() - started) * 1000


def _hello(running: Running) -> tuple[float, float]:
    """Milliseconds until the run is acknowledged, and until it is told as completed."""
    from tui_flow import client

    with client.connect(running.settings) as connection:
        connection.ask(Subscribe())
        started = time.perf_counter()
        run_id = connection.ask(RunFlow("hello"))["run_id"]
        answered = time.perf_counter()
        for _, change in connection.changes(timeout=30):
            if isinstance(change, RunChanged) and change.run_id == run_id and change.state == "completed":
                return (answered - started) * 1000, (time.perf_counter() - started) * 1000
    raise AssertionError("hello did not complete")


def _cpu_percent(pid: int, seconds: float) -> float:
    before = _cpu_seconds(pid)
    time.sleep(seconds)
    return (_cpu_seconds(pid) - before) / seconds * 100


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
