"""The console inside an SSH session that goes away: the console ends, the engine and its runs do not notice."""

from pathlib import Path

from tests.project import TUI_FLOW, Project
from tests.ssh import over_ssh


async def test_a_cut_connection_ends_the_console_and_nothing_else(project: Project, gate: Path) -> None:
    run_id = project.ask("run", "gated", "--detach")["run_id"]
    async with over_ssh([TUI_FLOW], project.root, project.environment) as remote:
        await remote.wait_for("gated", "quick", "▸1 running")
        engine = project.ask("engine", "status")["pid"]
        remote.cut()
        assert await remote.wait_gone(timeout=3) != 0
    assert project.ask("show", str(run_id))["state"] == "running"
    assert project.ask("engine", "status")["pid"] == engine
    gate.touch()
    assert project.wait_for_state(run_id, "completed", "failed", "crashed")["state"] == "completed"


async def test_a_run_started_over_a_connection_that_is_cut_at_once_goes_on(
    project: Project, gate: Path
) -> None:
    async with over_ssh([TUI_FLOW, "run", "gated"], project.root, project.environment) as remote:
        await remote.wait_for("waiting at the gate")
        remote.cut()
        await remote.wait_gone()
    run_id = project.ask("show", "latest")["run_id"]
    assert project.ask("show", str(run_id))["state"] == "running"
    gate.touch()
    assert project.wait_for_state(run_id, "completed", "failed", "crashed")["state"] == "completed"


async def test_who_comes_back_over_a_new_connection_sees_the_run_still_running(
    project: Project,
    gate: Path,
) -> None:
    async with over_ssh([TUI_FLOW], project.root, project.environment) as remote:
        await remote.wait_for("gated", "quick")
        run_id = project.ask("run", "gated", "--detach")["run_id"]
        await remote.wait_for("▸1 running")
        remote.cut()
        await remote.wait_gone()
    async with over_ssh([TUI_FLOW], project.root, project.environment) as remote:
        await remote.wait_for("gated", "▸1 running")
        gate.touch()
        await remote.wait_for("✓")
        remote.press("q")
        await remote.wait_gone()
    assert project.ask("show", str(run_id))["state"] == "completed"
