"""What the settings no longer keep goes, in small steps, and never what is needed."""

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest

from tests.benchmarks.bench_prune import waits_beside_a_pass
from tests.engine.house import House
from tests.store.histories import DONE, FAILED, OVER
from tests.store.rows import a_file, a_run, a_task
from tui_flow.contract import failpoints, rundir
from tui_flow.contract.changes import Snapshot
from tui_flow.engine import pruner
from tui_flow.engine.pruner import Pruner
from tui_flow.store import flows, retention, runs, tasks
from tui_flow.store.retention import DAY, MIB

NOW = 1_000 * DAY


def add(
    house: House, id: int, ended_at: float | None, size: int = 10, flow: str = "etl", **changes: Any
) -> Path:
    """A run with its directory, that ended then; None: it goes on."""
    over = {**OVER, "created_at": ended_at, "started_at": ended_at, "ended_at": ended_at}
    fields = over if ended_at is not None else {"created_at": 100.0}
    runs.insert_run(house.db, a_run(id, flow=flow, **{**fields, **changes}))
    directory = house.directory(id)
    directory.mkdir(mode=0o700)
    (directory / rundir.SPEC).write_text("{}")
    (directory / rundir.LOG).write_bytes(os.urandom(size))
    return directory


def pruning(house: House, **keep: float) -> Pruner:
    settings = house.settings.__class__(
        project=house.settings.project, **{"keep_days": 0, "keep_runs": 0, "keep_mb": 0, **keep}
    )
    house.clock.now = NOW
    return Pruner(settings, house.db, house.clock, house.bus, house.log)


def whole_pass(duty: Pruner) -> Counter[str]:
    """Every step of one pass; gives why runs went."""
    found: list[Counter[str]] = []
    duty.begin(found.append)
    due = NOW
    while not found:
        due = duty.tick(due)
    return found[0]


def left(house: House) -> list[int]:
    ids = sorted(runs.list_ids(house.db))
    assert sorted(rundir.run_ids(house.state_dir)) == ids
    return ids


def test_what_ended_too_long_ago_goes_with_its_tasks_and_its_directory(house: House) -> None:
    for id in range(1, 7):
        add(house, id, NOW - (10 - id) * DAY)
        tasks.insert_tasks(house.db, [a_task(n, run_id=id, **DONE) for n in range(1, 4)])
    assert whole_pass(pruning(house, keep_days=7)) == {"age": 2}
    assert left(house) == [3, 4, 5, 6]
    assert house.db.execute("SELECT count(*) FROM task_runs").fetchone() == (12,)


def test_the_newest_runs_of_each_flow_are_kept(house: House) -> None:
    for id in range(1, 21):
        add(house, id, NOW - 100 + id, flow="odd" if id % 2 else "even")
    assert whole_pass(pruning(house, keep_runs=3)) == {"count": 14}
    assert left(house) == [15, 16, 17, 18, 19, 20]


