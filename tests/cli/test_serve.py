"""Scripts that serve flows, as people start and end them: in front of them, killed, with their terminal gone."""

import os
import pty
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.project import TUI_FLOW, Project, temporary_project
from tests.waiting import wait_until
from tui_flow.contract.errors import HistoryError
from tui_flow.contract.states import FlowRunState
from tui_flow.store import database, runs
from tui_flow.store.records import FlowRun

ETL = """
    import sys
    from {package} import flow, get_run_logger
    from {package}.runtime import deployment

    @flow
    def etl(day: str = "today"):
        get_run_logger().info("%s of %s \\x1b[31m", day, deployment.name)
        if day == "never":
            raise ValueError("no such day")

    if __name__ == "__main__":
        etl.serve({options})
        print("served")
"""
OFTEN = 'name="often", interval=0.5, parameters={"day": "monday"}'
Serve = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with temporary_project(tmp_path / "project") as found:
        yield found


@pytest.fixture
def serve(project: Project) -> Iterator[Serve]:
    """Starts a script beside the project's flows that serves one."""
    started: list[subprocess.Popen[str]] = []
    (project.root / "work").mkdir()

    def start(
        options: str = OFTEN, package: str = "tui_flow", command: list[str] | None = None, **how: Any
    ) -> Any:
        path = project.root / "work" / "etl.py"
        path.write_text(textwrap.dedent(ETL).replace("{package}", package).replace("{options}", options))
        environment = {**project.environment, "PYTHONUNBUFFERED": "1"}
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        started.append(
            subprocess.Popen(
                [*(command or [sys.executable]), str(path)],
                text=True, start_new_session=True, env=environment, **{"cwd": project.root, **streams, **how},
            )
        )  # fmt: skip
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def completed(project: Project) -> list[FlowRun]:
    """As the history has it; none before there is one."""
    try:
        db = database.open_reader(project.state_dir)
    except HistoryError:
        return []
    try:
        return runs.list_runs(db, states={FlowRunState.COMPLETED})
    finally:
        db.close()


def schedule(project: Project) -> dict[str, Any]:
    (one,) = project.ask("schedule", "list")["schedules"]
    return dict(one)


@pytest.mark.parametrize(
    ("package", "command"),
    [("tui_flow", None), ("prefect", [TUI_FLOW, "serve"])],
    ids=["python", "tui-flow serve"],
)
def test_it_shows_its_runs_until_ctrl_c_which_pauses_its_schedules(
    project: Project, serve: Serve, package: str, command: list[str] | None
) -> None:
    process = serve(OFTEN, package, command)
    assert process.stdout is not None
    lines: list[str] = []
    while "completed" not in (lines or [""])[-1]:
        lines.append(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=20)
    said = "".join(lines) + rest
    assert lines[0].startswith("etl/often is served: every 0.5 s, next ")
    assert "`tui-flow run etl/often`" in lines[1]
    assert "▸ run 1 of etl/often, for " in lines[2]
    assert (
        "INFO     etl: monday of often" in said and "\x1b" not in said and "✓ run 1 completed after" in said
    )
    assert "Paused until it is served again: etl/often." in said and rest.endswith("served\n")
    assert (process.returncode, schedule(project)["state"]) == (0, "paused")
    count = len(completed(project))
    assert project.tui_flow("run", "etl/often", "-p", "day=never").returncode == 1
    assert len(completed(project)) == count


@pytest.mark.parametrize("how", ["killed", "told to end", "its terminal gone"])
def test_however_it_ends_its_schedules_pause(project: Project, serve: Serve, how: str) -> None:
    if how == "its terminal gone":
        mine, theirs = pty.openpty()

        def own_terminal() -> None:
            import fcntl
            import termios

            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        process = serve(stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=own_terminal)
        os.close(theirs)
    else:
        process = serve(stdout=subprocess.DEVNULL)
    wait_until(lambda: completed(project), 20)
    if how == "its terminal gone":
        os.close(mine)
    else:
        process.send_signal(signal.SIGKILL if how == "killed" else signal.SIGTERM)
    process.wait(20)
    found: dict[str, Any] = wait_until(lambda: (one := schedule(project))["state"] == "paused" and one)
    assert found["paused_by"] == "its server"
    wait_until(lambda: not [name for name in project.processes().values() if "cli.serving" in name])


def test_with_pause_on_shutdown_off_the_engine_goes_on(project: Project, serve: Serve) -> None:
    process = serve(f"{OFTEN}, pause_on_shutdown=False, print_starting_message=False")
    wait_until(lambda: completed(project), 20)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert "is served" not in said and "The engine goes on with etl/often." in said
    count = len(completed(project))
    wait_until(lambda: len(completed(project)) > count)


def test_the_engine_may_die_meanwhile(project: Project, serve: Serve) -> None:
    process = serve(stdout=subprocess.DEVNULL)
    wait_until(lambda: completed(project), 20)
    with suppress(ProcessLookupError):
        os.kill(project.ask("engine", "status")["pid"], signal.SIGKILL)
    count = len(completed(project))
    wait_until(lambda: len(completed(project)) > count)
    assert (process.poll(), schedule(project)["state"]) == (None, "active")
    process.terminate()
    assert process.wait(20) == 128 + signal.SIGTERM


def test_where_there_can_be_no_engine_it_says_why(project: Project, serve: Serve) -> None:
    project.state_dir.mkdir(mode=0o700)
    (project.state_dir / "history.db").write_bytes(b"no history at all" * 100)
    process = serve()
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 1 and "HistoryDamaged" in said and "history.db" in said
    (project.state_dir / "history.db").unlink()


def test_what_is_wrong_with_it_ends_the_script(project: Project, serve: Serve) -> None:
    process = serve('cron="0 3 * * *", parameters={"colour": "red"}')
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 1 and "flow 'etl' has no parameter 'colour'" in said
    assert list((project.state_dir / "serving").iterdir()) == []


def test_where_the_project_is_elsewhere_it_says_how_to_reach_it(
    project: Project, serve: Serve, tmp_path: Path
) -> None:
    process = serve('schedules=[{"cron": "0 3 * * *"}, {"cron": "0 4 * * *"}]', cwd=tmp_path)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(4)]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert lines[0] == "etl/etl is served:\n" and "  0 3 * * * " in lines[1] + lines[2]
    assert f"`tui-flow run --project {project.root} etl/etl`" in lines[3]
