"""The tour: a page for each of its steps, which `⏎` does on the project that is there."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui_flow.tui.actions import action_named
from tui_flow.tui.presentation import Line, tutorial
from tui_flow.tui.widgets.framed import Dialog
from tui_flow.tui.widgets.lines import TextLines
from tui_flow.tui.widgets.paint import keymap_of, paint_of

if TYPE_CHECKING:
    from tui_flow.tui.app import Console


class TutorialScreen(ModalScreen[int]):
    """Gives the number, from 0, of the step that is to be done; None where somebody leaves."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar = [
        ("escape,q", "dismiss", ""),
        ("enter", "do", ""),
        ("right,l,space,j,down,tab,f1", "go(1)", ""),
        ("left,h,k,up,shift+tab", "go(-1)", ""),
        *((str(number), f"show({number - 1})", "") for number in range(1, 7)),
    ]

    def __init__(self, begin: int) -> None:
        super().__init__()
        self._shown, self._can_do = begin, False
        self.page = TextLines(id="question")

    @property
    def console(self) -> "Console":
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        with Dialog():
            yield self.page

    def on_mount(self) -> None:
        self.page.can_focus = False
        self.action_show(self._shown)

    def action_go(self, by: int) -> None:
        self.action_show(max(0, min(self._shown + by, 5)))

    def action_show(self, number: int) -> None:
        """Another step, told by what the project has now."""
        marks = paint_of(self).marks
        steps = tutorial.steps(self.console.overview, keymap_of(self), time.time(), marks)
        self._shown, step = number, steps[number]
        self._can_do = bool(step.do)
        does: Line = [(marks.enter, "key"), (f" {step.do}   ", "")] if step.do else []
        keys: Line = [
            *does,
            ("1-6", "key"),
            (" steps   ", "dim"),
            ("Esc", "key"),
            (" leaves, F1 comes back", "dim"),
        ]
        self.query_one(Dialog).set_title(f"Tutorial {number + 1} of {len(steps)}: {step.title}")
        self.page.set_lines([tutorial.strip(steps, number), [], *step.lines, [], keys])

    def action_do(self) -> None:
        if self._can_do:
            self.dismiss(self._shown)
        else:
            self.action_go(1)


async def do(console: "Console", number: int) -> None:
    """What a step is about, on the flow that the tour is about."""
    row = tutorial.example(console.overview)
    run = row.run if row is not None else None
    console.tutorial_step = (number + 1) % 6
    if number == 0:
        await console.action_view("flows")
    elif number in (1, 2) and run is not None:
        console.open_run(run.id)
    elif number == 3 and run is not None:
        console.edit_run(run)
    elif number == 3 and row is not None and row.flow is not None:
        console.edit(Path(row.path), row.flow.line)
    elif number == 4 and run is not None:
        console.rerun(run)
    elif number in (1, 2, 4) and row is not None and row.flow is not None:
        console.run_flow(row.flow, {}, ask=False, open_it=True)
    if number < 5:
        key = console.keymap.first(action_named("app.tutorial"), console.paint.marks.ascii)
        console.say(f"{key} goes on with the tutorial")
