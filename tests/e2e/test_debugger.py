"""`tui-flow debug`, and the same from the console, in a real terminal."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.project import TUI_FLOW, Project, temporary_project
from tests.terminal import Terminal
from tui_flow.contract.errors import EXIT_INTERRUPTED

ETL = """
    from tui_flow import flow, task

    @task
    def extract() -> list[int]:
        with open("extracted", "a") as file:
            file.write("once\\n")
        return [1, 2, 3]

    @task(retries=3, retry_delay_seconds=60)
    def load(row: int) -> int:
        print(f"row {row} comes")
        if row == 3:
            raise ValueError("no such row")
        return row

    @flow(log_prints=True)
    def etl():
        return load.map(extract()).result()
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with temporary_project(tmp_path_factory.mktemp("debugger")) as found:
        found.write("etl.py", ETL.replace("retries=3", "retries=0"))
        found.tui_flow("run", "etl")
        yield found


@pytest.fixture
def failed(project: Project) -> Project:
    """A project whose run 1 failed in a task, with its file mended as far as it went."""
    project.write("etl.py", ETL)
    return project


def opened(project: Project, *command: str) -> Terminal:
    return Terminal([TUI_FLOW, *command], cwd=project.root, env=project.environment)


def test_the_first_exception_is_looked_at_where_it_was_raised_and_what_succeeded_is_reused(
    failed: Project,
) -> None:
    with closing(opened(failed, "debug", "1")) as terminal:
        terminal.wait_for("ValueError: no such row", "load-2 failed", "(Pdb)")
        terminal.press("p row * 100", "enter")
        terminal.wait_for("300")
        terminal.press("!print('seen')", "enter")
        terminal.wait_for("seen")
        terminal.press("q", "enter")
        assert terminal.wait_exit() == 1
    assert (failed.root / "extracted").read_text() == "once\n"
    run = failed.ask("show", "latest")
    assert run["trigger"] == "debugger of run 1"
    log = failed.tui_flow("logs", "latest").stdout
    assert "row 3 comes" in log and "300" not in log and "seen" not in log, (
        "the debugger talks to the terminal only"
    )
    (alert,) = failed.ask("alerts", "list")["alerts"]
    assert alert["runs"] == [1], "who debugs knows that it fails"
    states = {task["run_name"]: (task["state"], task["tries"]) for task in run["tasks"]}
    assert states["extract-0"][0] == "cached" and states["load-2"] == ("failed", 1)


def test_a_breakpoint_of_the_authors_own_stops_and_a_flow_that_goes_well_ends_well(failed: Project) -> None:
    failed.write("etl.py", ETL.replace('raise ValueError("no such row")', "breakpoint()"))
    with closing(opened(failed, "debug", "1")) as terminal:
        terminal.wait_for("(Pdb)")
        terminal.press("p row * 100", "enter")
        terminal.wait_for("300")
        terminal.press("c", "enter")
        assert terminal.wait_exit() == 0
    assert failed.ask("show", "latest")["state"] == "completed"
    log = failed.tui_flow("logs", "latest").stdout
    assert "row 3 comes" in log and "300" not in log


def test_a_secret_of_the_run_is_asked_for(project: Project) -> None:
    project.write(
        "guarded.py",
        """
        from pydantic import SecretStr
        from tui_flow import flow

        @flow
        def guarded(token: SecretStr):
            raise ValueError(len(token.get_secret_value()))
        """,
    )
    project.tui_flow("run", "guarded", "-p", "token=hidden-1")
    with closing(opened(project, "debug", "latest")) as terminal:
        terminal.wait_for("token (not shown):")
        terminal.press("ctrl+c")
        assert "Traceback" not in terminal.wait_for("so nothing ran")
        assert terminal.wait_exit() == EXIT_INTERRUPTED
    with closing(opened(project, "debug", "latest")) as terminal:
        terminal.wait_for("token (not shown):")
        terminal.press("hidden-1234", "enter")
        assert "hidden" not in terminal.wait_for("ValueError: 11", "(Pdb)")
        terminal.press("q", "enter")
        assert terminal.wait_exit() == 1
    assert project.ask("show", "latest")["parameters"] == {"token": "**********"}
    files = [path for path in project.state_dir.rglob("*") if path.is_file()]
    assert not [path for path in files if b"hidden-1234" in path.read_bytes()]


