"""A file that comes, or changes, makes one run once it is still: not before, and never two."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.house import House
from tests.engine.test_triggers import again, build, declare, disarmed, made, rows, spec_of, trigger
from tui_flow.contract import failpoints
from tui_flow.contract.failpoints import FailpointReached
from tui_flow.contract.schedules import OnFile, Schedule, to_json
from tui_flow.contract.states import FireReason
from tui_flow.engine import file_watch
from tui_flow.engine.watches import AT_ONCE
from tui_flow.store import events, schedules

__all__ = ["build", "disarmed"]
FILES = to_json(Schedule(OnFile("in/*.csv"), "files", overlap="allow"))


def save(house: House, name: str, text: str = "", at: float | None = None) -> Path:
    path = house.settings.project / "in" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    at = house.clock.time() if at is None else at
    os.utime(path, (at, at))
    return path


def wait(house: House, seconds: float = 6.0) -> None:
    for _ in range(int(seconds * 2)):
        house.tick(0.5)


def fired(house: House) -> list[Any]:
    """Paths and sizes of the files that made runs, in their order."""
    causes = [row.cause or {} for row in rows(house) if row.outcome == "run"]
    return [(cause["path"], cause["size"]) for cause in causes]


def test_a_new_file_makes_one_run_once_it_is_still(build: Callable[..., House]) -> None:
    house = build(FILES)
    save(house, "a.csv", "12345")
    began = house.clock.now
    while not made(house):
        house.tick(0.1)
    assert 2.0 <= house.clock.now - began <= 2.0 + file_watch.LOOK_SECONDS + 0.2
    wait(house)
    (run,) = made(house)
    assert spec_of(house, run.id).cause == {
        "kind": "file",
        "path": "in/a.csv",
        "size": 5,
        "modified_at": began,
    }
    (row,) = rows(house)
    assert (row.outcome, row.reason, row.message) == ("run", "event", "file in/a.csv")
    assert row.event_key == f"in/a.csv {int(began * 1e9)} 5"


def test_files_from_before_the_trigger_was_there_make_no_run_until_they_change(build: Callable[..., House], make_house: Callable[..., House]) -> None:  # fmt: skip
    house = make_house(fake=True)
    save(house, "old.csv")
    declare(house, FILES)
    wait(house)
    assert made(house) == []
    save(house, "old.csv", "new")
    wait(house)
    assert fired(house) == [("in/old.csv", 3)]


def test_a_file_that_is_still_being_written_waits(build: Callable[..., House]) -> None:
    house = build(FILES)
    path = save(house, "a.csv")
    for _ in range(20):
        with path.open("a") as file:
            file.write("line\n")
        house.tick(1.5)
        assert made(house) == []
    wait(house)
    assert fired(house) == [("in/a.csv", 100)]


def test_a_file_that_is_replaced_fires_again_and_one_that_comes_back_as_it_was_does_not(build: Callable[..., House]) -> None:  # fmt: skip
    house = build(FILES)
    path = save(house, "a.csv", "one")
    wait(house)
    save(house, "b.tmp", "two, from elsewhere").replace(path)
    wait(house)
    moved = path.rename(path.with_suffix(".away"))
    wait(house)
    moved.rename(path)
    wait(house)
    assert fired(house) == [("in/a.csv", 3), ("in/a.csv", 19)]


def test_a_file_goes_to_the_parameter_that_is_named(build: Callable[..., House]) -> None:
    house = build({**FILES, "into": "path"}, flow={"parameters": {"type": "object", "properties": {"path": {}}, "required": ["path"]}})  # fmt: skip
    save(house, "a.csv")
    wait(house)
    assert made(house)[0].parameters == {"path": "in/a.csv"}


def test_files_that_came_while_no_engine_was_there_make_their_runs(build: Callable[..., House], make_house: Callable[..., House]) -> None:  # fmt: skip
    house = build(FILES)
    save(house, "a.csv")
    wait(house)
    house = again(house, make_house, 3600.0)
    save(house, "b.csv")
    wait(house)
    assert fired(house) == [("in/a.csv", 0), ("in/b.csv", 0)]


@pytest.mark.parametrize("point", ["fire-dir-made", "fire-before-commit", "fire-committed", "trigger-fired"])
def test_an_engine_that_dies_at_each_step_leaves_the_next_one_to_make_the_run_once(
    build: Callable[..., House], make_house: Callable[..., House], point: str
) -> None:
    house = build(FILES)
    save(house, "a.csv")
    failpoints.arm(f"{point}:1:raise")
    with pytest.raises(FailpointReached):
        wait(house)
    failpoints.arm(None)
    house = again(house, make_house, 1.0)
    wait(house)
    assert fired(house) == [("in/a.csv", 0)] and len(made(house)) == len(house.fake.order) == 1


def test_a_pause_lets_files_pass_and_tells_how_many(build: Callable[..., House]) -> None:
    house = build(FILES)
    schedules.pause(house.db, trigger(house).id, "uid 0", "", 1000.0)
    house.scheduler.changed()
    wait(house)
    save(house, "a.csv")
    save(house, "b.csv")
    paused = trigger(house)
    schedules.resume(house.db, paused.id)
    house.triggers.close(paused, FireReason.PAUSED, "paused by uid 0")
    wait(house)
    save(house, "c.csv")
    wait(house)
    told = [(row.outcome, row.reason, row.times) for row in rows(house)]
    assert told == [("skipped", "paused", 2), ("run", "event", 1)] and fired(house) == [("in/c.csv", 0)]


def test_another_pattern_begins_anew_and_other_words_do_not(build: Callable[..., House]) -> None:
    house = build(FILES)
    save(house, "a.csv")
    save(house, "a.txt")
    declare(house, {**FILES, "overlap": "queue_all"})
    wait(house)
    assert fired(house) == [("in/a.csv", 0)]
    declare(house, {**FILES, "glob": "in/*.txt"})
    wait(house)
    assert fired(house) == [("in/a.csv", 0)]
    assert events.seen_files(house.db, trigger(house).id).keys() == {"in/a.txt"}


def test_files_that_come_at_once_make_a_run_each_a_few_in_a_step(
    build: Callable[..., House],
) -> None:
    house = build(FILES, max_concurrent_runs=2)
    for number in range(300):
        save(house, f"{number:04}.csv")
    steps = []
    while len(made(house)) < 300:
        before = len(made(house))
        house.clock.now += 0.5
        house.triggers.tick(house.clock.now)
        steps.append(len(made(house)) - before)
    assert max(steps) == AT_ONCE
    assert fired(house) == [(f"in/{number:04}.csv", 0) for number in range(300)]


def test_a_folder_that_is_away_for_a_while_makes_nothing_new(build: Callable[..., House], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    house = build(FILES)
    for number in range(5):
        save(house, f"{number}.csv")
    wait(house)
    folder = house.settings.project / "in"
    folder.rename(folder.with_name("away"))
    wait(house)
    folder.with_name("away").rename(folder)
    wait(house)
    assert len(fired(house)) == 5
    monkeypatch.setattr(file_watch, "MAX_GONE", 3)
    for path in folder.iterdir():
        path.unlink()
    wait(house)
    assert events.seen_files(house.db, trigger(house).id) == {}


def test_what_keeps_it_from_looking_is_said_once(
    build: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_flow.engine.file_search.Walk.__init__.__defaults__", (2, 1000))
    house = build(FILES)
    for number in range(3):
        save(house, f"{number}.csv")
    wait(house)
    assert made(house) == [] and "more than 2 files match" in house.triggers.trouble(trigger(house).id)
    (house.settings.project / "in" / "0.csv").unlink()
    wait(house)
    assert house.triggers.trouble(trigger(house).id) == ""
    log = (house.state_dir / "engine.log").read_text()
    assert log.count("more than 2 files match") == log.count("etl/files: goes on") == 1
    assert len(made(house)) == 2


def test_a_disk_that_does_not_answer_is_told_and_the_file_fires_when_it_does(
    build: Callable[..., House],
) -> None:
    house = build(FILES)
    calls: list[Callable[[], None]] = []
    house.triggers._entries[trigger(house).id].watch._search._run = calls.append  # type: ignore[attr-defined]
    save(house, "a.csv")
    for _ in range(62):
        house.tick(1.0)
    assert "does the disk answer?" in house.triggers.trouble(trigger(house).id)
    assert len(calls) == 1 and made(house) == []
    for _ in range(10):
        while calls:
            calls.pop()()
        house.tick(1.0)
    assert house.triggers.trouble(trigger(house).id) == "" and len(made(house)) == 1


def test_it_tells_what_it_waits_for(build: Callable[..., House]) -> None:
    house = build(FILES)
    save(house, "a.csv")
    house.tick(1.0)
    assert house.triggers.standing(trigger(house).id) == "knows 0 files; 1 not still yet"
