"""A keeper for tests that are about the engine: it keeps to the contract, and does what the run's parameters say.

tasks   how many task runs it reports
until   a file to wait for, before it ends
end     "completed" (default), "vanish" (no last word), "late" (no word at all), "fail" (exit code 3 at once)
"""

import os
import signal
import sys
import time
from pathlib import Path

from tui_flow.contract import journal, rundir


def main(directory: Path) -> int:
    spec = rundir.read_spec(directory)
    assert spec is not None
    end = spec.parameters.get("end", "completed")
    if end == "fail":
        return 3
    if rundir.take_lock(directory / rundir.LOCK) is None:
        return 0
    path = directory / rundir.JOURNAL
    if path.exists() and b"RunStarted" in path.read_bytes():
        return 0
    cancelled = (directory / rundir.CANCEL).exists()

    def cancel(*_: object) -> None:
        nonlocal cancelled
        cancelled = True

    signal.signal(signal.SIGTERM, cancel)
    with (directory / "starts").open("a") as starts:
        starts.write("once\n")
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(event: journal.Event) -> None:
        os.write(fd, journal.encode(event))

    now = time.time
    write(journal.RunStarted(now(), spec.attempt, os.getpid(), os.getpid(), "here", "3"))
    write(journal.FlowStarted(now(), spec.flow, "fake", 1, "", spec.parameters, []))
    for id in range(1, spec.parameters.get("tasks", 0) + 1):
        write(
            journal.TaskCreated(now(), id, 0, "task", "load", f"load-{id}", "running", None, None, [], [], 1)
        )
        if id % 2:
            write(journal.TaskFinished(now(), id, "completed", "Completed", "returned", "", None))
    until = spec.parameters.get("until")
    while until and not cancelled and not Path(until).exists():
        time.sleep(0.01)
    if cancelled:
        write(journal.RunCancelling(now(), "signal SIGTERM"))
        write(journal.RunEnded(now(), "cancelled", "cancelled", "", None, None))
    elif end == "completed":
        write(journal.FlowFinished(now(), "completed", "Completed", "returned", "", None))
        write(journal.RunEnded(now(), "completed", "returned", "", 0, None))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
