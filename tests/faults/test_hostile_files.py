"""Twenty-five flow files that do their worst: each is shown for what it is, and nothing else notices."""

import os
import time
from contextlib import closing
from pathlib import Path

from tests.engine.running import Running
from tests.faults.hostile_files import FLOW, HOSTILE, ODD_ENTRIES
from tests.waiting import wait_until
from tui_flow.contract.commands import GetStatus, Sync
from tui_flow.store import database, flows
from tui_flow.store.records import FlowFile

LAG_SECONDS = 0.25
"""Within which the engine answers, whatever it is describing. Its own part is under 50 ms; two cores are shared."""


def write_all(folder: Path) -> None:
    for name, hostile in HOSTILE.items():
        (folder / name).write_bytes(hostile.text)
    (folder / "loop.py").symlink_to("loop.py")
    (folder / "dangling.py").symlink_to("nowhere.py")
    os.mkfifo(folder / "fifo.py")
    (folder / "folder.py").mkdir()
    (folder / "unreadable.py").write_bytes(b"x = 1\n")
    (folder / "unreadable.py").chmod(0)


def described(engine: Running) -> dict[str, FlowFile]:
    with closing(database.open_reader(engine.state_dir)) as db:
        return {Path(file.path).name: file for file in flows.list_flow_files(db)}


def lags(engine: Running) -> list[float]:
    """How long the engine takes to answer, again and again until all files are described (seconds)."""
    found: list[float] = []

    def all_described() -> bool:
        began = time.monotonic()
        engine.ask(GetStatus())
        found.append(time.monotonic() - began)
        return HOSTILE.keys() <= described(engine).keys()

    wait_until(all_described, 60)
    return found


def test_every_hostile_file_hurts_only_itself(engine: Running) -> None:
    engine.write("good.py", FLOW.replace(b"{name}", b"good").decode())
    engine.serve("--stay", TUI_FLOW_IMPORT_TIMEOUT_SECONDS="1")
    assert engine.wait_for(engine.run("good")).state == "completed"
    write_all(engine.project / "flows")
    waits = lags(engine)
    assert engine.wait_for(engine.run("good")).state == "completed"
    engine.ask(Sync(files=True))
    found = described(engine)
    for name, hostile in HOSTILE.items():
        error = found[name].error
        assert (error is None) == (hostile.says is None), (name, error)
        assert hostile.says is None or hostile.says in (error or ""), (name, error)
    readable_by_root = {"unreadable.py"} if os.geteuid() == 0 else set()
    assert not (found.keys() & (set(ODD_ENTRIES) - {"unreadable.py"}))
    assert readable_by_root <= {name for name, file in found.items() if file.state == "ok"}
    assert sorted(waits)[int(len(waits) * 0.99)] < LAG_SECONDS


def test_a_file_that_is_deleted_in_flight_is_forgotten(engine: Running) -> None:
    engine.serve("--stay", TUI_FLOW_IMPORT_TIMEOUT_SECONDS="1")
    path = engine.write("gone.py", "import pathlib\npathlib.Path(__file__).unlink()\n")
    wait_until(lambda: not path.exists())
    engine.ask(Sync(files=True))
    wait_until(lambda: "gone.py" not in described(engine))
