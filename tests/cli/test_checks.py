import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tui_flow.cli import checks, machine, surroundings
from tui_flow.cli.check import FAIL, OK, WARN
from tui_flow.cli.checks import examine
from tui_flow.settings import Settings
from tui_flow.store.sqlite_version import wal_may_corrupt


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "flows").mkdir(mode=0o755)
    return Settings(project=tmp_path)


def test_an_untouched_project_has_no_failed_check_and_stays_untouched(settings: Settings) -> None:
    found = {check.name: check for check in examine(settings)}
    assert [check for check in found.values() if check.status == FAIL] == []
    assert {
        "platform",
        "python",
        "sqlite",
        "disk",
        "inotify",
        "logout",
        "terminal",
        "engine",
        "path",
        "clock",
        "time zones",
        "limits",
        "umask",
    } <= found.keys()
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


def test_a_flow_file_that_somebody_else_can_write_is_warned_of(settings: Settings) -> None:
    file = settings.flows_dir / "etl.py"
    file.touch(mode=0o644)
    assert checks.flows(settings).status == OK
    file.chmod(0o666)
    assert (checks.flows(settings).status, checks.flows(settings).next) == (WARN, f"chmod o-w '{file}'")
    file.chmod(0o644)
    if os.geteuid() == 0:
        os.chown(file, 65534, 65534)
        assert "belongs to uid 65534" in checks.flows(settings).found


def test_a_damaged_history_fails_and_is_left_as_it_is(settings: Settings) -> None:
    settings.state_dir.mkdir(mode=0o700)
    damaged = settings.state_dir / "history.db"
    damaged.write_bytes(b"no database at all" * 100)
    found = checks.history(settings)
    assert found.status == FAIL
    assert damaged.read_bytes() == b"no database at all" * 100


def test_the_file_system_is_the_one_that_holds_the_project(settings: Settings) -> None:
    assert machine.file_system(settings).found != "unknown"


def test_a_folder_above_that_others_may_write_is_warned_of(settings: Settings) -> None:
    home = settings.project / "home"
    (home / "project").mkdir(parents=True)
    here = Settings(project=home / "project")
    assert checks.path(here).status == OK
    home.chmod(0o777)
    assert (checks.path(here).status, str(home) in checks.path(here).found) == (WARN, True)
    home.chmod(0o1777)  # sticky, as /tmp is: nobody renames what is another's
    assert checks.path(here).status == OK


def limited(monkeypatch: pytest.MonkeyPatch, **soft: int) -> None:
    monkeypatch.setattr(
        resource, "getrlimit", lambda kind: next(
            (limit, limit) for name, limit in {**soft, "": resource.RLIM_INFINITY}.items()
            if not name or kind == getattr(resource, f"RLIMIT_{name}")
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("soft", "says", "next"),
    [
        ({"NOFILE": 256}, "256 open files", "ulimit -n 4096"),
        ({"NPROC": 100}, "100 processes", "ulimit -u 4096"),
        ({"FSIZE": 50 << 20}, "50 MiB", "ulimit -f unlimited"),
    ],
    ids=["files", "processes", "size"],
)
def test_limits_that_are_too_low_for_runs_are_warned_of(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, soft: dict[str, int], says: str, next: str
) -> None:
    limited(monkeypatch, **soft)
    found = machine.limits(settings)
    assert found.status == WARN and says in found.found and found.next.startswith(next)


@pytest.mark.parametrize(("uid", "capped", "status"), [(0, False, WARN), (0, True, OK), (1000, False, OK)])
def test_root_is_told_that_the_limit_of_processes_does_not_hold_for_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, uid: int, capped: bool, status: str
) -> None:
    limited(monkeypatch)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(machine, "_processes_are_capped", lambda: capped)
    assert machine.limits(settings).status == status


def test_little_room_for_files_is_warned_of(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    few = SimpleNamespace(f_bavail=1 << 30, f_frsize=4096, f_files=100_000, f_favail=17)
    monkeypatch.setattr(os, "statvfs", lambda _: few)
    assert (machine.disk(settings).status, "17 more files" in machine.disk(settings).found) == (WARN, True)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(**{**vars(few), "f_files": 0}))
    assert machine.disk(settings).status == OK, "some file systems do not count files"


@pytest.mark.parametrize(("status", "is_fine"), [(0x40, False), (0x2001, True), (None, True)])
def test_a_clock_that_nothing_keeps_right_is_warned_of(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, status: int | None, is_fine: bool
) -> None:
    monkeypatch.setattr(surroundings, "_kernel_clock_status", lambda: status)
    assert (surroundings.clock(settings).status == OK) is is_fine


def test_a_clock_that_was_set_back_is_warned_of(settings: Settings) -> None:
    settings.state_dir.mkdir()
    history = settings.state_dir / "history.db"
    history.touch()
    os.utime(history, (time.time() + 3600,) * 2)
    assert "set back" in surroundings.clock(settings).found


def test_zone_data_says_how_old_it_is(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert surroundings.zones(settings).status in (OK, WARN)
    monkeypatch.setattr(surroundings, "_zone_version", lambda: "2019c")
    assert (surroundings.zones(settings).status, "2019c" in surroundings.zones(settings).found) == (
        WARN,
        True,
    )
    monkeypatch.setattr(surroundings, "_zone_version", lambda: "")
    assert surroundings.zones(settings).status == OK


@pytest.mark.parametrize(("mask", "status"), [(0o000, WARN), (0o022, OK), (0o020, WARN), (0o077, OK)])
def test_a_umask_that_lets_everybody_write_is_warned_of(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, mask: int, status: str
) -> None:
    monkeypatch.setattr(surroundings, "_umask", lambda: mask)
    assert surroundings.umask(settings).status == status


def test_logging_out_is_safe_by_a_unit_that_lingers(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui_flow.client import systemd

    monkeypatch.setenv("XDG_CONFIG_HOME", str(settings.project / "config"))
    unit = systemd.unit_path(settings.project)
    unit.parent.mkdir(parents=True)
    unit.touch()
    monkeypatch.setattr(systemd, "lingers", lambda: False)
    assert "loginctl enable-linger" in surroundings.logout(settings).next
    monkeypatch.setattr(systemd, "lingers", lambda: True)
    assert surroundings.logout(settings).status == OK


def test_one_that_is_killed_with_its_session_is_told_of_the_unit(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings, "_kills_user_processes", lambda: True)
    monkeypatch.setattr(surroundings, "_has_logind", lambda: True)
    assert "tui-flow engine install" in surroundings.logout(settings).next
