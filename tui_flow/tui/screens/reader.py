"""Something to read over the whole screen: code, or what changed."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui_flow.tui.presentation import Line, text_of
from tui_flow.tui.widgets.framed import Dialog
from tui_flow.tui.widgets.lines import TextLines


class ReaderScreen(ModalScreen[None]):
    """Lines under a cursor. `n` and `N` step through those that matter, where there are any."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar = [
        ("escape,q,v,D,A,W", "dismiss", ""),
        ("n", "step(1)", ""),
        ("N", "step(-1)", ""),
        ("e", "edit", ""),
        ("y", "copy", ""),
    ]

    def __init__(
        self,
        title: str,
        lines: Sequence[Line],
        *,
        start: int = 0,
        stops: Sequence[int] = (),
        edit: Callable[[int], None] | None = None,
        copy: Callable[[str], None] | None = None,
        note: str = "",
    ) -> None:
        """`start` is the line under the cursor; `edit` opens the line with that number in the editor."""
        super().__init__()
        self._title, self._lines, self._note = title, list(lines), note
        self._start, self._stops, self._edit, self._copy = start, stops, edit, copy
        self.text = TextLines(id="reader")

    def compose(self) -> ComposeResult:
        with Dialog("reader") as box:
            keys = [
                "j k g G",
                *(["n N next"] if self._stops else []),
                *(["e edit"] if self._edit else []),
                "y copy",
            ]
            box.set_title(self._title, "  ".join([self._note, *keys, "Esc close"]).strip())
            yield self.text

    def on_mount(self) -> None:
        self.text.focus()
        self.text.set_lines(self._lines)
        self.call_after_refresh(self._go_to, self._start)

    def _go_to(self, line: int) -> None:
        """Puts a line under the cursor, a third below the top."""
        row = self.text.row_of(line)
        self.text.scroll(max(0, row - self.text.page // 3))
        self.text.move(row)

    def action_step(self, direction: int) -> None:
        here = self.text.line_at_cursor
        after = [stop for stop in self._stops if (stop > here if direction > 0 else stop < here)]
        if after:
            self._go_to(after[0 if direction > 0 else -1])

    def action_edit(self) -> None:
        if self._edit is not None:
            self.dismiss()
            self._edit(self.text.line_at_cursor)

    def action_copy(self) -> None:
        if self._copy is not None:
            self._copy("\n".join(map(text_of, self._lines)))

    def on_resize(self, event: events.Resize) -> None:  # noqa: ARG002
        self.call_after_refresh(self.text.show, self.text.cursor)
