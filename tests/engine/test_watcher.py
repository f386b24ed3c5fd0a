"""What the watcher looks at: everything, or no more than one flow needs."""

import errno
import os
import sys
import time
from pathlib import Path

import pytest

from tests.engine.house import FakeClock
from tui_flow.contract import rundir
from tui_flow.engine import inotify
from tui_flow.engine import watcher as watching
from tui_flow.engine.engine_log import EngineLog
from tui_flow.engine.notices import open_notices
from tui_flow.engine.watcher import Watcher
from tui_flow.settings import Settings


class Deaf:
    """Notices of a file system that tells of nothing."""

    def follow(self, folders: set[Path], files: set[Path]) -> bool:
        return False

    def drain(self) -> None:
        """Nothing to take."""

    def unfinished(self, now: float) -> dict[Path, float]:
        return {}


@pytest.fixture
def watcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watcher:
    monkeypatch.setattr(watching, "open_notices", lambda *_: Deaf())
    (tmp_path / "flows").mkdir()
    for name in ("a.py", "b.py", "lib.py"):
        write(tmp_path / "flows" / name, "old")
    state_dir = rundir.open_state_dir(tmp_path)
    watcher = Watcher(Settings(project=tmp_path), FakeClock(time.time()), EngineLog(state_dir))
    watcher.watch(lambda: None, lambda: None)
    watcher.follow("flows/a.py", ["flows/lib.py"])
    watcher.look(0.0)
    return watcher


def write(path: Path, text: str) -> None:
    """A text that is old enough to be known by its times."""
    path.write_text(text)
    os.utime(path, (time.time() - 60, time.time() - 60))


def test_where_nothing_has_changed_one_flow_costs_no_look_at_the_others(watcher: Watcher) -> None:
    before = watcher.sources
    watcher.look_at("flows/a.py", 1.0)
    assert watcher.sources is before


@pytest.mark.parametrize("changed", ["a.py", "lib.py"])
def test_a_change_of_a_flow_or_its_module_is_seen_though_nobody_told_of_it(
    watcher: Watcher, tmp_path: Path, changed: str
) -> None:
    before = (watcher.sources | watcher.modules)[f"flows/{changed}"].sha
    write(tmp_path / "flows" / changed, "new text")
    watcher.look_at("flows/a.py", 1.0)
    assert (watcher.sources | watcher.modules)[f"flows/{changed}"].sha != before


def test_a_file_that_is_gone_is_seen_though_nobody_told_of_it(watcher: Watcher, tmp_path: Path) -> None:
    (tmp_path / "flows/a.py").unlink()
    watcher.look_at("flows/a.py", 1.0)
    assert "flows/a.py" not in watcher.sources


def test_a_hint_or_a_flow_that_is_not_known_has_everything_looked_at(
    watcher: Watcher, tmp_path: Path
) -> None:
    write(tmp_path / "flows/b.py", "new text")
    before = watcher.sources["flows/b.py"]
    watcher.look_at("flows/a.py", 1.0)
    assert watcher.sources["flows/b.py"] == before
    watcher.hint()
    watcher.look_at("flows/a.py", 2.0)
    assert watcher.sources["flows/b.py"] != before
    write(tmp_path / "flows/c.py", "new")
    watcher.look_at(None, 3.0)
    assert "flows/c.py" in watcher.sources


@pytest.mark.skipif(sys.platform != "linux", reason="inotify")
def test_notices_that_the_kernel_refuses_leave_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(inotify.Inotify, "add", refuse)
    (tmp_path / "flows").mkdir()
    state_dir = rundir.open_state_dir(tmp_path)
    (state_dir / "runs").mkdir(exist_ok=True)
    opened: list[inotify.Inotify] = []
    begin = inotify.Inotify.__init__
    monkeypatch.setattr(inotify.Inotify, "__init__", lambda self: (opened.append(self), begin(self))[1])
    told, settings = (lambda: None), Settings(project=tmp_path)
    assert open_notices(settings, FakeClock(0.0), told, told, EngineLog(state_dir)) is None
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0].fd)
