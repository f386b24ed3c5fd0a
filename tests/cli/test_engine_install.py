"""`tui-flow engine install`: the engine as a systemd user unit, with a systemd that keeps the rules and is not one."""

import os
import shlex
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project import Project, temporary_project
from tests.waiting import wait_until
from tui_flow.client import systemd
from tui_flow.contract.errors import EngineError

SLOW = """
    import time
    from tui_flow import flow

    @flow
    def slow():
        time.sleep(60)
"""
FAKE = Path(__file__).with_name("fake_systemctl.py")


class Systemd:
    """The fake: what it was asked, and where its units lie."""

    def __init__(self, root: Path) -> None:
        self.run, self.config = root / "systemd", root / "config"
        self.run.mkdir()
        binary = root / "bin"
        binary.mkdir()
        script = binary / "systemctl"
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(FAKE))} "$@"\n')
        script.chmod(0o755)
        self.environment = {
            "PATH": f"{binary}:{os.environ['PATH']}",
            "XDG_CONFIG_HOME": str(self.config),
            "FAKE_SYSTEMD": str(self.run),
        }

    def asked(self) -> list[str]:
        """The verbs since the last time."""
        log = self.run / "asked"
        found = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [line.split()[0] for line in found]

    def units(self) -> list[Path]:
        return list((self.config / "systemd" / "user").glob("*"))

    def pid(self) -> int:
        (found,) = self.run.glob("*.pid")
        return int(found.read_text())


class Housed(Project):
    """A project of a user who has a systemd."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.systemd = Systemd(root)

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.systemd.environment}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Housed]:
    monkeypatch.setattr("tests.project.Project", Housed)
    root = tmp_path / 'my "50%" $HOME'
    with temporary_project(root) as found:
        assert isinstance(found, Housed)
        found.write("slow.py", SLOW)
        yield found
        found.tui_flow("engine", "install", "--uninstall")


def test_the_engine_runs_by_its_unit_and_installing_again_changes_nothing(project: Housed) -> None:
    told = project.ask("engine", "install")
    assert (told["state"], told["pid"]) == ("installed", project.systemd.pid())
    assert project.systemd.asked()[:5] == ["show", "daemon-reload", "is-active", "enable", "restart"]
    (unit,) = project.systemd.units()
    assert stat.S_IMODE(unit.stat().st_mode) == 0o600
    assert project.ask("engine", "status")["unit"] == told["unit"] == unit.name
    assert f"unit: {unit.name}\n" in project.tui_flow("engine", "status").stdout
    again = project.ask("engine", "install")
    assert (again["state"], again["pid"]) == ("unchanged", told["pid"])
    assert project.systemd.asked() == ["show", "is-active", "enable"]


def test_runs_outlive_the_unit_and_its_next_engine_adopts_them(project: Housed) -> None:
    before = project.ask("engine", "start")
    run_id = int(project.tui_flow("run", "slow", "--detach").stdout)
    project.wait_for_state(run_id, "running")
    told = project.ask("engine", "install")
    assert told["pid"] != before["pid"], "the engine that ran before was to make room"
    os.kill(told["pid"], signal.SIGKILL)
    assert project.ask("show", str(run_id))["state"] == "running"
    assert project.ask("engine", "status")["pid"] == project.systemd.pid() != told["pid"], (
        "whoever needs an engine has it started by the unit"
    )
    removed = project.tui_flow("engine", "install", "--uninstall")
    assert (removed.returncode, "removed" in removed.stdout) == (0, True)
    assert project.systemd.units() == []
    assert project.ask("show", str(run_id))["state"] == "running"
    assert "not installed" in project.tui_flow("engine", "install", "--uninstall").stdout
    assert project.tui_flow("cancel", str(run_id), "--kill").returncode == 0


def test_print_changes_nothing(project: Housed) -> None:
    printed = project.tui_flow("engine", "install", "--print")
    assert printed.stdout.startswith(systemd.MARK)
    assert project.systemd.asked() == []
    assert project.systemd.units() == [] and not project.state_dir.exists()


def test_without_a_user_manager_it_says_how_to_get_one_and_the_engine_starts_all_the_same(
    project: Housed,
) -> None:
    (project.systemd.run / "down").touch()
    refused = project.tui_flow("engine", "install")
    assert refused.returncode == 3
    assert "Failed to connect to bus" in refused.stderr and "loginctl enable-linger" in refused.stderr
    assert project.systemd.units() == []
    (project.systemd.run / "down").unlink()
    project.ask("engine", "install")
    (project.systemd.run / "down").touch()
    os.kill(project.systemd.pid(), signal.SIGKILL)
    wait_until(lambda: project.tui_flow("engine", "status").returncode == 3)
    assert project.tui_flow("engine", "start").returncode == 0
    (project.systemd.run / "down").unlink()


def test_a_unit_that_is_not_ours_is_left_alone(project: Housed) -> None:
    unit = project.systemd.config / "systemd" / "user" / systemd.unit_name(project.root)
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    refused = project.tui_flow("engine", "install")
    assert (refused.returncode, str(unit) in refused.stderr) == (3, True)
    assert "not installed" in project.tui_flow("engine", "install", "--uninstall").stdout
    assert "/bin/true" in unit.read_text()
    unit.unlink()


def test_the_unit_holds_no_secret_and_systemd_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", "s3cr3t-value")
    text = systemd.unit_text(tmp_path)
    assert "s3cr3t" not in text and "KillMode=process\n" in text and "Restart=on-failure\n" in text
    unit = tmp_path / systemd.unit_name(tmp_path)
    unit.write_text(text)
    verified = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    ) if Path("/usr/bin/systemd-analyze").exists() else None  # fmt: skip
    if verified is None or "Failed to initialize manager" in verified.stderr:
        pytest.skip("no systemd here that could look at it")
    said = [line for line in verified.stderr.splitlines() if unit.name in line and "RestartSteps" not in line]
    assert [line for line in said if "RestartMaxDelaySec" not in line] == []


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        ("etl", "etl"),
        ("My Project!", "My-Project"),
        ("été/..", "project"),
        ("a" * 80, "a" * 40),
        ("-", "project"),
    ],
    ids=["plain", "spaces", "dots", "long", "nothing"],
)
def test_a_unit_is_named_after_its_project_and_no_other(name: str, readable: str) -> None:
    here, there = systemd.unit_name(Path("/home/a") / name), systemd.unit_name(Path("/home/b") / name)
    assert here.startswith(f"tui-flow-{readable}-") and here.endswith(".service") and here != there
    assert len(here) < 80


def test_a_path_that_no_unit_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no unit file can hold"):
        systemd.unit_text(tmp_path / "two\nlines")
