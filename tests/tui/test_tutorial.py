"""The tour in six steps, on what a project has."""

from pathlib import Path

from tests.store.rows import a_file, a_flow
from tests.tui.pages import console
from tests.tui.project import NOON, Project
from tui_flow.contract import changes, commands
from tui_flow.tui.keymap import Keymap
from tui_flow.tui.presentation import text_of, tutorial
from tui_flow.tui.presentation.flow_list import EMPTY
from tui_flow.tui.presentation.glyphs import ASCII


async def test_the_tour_is_told_with_ones_own_failure_and_keys_and_each_step_can_be_done(
    etl: Project, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text('run.next_error = "E"\n')
    async with console(etl, keys=keys) as page:
        await page.press("question_mark", "f1")
        await page.shows("Tutorial 1 of 6: look", "[1 look]", "Here that is etl_daily: failed")
        await page.press("enter")
        await page.shows("[1 Flows]", "F1 goes on with the tutorial")
        await page.press("f1")
        await page.shows("Tutorial 2 of 6: open", "run 812 of etl_daily: failed", "⏎ opens run 812")
        await page.press("right")
        await page.shows("E goes to the next, N back", "OperationalError: connection to server")
        await page.press("enter")
        await page.shows("opened at the first error", "FAILED")
        await page.press("f1")
        await page.shows("Tutorial 4 of 6: edit", "flows/etl_daily.py:4")
        await page.press("5", "enter")
        await page.shows("Run etl_daily again: run 812, failed")
        await page.press("escape", "f1")
        await page.shows("Tutorial 6 of 6: leave", "1 run goes on without it")
        await page.press("enter")
        await page.hides("Tutorial")
        assert page.app.is_running
        await page.press("f1")
        await page.shows("Tutorial 1 of 6")


async def test_the_tour_fits_into_sixty_by_twenty_and_into_an_empty_project(project: Project) -> None:
    async with console(project, size=(60, 20)) as page:
        await page.press("f1")
        for number in range(1, 7):
            await page.shows(f"Tutorial {number} of 6", "Esc leaves")
            await page.press("enter" if number in (2, 3) else "right")
        await page.press("escape")
        assert page.app.screen_stack[-1] is page.app.screen_stack[0]
        page.engine.answers[commands.RunFlow] = {"run_id": 1}
        project.flow("hello")
        page.engine.tell(changes.FlowFileChanged("flows/hello.py", "ok"))
        await page.until(lambda: page.app.overview.flows, "the flow to be known")
        project.run(1, "hello", "pending")
        await page.press("f1", "5")
        await page.shows("⏎ runs hello")
        await page.press("enter")
        await page.shows("Flows › hello › run 1")
        project.set_run(1, "completed", started_at=NOON)
        page.engine.tell(changes.RunChanged(1, "hello", "completed"))
        await page.until(lambda: page.app.overview.runs["hello"], "the run to be known")
        await page.press("f1", "3")
        await page.shows("Nothing is wrong here now", "⏎ opens run 1 there")
        await page.press("5", "enter")
        await page.shows("Run hello again")


def test_a_project_without_runs_is_told_how_to_get_some() -> None:
    steps = tutorial.steps(EMPTY, Keymap(), NOON, ASCII)
    told = "\n".join(text_of(line) for step in steps for line in step.lines)
    assert (
        "save a Python file with a @flow" in told
        and "r runs a flow" in told
        and "Nothing is wrong here" in told
    )
    assert [bool(step.do) for step in steps] == [True, False, False, False, False, True]
    assert told.isascii()


def test_the_tour_does_not_say_that_its_flow_stands_on_top_where_another_does() -> None:
    broken = a_file("flows/mess.py", state="broken", error="no", error_line=7)
    overview = EMPTY._replace(files=[broken], flows=[a_flow("etl")])
    told = [text_of(line) for line in tutorial.steps(overview, Keymap(), NOON, ASCII)[0].lines]
    assert told[1] == "Of your flows, look at etl: never run"
