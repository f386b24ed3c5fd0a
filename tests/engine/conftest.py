import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.engine.house import House
from tests.engine.processes import processes_of
from tests.engine.running import Running
from tests.waiting import wait_until


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A project's folder. Whatever still runs for it when the test is over is ended."""
    folder = tmp_path / "project"
    (folder / "flows").mkdir(parents=True)
    yield folder
    for pid in processes_of(folder):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not processes_of(folder))


@pytest.fixture
def make_house(project: Path) -> Iterator[Callable[..., House]]:
    """Builds houses in the project, one after another."""
    houses: list[House] = []

    def make(**settings: Any) -> House:
        houses.append(House(project, **settings))
        return houses[-1]

    yield make
    for house in houses:
        with suppress(OSError):
            house.crash()


@pytest.fixture
def house(make_house: Callable[..., House]) -> House:
    made = make_house()
    made.describe()
    return made


@pytest.fixture
def engine(project: Path) -> Iterator[Running]:
    """The project with an engine that starts when it is first asked something."""
    running = Running(project)
    yield running
    running.stop()
