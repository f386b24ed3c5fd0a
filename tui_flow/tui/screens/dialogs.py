"""The confirm dialog and the help."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from tui_flow.tui.actions import ACTIONS, Action, shown_keys
from tui_flow.tui.presentation import Line, glyphs
from tui_flow.tui.presentation.glyphs import Marks
from tui_flow.tui.widgets.lines import TextLines
from tui_flow.tui.widgets.paint import AnySpan, paint_of


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


class ConfirmScreen(ModalScreen[bool]):
    """Asks before something is ended. The first answer, which ⏎ gives at once, changes nothing."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar = [("escape,q", "dismiss(False)", "")]

    def __init__(self, title: str, lines: Sequence[Line], no: str, yes: str) -> None:
        super().__init__()
        self._title, self._lines, self._answers = title, lines, (no, yes)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(paint_of(self).clean(self._title))
            yield TextLines(id="question")
            yield Choices(self._answers)

    def on_mount(self) -> None:
        question = self.query_one("#question", TextLines)
        question.can_focus = False
        question.set_lines(self._lines)
        self.query_one(Choices).focus()

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        self.dismiss(event.index == 1)


class HelpScreen(ModalScreen[None]):
    """Every key that works where it was asked for, and what the shapes mean."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar = [("escape,q,question_mark", "dismiss", "")]

    def __init__(self, places: Sequence[str]) -> None:
        super().__init__()
        self._places = places

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Help")
            box.border_subtitle = Content("j k scroll  Esc closes")
            yield TextLines(id="keys")

    def on_mount(self) -> None:
        keys = self.query_one("#keys", TextLines)
        marks = paint_of(self).marks
        lines = help_lines(self._places, marks, wide=self.app.size.width >= 2 * _HALF + 2)
        self.query_one(".dialog").styles.max_height = len(lines) + 2
        keys.set_lines(lines)
        keys.focus()


_HEADINGS = {
    "list": "MOVE", "tree": "TREE", "log": "LOG", "flows": "FLOW", "runs": "RUNS", "logs": "LOGS", "schedule": "SCHEDULE",
    "alerts": "ALERTS", "run": "RUN", "app": "EVERYWHERE",
}  # fmt: skip
_HALF = 38
"""The cells of one column, where there are two."""


def help_lines(places: Sequence[str], marks: Marks, *, wide: bool) -> list[Line]:
    """The help: what is special here first, then what works everywhere; in two columns of about the same length where
    there is room for two."""
    special = [place for place in places if place not in ("app", "list")]
    sections = [*(_section(place, marks) for place in (*special, "list", "app")), _states(marks)]
    if not wide:
        return [line for section in sections for line in section]
    half = sum(map(len, sections)) / 2
    left: list[Line] = []
    while len(left) + len(sections[0]) <= half or not left:
        left += sections.pop(0)
    right = [line for section in sections for line in section]
    blank: Line = []
    return [[*_padded(one), *other] for one, other in zip_longest(left, right, fillvalue=blank)]


def _padded(line: Line) -> Line:
    return [*line, (" " * (_HALF - sum(len(text) for text, _ in line)), "")]


def _section(place: str, marks: Marks) -> list[Line]:
    entries = [_entry(action, marks) for action in ACTIONS if action.where == place]
    return [[(f" {_HEADINGS[place]}", "dim")], *entries]


def _entry(action: Action, marks: Marks) -> Line:
    keys = shown_keys(action, marks.ascii)
    return [(f"  {keys:<8}", "key"), (f" {action.help}", "")]


def _states(marks: Marks) -> list[Line]:
    """Two states a line: shape, then word."""
    lines: list[Line] = [[(" STATES", "dim")]]
    states = list(glyphs.STATES)
    for first in range(0, len(states), 2):
        line: Line = []
        for state in states[first : first + 2]:
            line += [(f"  {marks.glyph(state)} ", glyphs.role(state)), (f"{state.replace('_', ' '):<14}", "")]
        lines.append(line)
    return lines
