"""The power goes at any moment: what was on the disk opens, is a state that there was, and the rest is read again."""

import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.engine.house import House
from tests.faults.power_loss import READING, Image, Recording, images, problems, rows_of
from tui_flow.contract.states import TERMINAL
from tui_flow.store import runs

SEEDS = range(4)
IMAGES = 250


@pytest.fixture
def place() -> Iterator[Path]:
    """Where the images lie: in memory if there is such a place, since a thousand of them wait for no disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@contextmanager
def opened(image: Image) -> Iterator[House]:
    """An engine's duties on the image; what they do is checked by who asks."""
    house = House(image.project, fake=True)
    try:
        yield house
    finally:
        house.crash()


def check(image: Image, recording: Recording, *, thorough: bool) -> None:
    """Opens it as the next engine would; `thorough` goes on until all runs are over, with two engines more."""
    with opened(image) as house:
        before = _is_whole_and_a_prefix(house, image, recording)
        _take_in(house)
        after = rows_of(house.db)
        _nothing_went_back(before, house)
        _intact_journals_are_in(image, recording, rows_of(house.db, READING))
    if not thorough:
        return
    with opened(image) as house:
        _take_in(house)
        assert rows_of(house.db) == after, "what was read again changed something"
        _all_end(house)
        ended = rows_of(house.db)
    with opened(image) as house:
        _take_in(house)
        assert rows_of(house.db) == ended
    assert problems(image.state_dir) == []


def _is_whole_and_a_prefix(house: House, image: Image, recording: Recording) -> dict[str, Any]:
    found = rows_of(house.db)
    assert house.db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert house.db.execute("PRAGMA foreign_key_check").fetchall() == []
    first, last = max(0, image.moment.synced_number - 1), image.moment.number
    assert any(found == state for state in recording.states[first:last]), "there was no such state"
    return found


def _take_in(house: House) -> None:
    house.arrivals.look(house.clock.now)
    for active in list(house.ingest.active.values()):
        house.ingest.read_all(active)


def _nothing_went_back(before: dict[str, Any], house: House) -> None:
    """A run or task run that was over is as it was, though its journal may have been read anew."""
    after = rows_of(house.db, ("ingested_bytes", "revision"))
    for table in ("flow_runs", "task_runs"):
        names = [row[1] for row in house.db.execute(f"PRAGMA table_info({table})")]
        kept = [at for at, name in enumerate(names) if name not in ("ingested_bytes", "revision")]
        state = names.index("state")
        over = [
            tuple(row[at] for at in kept) for row in before[table] if row[state] in ("completed", "failed")
        ]
        assert set(over) <= set(after[table])  # type: ignore[call-overload]


def _intact_journals_are_in(image: Image, recording: Recording, after: dict[str, Any]) -> None:
    """Of a run whose journal is what it was, the history tells all that it did."""
    told = recording.told[image.moment.number - 1]
    for table, column in (("flow_runs", 0), ("task_runs", 0)):
        for run_id in set(image.moment.journals) - image.damaged:
            expected = [row for row in told[table] if row[column] == run_id]  # type: ignore[union-attr,attr-defined]
            found = [row for row in after[table] if row[column] == run_id]
            assert found == expected, (table, run_id)


def _all_end(house: House) -> None:
    """Nobody guards these runs any more: the rescuer has the last word, behind whatever its journal ends in."""
    house.tick(10.0)
    assert [run for run in runs.list_runs(house.db) if run.state not in TERMINAL] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_left_opens_is_a_state_there_was_and_is_read_on(place: Path, seed: int) -> None:
    chance = random.Random(seed)
    recording = Recording(place / "recorded", chance, steps=60)
    for number, image in enumerate(images(recording, place / "images", chance, IMAGES)):
        check(image, recording, thorough=number % 10 == 0)


def test_an_engine_lets_go_of_the_journals_of_runs_that_it_has_settled(place: Path) -> None:
    """A machine that crashed with many runs must not cost its next engine a descriptor for each."""
    recording = Recording(place / "recorded", random.Random(7), steps=5)
    [image] = images(recording, place / "images", random.Random(7), 1, keep=True)
    house = House(image.project, fake=True)
    house.tick(10.0)
    assert [run for run in runs.list_runs(house.db) if run.state not in TERMINAL] == []
    held = _open_files()
    house.crash()
    assert [path for path in held if path.startswith(str(image.project)) and "journal" in path] == []


def _open_files() -> list[str]:
    found = []
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists them
            found.append(os.readlink(path))
    return found


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1100))
def test_fifty_thousand_images(place: Path, seed: int) -> None:
    chance = random.Random(seed)
    recording = Recording(place / "recorded", chance, steps=chance.randint(10, 120))
    for image in images(recording, place / "images", chance, 500):
        check(image, recording, thorough=True)
