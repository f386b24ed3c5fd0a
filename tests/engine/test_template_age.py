"""How old the import may be that a run begins from."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.engine.house import FakeClock
from tests.engine.journals import a_spec
from tui_flow.contract.version import Version
from tui_flow.engine.describing import Description
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.templates import WARM_AFTER_SECONDS, Templates
from tui_flow.settings import Settings

VERSION = Version("f" * 64, {})
PATH = "flows/etl.py"


class FakeTemplate:
    """Begins whatever it is asked for."""

    def __init__(self) -> None:
        self.version, self.is_alive = VERSION, True
        self.used_at = self.made_at = 0.0
        self.made_on = (0, 0, 0)

    def fork(self, *_: object) -> bool:
        return True

    def end(self) -> None:
        self.is_alive = False


class Shed:
    """Templates of one flow file, whose imports are counted and take no time."""

    def __init__(self, project: Path, **settings: Any) -> None:
        self.project, self.clock, self.imports = project, FakeClock(1_000_000.0), 0
        (project / ".tui_flow").mkdir(mode=0o700)
        self.templates = Templates(
            Settings(project=project, **settings),
            self.clock,
            EngineLog(project / ".tui_flow"),
            lambda: None,
            self.describe,
        )
        self.templates.publish(PATH, self.description())

    def description(self) -> Description:
        self.imports += 1
        return Description(VERSION.sha, [], version=VERSION, template=FakeTemplate())  # type: ignore[arg-type]

    async def describe(self, *_: object) -> Description:
        return self.description()

    def fork(self) -> bool:
        return self.templates.fork(
            1, self.project, a_spec(1, self.project), (lambda _: None, lambda *_: None)
        )  # type: ignore[arg-type]

    async def pass_seconds(self, seconds: float) -> None:
        import asyncio

        self.clock.now += seconds
        for _ in range(3):  # it asks for an import, which is done, and taken up
            self.templates.tick(self.clock.now)
            await asyncio.sleep(0)


@pytest.fixture
def shed(tmp_path: Path) -> Shed:
    return Shed(tmp_path, template_max_age_seconds=100, template_idle_seconds=1000)


async def test_one_in_use_is_imported_anew_and_meanwhile_used(shed: Shed) -> None:
    await shed.pass_seconds(99)
    assert shed.fork() and shed.imports == 1
    await shed.pass_seconds(1)
    assert shed.fork() and shed.imports == 2
    await shed.pass_seconds(99)
    assert shed.fork() and shed.imports == 2, "the new one is as young as its import"


async def test_one_that_nobody_uses_goes_when_it_is_old(shed: Shed) -> None:
    await shed.pass_seconds(101)
    assert not shed.templates.is_warm(PATH) and shed.imports == 1


async def test_no_run_begins_from_an_import_of_another_day(shed: Shed) -> None:
    now = time.localtime(shed.clock.now)
    to_midnight = 86_400 - (now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec)
    shed.clock.ahead = to_midnight - 30  # of the wall clock
    shed.templates.publish(PATH, shed.description())
    assert shed.fork()
    await shed.pass_seconds(31)
    assert not shed.fork(), "it is to be spawned: the day is another one"
    await shed.pass_seconds(WARM_AFTER_SECONDS)
    assert shed.fork() and shed.imports == 3


async def test_zero_lets_it_grow_as_old_as_it_will(tmp_path: Path) -> None:
    shed = Shed(tmp_path, template_max_age_seconds=0, template_idle_seconds=1e9)
    await shed.pass_seconds(10_000)
    assert shed.templates.is_warm(PATH) and shed.imports == 1
