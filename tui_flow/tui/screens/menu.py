"""A menu: one key more says what exactly is meant."""

from collections.abc import Callable, Collection, Sequence
from typing import ClassVar, NamedTuple

from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui_flow.tui.presentation import Line
from tui_flow.tui.widgets.framed import Dialog
from tui_flow.tui.widgets.lines import Lines, TextLines
from tui_flow.tui.widgets.paint import AnySpan, fit


class Choice(NamedTuple):
    """One line of a menu."""

    key: str
    title: str
    about: str = ""
    """What it would do, as far as that is known."""
    role: str = "dim"


class ChoiceLines(Lines):
    """The choices, one of them under the cursor."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        super().__init__(id="choices-list")
        self.choices = list(choices)
        self.count = len(choices)

    @property
    def cursor_style(self) -> Style:
        return self.paint.style("cursor")

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        choice = self.choices[index]
        titles = min(max(len(each.title) for each in self.choices), 20)
        return [
            (f"{self.marks.cursor if index == self.cursor else ' '} ", "strong"),
            (f"{choice.key}  ", "key"),
            (fit(choice.title, titles, self.marks.ellipsis), "strong" if index == self.cursor else ""),
            (f"  {choice.about}", choice.role),
        ]


class MenuScreen(ModalScreen[str]):
    """Gives the key of what was chosen, by that key or with Enter, with "x" before it where it is to be deleted; None
    where somebody leaves."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar = [("escape,q", "dismiss", ""), ("enter", "choose", ""), ("x", "delete", "")]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        foot: Callable[[str], list[Line]] = lambda _: [],
        *,
        opens_with: str = "",
        deletable: Collection[str] = (),
    ) -> None:
        """`foot` says more of the choice under the cursor; the key that opened the menu chooses the first one. `deletable`
        are keys of choices that `x` deletes."""
        super().__init__()
        self._deletable = deletable
        self._title, self._foot, self._opens_with = title, foot, opens_with
        self.list = ChoiceLines(choices)
        self.foot = TextLines(id="question")

    def compose(self) -> ComposeResult:
        with Dialog() as box:
            box.set_title(self._title)
            yield self.list
            yield self.foot

    def on_mount(self) -> None:
        self.foot.can_focus = False
        self.list.focus()
        self.update_foot()

    def tell(self, key: str, about: str, role: str = "dim") -> None:
        """Says of a choice what it would do."""
        for place, choice in enumerate(self.list.choices):
            if choice.key == key:
                self.list.choices[place] = choice._replace(about=about, role=role)
        self.list.refresh()

    def update_foot(self) -> None:
        key = self.list.choices[self.list.cursor].key
        deletes: list[Line] = [[("x", "key"), (" deletes it", "dim")]] if key in self._deletable else []
        self.foot.set_lines([*deletes, *self._foot(key)])

    def on_lines_moved(self) -> None:
        self.update_foot()

    def on_lines_opened(self) -> None:
        self.action_choose()

    def on_key(self, event: events.Key) -> None:
        keys = {choice.key for choice in self.list.choices}
        key = self.list.choices[0].key if event.key == self._opens_with else event.character or ""
        if key in keys:
            event.stop()
            self.dismiss(key)

    def action_delete(self) -> None:
        key = self.list.choices[self.list.cursor].key
        if key in self._deletable:
            self.dismiss(f"x{key}")

    def action_choose(self) -> None:
        self.dismiss(self.list.choices[self.list.cursor].key)
