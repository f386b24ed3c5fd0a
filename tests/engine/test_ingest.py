"""Journals into the history, exactly once, whatever is torn and whoever dies."""

import random
import time
from collections.abc import Callable

import pytest

from tests.engine.house import House
from tests.engine.journals import a_spec, append, created, ended, finished, lines, make_run, mapped, started
from tui_flow.contract import journal, rundir
from tui_flow.contract.changes import RunChanged, TasksChanged
from tui_flow.engine import tail
from tui_flow.store import runs, tasks


def arrived(house: House, data: bytes = b"", **spec: object) -> int:
    """A run that this engine did not make, with that journal."""
    run_id, directory = make_run(house.state_dir, **spec)
    append(directory, data)
    house.arrivals.hint()
    house.arrivals.tick(house.clock.now)
    return run_id


def test_a_whole_journal_becomes_a_run_and_its_tasks(house: House) -> None:
    run_id = arrived(house, lines(mapped(20)))
    house.ingest.read_all(house.ingest.active[run_id])
    run = house.run(run_id)
    assert (run.state, run.run_name, run.flow, run.path) == (
        "completed",
        "brave-otter",
        "etl",
        "flows/etl.py",
    )
    assert run.ingested_bytes == (house.directory(run_id) / "journal").stat().st_size
    found = tasks.list_tasks(house.db, run_id)
    assert [task.id for task in found] == list(range(1, 21))
    assert {task.state for task in found} == {"completed"}
    assert [task.map_index for task in found] == list(range(20))
    assert run_id not in house.ingest.active


@pytest.mark.parametrize("seed", range(12))
def test_however_the_writing_and_the_engines_deaths_fall_the_history_is_the_same(
    make_house: Callable[..., House], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(tail, "CHUNK_BYTES", chance.choice([200, 1_000, 5_000]))
    data = lines(mapped(25))
    house = make_house()
    expected_id = arrived(house, data)
    house.ingest.read_all(house.ingest.active[expected_id])
    run_id = arrived(house)
    written = 0
    while written < len(data):
        size = chance.randint(1, 1_500)
        append(house.directory(run_id), data[written : written + size])
        written += size
        for _ in range(chance.randint(0, 3)):
            house.ingest.tick(0.0)
        if chance.random() < 0.3:
            house.crash()
            house = make_house()
    house.ingest.tick(0.0)
    while house.ingest.active:
        house.ingest.tick(0.0)
    expected, found = house.run(expected_id), house.run(run_id)
    assert found._replace(id=expected_id) == expected
    task_runs = [task._replace(run_id=expected_id, revision=0) for task in tasks.list_tasks(house.db, run_id)]
    assert task_runs == [task._replace(revision=0) for task in tasks.list_tasks(house.db, expected_id)]


def test_a_death_inside_the_transaction_leaves_neither_rows_nor_offset(
    house: House, make_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = arrived(house, lines(mapped(5)))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runs, "save_run", die)
        with pytest.raises(KeyboardInterrupt):
            house.ingest.tick(0.0)
    assert house.run(run_id).ingested_bytes == 0
    assert tasks.list_tasks(house.db, run_id) == []
    house.crash()
    again = make_house()
    again.ingest.tick(0.0)
    assert again.state(run_id) == "completed"
    assert len(tasks.list_tasks(again.db, run_id)) == 5


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x00\xff\xfe garbage\n",
        b'{"event": "TaskCreated", "id"\n',
        b"[]\n",
        b'"text"\n',
        b'{"event": "FromTheFuture", "at": 1}\n',
        b'{"event": "RunEnded", "at": 1, "state": "exploded", "reason": "error", "message": "", "exit_code": 1, "signal": null}\n',
        b'{"event": "RunEnded", "at": "noon", "state": "failed", "reason": "error", "message": "", "exit_code": 1, "signal": null}\n',
        b'{"event": "TaskFinished", "at": 1, "id": 99, "state": "completed", "state_name": "C", "reason": "returned", "message": "", "failure": null}\n',
        b'{"event": "TaskCreated", "at": 1, "id": [], "parent": 0, "kind": "task", "name": "x", "run_name": "x", "state": "pending", "map_index": null, "map_id": null, "upstream": [], "tags": [], "max_tries": 1}\n',
        b'{"event": "TaskCreated", "at": 1, "id": 77, "parent": 0, "kind": "job", "name": "x", "run_name": "x", "state": "pending", "map_index": null, "map_id": null, "upstream": [], "tags": [], "max_tries": 1}\n',
        b'{"event": "TaskStarted", "at": 1, "id": 12345678901234567890123, "tries": 1}\n',
    ],
)
def test_a_line_of_nonsense_costs_nothing_but_itself(house: House, nonsense: bytes) -> None:
    events = mapped(3)
    middle = len(events) // 2
    run_id = arrived(house, lines(events[:middle]) + nonsense + lines(events[middle:]))
    house.ingest.read_all(house.ingest.active[run_id])
    assert house.state(run_id) == "completed"
    assert [task.state for task in tasks.list_tasks(house.db, run_id)] == ["completed"] * 3


