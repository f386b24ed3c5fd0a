"""Without room on the disk no run is started, and it says so; with room again it goes on by itself."""

import errno
import sqlite3
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.house import House, until
from tests.engine.journals import append, lines, mapped
from tui_flow.contract.changes import RoomChanged
from tui_flow.contract.errors import HistoryFull, HistoryLocked
from tui_flow.contract.states import FlowRunState
from tui_flow.engine import room, troubles
from tui_flow.engine.room import MIB, Room
from tui_flow.engine.troubles import Troubles

Disk = namedtuple("Disk", "f_bavail f_frsize f_files f_favail")


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Says how much space there is from now on, in MiB."""
    found = [10_000]
    monkeypatch.setattr(room.os, "statvfs", lambda _: Disk(found[0], MIB, 1000, 1000))

    def say(mib: int) -> None:
        found[0] = mib

    return say


def room_of(house: House) -> Room:
    made = Room(house.settings, house.db, house.bus, house.log)
    house.dispatcher._may_start = made.may_start
    return made


def said(house: House) -> str:
    return (house.state_dir / "engine.log").read_text()


async def test_runs_wait_while_the_disk_is_nearly_full_and_start_by_themselves_after(
    house: House, free: Callable[[int], None]
) -> None:
    watch = room_of(house)
    free(63)
    watch.tick(house.clock.now)
    run_id = house.make_run()
    house.tick()
    assert house.starts(run_id) == 0
    assert house.state(run_id) is FlowRunState.PENDING
    assert "63 MiB free" in watch.reason
    assert house.bus.snapshot.no_room == watch.reason, "who comes now is to know it, too"
    free(70)  # not enough yet: it must not go to and fro
    assert watch.tick(house.clock.now + 5) == house.clock.now + 5 + room.LOOK_SECONDS
    assert not watch.may_start()
    free(81)
    watch.tick(house.clock.now + 10)
    assert watch.may_start() and house.bus.snapshot.no_room == ""
    await until(lambda: house.starts(run_id) == 1, house)
    changes = [change for change in house.listener.changes if isinstance(change, RoomChanged)]
    assert [bool(change.reason) for change in changes] == [True, False]
    assert "those in progress go on" in said(house)
    assert "there is room again" in said(house)
    await until(lambda: not house.ingest.active, house)


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "full"), OSError(errno.EDQUOT, "quota"), OSError(errno.EFBIG, "big"), HistoryFull("no")],
)  # fmt: skip
def test_a_failed_write_pauses_at_once_and_a_good_one_ends_it(
    house: House, free: Callable[[int], None], error: Exception
) -> None:
    watch = room_of(house)
    watch.note(ValueError("something else"))
    assert watch.may_start()
    watch.note(error)
    assert not watch.may_start()
    watch.tick(0.0)
    assert watch.may_start()
    assert not (house.state_dir / ".room").exists()


def test_a_history_that_may_not_grow_pauses_and_stays_whole(
    house: House, free: Callable[[int], None]
) -> None:
    """`max_page_count` stands for a disk that is full for SQLite alone."""
    watch = room_of(house)
    run_id = house.make_run()
    (pages,) = house.db.execute("PRAGMA page_count").fetchone()
    house.db.execute(f"PRAGMA max_page_count = {pages + 1}")
    append(house.directory(run_id), lines(mapped(2_000)))
    with pytest.raises(HistoryFull) as caught:
        house.ingest.read_all(house.ingest.active[run_id])
    watch.note(caught.value)
    assert not watch.may_start()
    assert house.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert house.state(run_id) is FlowRunState.PENDING
    house.db.execute("PRAGMA max_page_count = 1000000")
    watch.tick(house.clock.now)
    house.ingest.read_all(house.ingest.active[run_id])
    assert house.state(run_id) is FlowRunState.COMPLETED


def test_what_cannot_be_written_for_a_limit_on_files_is_a_full_disk(project: Path) -> None:
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from tests.store.rows import a_run; from tui_flow.store import database, runs\n"
        "from tui_flow.contract.errors import HistoryFull\n"
        "db = database.open_writer(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))\n"
        "count = 0\n"
        "try:\n"
        "    while count < 1000:\n"
        "        count += 1; runs.insert_run(db, a_run(count))\n"
        "except HistoryFull: pass\n"
        "else: sys.exit(9)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "assert db.execute('PRAGMA integrity_check').fetchone() == ('ok',)\n"
        "assert runs.count(db) == count - 1\n"
        "runs.insert_run(db, a_run(count))\n"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code, str(project)], cwd=root).returncode == 0


def test_a_locked_history_is_worth_a_word_after_five_seconds_and_never_stops_the_engine(house: House) -> None:
    """Sixty seconds of a foreign writer: what runs say waits in their journals, and comes when it lets go."""
    run_id = house.make_run()
    append(house.directory(run_id), lines(mapped(10)))
    watch = Troubles(room_of(house), house.log)
    foreign = sqlite3.connect(house.state_dir / "history.db", isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    longest = 0.0
    for second in range(60):
        began = time.monotonic()
        with pytest.raises(HistoryLocked) as caught:
            house.ingest.read_all(house.ingest.active[run_id])
        longest = max(longest, time.monotonic() - began)
        watch.note("Ingest", caught.value, house.clock.now + second)
        assert ("holds the history locked" in said(house)) == (second >= troubles.LOCKED_SECONDS)
        assert house.run(run_id).state is FlowRunState.PENDING  # whoever reads is answered all the same
    assert longest < 0.5
    assert said(house).count("holds the history locked") == 1
    foreign.execute("ROLLBACK")
    foreign.close()
    house.ingest.read_all(house.ingest.active[run_id])
    watch.forget("Ingest")
    assert "goes on" in said(house)
    assert house.state(run_id) is FlowRunState.COMPLETED


_IN_A_SMALL_ROOM = """
set -e
mount -t tmpfs -o size=4m none "$1"
echo mounted
exec "${@:2}"
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> list[str]:
    """How to start a command that finds a file system of 4 MiB at `tmp_path/disk`; skips where that is not allowed."""
    (tmp_path / "disk").mkdir()
    start = ["unshare", "-rm", "bash", "-c", _IN_A_SMALL_ROOM, "room", str(tmp_path / "disk")]
    try:
        done = subprocess.run([*start, "true"], capture_output=True, text=True, timeout=10)
    except OSError:
        pytest.skip("no unshare here")
    if done.stdout != "mounted\n":
        pytest.skip(f"no name spaces here: {done.stderr}")
    return start


def test_a_real_disk_that_fills_up_pauses_and_heals_and_loses_nothing(
    small_disk: list[str], tmp_path: Path
) -> None:
    command = [
        *small_disk,
        sys.executable,
        "-m",
        "tests.engine.full_disk",
        str(tmp_path / "disk" / "project"),
    ]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "healed" in done.stdout
