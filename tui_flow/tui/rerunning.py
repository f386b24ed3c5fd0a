"""The rerun menu: how a run is to be run again, with what each way would reuse."""

from typing import TYPE_CHECKING, Any

from tui_flow.contract.commands import RerunPreview
from tui_flow.contract.errors import TuiFlowError
from tui_flow.contract.secret_parameters import not_kept
from tui_flow.store.asked_for import asked_parameters
from tui_flow.store.records import FlowRun
from tui_flow.tui.asking import Request
from tui_flow.tui.presentation import Line, reruns
from tui_flow.tui.presentation.reruns import DEBUG, NEW, PARAMETERS, Way
from tui_flow.tui.screens.menu import Choice, MenuScreen

if TYPE_CHECKING:
    from tui_flow.tui.asking import Asking
    from tui_flow.tui.presentation.form import Filled


class Rerunning:
    """One run that somebody wants to run again."""

    def __init__(self, console: "Asking", run: FlowRun, task: str = "") -> None:
        """`task` is the name of a task that it may begin with."""
        self._console, self._run = console, run
        self._ways = {way.key: way for way in reruns.ways(run, task)}
        self._told: dict[str, RerunPreview] = {}
        choices = [Choice(way.key, way.title, "...") for way in self._ways.values()]
        if self._ways and self._takes_parameters():
            choices.append(Choice(PARAMETERS, "other parameters…"))
        if console.flow_of(run) is not None:
            choices.append(Choice(NEW, "a new run", "with the same parameters"))
        if self._ways:
            choices.append(Choice(DEBUG, "under pdb", "here, to look where it fails"))
        title = f"Run {run.flow} again: run {run.id}, {run.state}"
        self._menu = MenuScreen(title, choices, self._foot, opens_with="r")

    def ask(self) -> None:
        """Shows the menu, and does what is chosen."""
        if not self._menu.list.choices:
            why = f"there is no flow {self._run.flow} any more"
            self._console.say(f"run {self._run.id} cannot run again: {self._run.state}, and {why}")
            return
        self._console.push_screen(self._menu, self.choose)
        self._console.run_worker(self._preview(), group="previews", exclusive=True)

    def _takes_parameters(self) -> bool:
        flow = self._console.flow_of(self._run)
        return flow is not None and bool(flow.parameters.get("properties"))

    def _foot(self, key: str) -> list[Line]:
        way = self._ways.get(key)
        if way is None:
            return [[]]
        lines = reruns.about(self._told[key]) if key in self._told else []
        command = reruns.command_line(self._run, way)
        return [[], [(way.meaning, "")], [("$ ", "dim"), (command, "dim")], *lines]

    async def _preview(self) -> None:
        """Asks for one way after the other what it would do, while the menu is there."""
        for way in self._ways.values():
            try:
                answer = await self._console.bridge.ask(reruns.preview(self._run, way))
                self._told[way.key] = RerunPreview(**answer)
                text, role = str(self._told[way.key]), "live"
            except TuiFlowError as error:
                text, role = error.what, "warn"
            if not self._menu.is_attached:
                return
            self._menu.tell(way.key, text, role)
            self._menu.update_foot()

    def choose(self, key: str | None) -> None:
        """Does what a key of the menu stands for."""
        if key is None:
            return
        if key == NEW:
            self._console.run_again(self._run, ask=False, open_it=self._console.shows_run(self._run.id))
        elif key == DEBUG:
            self._console.debug_run(self._run)
        elif key == PARAMETERS:
            self._ask_parameters(self._ways["f"])
        elif self._takes_parameters() and any(
            not_kept(asked_parameters(self._console.settings.state_dir, self._run))
        ):
            self._ask_parameters(self._ways[key])
        else:
            self._begin(self._ways[key])

    def _ask_parameters(self, way: Way) -> None:
        """Other ones, or those that are secrets, which are not kept."""
        from tui_flow.tui.screens.form import FormScreen

        console, run = self._console, self._run
        flow = console.flow_of(run)
        if flow is None:
            return
        before = asked_parameters(console.settings.state_dir, run)

        def asked(filled: "Filled") -> Request:
            return self._request(way, reruns.changed(before, filled.parameters, form.flow.parameters))

        preview, source = reruns.preview(run, way), f"run {run.id}"
        form = FormScreen(flow, before, asked, f"rerun {run.id}", source=source, verb="rerun", rerun=preview)
        console.push_screen(form)

    def _begin(self, way: Way) -> None:
        if self._console.may_change():
            self._console.say(f"asking for another attempt at run {self._run.id}", "dim")
            self._console.ask(*self._request(way))

    def _request(self, way: Way, parameters: dict[str, Any] | None = None) -> Request:
        console, run = self._console, self._run

        def begun(answer: dict[str, Any]) -> None:
            said = f"run {run.id} begins attempt {answer['attempt']}"
            told = f"u does not take back attempt {answer['attempt']} of run {run.id}"
            console.cannot_undo(f"{told}: x cancels it while it goes on")
            console.say_of(run.id, int(answer["attempt"]), said)

        return Request(reruns.command(run, way, parameters), begun)
