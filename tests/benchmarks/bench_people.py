"""What waits for others: a slot of a limit, a run that another one asks for, and an answer to a paused run."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.benchmarks.figure import Figure
from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow.contract import limits, rundir
from tui_flow.contract.commands import AnswerRun, RunServed, WaitRun
from tui_flow.contract.limits import Hold, Limit
from tui_flow.sdk.pausing import LOOK_SECONDS

SLOTS, TURNS, TIMES = 50, 500, 21
FLOWS = """
    from tui_flow import flow, pause_flow_run

    @flow
    def nothing(): ...

    @flow
    def asks(): pause_flow_run()

    if __name__ == "__main__":
        nothing.serve(name="x", print_starting_message=False)
"""


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        yield _slot(Path(folder))
        yield from _runs(Path(folder) / "project")


def _slot(folder: Path) -> Figure:
    limit = Limit("db", SLOTS)
    limits.save(folder, limit)
    times, plain = [], []
    for _ in range(TURNS):
        began = time.perf_counter()
        hold = limits.acquire(folder, [limit], 1, "a benchmark", keeps=True)
        assert isinstance(hold, Hold)
        hold.release()
        times.append((time.perf_counter() - began) * 1e6)
        began = time.perf_counter()
        fd = rundir.take_lock(folder / "plain")
        assert fd is not None
        os.close(fd)
        plain.append((time.perf_counter() - began) * 1e6)
    value, floor = median(times), median(plain)
    return Figure(
        "a slot of a limit, taken and given back",
        value,
        "µs",
        200.0,
        floor,
        value / floor,
        "plain: one record lock",
    )


def _runs(project: Path) -> Iterator[Figure]:
    project.mkdir()
    engine = Running(project)
    path = engine.write("people.py", FLOWS)
    script = subprocess.Popen(
        [sys.executable, str(path)], cwd=project, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        wait_until((project / rundir.STATE_DIR / rundir.ENGINE_SOCKET).exists)
        wait_until(lambda: _is_served(engine))
        asked = [_seconds(lambda: _run(engine)) for _ in range(TIMES)]
        yield Figure(
            "a served flow that does nothing, from the request to its end", median(asked) * 1000, "ms", 100.0,
            None, None, "what run_deployment waits for",
        )  # fmt: skip
        answered = [_answer(engine) for _ in range(TIMES)]
        note = f"a paused run looks {1 / LOOK_SECONDS:.0f} times a second"
        yield Figure(
            "an answer, until the run has taken it", median(answered) * 1000, "ms", 150.0, None, None, note
        )
    finally:
        script.terminate()
        script.wait(10)
        engine.stop()


def _is_served(engine: Running) -> bool:
    try:
        _run(engine)
    except Exception:
        return False
    return True


def _run(engine: Running) -> None:
    run_id = engine.ask(RunServed("nothing", "x"))["run_id"]
    engine.ask(WaitRun(run_id, 10.0))


def _answer(engine: Running) -> float:
    run_id = engine.run("asks")
    engine.wait_for(run_id, "paused")
    return _seconds(lambda: engine.ask(AnswerRun(run_id)))


def _seconds(work: object) -> float:
    assert callable(work)
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
