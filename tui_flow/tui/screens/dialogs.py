"""The dialog that asks before something is ended."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from tui_flow.tui.presentation import Line
from tui_flow.tui.widgets.framed import Dialog
from tui_flow.tui.widgets.lines import TextLines
from tui_flow.tui.widgets.paint import AnySpan, paint_of
from tui_flow.tui.widgets.prompt import SafeInput


class Choices(Widget, can_focus=True):
    """A row of answers, of which one is chosen with the arrow keys or Tab, and given with ⏎."""

    BINDINGS: ClassVar = [
        ("left,h,shift+tab", "move(-1)", ""),
        ("right,l,tab", "move(1)", ""),
        ("enter", "choose", ""),
    ]

    class Chosen(Message):
        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, answers: Sequence[str]) -> None:
        super().__init__(id="choices")
        self._answers, self._index = answers, 0

    def render_line(self, y: int) -> Strip:  # noqa: ARG002
        spans: list[AnySpan] = []
        paint = paint_of(self)
        for index, answer in enumerate(self._answers):
            chosen = index == self._index
            mark = paint.marks.cursor if chosen else " "
            spans += [
                (f" {mark}[ {answer} ] ", paint.style("cursor") + paint.style("strong") if chosen else "dim")
            ]
        return paint.strip(spans, self.size.width, self.rich_style)

    def action_move(self, step: int) -> None:
        self._index = (self._index + step) % len(self._answers)
        self.refresh()

    def action_choose(self) -> None:
        self.post_message(self.Chosen(self._index))


class AskScreen(ModalScreen[str | None]):
    """Asks for a short text; None where somebody leaves."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar = [("escape", "dismiss", "")]

    def __init__(self, title: str, hint: str) -> None:
        super().__init__()
        self._title = title
        self.input = SafeInput(placeholder=hint, compact=True)

    def compose(self) -> ComposeResult:
        with Dialog() as box:
            box.set_title(self._title)
            yield self.input

    def on_mount(self) -> None:
        self.input.focus()

    def on_input_submitted(self) -> None:
        self.dismiss(self.input.value.strip())


class ConfirmScreen(ModalScreen[bool]):
    """Asks before something is ended. The first answer, which ⏎ gives at once, changes nothing."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar = [("escape,q", "dismiss(False)", "")]

    def __init__(self, title: str, lines: Sequence[Line], no: str, yes: str) -> None:
        super().__init__()
        self._title, self._lines, self._answers = title, lines, (no, yes)

    def compose(self) -> ComposeResult:
        with Dialog() as box:
            box.set_title(self._title)
            yield TextLines(id="question")
            yield Choices(self._answers)

    def on_mount(self) -> None:
        question = self.query_one("#question", TextLines)
        question.can_focus = False
        question.set_lines(self._lines)
        self.query_one(Choices).focus()

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        self.dismiss(event.index == 1)
