"""python -m tests.engine.full_disk PROJECT: fills the small disk that the project lies on, under a real engine.

One run is in progress when it fills up, another is asked for meanwhile; both must complete once there is room.
"""

import os
import sqlite3
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow import client
from tui_flow.contract.commands import GetStatus, RunFlow
from tui_flow.contract.errors import EngineError, HistoryFull

FLOW = """
    import time
    from pathlib import Path
    from tui_flow import flow, task

    @task
    def step(n: int) -> int:
        return n

    @flow
    def steady():
        Path("started").touch()
        while not Path("go").exists():
            time.sleep(0.02)
        return sum(step(n) for n in range(20))
"""


def main(project: Path) -> None:
    (project / "flows").mkdir(parents=True)
    os.environ["TUI_FLOW_MIN_FREE_MB"] = "1"
    engine = Running(project)
    engine.write("steady.py", FLOW)
    first = engine.run("steady")
    wait_until((project / "started").exists)
    filler = project.parent / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))

    began = time.monotonic()
    wait_until(lambda: engine.ask(GetStatus())["paused"])
    paused = time.monotonic() - began
    second = None
    with client.connect(engine.settings) as connection, suppress(EngineError, HistoryFull):
        second = connection.ask(RunFlow("steady"))["run_id"]
    (project / "go").touch()  # an empty file takes no room: the first run wants to end now

    filler.unlink()
    began = time.monotonic()
    wait_until(lambda: not engine.ask(GetStatus())["paused"], timeout=10)
    healed = time.monotonic() - began
    assert engine.wait_for(first).state == "completed"
    assert engine.wait_for(second or engine.run("steady")).state == "completed"
    engine.stop()
    db = sqlite3.connect(project / ".tui_flow" / "history.db")
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    print(f"paused after {paused:.1f} s, healed after {healed:.1f} s, second run {second}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
