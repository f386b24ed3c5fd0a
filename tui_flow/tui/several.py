"""What one key does to several rows at once: for those that it can be done for; why not, is said of the others."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_flow.contract import commands
from tui_flow.contract.states import TERMINAL, AlertState, FlowRunState
from tui_flow.counting import counted
from tui_flow.store.records import Alert, FlowRun
from tui_flow.tui.asking import ALL_PAUSED, Step, put_back
from tui_flow.tui.presentation import Line, marking
from tui_flow.tui.presentation.flow_list import FlowRow
from tui_flow.tui.presentation.marking import Left

if TYPE_CHECKING:
    from tui_flow.tui.app import Console

LISTED = 8
"""Runs that the question before their end names; of more it says how many."""
Named = tuple[str, FlowRun | None]
"""What a row is called, and its run."""


def pause_or_resume(console: "Console", rows: Sequence[FlowRow]) -> None:
    """All schedules of each flow: pauses those that fire, or where none does, lets them fire again."""
    if not console.may_change():
        return
    left = [Left(row.name, "no schedule") for row in rows if not row.standing]
    firing = [row.name for row in rows if row.standing == "active"]
    paused = [row.name for row in rows if row.standing == "paused"]
    if firing:
        left += [Left(name, "paused already") for name in paused]
        steps = [
            Step(name, commands.PauseSchedules(name, ""), commands.ResumeSchedules(name, ""))
            for name in firing
        ]
        console.do_all(steps, "paused", left, noun="flow")
    elif any(pause.flow == "" and pause.resumed_at is None for pause in console.overview.pauses):
        console.say(ALL_PAUSED)
    else:
        steps = [
            Step(name, commands.ResumeSchedules(name, ""), commands.PauseSchedules(name, ""))
            for name in paused
        ]
        console.do_all(steps, "resumed", left, noun="flow")


def end(console: "Console", rows: Sequence[Named], *, kill: bool) -> None:
    """Lists which runs would be cancelled or killed, asks once, and then asks the engine for each."""
    from tui_flow.tui.screens.dialogs import ConfirmScreen

    if not console.may_change():
        return
    left = [Left(name, why) for name, run in rows if (why := _why_not_ended(run, kill=kill))]
    kept = {name for name, _ in left}
    runs = [(name, run) for name, run in rows if run is not None and name not in kept]
    verb, done = ("Kill", "killed") if kill else ("Cancel", "asked to end")
    if not runs:
        console.say(marking.outcome([], done, left, noun="run"), "warn")
        return
    steps = [Step(name, commands.CancelRun(run_id=run.id, kill=kill), put_back(run)) for name, run in runs]
    lines: list[Line] = [
        [("run ", ""), (str(run.id), "strong"), (" of ", ""), (run.flow, "strong"), (f" is {run.state}", "")]
        for _, run in runs[:LISTED]
    ]
    if len(runs) > LISTED:
        lines.append([(f"and {len(runs) - LISTED} more", "strong")])
    lines += [[(f"not {one.name}: {one.why}", "dim")] for one in left[:LISTED]]
    grace = "KILL at once" if kill else f"TERM, and KILL after {console.settings.grace_seconds:g}s"
    lines.append([(f"What they have done stays; their processes get {grace}.", "dim")])

    def answered(yes: bool | None) -> None:
        if yes:
            console.do_all(steps, done, left, noun="run")

    title = f"{verb} {counted(len(runs), 'run')}?"
    console.push_screen(ConfirmScreen(title, lines, "Keep them running", f"{verb} them"), answered)


def _why_not_ended(run: FlowRun | None, *, kill: bool) -> str:
    if run is None:
        return "no active run"
    if run.state in TERMINAL:
        return f"over: {run.state}"
    if run.state is FlowRunState.CANCELLING and not kill:
        return "is being cancelled; X kills it"
    return ""


def acknowledge(console: "Console", rows: Sequence[tuple[str, Sequence[Alert]]]) -> None:
    """Somebody knows of all that is new in these rows; or, where nothing is, does not."""
    if not console.may_change():
        return
    by_state = {state: _in_state(rows, state) for state in (AlertState.NEW, AlertState.ACKNOWLEDGED)}
    undo = not by_state[AlertState.NEW] and bool(by_state[AlertState.ACKNOWLEDGED])
    wanted = by_state[AlertState.ACKNOWLEDGED if undo else AlertState.NEW]
    left = [Left(name, "nothing to acknowledge") for name, alerts in rows if name not in wanted]
    steps = [
        Step(name, commands.AcknowledgeAlerts(ids, undo=undo), commands.AcknowledgeAlerts(ids, undo=not undo))
        for name, ids in wanted.items()
    ]
    console.do_all(steps, "new again" if undo else "acknowledged", left)


def _in_state(rows: Sequence[tuple[str, Sequence[Alert]]], state: AlertState) -> dict[str, list[int]]:
    """The alerts of each row that are in a state; rows without any are left out."""
    found: dict[str, list[int]] = {}
    for name, alerts in rows:
        ids = [alert.id for alert in alerts if alert.state is state]
        if ids:
            found.setdefault(name, []).extend(ids)
    return found
