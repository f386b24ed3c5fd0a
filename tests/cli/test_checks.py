from collections.abc import Callable
from pathlib import Path

import pytest

from tui_flow.cli import checks
from tui_flow.cli.checks import FAIL, OK, WARN, examine
from tui_flow.settings import Settings
from tui_flow.store.sqlite_version import wal_may_corrupt


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "flows").mkdir(mode=0o755)
    return Settings(project=tmp_path)


def test_an_untouched_project_has_no_failed_check_and_stays_untouched(settings: Settings) -> None:
    found = {check.name: check for check in examine(settings)}
    assert [check for check in found.values() if check.status == FAIL] == []
    assert {"platform", "python", "sqlite", "disk", "inotify", "logout", "terminal", "engine"} <= found.keys()
    assert list(settings.project.iterdir()) == [settings.flows_dir]


@pytest.mark.parametrize(
    ("release", "may"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 9), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
    ],
)
def test_the_sqlite_releases_with_the_wal_defect_are_known(release: tuple[int, ...], may: bool) -> None:
    assert wal_may_corrupt(release) is may


def link(settings: Settings) -> None:
    settings.state_dir.symlink_to(settings.flows_dir)


def open_to_others(settings: Settings) -> None:
    settings.state_dir.mkdir()
    settings.state_dir.chmod(0o755)


def a_file(settings: Settings) -> None:
    settings.state_dir.write_text("")


@pytest.mark.parametrize("spoil", [link, open_to_others, a_file])
def test_a_state_directory_that_is_not_ours_alone_fails(
    settings: Settings, spoil: Callable[[Settings], None]
) -> None:
    spoil(settings)
    found = checks.state_dir(settings)
    assert found.status == FAIL
    assert found.next


def test_flows_that_others_may_write_are_warned_of(settings: Settings) -> None:
    assert checks.flows(settings).status == OK
    settings.flows_dir.chmod(0o777)
    found = checks.flows(settings)
    assert found.status == WARN
    assert found.next.startswith("chmod go-w")


def test_a_damaged_history_fails_and_is_left_as_it_is(settings: Settings) -> None:
    settings.state_dir.mkdir(mode=0o700)
    damaged = settings.state_dir / "history.db"
    damaged.write_bytes(b"no database at all" * 100)
    found = checks.history(settings)
    assert found.status == FAIL
    assert damaged.read_bytes() == b"no database at all" * 100


def test_the_file_system_is_the_one_that_holds_the_project(settings: Settings) -> None:
    assert checks.file_system(settings).found != "unknown"
