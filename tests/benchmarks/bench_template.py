"""How soon a run begins whose flow file is held ready, how many runs an engine gets through, and how soon a save is live."""

import importlib.util
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from tests.benchmarks.figure import Figure
from tests.engine.running import Running
from tests.engine.test_saves import EDITORS, TEXT
from tests.waiting import wait_until
from tui_flow import client
from tui_flow.contract.commands import RunFlow, Sync
from tui_flow.contract.rundir import run_dir
from tui_flow.contract.states import FlowRunState
from tui_flow.store import database, flows, runs

RUNS, BURST, MANY, SAVES = 25, 20, 1000, 5
FLOW = "import time{extra}\nfrom tui_flow import flow\n@flow\ndef first_line():\n    print(time.time())\n"
NOTHING = "from tui_flow import flow\n@flow\ndef nothing(): pass\n"


def figures() -> Iterator[Figure]:
    os.environ.pop(
        "PYTHONDONTWRITEBYTECODE", None
    )  # an installed package is not compiled anew at every start
    folder = Path(tempfile.mkdtemp())
    (folder / "project/flows").mkdir(parents=True)
    running = Running(folder / "project")
    try:
        running.serve("--stay", TUI_FLOW_MAX_CONCURRENT_RUNS="100")
        yield from _first_lines(running)
        yield from _many(running)
        yield from _saves(running)
    finally:
        running.stop()
        shutil.rmtree(folder)


def _first_lines(running: Running) -> Iterator[Figure]:
    ways = {"": ""} | ({"with pandas ": ", pandas"} if importlib.util.find_spec("pandas") else {})
    for name, extra in ways.items():
        running.write("first_line.py", FLOW.format(extra=extra))
        running.ask(Sync(files=True))
        times = [_first_line(running) for _ in range(RUNS)]
        note = f"from the command's arrival at the engine; the quickest {min(times):.1f} ms"
        yield Figure(f"template: {name}command to first line", median(times), "ms", 5.0, None, None, note)


def _first_line(running: Running) -> float:
    """Milliseconds from just before the command is sent."""
    time.sleep(0.2)  # a keeper is forked ahead some 40 ms after the run before
    asked = time.time()
    run_id = running.run("first_line")
    running.wait_for(run_id)
    log = (run_dir(running.state_dir, run_id) / "log").read_text()
    return 1000 * (float(log.split("stdout: ")[1].split()[0]) - asked)


def _many(running: Running) -> Iterator[Figure]:
    running.write("nothing.py", NOTHING)
    running.ask(Sync(files=True))
    burst = median(_finish(running, BURST) for _ in range(5))
    yield Figure(f"template: {BURST} runs at once, finished", burst, "s", 0.5, None, None, "in the history")
    seconds = _finish(running, MANY)
    note = f"{MANY / seconds:.0f} runs a second; the mark is 100"
    yield Figure(
        f"template: {MANY:,} runs of a flow that does nothing", seconds, "s", MANY / 100, None, None, note
    )


def _finish(running: Running, count: int) -> float:
    """Seconds from the first command until the history has the last run as completed."""
    db = database.open_reader(running.state_dir)
    before = runs.counts(db).get(FlowRunState.COMPLETED, 0)
    with client.connect(running.settings) as asker:
        began = time.perf_counter()
        for _ in range(count):
            asker.ask(RunFlow("nothing"))
        wait_until(lambda: runs.counts(db).get(FlowRunState.COMPLETED, 0) == before + count, timeout=90)
    seconds = time.perf_counter() - began
    db.close()
    return seconds


def _saves(running: Running) -> Iterator[Figure]:
    path = running.write("saved.py", TEXT.format(version="old"))
    running.ask(Sync(files=True))
    db = database.open_reader(running.state_dir)
    for editor in EDITORS:
        times = [_save(db, path, editor, str(number)) for number in range(SAVES)]
        name = editor.__name__
        yield Figure(
            f"save by {name}: live", median(times), "ms", 150.0, None, None, "described, ready to run"
        )
    db.close()


def _save(db: database.Connection, path: Path, editor: Callable[[Path, str], None], number: str) -> float:
    time.sleep(0.2)
    version = f"{editor.__name__} {number}"
    editor(path, TEXT.format(version=version))
    began = time.perf_counter()
    wait_until(lambda: version in [flow.description for flow in flows.list_flows(db)])
    return 1000 * (time.perf_counter() - began)
