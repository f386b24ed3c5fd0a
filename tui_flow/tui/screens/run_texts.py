"""What the keys of the Run view do with text: search, narrow, copy, save, read in a pager, edit."""

import time
from functools import partial
from itertools import islice
from pathlib import Path

from tui_flow.contract.failure import Failure
from tui_flow.contract.states import TERMINAL
from tui_flow.counting import counted
from tui_flow.store.records import Artifact, FlowRun
from tui_flow.tui import copying, saving
from tui_flow.tui.copying import Copyable
from tui_flow.tui.presentation import artifacts, filters, log_hits
from tui_flow.tui.presentation.address import Address, Spot
from tui_flow.tui.presentation.tree import TaskForest
from tui_flow.tui.refusal import Refused
from tui_flow.tui.screens.alert_actions import RunAlertActions
from tui_flow.tui.screens.reader import ReaderScreen
from tui_flow.tui.screens.run_actions import RunActions
from tui_flow.tui.screens.texts_of_run import TextsOfRun


class RunTexts(TextsOfRun, RunAlertActions, RunActions):
    """The part of the Run view that hands out text."""

    def action_search(self) -> None:
        self.open_prompt()

    def action_only(self) -> None:
        """Only the lines that have what is searched for, or again all of them."""
        view = self.log_view
        if view.is_searching:
            view.narrow(not view.narrows)
            self.update()
        else:
            self.ask("only lines with this text", partial(self.prompt_entered, narrows=True))

    def prompt_entered(self, text: str, *, narrows: bool = False) -> None:
        filter, wrong = filters.read(text, filters.OF_TEXT)
        if wrong:
            raise Refused(wrong)
        found = self.log_view.search(text, log_hits.needles_of(filter))
        if found:
            self.say(f"{counted(found, 'line')} with “{text}”: n next, N previous, Esc clears")
            if narrows:
                self.log_view.narrow(True)
        elif slow := self.log_view.too_slow:
            self.say(f"{slow.what}: {slow.next}", "bad")
        elif text:
            self.say(f"no line with “{text}” in what is shown; Esc clears")
        self.update()

    # Artifacts.

    def shown_artifacts(self) -> list[Artifact]:
        """Those of the task run under the cursor and what it called; of the whole run where the cursor is on that."""
        row = self.task_tree.selected
        members = self.forest.members(row.key) if row is not None and row.task is not None else None
        return [each for each in self.artifacts.values() if members is None or each.task_run in members]

    def action_artifacts(self) -> None:
        """Those of the row under the cursor, over the whole screen; where it has none, those of the run."""
        shown = self.shown_artifacts() or list(self.artifacts.values())
        if not shown or self.run is None:
            self.say("this run has no artifacts: create_markdown_artifact(...) in a flow makes one")
            return
        marks, width = self.console.paint.marks, self.size.width - 4
        lines = artifacts.section(shown, self._whose, width, marks, time.time(), self._is_at_work)
        self.console.push_screen(
            ReaderScreen(
                f"What run {self.run.id} of {self.run.flow} shows",
                lines,
                stops=[place for place, line in enumerate(lines) if line and line[0][1] == "strong"],
                copy=lambda text: self.console.copy(text, "the artifacts"),
                note=f"tui-flow artifacts {self.run.id}",
            )
        )

    # Copy.

    async def copyables(self) -> list[Copyable]:
        """All that can be copied from where the cursors are."""
        run, view, failure = self.run, self.log_view, self.failure()
        if run is None:
            return []
        line, row = view.line_at_cursor, self.task_tree.selected
        task = row.task if row is not None else None
        if line is not None:
            task = self.forest.tasks.get(view.lines.log.head(line).task_run or 0)
        spot = Spot(line, task.run_name or task.name if task else "")
        address = Address("runs", run_id=run.id, at=spot)
        return copying.first_of_each(
            [
                *([Copyable("y", "line", view.line_text())] if line is not None else []),
                *copying.of_run(run, failure, self.console.settings.state_dir, address),
                Copyable("l", "shown log", "\n".join(islice(view.texts(kept=True), copying.MAX_LINES))),
            ]
        )

    # Files.

    def action_save(self) -> None:
        """Asks for the name of a file for the lines that are shown."""
        if self.run is None or not self.log_view.count:
            self.say("there is no line to save")
            return
        row = self.task_tree.selected
        task = f"-{row.task.name}" if row is not None and row.task is not None else ""
        name = saving.file_name(f"run-{self.run.id}{task}.log")
        hint = "a new file to save the shown lines to"
        self.ask(hint, self._save, str(self.console.settings.project / name))

    def _save(self, name: str) -> None:
        if name := name.strip():
            view, whose = self.log_view, partial(self._whose, forest=self.forest)
            saving.save(
                self.console, self, name, view.texts(kept=True, whose=whose), len(view.lines.unfolded())
            )

    def _whose(self, task_run: int, forest: TaskForest | None = None) -> str:
        """The name of a task run; `forest` is that of an attempt that may be shown no more."""
        task = (forest or self.forest).tasks.get(task_run)
        return task.run_name or task.name if task else (self.run.flow if self.run and not task_run else "")

    def _is_at_work(self, task_run: int) -> bool:
        """Whether a task run goes on; 0 is the flow itself."""
        run, task = self.run, self.forest.tasks.get(task_run)
        return run is not None and run.state not in TERMINAL and (task is None or task.ended_at is None)

    async def action_pager(self) -> None:
        """The lines that are shown in $PAGER, at the one under the cursor."""
        view = self.log_view
        if not view.count:
            self.say("there is no line to read")
            return
        self.console.page(view.texts(kept=False), view.place_in_texts() + 1)

    def action_edit(self) -> None:
        failure = self.failure()
        if failure is not None and failure.path:
            self.console.edit(Path(failure.path), failure.line)
        elif self.run is not None:
            flow = self.console.flow_of(self.run)
            self.console.edit(Path(self.run.path), flow.line if flow else 0)

    def in_hand(self) -> FlowRun | None:
        return self.run

    def targets(self) -> list[FlowRun]:
        return [self.run] if self.run is not None else []

    def told_run(self) -> tuple[FlowRun | None, Failure | None]:
        return self.run, self.failure()

    def action_code(self) -> None:
        from tui_flow.tui.reading import show_code

        row = self.task_tree.selected
        if self.run is None or row is None:
            return
        if row.task is not None:
            self.read_of_run(partial(show_code, self.console, self.run, row.task.failure, row.task.name))
        elif row.group is not None:
            self.read_of_run(partial(show_code, self.console, self.run, None, row.group.name))
        else:
            self.read_of_run(partial(show_code, self.console, self.run, self.run.failure))

    def action_grid(self) -> None:
        from tui_flow.tui.reading import show_grid

        row = self.task_tree.selected
        task = row.task.name if row is not None and row.task is not None else ""
        task = row.group.name if row is not None and row.group is not None else task
        if self.run is not None:
            self.read_of_run(partial(show_grid, self.console, self.run, task))

    def action_stack(self) -> None:
        from tui_flow.tui.reading import show_stack

        if self.run is not None:
            self.read_of_run(partial(show_stack, self.console, self.run))
