"""Stories of runs that wait for a person."""

from typing import Any

import pytest

from tests.tui.pages import FakeEngine, console
from tests.tui.project import NOON, Project
from tui_flow.contract import commands, questions
from tui_flow.contract.errors import BadParameters
from tui_flow.contract.questions import Question
from tui_flow.contract.rundir import run_dir
from tui_flow.contract.schedules import Cron
from tui_flow.store.waits import Wait

SCHEMA = {
    "type": "object",
    "properties": {
        "approve": {"type": "boolean"},
        "reason": {"type": "string", "default": "none", "description": "For the record."},
    },
    "required": ["approve"],
}


def wait(project: Project, schema: dict[str, Any], description: str = "") -> None:
    """Run 7 of etl is paused, and asks for this."""
    project.flow("etl")
    asked_at, message = NOON + 60 * 7 + 30, "waits for an answer: tui-flow answer 7"
    waited = (Wait(asked_at, None),)
    project.run(7, "etl", "paused", state_name="Paused", message=message, waited=waited)
    question = Question("approval", asked_at, None, schema, description, 1, False)
    questions.ask(run_dir(project.settings.state_dir, 7), question)


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine()
    engine.answers |= {commands.AnswerRun: {"key": "approval", "state": "running"}}
    return engine


async def test_a_paused_run_is_answered_by_a_form_of_what_it_asks_for(
    project: Project, engine: FakeEngine
) -> None:
    wait(project, SCHEMA, "Ship it?")
    async with console(project, engine=engine, open_run=7) as page:
        await page.shows("etl", "p answer…  x cancel…")
        assert page.line_with("waits for an answer:").startswith("│>   ‖ etl            30s │‖"), (
            "what it waits is no work"
        )
        await page.press("p")
        await page.shows("Ship it? › Answer 7", "approve *", "( )true ( )false", "required", "^R answer")
        await page.press("ctrl+r")
        await page.shows("needs a true or false")
        await page.press("right", "tab")
        await page.shows("For the record.")
        await page.type("ok")
        await page.shows("$ tui-flow answer 7 -p approve=true")
        await page.press("ctrl+r")
        await page.shows("run 7 has its answer, and goes on")
    (command,) = engine.asked_for(commands.AnswerRun)
    assert (command.run_id, command.key, command.values["approve"]) == (7, "approval", True)


async def test_the_footer_of_flows_says_what_p_does_on_each_row(project: Project, engine: FakeEngine) -> None:
    wait(project, SCHEMA)
    project.flow("nightly")
    project.schedule("nightly", Cron("0 3 * * *", "UTC"), at=NOON)
    async with console(project, engine=engine) as page:
        await page.shows("> ‖  etl", "p answer…")
        await page.press("j")
        await page.shows("p pause")
        assert "answer…" not in page.footer


async def test_a_go_ahead_is_asked_for_with_two_answers(project: Project, engine: FakeEngine) -> None:
    wait(project, {"type": "object", "properties": {}})
    project.run(8, "etl", "pending")
    async with console(project, engine=engine, open_run=7) as page:
        await page.shows("etl")
        await page.press("p")
        await page.shows("Let run 7 go on?", "It waits for a go-ahead.")
        await page.press("escape", "p", "right", "enter")
        await page.shows("run 7 has its answer, and goes on")
        await page.press("1")
        await page.shows("‖  etl", "paused (and 1 more)")
        await page.press("p")
        await page.shows("Let run 7 go on?")
        await page.press("escape", "2")
        await page.shows("│> ‖   7  etl ", "waits for an answer: p", "p answer…")
        await page.press("p")
        await page.shows("Let run 7 go on?")
        await page.press("escape", "k", "p")
        await page.shows("run 8 is pending: it does not wait for an answer")
        await page.press("escape", "colon")
        await page.type("answer")
        await page.shows("Answer run 7")
    assert engine.asked_for(commands.AnswerRun) == [commands.AnswerRun(7, {}, "approval")]


async def test_what_does_not_fit_is_told_and_who_waits_for_nothing_says_so(
    project: Project, engine: FakeEngine
) -> None:
    wait(project, SCHEMA)

    def refuse(_: commands.AnswerRun) -> dict[str, Any]:
        raise BadParameters("run 7 does not take this answer", where="reason: is too short")

    engine.answers |= {commands.AnswerRun: refuse}
    async with console(project, engine=engine, open_run=7) as page:
        await page.shows("etl")
        await page.press("p", "left", "ctrl+r")
        await page.shows("does not take this answer", "reason: is too short", "-p approve=false")
        await page.press("escape", "right", "enter")
        await page.hides("Leave the form?")
        questions.close(run_dir(project.settings.state_dir, 7), "approval")
        await page.press("p")
        await page.shows("run 7 does not wait for an answer")
        wait_again = Question(
            "second", NOON, None, {"properties": {"note": {"type": "string", "default": ""}}}, "", 1, False
        )
        questions.ask(run_dir(project.settings.state_dir, 7), wait_again)
        await page.press("p")
        await page.shows("$ tui-flow answer 7 --defaults")
