"""Whose the state is: whatever the umask, whatever was there before, and whoever comes."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.project import Project, temporary_project
from tui_flow.contract.errors import EXIT_STATE
from tui_flow.store import database

TINY = """
    import os
    from pathlib import Path
    from tui_flow import flow, task

    @task(persist_result=True)
    def step() -> str:
        return "x" * 100_000  # too big for a line: it gets a file of its own

    @flow
    def tiny():
        Path("made").write_text("by the author")
        return step()

    if __name__ == "__main__":
        tiny()
"""
NOBODY = 65534
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
AS_NOBODY = """
import importlib, os, pkgutil, sys
import tui_flow.cli.commands, tui_flow.store.database, tui_flow.store.runs
import tui_flow.client.blocking, tui_flow.client.reaching
from tui_flow.cli.main import main
for module in pkgutil.iter_modules(tui_flow.cli.commands.__path__):
    importlib.import_module(f"tui_flow.cli.commands.{module.name}")
os.setgroups([]), os.setgid(65534), os.setuid(65534)
main()
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with temporary_project(tmp_path / "project") as found:
        found.write("tiny.py", TINY)
        yield found


@pytest.fixture
def bare(tmp_path: Path) -> Project:
    """One in which nothing is to be started."""
    project = Project(tmp_path / "project")
    project.write("tiny.py", TINY)
    return project


@pytest.fixture
def open_project() -> Iterator[Project]:
    """One that everybody can look into, as far as the state directory lets them. Pytest shuts its own folders."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with temporary_project(Path(folder, "project")) as found:
            found.write("tiny.py", TINY)
            yield found


def run_flow(project: Project, umask: int) -> int:
    with project.start("run", "tiny", umask=umask) as command:
        command.communicate(timeout=30)
    return command.returncode


def run_script(project: Project, umask: int) -> int:
    return subprocess.run(
        [sys.executable, "flows/tiny.py"],
        cwd=project.root,
        env=project.environment,
        umask=umask,
        capture_output=True,
        check=False,
    ).returncode


@pytest.mark.parametrize("how", [run_flow, run_script], ids=["by-the-engine", "as-a-script"])
@pytest.mark.parametrize(
    "umask", [0o000, pytest.param(0o022, marks=pytest.mark.soak), 0o077], ids=["000", "022", "077"]
)
def test_all_state_is_its_owners_alone_and_the_authors_files_are_as_the_umask_says(
    project: Project, how: Callable[[Project, int], int], umask: int
) -> None:
    assert how(project, umask) == 0
    assert project.tui_flow("runs").returncode == 0
    assert project.tui_flow("db", "backup").returncode == 0
    found = {path: path.lstat().st_mode for path in [project.state_dir, *project.state_dir.rglob("*")]}
    assert {"journal", "log", "history.db", "engine.sock", "engine.log"} <= {path.name for path in found}
    open_to_others = {str(path): oct(mode) for path, mode in found.items() if mode & 0o077}
    assert open_to_others == {}
    assert stat.S_IMODE((project.root / "made").stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o1777], ids=["777", "770", "702", "1777"])
def test_a_state_directory_that_others_could_write_before_is_used_by_nobody(bare: Project, mode: int) -> None:
    bare.state_dir.mkdir()
    bare.state_dir.chmod(mode)
    for words in (["runs"], ["run", "tiny"]):
        refused = bare.tui_flow(*words)
        assert (refused.returncode, "chmod go-w" in refused.stderr) == (EXIT_STATE, True), words
    assert run_script(bare, 0o022) != 0
    assert list(bare.state_dir.iterdir()) == []
    assert not bare.processes()


FOLDERS = ("", "runs", "sources", "backups", "events")
"""Not results/: who has big ones may want them on another disk."""


@pytest.mark.parametrize("name", FOLDERS, ids=lambda name: name or "state-dir")
def test_nothing_is_written_through_a_folder_that_is_a_link(bare: Project, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if name:
        bare.state_dir.mkdir(mode=0o700)
    (bare.state_dir / name if name else bare.state_dir).symlink_to(elsewhere)
    _use(bare, ["run", "tiny"], ["db", "backup"])
    assert list(elsewhere.iterdir()) == []


FILES = ("history.db", "engine.log", "engine.sock", "runs/1/log", "runs/1/journal", "runs/1/stacks")
MORE_FILES = ("engine.lock", "console.log", "runs/last", "runs/1/calls", "runs/1/lock")


@pytest.mark.parametrize(
    "name",
    [*FILES, *(pytest.param(name, marks=pytest.mark.soak) for name in MORE_FILES)],
    ids=lambda name: name.replace("/", "-"),
)
def test_nothing_is_written_through_a_file_that_is_a_link(bare: Project, tmp_path: Path, name: str) -> None:
    """Those of run 1 are met when it is run again."""
    precious = tmp_path / "precious"
    if name.startswith("runs/1/"):
        assert run_flow(bare, 0o022) == 0
        (bare.state_dir / name).unlink(missing_ok=True)
    else:
        (bare.state_dir / "runs").mkdir(parents=True)
        bare.state_dir.chmod(0o700)
        (bare.state_dir / "runs").chmod(0o700)
    precious.write_text("precious\n")
    (bare.state_dir / name).symlink_to(precious)
    _use(bare, ["rerun", "1", "--force", "--detach"] if name.startswith("runs/1/") else ["run", "tiny"])
    assert precious.read_text() == "precious\n"


def _use(project: Project, *commands: list[str]) -> None:
    """By these commands and by a script. Each may refuse or do its work; none may hang, or end in a traceback."""
    try:
        for words in commands:
            done = project.tui_flow(*words)
            assert "Traceback" not in done.stderr, done.stderr
            assert done.returncode in (0, 1, 2, 3, 4), done
        run_script(project, 0o022)
    finally:
        project.tui_flow("engine", "stop")
        project.wait_for_quiet()


@only_root
def test_somebody_else_can_neither_read_nor_use_the_project(open_project: Project) -> None:
    project = open_project
    assert run_flow(project, 0o022) == 0
    for words in (["runs"], ["run", "tiny"], ["engine", "stop"], ["cancel", "1"]):
        refused = _as_nobody(project, *words)
        assert refused.returncode == EXIT_STATE, refused
        assert f"belongs to uid 0, and you are uid {NOBODY}" in refused.stderr, refused
    assert project.tui_flow("engine", "status").returncode == 0


@only_root
def test_root_does_not_work_in_somebody_elses_state(bare: Project) -> None:
    bare.state_dir.mkdir(mode=0o700)
    os.chown(bare.state_dir, NOBODY, NOBODY)
    for words in (["runs"], ["run", "tiny"], ["engine", "start"]):
        refused = bare.tui_flow(*words)
        assert (refused.returncode, f"belongs to uid {NOBODY}" in refused.stderr) == (EXIT_STATE, True)
    assert run_script(bare, 0o022) != 0
    assert list(bare.state_dir.iterdir()) == []


def _as_nobody(project: Project, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", AS_NOBODY, *words],
        cwd=project.root, env=project.environment, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip


@pytest.mark.parametrize(
    "open_history", [database.open_writer, database.open_reader], ids=["writer", "reader"]
)
def test_what_stands_in_the_file_is_not_trusted(
    tmp_path: Path, open_history: Callable[[Path], database.Connection]
) -> None:
    database.open_writer(tmp_path).close()
    with closing(open_history(tmp_path)) as db:
        told = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("trusted_schema", "cell_size_check")]
        assert told == [0, 1]
        if hasattr(db, "getconfig"):  # from Python 3.12 on
            import sqlite3

            assert db.getconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE)
