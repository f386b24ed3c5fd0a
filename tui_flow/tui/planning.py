"""The plan beside a form: reads what the runs before did, asks the engine for slots, and follows what is typed."""

import time
from functools import partial
from typing import TYPE_CHECKING

from tui_flow.contract.commands import DescribeFile, GetStatus, PreviewRerun, RerunPreview
from tui_flow.contract.errors import HistoryError, TuiFlowError
from tui_flow.store import precedents
from tui_flow.store.precedents import Precedents
from tui_flow.tui.presentation import Line, plan, run_options, text_of

if TYPE_CHECKING:
    from tui_flow.tui.screens.form import FormScreen

LOOK_SECONDS = 3.0
"""Between two questions about slots, while the form is there."""


class Planning:
    """One form's."""

    def __init__(self, screen: "FormScreen", rerun: PreviewRerun | None) -> None:
        """`rerun` asks what another attempt would do, where the form is for one."""
        self._screen, self._rerun = screen, rerun
        self._known: Precedents | None = None
        self._slots: plan.Slots | str = plan.UNKNOWN
        self._preview: RerunPreview | None = None
        self._refusal = ""
        self._asks_for_tasks = False

    def begin(self) -> None:
        screen = self._screen
        screen.run_worker(self._read(), group="plan")
        screen.set_interval(
            LOOK_SECONDS, lambda: screen.run_worker(self._look(), group="slots", exclusive=True)
        )

    async def _read(self) -> None:
        bridge = self._screen.console.bridge
        try:
            self._known = await bridge.read(partial(precedents.read, flow=self._screen.flow.name))
        except HistoryError as error:
            self._screen.say(error.what, "bad")
            return
        if self._screen.is_attached:
            self._screen.options.know_called(self._known.task_names)
            self._screen.know(self._known)
        await self._look()
        if self._rerun is not None:
            try:
                self._preview = RerunPreview(**await bridge.ask(self._rerun))
            except TuiFlowError as error:
                self._refusal = error.what
            self.show()

    async def _read_tasks(self) -> None:
        """Which tasks there are to be left out: asked for once somebody names one, since the file is imported for it."""
        screen = self._screen
        path = str(screen.console.settings.project / screen.flow.path)
        try:
            answer = await screen.console.bridge.ask(DescribeFile(path, screen.flow.function, tasks=True))
        except TuiFlowError:
            return  # who starts the run will be told
        screen.options.know_all(list(answer.get("tasks", ())))
        if screen.is_attached:
            screen.update()

    async def _look(self) -> None:
        try:
            self._slots = plan.slots_of(await self._screen.console.bridge.ask(GetStatus()))
        except TuiFlowError as error:
            self._slots = error.what
        self.show()

    def show(self) -> None:
        """Says anew what is going to happen."""
        if not self._screen.is_attached:
            return
        if not self._asks_for_tasks and any(
            self._screen.options.texts.get((name,)) for name in run_options.TASKS
        ):
            self._asks_for_tasks = True
            self._screen.run_worker(self._read_tasks(), group="tasks")
        pane = self._screen.plan
        if self._screen.has_class("-wide"):
            pane.set_title("Plan, follows what you type")
            pane.set_lines(self.whole())
            return
        typed = self._typed()
        pane.set_title("Plan")
        summary, problems = self._summary(typed), plan.problem_lines(typed)
        if len(summary) > 1 and len(text_of(summary)) > pane.size.width:
            summary = summary[:-1]  # by which run is the least of it
        if problems and self._screen.has_class("-short"):  # then there is one line
            pane.set_lines([*problems, summary])
        else:
            pane.set_lines([summary, *(problems or [self._way(typed)])])

    def whole(self) -> list[Line]:
        """All that is known."""
        typed = self._typed()
        tasks = self._known.tasks if self._known and self._rerun is None else []
        marks, flow = self._screen.console.paint.marks, self._screen.flow.name
        return plan.whole(self._summary(typed), self._way(typed), tasks, self._known, typed, flow, marks)

    def _summary(self, typed: plan.Typed) -> Line:
        if self._rerun is not None:
            return plan.rerun_summary(self._preview, self._refusal, typed)
        return plan.summary(self._known, typed)

    def _way(self, typed: plan.Typed) -> Line:
        console, flow = self._screen.console, self._screen.flow
        active = plan.active_runs(console.overview.runs, flow.name)
        return plan.way(self._slots, flow, active, typed, time.time())

    def _typed(self) -> plan.Typed:
        screen = self._screen
        last, good = (known[1] if known else None for known in (screen.last, screen.last_good))
        return plan.typed(screen.form, screen.options, last, good)
