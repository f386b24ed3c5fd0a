"""Answers a run that waits for a person, by a form made of what it asks for."""

from typing import TYPE_CHECKING, Any

from tui_flow.contract import questions
from tui_flow.contract.commands import AnswerRun
from tui_flow.contract.questions import Question
from tui_flow.contract.rundir import run_dir
from tui_flow.contract.states import FlowRunState
from tui_flow.store.records import Flow, FlowRun
from tui_flow.tui.asking import Request

if TYPE_CHECKING:
    from tui_flow.tui.app import Console
    from tui_flow.tui.presentation.form import Filled


def answer(console: "Console", run: FlowRun) -> None:
    """Asks for the answer to the oldest of its questions, and gives it."""
    asked = questions.open_questions(run_dir(console.settings.state_dir, run.id))
    if not asked:
        is_paused = run.state is FlowRunState.PAUSED
        now = (
            " does not wait for an answer any more"
            if is_paused
            else f" is {run.state}: it does not wait for an answer"
        )
        console.say(f"run {run.id}{now}")
    elif not console.may_change():
        return
    elif asked[0].schema.get("properties"):
        _fill_in(console, run, asked[0])
    else:
        _confirm(console, run, asked[0])


def _fill_in(console: "Console", run: FlowRun, question: Question) -> None:
    from tui_flow.tui.screens.form import FormScreen

    asks = Flow(question.description or run.flow, run.path, "", 1, "", question.schema, [], None)

    def give(filled: "Filled") -> Request:
        return _give(console, run, question, filled.parameters)

    console.push_screen(FormScreen(asks, {}, give, f"answer {run.id}", verb="answer"))


def _confirm(console: "Console", run: FlowRun, question: Question) -> None:
    from tui_flow.tui.screens.dialogs import ConfirmScreen

    def confirmed(yes: bool | None) -> None:
        if yes:
            console.ask(*_give(console, run, question, {}))

    title, told = f"Let run {run.id} go on?", question.description or "It waits for a go-ahead."
    console.push_screen(ConfirmScreen(title, [[(told, "")]], "Let it wait", "Let it go on"), confirmed)


def _give(console: "Console", run: FlowRun, question: Question, values: dict[str, Any]) -> Request:
    def given(_: dict[str, Any]) -> None:
        console.cannot_undo(f"run {run.id} has its answer: u cannot take that back")
        console.say(f"run {run.id} has its answer, and goes on")

    return Request(AnswerRun(run.id, values, question.key), given)
