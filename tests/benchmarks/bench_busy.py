"""The console while much happens: what it writes, what it costs, and how soon it answers a key; and a long history."""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles

from tests.benchmarks.bench_console import EMPTY_APP, FIRST_FLOW, LAST_LINE, against_empty_app, make_large
from tests.benchmarks.figure import Figure
from tests.tui.project import Project, said, seed_etl, the_task
from tests.tui.pty_console import PROGRAM, PtyConsole
from tui_flow.contract.rundir import LOG, STATE_DIR, run_dir
from tui_flow.contract.states import TaskRunState
from tui_flow.store import database
from tui_flow.store.log_search import LogQuery, LogScan, Needle

LINES_A_SECOND, TASKS_A_SECOND = 200, 50
TASKS = 2_000
SECONDS = 8.0
RUNS = 1_000_000
KEYS = "tjktjtkt"
"""Keys that change something that can be seen: the time column, and the line under the cursor."""
BUSY_PROGRAM = PROGRAM.replace(
    "{engine}",
    """
import asyncio
from tui_flow.contract import changes
class Engine:
    async def ask(self, command): return {}
    async def close(self): pass
    async def changes(self):
        yield 1, changes.Snapshot(1, 0.0)
        seq = 1
        while True:
            await asyncio.sleep(0.02)
            seq += 1
            yield seq, changes.TasksChanged(900)
async def connect(settings, *, start):
    return Engine()
""",
)


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        yield from busy(Path(folder) / "busy")
        yield memory(Path(folder) / "large")
        yield from search(Path(folder) / "large")
        yield long_history(Path(folder) / "long")


class Busy:
    """A run that goes on: log lines and task runs, in threads of this process."""

    def __init__(self, folder: Path) -> None:
        self._project = Project(folder)
        self._project.flow("ingest")
        self._project.run(900, "ingest", "running", started_at=time.time())
        self._project.tasks(900, (self._task(n, "pending") for n in range(1, TASKS + 1)))
        self._project.log(900, said("it begins", at=0.0))
        self._over = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._say, self._change)]

    def _task(self, n: int, state: str, revision: int = 1) -> object:
        return the_task(n, "load", state, at=900 * 60.0, revision=revision)

    def __enter__(self) -> "Busy":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._project.close()

    def _say(self) -> None:
        n, begun = 0, time.monotonic()
        while not self._over.wait(0.05):
            until = int((time.monotonic() - begun) * LINES_A_SECOND)
            self._project.log(
                900, *(said(f"row {k} went into the warehouse", task=1) for k in range(n, until))
            )
            n = until

    def _change(self) -> None:
        db = database.open_writer(self._project.settings.state_dir)
        n = 0
        while not self._over.wait(1 / TASKS_A_SECOND):
            n += 1
            state = TaskRunState.RUNNING if n <= TASKS else TaskRunState.RETRYING
            db.execute(
                "UPDATE task_runs SET state = ?, started_at = ?, tries = 1, revision = ? WHERE run_id = 900 AND id = ?",
                (state, time.time(), 10 + n, n % TASKS + 1),
            )
        db.close()


def busy(folder: Path) -> Iterator[Figure]:
    with Busy(folder), PtyConsole(folder, program=BUSY_PROGRAM) as console:
        console.wait_for("ingest")
        console.send("\r")
        console.wait_for("f on")
        console.wait_for("row ")
        cpu, before, end = console.cpu_seconds(), len(console.raw), time.monotonic() + SECONDS
        while (left := end - time.monotonic()) > 0:
            console.read(left)
        written = len(console.raw[before:].encode()) / SECONDS / 1024
        share = (console.cpu_seconds() - cpu) / SECONDS * 100
        waits = [_answer(console, key) * 1000 for key in KEYS * 8]
    note = f"{LINES_A_SECOND} log lines and {TASKS_A_SECOND} task changes a second, followed at 80x24"
    yield Figure("following a busy run, written to the terminal", written, "KiB/s", 40.0, None, None, note)
    yield Figure("following a busy run, CPU", share, "%", 15.0, None, None, note)
    p95 = quantiles(waits, n=20)[-1]
    yield Figure(
        "a key's answer meanwhile, 95th percentile",
        p95,
        "ms",
        50.0,
        None,
        None,
        f"median {median(waits):.1f} ms",
    )


def _answer(console: PtyConsole, key: str) -> float:
    """Seconds until the screen shows what a key did."""
    shown = _state(console.text)
    begun = time.perf_counter()
    console.send(key)
    while _state(console.text) == shown and time.perf_counter() - begun < 2.0:
        console.read(0.005)
    taken = time.perf_counter() - begun
    console.read(0.05)
    return taken


def _state(text: str) -> tuple[str, str]:
    """What the keys change: the name of the time column, and the row of the tree under the cursor."""
    mode = next((word for word in ("t clock", "t delta", "t date", "t off") if word in text), "")
    row = next((line.split("│")[0:2][-1][:20] for line in text.splitlines() if line.startswith("│>")), "")
    return mode, row


def memory(folder: Path) -> Figure:
    make_large(folder)
    with PtyConsole(folder) as console:
        console.wait_for("big")
        console.send("\r")
        console.wait_for("1,000,000 lines", timeout=60)
        console.wait_for_silence()
        pages = int(Path(f"/proc/{console.pid}/statm").read_text().split()[1])
    note = "with 20,000 task runs and a log of 1,000,000 lines open"
    return Figure("memory of the console", pages * 4096 / 2**20, "MiB", 120.0, None, None, note)


def search(folder: Path) -> Iterator[Figure]:
    """A log of a million lines, looked through for something that is not in it: processor time."""
    log = run_dir(folder / STATE_DIR, 1) / LOG
    size = f"{log.stat().st_size / 1e6:.0f} MB"
    for name, needle in (
        ("a word", Needle("refused")),
        ("a regular expression", Needle(r"timeout|refused", True)),
    ):
        taken = []
        for _ in range(3):
            begun = time.process_time()
            assert list(LogScan(LogQuery((needle,))).hits(log)) == []
            taken.append(time.process_time() - begun)
        yield Figure(f"search of 1,000,000 lines for {name}", median(taken), "s", None, None, None, size)


def long_history(folder: Path) -> Figure:
    """The first useful frame over a million runs, by that of an empty Textual app."""
    with closing(Project(folder)) as project:
        seed_etl(project)
        project.set_run(501, "completed")
        project.db.execute("BEGIN")
        columns = [row[1] for row in project.db.execute("PRAGMA table_info(flow_runs)") if row[1] != "id"]
        names = ", ".join(columns)
        project.db.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < {RUNS}) "
            f"INSERT INTO flow_runs (id, {names}) SELECT i, {names} FROM n, flow_runs WHERE flow_runs.id = 811"
        )
        project.db.execute("COMMIT")
    return against_empty_app(
        "first useful frame over a long history, by an empty app's",
        lambda: _cpu_until_frame(PtyConsole(folder), FIRST_FLOW),
        lambda: _cpu_until_frame(PtyConsole(folder, program=EMPTY_APP)),
        f" of processor time; {RUNS:,} runs in the history",
    )


def _cpu_until_frame(started: PtyConsole, text: str = "") -> float:
    """Processor time until a whole frame stands there, and this text in it; no other process on the machine changes that."""
    with started as console:
        while LAST_LINE not in console.raw or text not in console.raw:
            console.read(1.0)
        return console.cpu_seconds()
