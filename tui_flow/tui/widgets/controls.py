"""What a field of a form is filled in with: a text, one of a few values, on or off, or a group to unfold."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from tui_flow.tui.presentation.field_texts import label_of
from tui_flow.tui.presentation.fields import Field
from tui_flow.tui.widgets.paint import AnySpan, paint_of
from tui_flow.tui.widgets.prompt import SafeInput

CELLS, BROAD_CELLS = 29, 32
"""What a control is wide in a terminal of 80 cells, and may be where values need what is behind it."""


class Typed(Message):
    """A control holds another text now."""

    is_news = True
    """Whether the form did not have it yet."""


class Entered(Message):
    """Enter was pressed in a control that does nothing else with it."""


class Useless(Message):
    """A key did nothing in a control."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


class TextControl(SafeInput):
    """A line of text; stars where it is a secret."""

    def __init__(self, field: Field, start: str) -> None:
        super().__init__(start, compact=True, select_on_focus=False, password=field.is_secret)
        self._goes_to_end = False
        """Whoever comes here next types behind the text."""

    def show(self, text: str) -> None:
        """Holds another text, and says nothing of it."""
        if text != self.value:
            with self.prevent(Input.Changed):
                self.value = text
            # Where nobody types, a text is read from its beginning.
            self.cursor_position = len(text) if self.has_focus else 0
            self._goes_to_end = not self.has_focus

    def on_focus(self) -> None:
        if self._goes_to_end:
            self._goes_to_end, self.cursor_position = False, len(self.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(Typed())

    async def action_submit(self) -> None:
        self.post_message(Entered())

    # Whose keys mean something else in lists: who presses them there by habit is told what they do here.

    def action_delete_right(self) -> None:
        self._delete_or_say(super().action_delete_right, "behind")

    def action_delete_left_all(self) -> None:
        self._delete_or_say(super().action_delete_left_all, "before")

    def _delete_or_say(self, delete: Callable[[], None], where: str) -> None:
        before = self.value
        delete()
        if self.value == before:
            self.post_message(Useless(f"there is nothing {where} the cursor to delete"))


class _Drawn(Widget, can_focus=True):
    """A control of one line that draws itself."""

    ALLOW_SELECT = False
    value: str

    def spans(self) -> Sequence[AnySpan]:
        raise NotImplementedError

    def show(self, text: str) -> None:
        if text != self.value:
            self.value = text
            self.refresh()

    def render_line(self, y: int) -> Strip:
        paint, base = paint_of(self), self.rich_style
        if y:
            return Strip.blank(self.size.width, base)
        if self.has_focus:
            base += paint.style("cursor")
        return paint.strip(self.spans(), self.size.width, base)

    def _take(self, text: str) -> None:
        self.show(text)
        self.post_message(Typed())


class PickControl(_Drawn):
    """One of a few values: all of them beside each other where there is room, else the one and how many there are."""

    BINDINGS: ClassVar = [
        ("right,space", "move(1)", ""),
        ("left", "move(-1)", ""),
        ("home", "take(0)", ""),
        ("end", "take(-1)", ""),
        ("enter", "enter", ""),
        ("y", "screen.copy_command", ""),
    ]

    def __init__(self, field: Field, start: str) -> None:
        super().__init__()
        self.value, self._is_flag = start, field.is_flag
        self.texts = [label_of(field, option) for option in field.options]
        self.set_class(CELLS < self._cells <= BROAD_CELLS, "broad")

    @property
    def _cells(self) -> int:
        """What all values beside each other take."""
        return sum(cell_len(text) + 4 for text in self.texts) - 1

    @property
    def place(self) -> int | None:
        """Which of them it is; None where it is none of them."""
        return self.texts.index(self.value) if self.value in self.texts else None

    def spans(self) -> Sequence[AnySpan]:
        if self._is_flag:
            return [("[x] on" if self.value == "true" else "[ ] off", "")]
        spans: list[AnySpan] = []
        for text in self.texts:
            chosen = text == self.value
            spans.append((f"({self._bullet if chosen else ' '}){text} ", "" if chosen else "dim"))
        if self._cells <= self.size.width:
            return spans
        marks, place = paint_of(self).marks, self.place
        number = "-" if place is None else str(place + 1)
        tail = f" {marks.right} {number}/{len(self.texts)}"
        return [
            (f"{marks.left} ", "dim"),
            (self.value[: max(3, self.size.width - cell_len(tail) - 2)], "" if place is not None else "bad"),
            (tail, "dim"),
        ]

    @property
    def _bullet(self) -> str:
        return paint_of(self).marks.bullet

    def action_move(self, step: int) -> None:
        place = self.place
        first = 0 if step > 0 else len(self.texts) - 1
        self._take(self.texts[first if place is None else (place + step) % len(self.texts)])

    def action_take(self, place: int) -> None:
        self._take(self.texts[place])

    def action_enter(self) -> None:
        self.post_message(Entered())

    def on_key(self, event: events.Key) -> None:
        """The first letter of a value goes to it, and again to the next one with that letter."""
        letter = (event.character or "").lower()
        wanted = [text for text in self.texts if letter.strip() and text.lower().startswith(letter)]
        if wanted and letter != "y":
            event.stop()
            after = wanted.index(self.value) + 1 if self.value in wanted else 0
            self._take(wanted[after % len(wanted)])

    def on_click(self) -> None:
        self.action_move(1)


class GroupControl(_Drawn):
    """Says what is inside, and unfolds it."""

    BINDINGS: ClassVar = [("enter,space", "unfold", ""), ("right", "unfold(True)", ""), ("left", "unfold(False)", ""), ("y", "screen.copy_command", "")]  # fmt: skip

    def __init__(self, names: Sequence[str], is_open: bool, unfolded: Callable[[], None]) -> None:
        """`unfolded` is called at once when it is another: the next key may go to what is inside."""
        super().__init__()
        self.value, self.is_open, self._names, self._unfolded = "", is_open, names, unfolded

    def spans(self) -> Sequence[AnySpan]:
        marks = paint_of(self).marks
        return [
            (f"{marks.open if self.is_open else marks.shut} ", "key"),
            (f"{{ {', '.join(self._names)} }}", "dim"),
        ]

    def action_unfold(self, is_open: bool | None = None) -> None:
        before = self.is_open
        self.show_open(not before if is_open is None else is_open)
        self._unfolded()
        if self.is_open is not before:
            self.post_message(Typed())

    def show_open(self, is_open: bool) -> None:
        """Shows it so, and says nothing of it."""
        self.is_open = is_open
        self.refresh()

    @property
    def hint(self) -> str:
        """What a key does with it now."""
        return "Enter folds it" if self.is_open else "Enter unfolds it"

    def on_click(self) -> None:
        self.action_unfold()


class OptionalControl(GroupControl):
    """Says whether a group is None or set; unfolded while it is set."""

    def spans(self) -> Sequence[AnySpan]:
        bullet, is_open = paint_of(self).marks.bullet, self.is_open
        spans: list[AnySpan] = [
            (f"({' ' if is_open else bullet})None ", "dim" if is_open else ""),
            (f"({bullet if is_open else ' '})set ", "" if is_open else "dim"),
        ]
        return spans if is_open else [*spans, (f"{{ {', '.join(self._names)} }}", "dim")]

    @property
    def hint(self) -> str:
        return "Enter makes it None" if self.is_open else "Enter sets it"


def control_for(field: Field, start: str) -> Any:
    """The control that fits a field that is no group."""
    return PickControl(field, start) if field.options else TextControl(field, start)
