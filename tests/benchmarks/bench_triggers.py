"""Triggers: how soon they fire, what a thousand of them cost an engine that waits, and a thousand files at once."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from tests.benchmarks.bench_schedules import IDLE_SECONDS, _cpu_seconds, _Engine, _rss_mib
from tests.benchmarks.figure import Figure
from tests.waiting import wait_until
from tui_flow.contract.commands import EmitEvent, GetStatus, ListSchedules, Sync
from tui_flow.store import database, runs, schedules

EVENTS, FILES, BURST, REPEATS = 900, 100, 1_000, 30
MANY = f"""
from tui_flow import flow, on_event, on_file

waits = [on_event(f"event-{{n}}", slug=f"e{{n}}") for n in range({EVENTS})]
waits += [on_file(f"in/{{n}}/*.csv", slug=f"f{{n}}") for n in range({FILES})]

@flow(schedules=waits)
def waiting(): ...
"""
SOON = """
from tui_flow import flow, on_event

@flow(schedule=on_event("go"))
def soon(): ...
"""
LOAD = """
from tui_flow import flow, on_file

@flow(schedule=on_file("in/*.csv", into="path", stable="1s"))
def load(path: str): ...
"""


def figures() -> Iterator[Figure]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield from _idle(folder / "idle")
        yield from _soon(folder / "soon")
        yield from _burst(folder / "burst")
    finally:
        shutil.rmtree(folder)


def _idle(project: Path) -> Iterator[Figure]:
    with _Engine(project, MANY) as engine:
        pid = engine.pid()
        engine.hang_up()
        time.sleep(3.0)
        before = _cpu_seconds(pid)
        time.sleep(IDLE_SECONDS)
        share = (_cpu_seconds(pid) - before) / IDLE_SECONDS * 100
        memory = _rss_mib(pid)
    note = f"{EVENTS} triggers that wait for events, and {FILES} for files in folders of their own"
    yield Figure("triggers: idle engine, share of a core", share, "%", None, None, None, note)
    yield Figure("triggers: idle engine, memory", memory, "MiB", 80.0, None, None, note)


def _soon(project: Path) -> Iterator[Figure]:
    with _Engine(project, SOON) as engine:
        for number in range(REPEATS):
            engine.ask(EmitEvent("go"))
            wait_until(lambda: engine.ask(GetStatus())["total"] == number + 1)  # noqa: B023
        db = database.open_reader(engine.state_dir)
        (trigger,) = schedules.list_schedules(db)
        waits = [(one.decided_at - one.fire_at) * 1000 for one in schedules.list_fire_times(db, trigger.id)]
        db.close()
    note = "until its run is in the history"
    yield Figure("triggers: from an event to its run, median", median(waits), "ms", 10.0, None, None, note)


def _burst(project: Path) -> Iterator[Figure]:
    with _Engine(project, LOAD) as engine:
        (project / "in").mkdir()
        wait_until(lambda: "knows" in engine.ask(ListSchedules())["schedules"][0]["waits_for"])
        pid, waits = engine.pid(), [0.0]
        before = _rss_mib(pid)
        for number in range(BURST):
            (project / "in" / f"{number}.csv").touch()
        began, most = time.monotonic(), before

        def are_over() -> bool:
            nonlocal most
            asked = time.monotonic()
            engine.ask(GetStatus())
            waits.append((time.monotonic() - asked) * 1000)
            most = max(most, _rss_mib(pid))
            engine.ask(Sync())
            db = database.open_reader(engine.state_dir)
            ended = len(runs.list_runs(db, flow="load", limit=BURST, states={runs.FlowRunState.COMPLETED}))
            db.close()
            return ended == BURST

        wait_until(are_over, 300.0)
        seconds = time.monotonic() - began
    note = f"{BURST:,} files at once, each with its run's process"
    yield Figure("triggers: files at once, until their runs are over", seconds, "s", None, None, None, note)
    yield Figure(
        "triggers: files at once, an answer meanwhile, 95th percentile",
        quantiles(waits, n=20)[18],
        "ms",
        500.0,
        None,
        None,
        note,
    )
    yield Figure("triggers: files at once, more memory at most", most - before, "MiB", 30.0, None, None, note)