def test_a_run_that_waits_for_a_person_asks_the_one_who_debugs_it(project: Project) -> None:
    project.write(
        "asks.py",
        """
        from tui_flow import flow, pause_flow_run

        @flow
        def asks():
            count = pause_flow_run(wait_for_input=int)
            raise ValueError(f"{count} is too much")
        """,
    )
    project.tui_flow("run", "asks", "--detach")
    run_id = project.ask("runs")["runs"][0]["run_id"]
    project.wait_for_state(run_id, "paused")
    project.tui_flow("answer", str(run_id), "-p", "value=1")
    project.wait_for_state(run_id, "failed")
    with closing(opened(project, "debug", str(run_id))) as terminal:
        terminal.wait_for("value (whole number):")
        terminal.press("x1", "enter")
        terminal.wait_for("whole number", "x1")
        terminal.press("7", "enter")
        terminal.wait_for("has its answer, and goes on", "ValueError: 7 is too much", "(Pdb)")
        terminal.press("q", "enter")
        assert terminal.wait_exit() == 1


def test_the_console_gives_way_to_the_debugger_and_comes_back(failed: Project) -> None:
    with closing(opened(failed, "open", "run/1")) as terminal:
        terminal.wait_for("opened at the first error")
        terminal.press("r")
        terminal.wait_for("under pdb")
        terminal.press("d")
        terminal.wait_for("(Pdb)")
        terminal.press("q", "enter")
        terminal.wait_for("back to the console with Enter")
        terminal.press("enter")
        terminal.wait_for("Flows › etl", "FAILED")
        terminal.press("q")
        terminal.wait_for("[2 Runs]")
        terminal.press("q")
        assert terminal.wait_exit() == 0


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def (", "SyntaxError"),
        ("from tui_flow import flow\n@flow\ndef other(): ...", "any more; its flows: other"),
    ],
    ids=["broken", "gone"],
)
def test_a_file_that_no_longer_holds_the_flow_says_so(failed: Project, source: str, said: str) -> None:
    failed.write("etl.py", source)
    with closing(opened(failed, "debug", "1")) as terminal:
        terminal.wait_for(said)
        assert terminal.wait_exit() == 2


def test_without_a_terminal_it_says_so(failed: Project) -> None:
    done = failed.tui_flow("debug", "1")
    assert done.returncode == 2 and "needs a terminal" in done.stderr


def test_nothing_of_an_exception_or_a_log_reaches_the_terminal_raw(failed: Project) -> None:
    failed.write("etl.py", ETL.replace('"no such row"', '"no such row \\x1b]52;c;SEFDS0VE\\x07"'))
    with closing(opened(failed, "debug", "1")) as terminal:
        terminal.wait_for("␛]52;c;SEFDS0VE", "(Pdb)")
        terminal.press("q", "enter")
        assert terminal.wait_exit() == 1
        assert b"\x1b]52" not in terminal.raw


def test_ctrl_c_on_the_way_back_ends_nothing(failed: Project) -> None:
    with closing(opened(failed, "open", "run/1")) as terminal:
        terminal.wait_for("opened at the first error")
        terminal.press("r")
        terminal.wait_for("under pdb")
        terminal.press("d")
        terminal.wait_for("(Pdb)")
        terminal.press("q", "enter")
        terminal.wait_for("back to the console with Enter")
        terminal.press("ctrl+c", "enter")
        terminal.wait_for("Flows › etl")
        terminal.press("q")
        terminal.wait_for("[2 Runs]")
        terminal.press("q")
        assert terminal.wait_exit() == 0