def test_a_journal_that_lost_its_tail_is_taken_up_where_it_goes_on(house: House) -> None:
    data = lines([*started(), created(1), created(2)])
    run_id = arrived(house, data)
    house.ingest.tick(0.0)
    path = house.directory(run_id) / "journal"
    path.write_bytes(data[:-40])
    append(house.directory(run_id), b"\n" + lines([finished(1), *ended()]))
    house.ingest.read_all(house.ingest.active[run_id])
    assert house.state(run_id) == "completed"
    assert [task.state for task in tasks.list_tasks(house.db, run_id)] == ["completed", "skipped"]


def test_changed_task_runs_carry_a_newer_revision(house: House) -> None:
    run_id = arrived(house, lines([*started(), created(1), created(2)]))
    house.ingest.tick(0.0)
    seen = house.run(run_id).ingested_bytes
    append(house.directory(run_id), lines([finished(2)]))
    house.ingest.tick(0.0)
    assert [task.id for task in tasks.list_tasks(house.db, run_id, seen)] == [2]


def test_subscribers_hear_of_it_after_it_is_in_the_history(house: House) -> None:
    house.listener.heard.clear()
    run_id = arrived(house, lines([*started(), created(1)]))
    house.ingest.tick(1.0)
    assert house.listener.changes == [
        RunChanged(run_id, "etl", "pending"),
        TasksChanged(run_id),
        RunChanged(run_id, "etl", "running"),
    ]


def test_subscribers_hear_what_a_flow_waits_for(house: House) -> None:
    run_id = arrived(house, lines(started()))
    house.ingest.tick(1.0)
    for limits in ("database (5/5)", ""):
        house.listener.heard.clear()
        append(house.directory(run_id), lines([journal.SlotsAwaited(105.0, 0, limits, "")]))
        house.ingest.tick(2.0)
        assert house.listener.changes == [RunChanged(run_id, "etl", "running")]


def test_journals_are_looked_at_only_while_a_run_is_active(house: House) -> None:
    assert house.ingest.tick(5.0) == float("inf")
    run_id = arrived(house, lines(started()))
    assert house.ingest.tick(5.0) == 5.0
    assert 5.02 <= house.ingest.tick(5.0) <= 5.05
    assert 60.02 <= house.ingest.tick(60.0) <= 60.05
    append(house.directory(run_id), lines(ended()))
    house.ingest.tick(61.0)
    assert house.ingest.tick(61.0) == float("inf")


def test_a_history_that_was_lost_is_built_anew_from_the_journals(
    house: House, make_house: Callable[..., House]
) -> None:
    ids = [arrived(house, lines(mapped(2))) for _ in range(3)]
    house.crash()
    for path in house.state_dir.glob("history.db*"):
        path.unlink()
    again = make_house()
    again.tick()
    assert {id: again.state(id) for id in ids} == dict.fromkeys(ids, "completed")


def test_a_directory_without_a_whole_spec_is_no_run_until_it_has_one(house: House) -> None:
    run_id, directory = rundir.make_run_dir(house.state_dir)
    (directory / "spec.json").write_text('{"run_id": 1')
    house.tick(6.0)
    assert runs.get_run(house.db, run_id) is None
    (directory / "spec.json").unlink()
    make_spec_of(house, run_id)
    house.arrivals.hint()
    house.tick()
    assert house.state(run_id) == "pending"


def make_spec_of(house: House, run_id: int) -> None:
    spec = a_spec(run_id, house.settings.project, created_at=house.clock.now, trigger="script")
    rundir.write_spec(house.directory(run_id), spec)


def test_a_spec_of_nonsense_is_said_and_passed_over(house: House) -> None:
    run_id, directory = rundir.make_run_dir(house.state_dir)
    make_spec_of(house, run_id)
    text = (directory / "spec.json").read_text().replace('"attempt": 1', '"attempt": "first"')
    (directory / "spec.json").write_text(text)
    house.tick(6.0)
    assert runs.get_run(house.db, run_id) is None
    assert f"run {run_id}: its spec.json" in (house.state_dir / "engine.log").read_text()


def test_encoding_a_journal_and_reading_it_gives_the_same_events() -> None:
    for event in mapped(2):
        assert journal.decode(journal.encode(event)) == event


def test_a_counter_that_was_tampered_with_does_not_hold_up_the_engine(house: House) -> None:
    run_id, directory = make_run(house.state_dir)
    (house.state_dir / "runs/last").write_text("99999999999\n")
    began = time.monotonic()
    house.arrivals.hint()
    house.arrivals.tick(house.clock.now)
    assert time.monotonic() - began < 2
    assert house.state(run_id) == "pending" and directory.is_dir()
