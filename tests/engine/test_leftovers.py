"""What no row tells of: results of runs that are gone, and directories of runs that never were."""

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.engine.house import House
from tests.engine.test_pruner import NOW, add, pruning, whole_pass
from tui_flow.contract import calls, rundir
from tui_flow.engine import leftovers
from tui_flow.sdk import result_files
from tui_flow.store.retention import DAY


def age(path: Path, days: float) -> None:
    os.utime(path, (NOW - days * DAY,) * 2)


def stored(house: House, text: str, *, days: float) -> Path:
    """A big result, last used so long ago."""
    path = result_files.place(
        house.settings.project, result_files.store(house.settings.project, text.encode())
    )
    age(path, days)
    return path


def refer(directory: Path, *results: Path) -> None:
    """The run has calls that gave these results."""
    entries = [
        calls.Call(f"load[{n}]", "load", n, 1, "completed", "a", "", "c", "json", result.name)
        for n, result in enumerate(results)
    ]
    (directory / rundir.CALLS).write_bytes(b"".join(map(calls.encode, entries)))


def test_results_go_with_the_last_run_that_refers_to_them(house: House) -> None:
    ours, shared, fresh, nobodys = (
        stored(house, text, days=days) for text, days in (("a", 9), ("b", 9), ("c", 0.5), ("d", 9))
    )
    refer(add(house, 1, NOW - 9 * DAY), ours, shared)
    refer(add(house, 2, NOW - 5 * DAY), shared)
    add(house, 3, NOW - DAY)
    whole_pass(pruning(house))
    assert [path.exists() for path in (ours, shared, fresh, nobodys)] == [True, True, True, False]
    whole_pass(pruning(house, keep_days=7))  # run 1 goes
    assert [path.exists() for path in (ours, shared, fresh)] == [False, True, True]


def test_only_the_oldest_runs_are_asked_and_what_is_younger_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "OLDEST_RUNS", 2)
    results = [stored(house, str(n), days=20 - n) for n in range(10)]
    for n, result in enumerate(results, 1):
        refer(add(house, n, NOW - (21 - n) * DAY), result)
    unused = [stored(house, f"unused {days}", days=days) for days in (19.5, 12)]
    asked = []
    refs = leftovers._refs
    monkeypatch.setattr(leftovers, "_refs", lambda directory: asked.append(directory.name) or refs(directory))
    whole_pass(pruning(house))
    assert asked == ["1", "2"]
    assert all(path.exists() for path in results)
    assert [path.exists() for path in unused] == [False, True], (
        "one that is younger than run 3 may be used by it"
    )


def test_a_result_that_is_stored_again_counts_as_used_now(house: House) -> None:
    path = stored(house, "again", days=50)
    assert result_files.store(house.settings.project, b"again") == hashlib.sha256(b"again").hexdigest()
    assert path.stat().st_mtime > NOW - 50 * DAY


def record(house: House, name: str, expires: float | None) -> Path:
    """A stored result that expires so many days from now."""
    at = None if expires is None else datetime.fromtimestamp(NOW + expires * DAY, UTC).isoformat()
    path = house.state_dir / rundir.RESULTS / name
    path.parent.mkdir(exist_ok=True)
    told = {"storage_key": name, "expiration": at, "serializer": {"type": "json"}, "prefect_version": "3"}
    path.write_text(json.dumps({"metadata": told, "result": "1"}))
    age(path, 100)
    return path


def test_stored_results_go_when_they_have_expired_and_never_before(house: House) -> None:
    found = {
        name: record(house, name, days) for name, days in (("a", -2), ("b", -0.5), ("c", 2), ("d", None))
    }
    (house.state_dir / rundir.RESULTS / "mine.txt").write_text("the author's own")
    whole_pass(pruning(house, keep_days=1))
    assert {name for name, path in found.items() if path.exists()} == {"b", "c", "d"}
    assert (house.state_dir / rundir.RESULTS / "mine.txt").exists()


def test_the_records_that_a_flow_stores_are_the_ones_that_are_understood(house: House) -> None:
    """Held to the code that writes them."""
    from datetime import timedelta

    from tui_flow.sdk.filesystems import LocalFileSystem
    from tui_flow.sdk.results import ResultStore

    folder = house.state_dir / rundir.RESULTS
    store = ResultStore(result_storage=LocalFileSystem(basepath=folder))
    store.write(1, "gone", datetime.fromtimestamp(NOW, UTC) - timedelta(days=3))
    store.write(2, "kept", datetime.fromtimestamp(NOW, UTC) + timedelta(days=3))
    store.write(3, "always")
    whole_pass(pruning(house))
    assert sorted(path.name for path in folder.iterdir()) == ["always", "kept"]


def test_directories_of_runs_that_never_were_go_after_a_day(house: House) -> None:
    def directory(days: float, *files: str) -> Path:
        _, made = rundir.make_run_dir(house.state_dir)
        for name in files:
            (made / name).write_text("")
        age(made, days)
        return made

    gone = [directory(2), directory(2, "log", "lock")]
    kept = [directory(0.5), directory(2, rundir.SPEC), directory(2, rundir.JOURNAL)]
    of_a_row = add(house, 50, None)
    (of_a_row / rundir.SPEC).unlink()
    age(of_a_row, 2)
    whole_pass(pruning(house))
    assert [path.exists() for path in gone] == [False, False]
    assert [path.exists() for path in (*kept, of_a_row)] == [True] * 4


def test_secrets_for_an_attempt_that_never_began_go_and_those_of_a_run_stay(house: House) -> None:
    over, waiting = add(house, 1, NOW), add(house, 2, None)
    for directory in (over, waiting):
        rundir.put_secrets_away(
            directory, {"properties": {"token": {"writeOnly": True}}}, {"token": "hidden-1"}
        )
    whole_pass(pruning(house))
    assert [(directory / rundir.GIVEN).exists() for directory in (over, waiting)] == [False, True]
