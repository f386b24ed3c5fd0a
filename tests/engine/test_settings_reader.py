"""Settings that are saved while the engine runs."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.engine.running import Running
from tests.waiting import wait_until
from tui_flow.alerts.alerting import Alerting
from tui_flow.alerts.notifier import Notifier
from tui_flow.contract.changes import Change, SettingsChanged
from tui_flow.contract.commands import GetStatus
from tui_flow.contract.rundir import open_state_dir, take_lock
from tui_flow.engine.clock import Clock
from tui_flow.engine.engine import Engine
from tui_flow.engine.engine_log import EngineLog
from tui_flow.settings import Settings


class Built:
    """An engine whose duties a test asks one by one: no process, no loop."""

    def __init__(self, project: Path) -> None:
        self.file = project / "tui_flow.toml"
        self.log_file = open_state_dir(project) / "engine.log"
        self.log = EngineLog(self.log_file.parent)
        self.notifier = Notifier([])
        self.lock = take_lock(self.log_file.with_name("engine.lock"))
        assert self.lock is not None
        self.engine = Engine(Settings(project), Clock(), self.log, self.lock, False, self._alerts)

    def _alerts(self, settings: Settings, db: Any, clock: Any, publish: Any, log: Any) -> Alerting:
        return Alerting(settings, db, clock, publish, log, self.notifier)

    def save(self, text: str) -> None:
        """And lets the engine look."""
        self.file.write_text(text)
        self.engine.read_settings()

    def close(self) -> None:
        self.engine.db.close()
        self.log.close()
        os.close(self.lock)


@pytest.fixture
def built(project: Path) -> Iterator[Built]:
    with closing(Built(project)) as built:
        yield built


def test_every_part_of_the_engine_has_the_settings_that_were_saved(built: Built) -> None:
    engine = built.engine
    built.save(
        "max_concurrent_runs = 2\ntag_limits = {io = 1}\nkeep_days = 3\nidle_seconds = 0\nrescan_seconds = 1"
    )
    parts = [part for part in (engine, engine.dispatcher.limits, *vars(engine).values()) if hasattr(part, "settings")]  # fmt: skip
    assert {type(part).__name__ for part in parts} >= {"Engine", "Limits", "Pruner", "Room", "Templates"}
    assert {(part.settings.max_concurrent_runs, part.settings.keep_days) for part in parts} == {(2, 3.0)}
    assert (engine.dispatcher.limits.total, engine.dispatcher.limits.tags) == (2, {"io": 1})
    now = engine.clock.monotonic()
    assert engine.watcher.tick(now) <= now + 1.0, "not only after the wait that was agreed before"
    assert engine._end_if_idle(engine.clock.monotonic() + 3600) == float("inf")


def test_nobody_in_the_engine_keeps_a_setting_where_no_change_reaches_it() -> None:
    names = Settings(Path("/")).of_engine()
    for file in Path("tui_flow/engine").glob("*.py"):
        text = file.read_text()
        assert [name for name in names if f"_settings.{name}" in text] == [], file


def test_messages_go_through_the_channels_that_were_saved(built: Built) -> None:
    assert not built.notifier.has_channels
    built.save('alert_command = ["./notify.sh", "s3cret"]')
    assert built.notifier.has_channels
    assert "takes over from the settings: alert_command" in built.log_file.read_text()
    assert "s3cret" not in built.log_file.read_text()
    built.file.unlink()
    built.engine.read_settings()
    assert not built.notifier.has_channels


def test_settings_that_cannot_be_read_change_nothing_and_are_told_once(built: Built) -> None:
    built.save("max_concurrent_runs = 2")
    heard: list[Change] = []
    built.engine.bus.listen(heard.append)
    for broken in ("max_concurrent_runs = ", "max_concurrent_runs = 0", "no_such = 1"):
        built.save(broken)
        built.engine.read_settings()
        assert built.engine.settings.max_concurrent_runs == 2
    assert built.log_file.read_text().count("the settings stay as they were") == 3
    built.save("max_concurrent_runs = 3")
    assert built.engine.settings.max_concurrent_runs == 3
    assert [bool(one.trouble) for one in heard if isinstance(one, SettingsChanged)] == [
        True,
        True,
        True,
        False,
    ]


def test_an_engine_takes_over_what_is_saved_while_it_runs(engine: Running) -> None:
    engine.serve("--stay", TUI_FLOW_GRACE_SECONDS="4", TUI_FLOW_RESCAN_SECONDS="3600")
    pid, file = engine.pid(), engine.project / "tui_flow.toml"
    file.write_text("max_concurrent_runs = 3\ngrace_seconds = 5")
    wait_until(lambda: engine.ask(GetStatus())["limit"] == 3)
    file.write_text("max_concurrent_runs = [")
    assert engine.ask(GetStatus(settings=True))["settings"]["max_concurrent_runs"] == 3
    (engine.project / "pyproject.toml").write_text("[tool.tui_flow]\nmax_concurrent_runs = 7")
    file.unlink()
    wait_until(lambda: engine.ask(GetStatus())["limit"] == 7)
    told = engine.ask(GetStatus(settings=True))
    assert (told["pid"], told["settings"]["grace_seconds"]) == (pid, 4.0)
