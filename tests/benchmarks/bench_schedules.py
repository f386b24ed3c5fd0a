"""Schedules: how late they fire, what a thousand of them cost an engine that waits, and what a long history costs."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from tests.benchmarks.figure import Figure
from tests.benchmarks.long_history import fill
from tests.engine.house import House
from tests.engine.running import Running
from tests.store.rows import a_flow
from tests.waiting import wait_until
from tui_flow.contract.commands import GetStatus, Sync
from tui_flow.contract.schedules import Interval, Schedule, to_json
from tui_flow.store import database, schedules

SCHEDULES = 1_000
LATE_SECONDS = 30.0
IDLE_SECONDS = 10.0
LONG, SHORT = 1_000_000, 1_000
REPEATS = 5
QUIET = """
from tui_flow import flow
from tui_flow.schedules import Cron

@flow(schedules=[Cron(f"{n % 60} {n % 24} 29 2 *", timezone="Europe/Paris", slug=f"s{n}") for n in range(1000)])
def quiet(): ...
"""
BUSY = """
from tui_flow import flow
from tui_flow.schedules import Interval

@flow(schedules=[Interval(100.0 + 0.1 * n, slug=f"s{n}") for n in range(1000)])
def busy(): ...
"""


def figures() -> Iterator[Figure]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield from _idle(folder / "idle")
        yield from _lateness(folder / "late")
        yield from _history(folder)
    finally:
        shutil.rmtree(folder)


def _idle(project: Path) -> Iterator[Figure]:
    with _Engine(project, QUIET) as engine:
        pid = engine.pid()
        engine.hang_up()
        time.sleep(3.0)
        before = _cpu_seconds(pid)
        time.sleep(IDLE_SECONDS)
        share = (_cpu_seconds(pid) - before) / IDLE_SECONDS * 100
        memory = _rss_mib(pid)
    note = f"{SCHEDULES:,} cron schedules that wait"
    yield Figure("schedules: idle engine, share of a core", share, "%", 0.5, None, None, note)
    yield Figure("schedules: idle engine, memory", memory, "MiB", 80.0, None, None, note)


def _lateness(project: Path) -> Iterator[Figure]:
    with _Engine(project, BUSY) as engine:
        engine.ask(Sync(files=True))
        time.sleep(LATE_SECONDS)
        engine.ask(Sync())
        db = database.open_reader(engine.state_dir)
        found = [
            (one.decided_at - one.fire_at) * 1000
            for schedule in schedules.list_schedules(db)
            for one in schedules.list_fire_times(db, schedule.id)
        ]
        db.close()
    centiles = quantiles(found, n=100)
    note = f"{len(found)} fires of {SCHEDULES:,} schedules within {LATE_SECONDS:g} s, each with its run's process"
    yield Figure("schedules: a fire's lateness, median", median(found), "ms", 10.0, None, None, note)
    yield Figure("schedules: a fire's lateness, 99th percentile", centiles[98], "ms", 100.0, None, None, note)
    yield Figure("schedules: the earliest fire", min(found), "ms", None, None, None, "never before its time")


def _history(folder: Path) -> Iterator[Figure]:
    cost = {}
    for runs in (SHORT, LONG):
        project = folder / str(runs)
        (project / "flows").mkdir(parents=True)
        fill(project, runs)
        engine = Running(project)
        times = []
        for _ in range(3):
            began = time.perf_counter()
            engine.serve("--stay")
            assert engine.ask(GetStatus())["total"] == runs
            times.append(time.perf_counter() - began)
            engine.stop()
        cost[runs] = _fire(project)
        if runs == LONG:
            note = f"until it answers, over a history of {runs:,} runs"
            yield Figure("history of 1,000,000: the engine starts", median(times), "s", 1.0, None, None, note)
    yield Figure(
        "history of 1,000,000: a fire", cost[LONG], "ms", None, cost[SHORT], cost[LONG] / cost[SHORT],
        f"decided, in the history; plain: the same with {SHORT:,} runs",
    )  # fmt: skip


def _fire(project: Path) -> float:
    """Milliseconds for one fire time to become a run in the history: the median of several."""
    house = House(project, fake=True)
    house.describe(a_flow(schedules=[to_json(Schedule(Interval(60.0), "tick", overlap="allow"))]))
    house.scheduler.changed()
    house.scheduler.tick(house.clock.now)
    times = []
    for _ in range(REPEATS * 10):
        house.clock.now += 60.0
        began = time.perf_counter()
        house.scheduler.tick(house.clock.now)
        times.append(time.perf_counter() - began)
    house.crash()
    return median(times) * 1000


class _Engine(Running):
    """An engine of its own for one flow file."""

    def __init__(self, project: Path, text: str) -> None:
        project.mkdir()
        super().__init__(project)
        self.write("one.py", text)

    def __enter__(self) -> "_Engine":
        self.serve("--stay")
        self.ask(Sync(files=True))
        wait_until(lambda: self.ask(GetStatus())["flows"] == 1)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
