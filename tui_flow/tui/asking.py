"""What the console asks of the engine, and of people before it does. Nothing here holds up the keyboard."""

import time
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.cells import cell_len

from tui_flow.contract import commands
from tui_flow.contract.errors import TuiFlowError
from tui_flow.contract.secret_parameters import not_kept
from tui_flow.contract.states import TERMINAL, WENT_WRONG, FlowRunState
from tui_flow.store.asked_for import asked_parameters
from tui_flow.store.records import Flow, FlowRun
from tui_flow.tui.bridge import OTHER, Bridge
from tui_flow.tui.outside import Outside
from tui_flow.tui.presentation import Line, times
from tui_flow.tui.presentation.address import ANYWHERE, Spot
from tui_flow.tui.presentation.flow_list import Overview
from tui_flow.tui.presentation.marking import Left, outcome
from tui_flow.tui.widgets.paint import Paint

if TYPE_CHECKING:
    from tui_flow.tui.presentation.form import Filled


class Step(NamedTuple):
    """A command about one of several rows, and the one that takes it back."""

    name: str
    command: commands.Command
    undo: commands.Command | None = None


class Request(NamedTuple):
    """What is asked of the engine, and what is done with its answer."""

    command: commands.Command
    then: Callable[[dict[str, Any]], None]


def put_back(run: FlowRun) -> commands.Command | None:
    """What lets a run that was cancelled wait again, as it was asked for; None where it had begun,
    or had a secret, which is gone."""
    waited = run.state is FlowRunState.PENDING and not any(not_kept(run.parameters))
    return commands.RerunRun(run.id) if waited else None


class Undo(NamedTuple):
    """How to take back what was done."""

    take_back: Callable[[], object]
    is_seen: Callable[[], bool]
    """Whether somebody would see it taken back."""


class Progress(NamedTuple):
    """What was said of a run, and holds for as long as this attempt at it is in one of these states."""

    run_id: int
    attempt: int
    text: str
    states: frozenset[FlowRunState]


ALL_PAUSED = "all schedules are paused; tui-flow schedule resume --all lets them fire again"
WAITS = frozenset((FlowRunState.SCHEDULED, FlowRunState.PENDING))
_GOES_ON = frozenset(FlowRunState) - TERMINAL


