"""The palette and the help: a line to type into, and what fits it."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen
from textual.widgets import Input

from tui_flow.tui.actions import Action, action_named, bindings, key_name
from tui_flow.tui.keymap import Keymap, parse_key
from tui_flow.tui.presentation.key_help import help_lines
from tui_flow.tui.presentation.palette import Offer, matching
from tui_flow.tui.widgets.framed import Dialog
from tui_flow.tui.widgets.lines import Lines, TextLines
from tui_flow.tui.widgets.paint import AnySpan, fit, keymap_of, paint_of
from tui_flow.tui.widgets.prompt import SafeInput

TWO_COLUMNS = 78
"""From so many cells on the help stands in two columns."""


class OfferList(Lines):
    """The offers that fit: title, what it is about, key. The keyboard stays with the line above."""

    can_focus = False

    def __init__(self) -> None:
        super().__init__(id="offers")
        self.offers: Sequence[Offer] = ()
        self._longest = 0
        """Cells of the longest title."""

    def spans_below(self, y: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        return (
            [] if self.offers or y else [("Nothing is called so; with fewer letters there is more.", "dim")]
        )

    def show_offers(self, offers: Sequence[Offer]) -> None:
        self.offers, self.cursor, self.first = offers, 0, 0
        self._longest = max((cell_len(offer.title) for offer in offers), default=0)
        self.set_count(len(offers))

    @property
    def chosen(self) -> Offer | None:
        return self.offers[self.cursor] if self.offers else None

    @property
    def cursor_style(self) -> Style:
        return self.paint.style("cursor")

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:
        offer = self.offers[index]
        mark = self.marks.cursor if index == self.cursor else " "
        key = f" {offer.key} "
        room = width - cell_len(key) - 1
        title = min(max(26, self._longest + 2), max(34, room // 2), room)
        look = "dim" if offer.is_idle else "strong" if index == self.cursor else ""
        return [
            (mark, "key"),
            (fit(offer.title, title - 1, self.marks.ellipsis) + " ", look),
            (fit(offer.about, room - title, self.marks.ellipsis), offer.role or "dim"),
            (key, "key"),
        ]


class PaletteScreen(ModalScreen[Offer]):
    """Everything that can be done, found by typing some of it. Gives what was chosen."""

    CSS_PATH = "../styles/dialogs.tcss"
    TITLE_TEXT = "Commands"
    HINTS = "> actions  @ flows  # runs  ! alerts  ' views  ? help  {change} key  Esc"
    """Below, with the keys that `{change}` and `{tour}` are."""
    BINDINGS: ClassVar = [
        ("escape", "dismiss", ""),
        ("down,ctrl+n", "move(1)", ""),
        ("up,ctrl+p", "move(-1)", ""),
        ("pagedown", "move(10)", ""),
        ("pageup", "move(-10)", ""),
        *bindings("palette", priority=True),
    ]

    def __init__(self, offers: Sequence[Offer], rebind: Callable[[str], None]) -> None:
        super().__init__()
        self._offers, self._rebind = offers, rebind
        self.list = OfferList()

    def compose(self) -> ComposeResult:
        with Dialog("palette") as box:
            box.set_title(self.TITLE_TEXT, self._hints)
            yield SafeInput(id="typed", compact=True, placeholder="type to search")
            yield from self.compose_lists()

    def compose_lists(self) -> ComposeResult:
        yield self.list

    @property
    def _hints(self) -> str:
        keymap, ascii = keymap_of(self), paint_of(self).marks.ascii
        change, tour = (
            keymap.first(action_named(name), ascii) for name in ("palette.change_key", "app.tutorial")
        )
        return self.HINTS.format(change=change, tour=tour)

    def on_mount(self) -> None:
        self.query_one("#typed").focus()
        self.show("")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.show(event.value)

    def show(self, typed: str) -> None:
        """What fits the text."""
        found = matching(self._offers, typed)
        self.list.show_offers(found)
        title = self.TITLE_TEXT if found else f"{self.TITLE_TEXT}: nothing matches"
        self.query_one(Dialog).set_title(title, self._hints)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.choose()

    def on_lines_opened(self) -> None:
        self.choose()

    def choose(self) -> None:
        if self.list.display and self.list.chosen is not None:
            self.dismiss(self.list.chosen)

    def action_move(self, step: int) -> None:
        self.list.move(self.list.cursor + step)

    def action_change_key(self) -> None:
        chosen = self.list.chosen
        if chosen is not None and chosen.name:
            self.dismiss()
            self._rebind(chosen.name)


class HelpScreen(PaletteScreen):
    """Every key that works where it was asked for, and what the shapes mean; a list to choose from once something is
    typed."""

    TITLE_TEXT = "Help"
    HINTS = "type, or Down  Enter does it  {change} key  {tour} tutorial  Esc"
    BINDINGS: ClassVar = [Binding("f1", "tutorial", id="app.tutorial")]

    def __init__(
        self, offers: Sequence[Offer], rebind: Callable[[str], None], places: Sequence[str], keymap: Keymap
    ) -> None:
        super().__init__(offers, rebind)
        self._places, self._keymap = places, keymap
        self.keys = TextLines(id="keys")
        self.keys.can_focus = False

    def compose_lists(self) -> ComposeResult:
        yield self.keys
        yield self.list

    def on_mount(self) -> None:
        wide = self.app.size.width >= TWO_COLUMNS
        self.keys.set_lines(help_lines(self._places, paint_of(self).marks, self._keymap, wide=wide))
        self.call_after_refresh(self._title)

    def show(self, typed: str) -> None:
        self.keys.display, self.list.display = not typed, bool(typed)
        super().show(typed)
        if not typed:
            self._title()

    def action_move(self, step: int) -> None:
        """Pages go through the text, and lines to the entries of the list."""
        if not self.keys.display:
            super().action_move(step)
        elif abs(step) > 1:
            self.keys.scroll(self.keys.first + step)
            self._title()
        else:
            self._list()

    def action_change_key(self) -> None:
        if self.keys.display:
            self._list()
        else:
            super().action_change_key()

    def action_tutorial(self) -> None:
        found = next((offer for offer in self._offers if offer.name == "app.tutorial"), None)
        self.dismiss(found)

    def _list(self) -> None:
        """All entries, to choose from."""
        self.keys.display, self.list.display = False, True
        self._title()

    def _title(self) -> None:
        """How much more there is below."""
        more = self.keys.count - self.keys.first - self.keys.page if self.keys.display else 0
        title = f"{self.TITLE_TEXT}: {more} more below, PgDn" if more > 0 else self.TITLE_TEXT
        self.query_one(Dialog).set_title(title, self._hints)


class KeyScreen(ModalScreen[tuple[str, ...]]):
    """Waits for the key that an action shall have."""

    CSS_PATH = "../styles/dialogs.tcss"

    def __init__(self, action: Action, keymap: Keymap) -> None:
        super().__init__()
        self._action, self._keymap = action, keymap

    def compose(self) -> ComposeResult:
        with Dialog() as box:
            box.set_title(f"A key for: {self._action.help}")
            yield TextLines(id="question")

    def on_mount(self) -> None:
        self.query_one("#question", TextLines).can_focus = False
        self._say("Press it now.", "strong")

    def _say(self, text: str, role: str) -> None:
        now = self._keymap.shown(self._action, paint_of(self).marks.ascii)
        self.query_one("#question", TextLines).set_lines(
            [[(text, role)], [("It has ", "dim"), (now, "key"), ("; Esc leaves it so.", "dim")]]
        )

    def on_key(self, event: events.Key) -> None:
        event.stop()
        if event.key == "escape":
            self.dismiss()
            return
        try:
            key = parse_key(event.key)
        except ValueError as error:
            self._say(str(error), "bad")
            return
        other = self._keymap.clash(self._action, [key])
        if other is None:
            self.dismiss((key,))
        else:
            self._say(f"{key_name(key)} is taken: {other.help} ({other.name})", "bad")
