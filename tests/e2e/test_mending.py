"""From a failure to the run that works: one key for each step, in a real terminal, with a real engine and editor."""

import sys
from pathlib import Path

from tests.project import TUI_FLOW, temporary_project
from tests.terminal import Terminal

ETL = """
from tui_flow import flow, get_run_logger, task


@task
def extract(rows: int) -> list[int]:
    get_run_logger().info("extracting %d rows", rows)
    return list(range(rows))


@task
def load(rows: list[int]) -> int:
    raise ConnectionError("the warehouse is gone")


@flow
def etl(rows: int = 5) -> int:
    return load(extract(rows))
"""
EDITOR = """
import sys
from pathlib import Path
line, path = sys.argv[1:]
file = Path(path)
lines = file.read_text().splitlines(keepends=True)
at = int(line.removeprefix("+")) - 1
lines[at] = lines[at].replace('raise ConnectionError("the warehouse is gone")', "return len(rows)")
file.write_text("".join(lines))
"""


def test_what_failed_is_read_mended_and_rerun_with_a_key_each(tmp_path: Path) -> None:
    with temporary_project(tmp_path / "project") as project:
        project.write("etl.py", ETL)
        assert project.tui_flow("run", "etl", "--no-log").returncode == 1
        editor = tmp_path / "vim"
        editor.write_text(f"#!{sys.executable}\n{EDITOR}")
        editor.chmod(0o700)
        terminal = Terminal([TUI_FLOW], cwd=project.root, env={**project.environment, "EDITOR": str(editor)})
        try:
            terminal.wait_for("etl", "failed")
            terminal.press("enter")
            screen = terminal.wait_for("FAILED", "ConnectionError: the warehouse is gone", "e edits etl.py")
            error = next(
                line for line in screen.splitlines() if line.startswith("│>") and "ConnectionError" in line
            )
            assert "the warehouse is gone" in error, "the cursor is on what was raised"
            terminal.press("e")
            terminal.wait_for("edited etl.py")
            terminal.press("r")
            terminal.wait_for("from failed", "reuse 1, run 1")
            terminal.press("f")
            terminal.wait_for("attempt 2/2", "COMPLETED")
            terminal.press(",")
            terminal.wait_for("attempt 1/2", "FAILED")
        finally:
            terminal.close()
        shown = project.ask("show", "1")
        assert (shown["state"], shown["attempt"]) == ("completed", 2)
        assert [task["state_name"] for task in shown["tasks"]] == ["Reused", "Completed"]
