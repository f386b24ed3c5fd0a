"""One menu for running several runs again, with what each of them would reuse."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tui_flow.contract.commands import PreviewRerun, RerunPreview, RunFlow
from tui_flow.contract.errors import TuiFlowError
from tui_flow.store.asked_for import asked_parameters
from tui_flow.store.records import Flow, FlowRun
from tui_flow.tui.asking import Step
from tui_flow.tui.presentation import Line, marking, reruns
from tui_flow.tui.presentation.marking import Left
from tui_flow.tui.presentation.reruns import NEW
from tui_flow.tui.screens.menu import Choice, MenuScreen

if TYPE_CHECKING:
    from tui_flow.tui.app import Console

LISTED = 6
"""Rows of which the menu says what would happen; of more it says how many."""


class Again(NamedTuple):
    """A row that is to run again."""

    name: str
    flow: Flow | None
    """None where it is not there any more."""
    run: FlowRun | None
    """The run to begin another attempt at."""
    parameters: dict[str, Any]
    """Of a new run."""


def rerun_several(console: "Console", runs: Sequence[FlowRun]) -> None:
    """Asks how these runs are to be run again."""
    rows = [
        Again(
            f"{run.flow} {run.id}",
            console.flow_of(run),
            run,
            asked_parameters(console.settings.state_dir, run),
        )
        for run in runs
    ]
    if len(rows) == 1:
        console.rerun(runs[0])
    else:
        RerunningSeveral(console, rows).ask()


class Plan:
    """What one choice of the menu would ask for, and for which rows it cannot."""

    def __init__(self, key: str, title: str, verb: str) -> None:
        self.key, self.title, self.verb = key, title, verb
        self.steps: list[Step] = []
        self.left: list[Left] = []
        self.previews: dict[str, PreviewRerun] = {}
        """By row: the question what it would reuse."""
        self.told: dict[str, str] = {}
        """By row: the answer."""

    def add_attempt(self, row: Again) -> None:
        """Another attempt at the run of a row, as far as there is one."""
        ways = reruns.ways(row.run, "") if row.run else []
        way = next((way for way in ways if way.key == self.key), None)
        if row.run is None or way is None:
            self.left.append(Left(row.name, f"is {row.run.state}" if row.run else "has not run yet"))
            return
        self.steps.append(Step(row.name, reruns.command(row.run, way)))
        self.previews[row.name] = reruns.preview(row.run, way)

    def add_run(self, row: Again) -> None:
        """A new run of the flow of a row, as far as that needs nothing that nobody has said."""
        schema = row.flow.parameters if row.flow else {}
        missing = set(schema.get("required", ())) - set(row.parameters)
        if row.flow is None or missing:
            why = f"needs {', '.join(sorted(missing))}" if missing else "there is no such flow now"
            self.left.append(Left(row.name, why))
            return
        values = {
            name: row.parameters[name] for name in schema.get("properties", {}) if name in row.parameters
        }
        self.steps.append(Step(row.name, RunFlow(row.flow.name, values, trigger="console")))
        self.told[row.name] = "a run of its own"

    @property
    def about(self) -> str:
        """ "2 of 3", and when all of them are known, what they would reuse together."""
        whole = len(self.steps) + len(self.left)
        return f"{len(self.steps)} of {whole}" if self.left else f"all {whole}"

    def lines(self) -> list[Line]:
        """What would happen to each row."""
        lines: list[Line] = [
            [(f"{step.name}  ", ""), (self.told.get(step.name, "..."), "live")] for step in self.steps
        ]
        lines += [[(f"{one.name}  ", ""), (f"not: {one.why}", "warn")] for one in self.left]
        more = len(lines) - LISTED
        return [[], *(lines if more <= 0 else [*lines[:LISTED], [(f"and {more} more", "dim")]])]


class RerunningSeveral:
    """Rows that somebody wants to run again."""

    def __init__(self, console: "Console", rows: Sequence[Again]) -> None:
        self._console = console
        plans = [
            Plan("f", "from failed", "given another attempt"),
            Plan("a", "all of it", "given another attempt"),
            Plan(NEW, "a new run each", "started"),
        ]
        for plan in plans:
            for row in rows:
                (plan.add_run if plan.key == NEW else plan.add_attempt)(row)
        self._impossible = plans[-1].left
        self._plans = {plan.key: plan for plan in plans if plan.steps}
        choices = [Choice(plan.key, plan.title, plan.about) for plan in self._plans.values()]
        title = f"Run {len(rows)} marked again"
        self._menu = MenuScreen(title, choices, lambda key: self._plans[key].lines(), opens_with="r")

    def ask(self) -> None:
        """Shows the menu, and does what is chosen."""
        if not self._console.may_change():
            return
        if not self._plans:
            self._console.say(marking.outcome([], "can run again", self._impossible, noun="run"), "warn")
            return
        self._console.push_screen(self._menu, self._chosen)
        self._console.run_worker(self._preview(), group="previews", exclusive=True)

    async def _preview(self) -> None:
        """Asks for one row after the other what it would reuse, while the menu is there."""
        for plan in self._plans.values():
            reuse = run = 0
            for name, question in plan.previews.items():
                try:
                    answer = RerunPreview(**await self._console.bridge.ask(question))
                    plan.told[name] = str(answer)
                    reuse, run = reuse + answer.reuse, run + answer.run
                except TuiFlowError as error:
                    plan.told[name] = error.what
                if not self._menu.is_attached:
                    return
                self._menu.update_foot()
            if plan.previews:
                self._menu.tell(plan.key, f"{plan.about}: reuse {reuse}, run {run}", "live")

    def _chosen(self, key: str | None) -> None:
        if key is not None:
            plan = self._plans[key]
            self._console.do_all(plan.steps, plan.verb, plan.left, noun="run")