def test_the_oldest_go_until_the_rest_fits(house: House) -> None:
    for id in range(1, 6):
        add(house, id, NOW - 100 + id, size=MIB // 2 - 8192)
    assert whole_pass(pruning(house, keep_mb=1)) == {"size": 3}
    assert left(house) == [4, 5]


def test_what_goes_on_the_last_run_and_the_last_success_are_never_pruned(house: House) -> None:
    add(house, 1, 1.0)
    add(house, 2, 2.0)  # the last success of etl
    add(house, 3, 3.0, state=FAILED["state"], reason=FAILED["reason"])
    add(house, 4, None)  # still waits: the last run of etl
    add(house, 5, 5.0, flow="rare")
    assert whole_pass(pruning(house, keep_days=1, keep_runs=1, keep_mb=1)) == {"age": 2}
    assert left(house) == [2, 4, 5]


def test_zero_keeps_all(house: House) -> None:
    for id in range(1, 4):
        add(house, id, 1.0)
    assert whole_pass(pruning(house)) == {}
    assert left(house) == [1, 2, 3]


def test_a_run_whose_keeper_is_still_there_stays(house: House) -> None:
    directory = add(house, 1, 1.0)
    add(house, 2, 2.0)
    pid = os.fork()
    if pid == 0:
        rundir.take_lock(directory / rundir.LOCK)
        (directory / "held").touch()
        time.sleep(60)
    try:
        while not (directory / "held").exists():
            time.sleep(0.01)
        assert whole_pass(pruning(house, keep_days=1)) == {}
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    assert whole_pass(pruning(house, keep_days=1)) == {"age": 1}


def test_a_link_in_the_place_of_a_directory_is_not_followed(house: House, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    directory = add(house, 1, 1.0)
    add(house, 2, 2.0)
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()
    directory.symlink_to(precious)
    assert whole_pass(pruning(house, keep_days=1)) == {"age": 1}
    assert (precious / "file").exists()
    assert left(house) == [2]


def test_killed_between_directory_and_row_the_next_pass_finishes(make_house: Callable[..., House]) -> None:
    house = make_house()
    for id in range(1, 4):
        add(house, id, float(id))
    failpoints.arm("retention:1:raise")
    try:
        with pytest.raises(failpoints.FailpointReached):
            whole_pass(pruning(house, keep_days=1))
    finally:
        failpoints.arm(None)
    assert rundir.run_ids(house.state_dir) == [3]
    house.crash()
    house = make_house()
    house.tick()
    assert sorted(runs.list_ids(house.db)) == [1, 2, 3]
    whole_pass(pruning(house, keep_days=1))
    assert left(house) == [3]


def test_no_transaction_deletes_more_than_a_hundred_rows(house: House) -> None:
    for id in range(1, 40):
        add(house, id, float(id))
        tasks.insert_tasks(house.db, [a_task(n, run_id=id, **DONE) for n in range(1, 30)])
    add(house, 100, 50.0)
    deleted = list(retention.delete_runs(house.db, list(range(1, 40))))
    assert sum(deleted) == 39 * 30
    assert max(deleted) <= retention.BATCH_ROWS
    assert list(runs.list_ids(house.db)) == [100]


@pytest.mark.parametrize("count", [4_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_whoever_writes_meanwhile_waits_for_no_long_step(tmp_path: Path, count: int) -> None:
    """In processor time, which others on the machine do not lengthen; the benchmarks tell the time on the wall."""
    waits = waits_beside_a_pass(tmp_path / "project", count)
    assert len(waits) > 3
    assert quantiles([wait.cpu for wait in waits], n=100)[98] < 50


def test_a_source_goes_when_nobody_refers_to_it_and_nobody_used_it_lately(house: House) -> None:
    shas = [rundir.keep_source(house.state_dir, text) for text in (b"a", b"b", b"c", b"d")]
    flows.save_described(house.db, a_file(sha=shas[0]), [])
    add(house, 1, NOW - 5, source_sha=shas[1])
    for path in (house.state_dir / "sources").iterdir():
        os.utime(path, (1.0, 1.0))
    assert rundir.keep_source(house.state_dir, b"c") == shas[2]  # is about to be run again
    house.clock.now = time.time()
    duty = pruning(house)
    house.clock.now = time.time()
    whole_pass(duty)
    assert {path.stem for path in (house.state_dir / "sources").iterdir()} == set(shas[:3])


def test_a_pass_is_said_and_subscribers_read_anew(house: House) -> None:
    for id in range(1, 4):
        add(house, id, float(id))
    before = len(house.listener.changes)
    whole_pass(pruning(house, keep_days=1))
    assert [type(change) for change in house.listener.changes[before:]] == [Snapshot]
    assert "pruned 2 runs: 2 by age" in (house.state_dir / "engine.log").read_text()


def test_a_pass_begins_by_itself_and_then_every_hour(house: House) -> None:
    add(house, 1, 1.0)
    add(house, 2, 2.0)
    duty = pruning(house, keep_days=1)
    assert duty.tick(NOW) == NOW + pruner.FIRST_SECONDS
    assert len(left(house)) == 2
    due = duty.tick(NOW + pruner.FIRST_SECONDS)
    while due < NOW + 3_000:
        due = duty.tick(due)
    assert due >= NOW + pruner.PASS_SECONDS
    assert left(house) == [2]
