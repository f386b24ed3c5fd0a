"""One of the five views between header and footer. They share a screen, so switching costs no more than a frame."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.widget import Widget

from tui_flow.contract.errors import HistoryError, HistoryMissing
from tui_flow.tui.presentation import Line, times
from tui_flow.tui.presentation.filters import OF_RUNS, Words

MOST_ASKED = 50
"""Filters, or searches, that come back with the key up."""

if TYPE_CHECKING:
    from tui_flow.tui.app import Console
    from tui_flow.tui.screens.home import HomeScreen


class Section(Widget):
    """The panes of one view, and what its keys do."""

    PLACE: ClassVar[str] = ""
    """Where its actions are: a place of `actions.ACTIONS`."""
    WANTS_ADVANCES: ClassVar[bool] = False
    """Whether it shows how far runs are that are not over."""
    WORDS: ClassVar[Words] = OF_RUNS
    """Those that its filter knows."""
    PROMPT: ClassVar[str] = ""
    """What stands in the empty line that `/` opens."""
    ZONES: ClassVar[Sequence[times.Zone]] = ("here", "utc")
    """Those in which it can show times."""

    def __init__(self) -> None:
        super().__init__(id=f"view-{self.PLACE}", classes="view")
        self.asked: list[str] = []
        """The filters, or searches, that were typed, the last one at the end."""
        self.text = ""
        """What it filters by, or looks for, as it was typed."""

    @property
    def console(self) -> "Console":
        return self.app  # type: ignore[return-value]

    @property
    def home(self) -> "HomeScreen":
        return self.screen  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        for pane in self.panes():
            pane.add_class("pane", update=False)
            yield pane

    def panes(self) -> Iterable[Widget]:
        """The panes, from top to bottom; the first one gets the keyboard."""
        return ()

    @property
    def first_pane(self) -> Widget:
        """The one that gets the keyboard."""
        return next(pane for pane in self.children if pane.can_focus)

    def go_to_filtered(self) -> None:
        """Gives the keyboard to the list that a filter was typed for, where another pane has it: keys act there."""
        pane = self.first_pane
        if pane.has_focus:
            return
        if not pane.has_class("-zoom"):
            self.unzoom()
        self.screen.set_focus(pane)

    def come_to_front(self) -> None:
        """The view is looked at, for the first time or again."""
        self.take_overview()

    def take_overview(self) -> None:
        """The history has been read anew. Asked only of the view that is looked at."""

    def take_advances(self) -> None:
        """Runs have come further."""

    def tell_empty(self) -> None:
        """Says why there is nothing to show, where that is no news about the project."""
        self._describe()

    def _describe(self) -> None:
        """Says anew what is to be said of the row under the cursor, or of there being none."""

    def tick(self) -> None:
        """A second has passed, while something runs."""

    def tick_minute(self) -> None:
        """A minute has passed."""

    @property
    def is_roomy(self) -> bool:
        """Whether the terminal has room for more panes: 120x36 or more."""
        return self.screen.has_class("-wide") and self.screen.has_class("-tall")

    def zoom(self) -> bool:
        """The pane with the keyboard alone, or all of them again. Whether there are others."""
        if self.unzoom():
            return True
        panes = [pane for pane in self.children if pane.display]
        chosen = next((pane for pane in panes if pane.has_focus_within), None)
        if chosen is None or len(panes) < 2:
            return False
        self.add_class("-zoomed")
        chosen.add_class("-zoom")
        return True

    def unzoom(self) -> bool:
        """All panes again. Whether one was alone."""
        was = self.has_class("-zoomed")
        self.remove_class("-zoomed")
        for pane in self.children:
            pane.remove_class("-zoom")
        return was

    def action_details(self) -> None:
        """What is said of the row under the cursor, or more of the rows in its place."""
        self.toggle_class("-no-side")
        if (pane := self.screen.focused) is not None and pane.has_class("about"):
            self.first_pane.focus()

    def action_open(self) -> None:
        """Opens what is under the cursor."""
        raise NotImplementedError

    def on_lines_opened(self) -> None:
        self.action_open()

    def action_filter(self) -> None:
        self.home.open_prompt(self.text)

    def action_save_view(self) -> None:
        from tui_flow.tui.screens import saved

        saved.save(self.console)

    def show_run(self, run_id: int) -> None:
        """Puts the cursor on a run, where the view lists runs."""

    def show_alert(self, id: int) -> None:
        """Puts the cursor on an alert, where the view lists alerts."""

    def say(self, text: str, role: str = "", *, stays: bool = False) -> None:
        self.home.say(text, role, stays=stays)

    def ask(self, hint: str, then: Callable[[str], None], start: str = "") -> None:
        self.home.ask(hint, then, start)

    def read_later(self, group: str, read: Callable[..., Awaitable[None]], *of: Any) -> None:
        """Reads while the keyboard goes on, in place of what of the same group is being read."""
        work: Any = partial(
            self._read_or_tell, read, *of
        )  # no coroutine: one that never begins, since another took its place, would warn
        self.run_worker(work, exclusive=True, group=group)

    async def _read_or_tell(self, read: Callable[..., Awaitable[None]], *of: Any) -> None:
        try:
            await read(*of)
        except HistoryError as error:
            self.could_not_read(error)

    def could_not_read(self, error: HistoryError) -> None:
        """A look of its own into the history has failed; that there is none yet is no reason to complain."""
        if not isinstance(error, HistoryMissing):
            self.console.complain(error)
        self.tell_empty()

    def update_footer(self) -> None:
        if self.home.section is self:
            self.home.update_footer()

    def flow_in_hand(self) -> str:
        """The flow that the cursor's row is about; empty where that is none."""
        return ""

    @property
    def address_text(self) -> str:
        """How it is shown, as a text that leads there again."""
        return self.text

    def show_address(self, text: str) -> None:
        """Shows what such a text says."""
        self.prompt_changed(text)
        self.prompt_entered(text)

    def useless(self) -> set[str]:
        """Actions that would do nothing now, and are not offered."""
        return set()

    def labels(self) -> dict[str, str]:
        """Actions that have another name in the footer now."""
        return {}

    def standing(self) -> Line:
        """What stands above the footer while there is nothing else to say."""
        return []

    def go_back(self) -> bool:
        """One step back within the view: what is filtered or chosen. Whether there was one."""
        if not self.text:
            return False
        self.set_filter("")
        return True

    def clear_marks(self) -> bool:
        """Whether there were any."""
        return False

    def known_words(self) -> Mapping[str, Sequence[str]]:
        """What can follow the words of its filter, by field, beyond what all views know."""
        return {}

    def note_asked(self, text: str) -> None:
        """A filter, or a search, was typed to its end."""
        if text:
            self.asked = [*(other for other in self.asked if other != text), text][-MOST_ASKED:]

    def set_filter(self, text: str) -> None:
        """Shows only what this lets through; all where it is empty."""
        raise NotImplementedError

    def prompt_changed(self, text: str) -> None:
        """The text of the prompt is another."""
        self.set_filter(text)

    def prompt_entered(self, text: str) -> None:
        """The text is whole."""
