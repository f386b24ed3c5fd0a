"""What is answered is durable: no power loss takes it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tui_flow.contract import commands
from tui_flow.contract.commands import KeepEngine, Subscribe
from tui_flow.contract.errors import EngineError
from tui_flow.engine import answers
from tui_flow.settings import Settings
from tui_flow.store import database


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    return SimpleNamespace(settings=Settings(project=tmp_path), keep=lambda: None, subscribe=lambda _: None)


async def test_a_command_that_changes_something_is_answered_when_the_disk_has_it(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(database, "make_durable", synced.append)
    connection: Any = object()
    assert await answers.answer(engine, connection, KeepEngine()) == {}
    assert synced == [engine.settings.state_dir]
    assert await answers.answer(engine, connection, Subscribe()) == {}
    assert len(synced) == 1, "who only asks waits for no disk"


async def test_a_disk_that_does_not_take_it_is_said(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(database, "make_durable", fail)
    with pytest.raises(EngineError, match="Input/output error"):
        await answers.answer(engine, object(), KeepEngine())  # type: ignore[arg-type]


def test_every_command_that_only_reads_is_known_as_such() -> None:
    assert set(commands.READING) <= set(answers._DURABLE_ALREADY) <= set(commands.COMMANDS.values())


def test_the_log_of_the_history_is_what_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    database.make_durable(tmp_path)  # where there is none, there is nothing to do
    db = database.open_writer(tmp_path)
    db.execute("PRAGMA user_version = 1")
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))
    database.make_durable(tmp_path)
    db.close()
    assert [Path(path).name for path in synced] == ["history.db-wal"]
