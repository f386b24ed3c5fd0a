"""The line that asks for a text: a filter, what to search for, the value of a parameter."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from tui_flow.safe import safe


class SafeInput(Input):
    """A line to type a text into. What is pasted there may hold anything; the stock widget would hand it on."""

    def validate_value(self, value: str) -> str:
        return safe(value).replace("\t", " ")


class Prompt(SafeInput):
    """Opens and closes at once, so that keys that were typed quickly reach the right place."""

    BINDINGS: ClassVar = [
        ("tab", "complete", ""),
        ("shift+tab", "nothing", ""),
        ("up", "earlier", ""),
        ("down", "later", ""),
    ]

    def __init__(
        self,
        *,
        hint: str = "",
        changed: Callable[[str], None],
        entered: Callable[[str], None],
        complete: Callable[[str], str],
    ) -> None:
        """`complete` gives what a text can only become, if anything."""
        super().__init__(id="prompt", compact=True, placeholder=hint)
        self._complete = complete
        self.display = False
        self._changed, self._entered = changed, entered
        self._back_to: Widget | None = None
        self._earlier: Sequence[str] = ()
        self._step = 0

    def open(
        self, screen: Screen[None], start: str = "", earlier: Sequence[str] = (), *, mends: bool = False
    ) -> None:
        """Takes the keyboard, until `close`; begins with a text, in place of which comes what is typed, unless somebody
        `mends` it. `earlier` ones come back with the key up, the last first."""
        self.select_on_focus = not mends
        self._earlier, self._step = [*(text for text in earlier if text != start), start], 0
        self._back_to = screen.focused
        self.value = start
        self.cursor_position = len(start)
        self.display = True
        screen.set_focus(self)

    def close(self, screen: Screen[None]) -> bool:
        """Gives the keyboard back to where it was. Whether the prompt was open."""
        if not self.display:
            return False
        self.display = False
        screen.set_focus(self._back_to)
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.display:
            self._changed(event.value)

    def action_complete(self) -> None:
        if self.cursor_position == len(self.value):
            self.value = self._complete(self.value)
            self.cursor_position = len(self.value)

    def action_earlier(self) -> None:
        self._go(1)

    def action_later(self) -> None:
        self._go(-1)

    def _go(self, step: int) -> None:
        """To a text that was asked for before, and back to the one that it began with."""
        place = self._step + step
        if 0 <= place < len(self._earlier):
            self._step = place
            self.value = self._earlier[-1 - place]
            self.cursor_position = len(self.value)

    def action_nothing(self) -> None:
        """The keyboard stays here until the prompt is closed."""

    async def action_submit(self) -> None:
        self._changed(self.value)
        self._entered(self.value)