class Asking(Outside, inherit_bindings=False):
    """Runs, ends, reruns and pauses, by the commands that the bridge carries."""

    bridge: Bridge
    overview: Overview
    engine: str
    """As `Audience.take_engine` has it."""
    paint: Paint
    _undos: deque[Undo]
    """What takes back the things that were done last, and says so; `u` calls the last one."""

    _progress: Progress | None = None

    @abstractmethod
    def open_run(self, run_id: int, at: Spot = ANYWHERE) -> None: ...
    @abstractmethod
    def task_in_view(self) -> str: ...
    @abstractmethod
    def shows_run(self, run_id: int) -> bool: ...
    @abstractmethod
    def said(self) -> str:
        """The sentence above the footer."""

    def may_change(self) -> bool:
        """Whether this console may change anything; says so where not."""
        if self.bridge.read_only is not None:
            self.complain(self.bridge.read_only)
        return self.bridge.read_only is None

    def rerun(self, run: FlowRun, task: str = "", way: str = "") -> None:
        """Asks how a run is to be run again; `task` is one that it may begin with, and `way` the answer, if that is known."""
        from tui_flow.tui.rerunning import Rerunning

        if self.may_change():
            rerunning = Rerunning(self, run, task)
            rerunning.choose(way) if way else rerunning.ask()

    def run_again(self, run: FlowRun, *, ask: bool, open_it: bool) -> None:
        """Starts the flow of a run with the parameters that the run was asked for with; other ones if wanted."""
        flow = self.flow_of(run)
        if flow is None:
            self.say(f"there is no flow {run.flow} any more")
        else:
            values = asked_parameters(self.settings.state_dir, run)
            self.run_flow(flow, values, ask=ask, open_it=open_it, source=f"run {run.id}")

    def flow_of(self, run: FlowRun) -> Flow | None:
        return next((flow for flow in self.overview.flows if flow.name == run.flow), None)

    def run_flow(
        self, flow: Flow, values: Mapping[str, Any], *, ask: bool, open_it: bool, source: str = ""
    ) -> None:
        """Starts a flow with these values; asks for them first if wanted, if one is needed, or if one was a secret, which
        is not kept. `source` says where they come from."""
        from tui_flow.tui.presentation.form import Filled
        from tui_flow.tui.screens.form import FormScreen

        if not self.may_change():
            return
        known = flow.parameters.get("properties", {})
        missing = set(flow.parameters.get("required", ())) - set(values)
        if ask or missing or any(not_kept(dict(values))):
            self.push_screen(
                FormScreen(flow, values, lambda filled: self._start(flow, filled, open_it), source=source)
            )
        else:
            self.say(
                f"starting {flow.name} …" if not self.paint.marks.ascii else f"starting {flow.name} ...",
                "dim",
            )
            filled = Filled({name: value for name, value in values.items() if name in known})
            self.ask(*self._start(flow, filled, open_it))

    def _start(self, flow: Flow, filled: "Filled", open_it: bool) -> Request:
        from tui_flow.tui.presentation import run_options

        parameters, wishes = filled.parameters, run_options.asked(filled.options)
        command = commands.RunFlow(flow=flow.name, parameters=parameters, trigger="console", **wishes)

        def started(answer: dict[str, Any]) -> None:
            run_id = int(answer["run_id"])
            if open_it:
                self.open_run(run_id, Spot(task=self.task_in_view()))
            self.cannot_undo(f"u does not take back run {run_id}: x cancels it while it goes on")
            at = wishes.get("scheduled_for")
            when = f"begins {times.moment(at, time.time())}; x takes it back" if at else "is on its way"
            more = "" if open_it or at else f"; {self._enter} opens it"
            self.say_of(run_id, 1, f"run {run_id} of {flow.name} {when}{more}", WAITS)

        return Request(command, started)

    @property
    def _enter(self) -> str:
        return self.paint.marks.enter

    def say_of(
        self,
        run_id: int,
        attempt: int,
        text: str,
        states: frozenset[FlowRunState] = _GOES_ON,
        role: str = "",
    ) -> None:
        """Says something of a run that holds while it is in these states; by default until it is over."""
        self._progress = Progress(run_id, attempt, text, states)
        self.say(text, role, stays=True)

    def follow_progress(self) -> None:
        """Where that no longer holds, says what became of the run, unless something else was said since."""
        said = self._progress
        if said is None:
            return
        run = next(
            (one for runs in self.overview.runs.values() for one in runs if one.id == said.run_id), None
        )
        if run is None or run.attempt < said.attempt or run.state in said.states:
            return
        self._progress = None
        if self.said() != said.text:
            return
        if run.state in TERMINAL:
            wrong = "bad" if run.state in WENT_WRONG else ""
            self.say(f"run {run.id} of {run.flow} is over: {run.state}", wrong, stays=True)
        else:
            text = f"run {run.id} of {run.flow} is {run.state}"
            self.say_of(run.id, run.attempt, text, frozenset((run.state,)))

    def end_run(self, run: FlowRun, *, kill: bool) -> None:
        """Cancels or kills a run, if there is anything to end, and if whoever asks means it."""
        if run.state in TERMINAL:
            self.say(f"run {run.id} is over: {run.state}")
        elif run.state is FlowRunState.CANCELLING and not kill:
            self.say(f"run {run.id} is being cancelled; X kills it")
        else:
            self.cancel_run(run, kill=kill)

    def cancel_run(self, run: FlowRun, *, kill: bool) -> None:
        """Asks whether a run shall end, then asks the engine to end it."""
        from tui_flow.tui.screens.dialogs import ConfirmScreen

        if not self.may_change():
            return
        verb = "Kill" if kill else "Cancel"
        keep = "Keep it" if run.state is FlowRunState.PENDING else "Keep it running"
        command = commands.CancelRun(run_id=run.id, kill=kill)

        def answered(yes: bool | None) -> None:
            if yes:
                self.ask(command, partial(self._tell_of_end, run))

        what_happens = self._what_ends(run, kill=kill)
        self.push_screen(ConfirmScreen(f"{verb} run {run.id}?", what_happens, keep, f"{verb} it"), answered)

    def _what_ends(self, run: FlowRun, *, kill: bool) -> list[Line]:
        grace = f"TERM, and KILL after {self.settings.grace_seconds:g}s"
        how = "all its processes get KILL at once" if kill else f"its processes get {grace}"
        waits = run.state is FlowRunState.PENDING
        number, flow = (str(run.id), "strong"), (run.flow, "strong")
        return [
            [("run ", ""), number, (" of ", ""), flow, (f" is {run.state}", "")],
            [("It has not begun." if waits else f"What it has done stays; {how}.", "dim")],
        ]

    def _tell_of_end(self, run: FlowRun, answer: dict[str, Any]) -> None:
        """What became of a run that was to end, and whether it can be put back."""
        is_over = answer["state"] in TERMINAL
        said = f"run {run.id} is {answer['state']}" if is_over else f"run {run.id} was asked to end"
        back = put_back(run) if is_over else None
        if back is None:
            waited = run.state is FlowRunState.PENDING
            why = "had a secret, which is gone" if waited and is_over else "had begun"
            self.cannot_undo(f"u cannot bring run {run.id} back: it {why}; r runs it again")
            self.say(said)
            return
        self.can_undo(lambda: self.ask(back, lambda _: self.say(f"undone: run {run.id} waits again")))
        self.say(f"{said}; u undoes")

    def restart_engine(self) -> None:
        """As `tui-flow engine start` does."""
        self.say("starting the engine", "dim")
        self.run_worker(self._restart_engine(), group="commands")

    async def _restart_engine(self) -> None:
        try:
            if self.engine == OTHER:
                await self.bridge.replace_engine()
        except TuiFlowError as error:
            self.complain(error)
            return
        stays = "the engine runs, and stays until it is stopped"
        await self._ask(commands.KeepEngine(), lambda _: self.say(stays), self.complain)

    def ask(
        self,
        command: commands.Command,
        then: Callable[[dict[str, Any]], None],
        refused: Callable[[TuiFlowError], None] | None = None,
    ) -> None:
        """Asks the engine, and says it where that refuses, unless `refused` does."""
        self.run_worker(self._ask(command, then, refused or self.complain), group="commands")

    def do(
        self, command: commands.Command, said: str, *, undo: tuple[str, commands.Command] | None = None
    ) -> None:
        """Asks for what can be undone: `undo` says what it was, and the command that takes it back."""

        def done(_: dict[str, Any]) -> None:
            if undo is None:
                self._undos.clear()  # `u` takes back what was done last, or nothing
            else:
                what, back = undo
                self.can_undo(lambda: self.ask(back, lambda _: self.say(f"undone: {what}")))
            self.say(said)

        self.ask(command, done)

    def can_undo(self, take_back: Callable[[], object], is_seen: Callable[[], bool] = lambda: True) -> None:
        """Something was done that `u` takes back; taking it back says so. Where that would be seen only `is_seen`, `u`
        passes over it elsewhere."""
        self._undos.append(Undo(take_back, is_seen))

    def cannot_undo(self, why: str) -> None:
        """Something was done that `u` does not take back, and what was done before it is not meant by the next `u`."""
        self.can_undo(lambda: self.say(why, "warn"))

    def do_all(self, steps: Sequence[Step], verb: str, left: Sequence[Left] = (), *, noun: str = "") -> None:
        """Asks for the same about several rows, and says for how many it was done, and for which not and why: `left`
        are those that it could not be asked for, and `noun` is what they all are. `u` takes all of it back."""
        self.run_worker(self._do_all(steps, verb, left, noun), group="commands")

    async def _do_all(self, steps: Sequence[Step], verb: str, left: Sequence[Left], noun: str) -> None:
        done, refused = await self._carry_out(steps)
        back = [Step(step.name, step.undo) for step in done if step.undo is not None]
        if back:
            self.can_undo(lambda: self.run_worker(self._undo_all(back, verb, noun)))
        said = outcome([step.name for step in done], verb, [*left, *refused], noun=noun, undoes=bool(back))
        if done and not back:
            self.cannot_undo(f"u cannot undo this: {said}")
        self.say(said, "" if done else "warn")

    async def _undo_all(self, steps: Sequence[Step], verb: str, noun: str) -> None:
        done, refused = await self._carry_out(steps)
        self.say(outcome([step.name for step in done], f"no longer {verb}", refused, noun=noun))

    async def _carry_out(self, steps: Sequence[Step]) -> tuple[list[Step], list[Left]]:
        """The steps that the engine took, and those that it refused."""
        done, refused = [], []
        for step in steps:
            try:
                await self.bridge.ask(step.command)
            except TuiFlowError as error:
                refused.append(Left(step.name, error.what))
            else:
                done.append(step)
        return done, refused

    def pause_or_resume(self, name: str, flow: str, slug: str = "", *, resume: bool) -> None:
        """A schedule, or all of a flow."""
        pause, wake = commands.PauseSchedules(flow, slug), commands.ResumeSchedules(flow, slug)
        if resume:
            self.do(wake, f"{name} fires again; u undoes", undo=(f"resume of {name}", pause))
        else:
            self.do(pause, f"{name} is paused: it fires no more; u undoes", undo=(f"pause of {name}", wake))

    def pause_flow(self, name: str, standing: str) -> None:
        """Pauses all schedules of a flow, or lets them fire again; `standing` is what `FlowRow` says of them."""
        if not standing:
            self.say(f"{name} has no schedule to pause")
        elif standing == "active":
            self.pause_or_resume(name, name, resume=False)
        elif any(pause.flow == "" and pause.resumed_at is None for pause in self.overview.pauses):
            self.say(ALL_PAUSED)
        else:
            self.pause_or_resume(name, name, resume=True)

    async def _ask(
        self,
        command: commands.Command,
        then: Callable[[dict[str, Any]], None],
        refused: Callable[[TuiFlowError], None],
    ) -> None:
        try:
            then(await self.bridge.ask(command))
        except TuiFlowError as error:
            refused(error)

    def complain(self, error: TuiFlowError, *, stays: bool = False) -> None:
        self.say(in_one_line(error, self.size.width), "bad", stays=stays)


def in_one_line(error: TuiFlowError, width: int) -> str:
    """What is wrong, where, and what next; not where, if it does not fit in so many cells."""
    whole = in_words(error)
    return whole if cell_len(whole) < width else "; ".join(part for part in (error.what, error.next) if part)


def in_words(error: TuiFlowError) -> str:
    """What is wrong, where, and what next."""
    return "; ".join(part for part in (error.what, error.where, error.next) if part)
