"""Something to read over the whole screen: code, or what changed."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui_flow.tui.presentation import Line, filters, log_hits, text_of
from tui_flow.tui.presentation.filters import Subject
from tui_flow.tui.widgets.framed import Dialog
from tui_flow.tui.widgets.lines import TextLines
from tui_flow.tui.widgets.log_text import highlighted
from tui_flow.tui.widgets.prompt import Prompt


class ReaderScreen(ModalScreen[None]):
    """Lines under a cursor. `/` searches them; `n` and `N` step through what was found, else through those that matter,
    where there are any."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar = [
        ("escape", "back", ""),
        ("q,v,D,A,W", "dismiss", ""),
        ("slash", "search", ""),
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
        copy: Callable[[str], str] | None = None,
        note: str = "",
    ) -> None:
        """`start` is the line under the cursor; `edit` opens the line with that number in the editor; `copy` gives what
        there is to say of it."""
        super().__init__()
        self._title, self._lines, self._note = title, list(lines), note
        self._start, self._stops, self._edit, self._copy = start, stops, edit, copy
        self._needle, self._matches = "", list[int]()
        self.box, self.text = Dialog("reader"), TextLines(id="reader", marked=True)
        self.prompt = Prompt(hint="search", changed=lambda _: None, entered=self._search, complete=str)

    def compose(self) -> ComposeResult:
        with self.box:
            yield self.text
            yield self.prompt

    def on_mount(self) -> None:
        self.text.focus()
        self.text.set_lines(self._lines)
        self._update_frame()
        self.call_after_refresh(self._go_to, self._start)

    def _go_to(self, line: int) -> None:
        """Puts a line under the cursor, a third below the top."""
        row = self.text.row_of(line)
        self.text.scroll(max(0, row - self.text.page // 3))
        self.text.move(row)

    def _update_frame(self) -> None:
        keys = ["n N next"] if self._matches or (self._stops and not self._needle) else []
        if self._needle:
            found, here = len(self._matches), self.text.line_at_cursor
            place = self._matches.index(here) + 1 if here in self._matches else 0
            note = f"match {place}/{found} of “{self._needle}”" if found else f"no line with “{self._needle}”"
            keys = [note, *keys, "Esc clears"]
        else:
            edit = ["e edit"] if self._edit else []
            keys = [*filter(None, [self._note]), "/ search", *keys, *edit, "y copy", "Esc close"]
        self.box.set_title(self._title, "  ".join(keys))

    def action_search(self) -> None:
        self.prompt.open(self, self._needle)

    def _search(self, text: str) -> None:
        """Marks wherever it stands what a text looks for, and goes to the first line with it from the cursor on."""
        filter, wrong = filters.read(text, filters.OF_TEXT)
        if wrong:
            self.box.set_title(self._title, wrong)
            return
        self.prompt.close(self)
        self._needle, needles = text, log_hits.needles_of(filter)
        found = [filter.matches(Subject(text_of(line), ""), 0.0) for line in self._lines] if needles else []
        self._matches = [place for place, is_there in enumerate(found) if is_there]
        shown = [highlighted(line, needles) for line in self._lines] if needles else self._lines
        self.text.set_lines(shown, keep=True)
        self._step_from(self.text.line_at_cursor - 1, 1)
        if why := filters.why_nothing(filter):
            self.box.set_title(self._title, why)

    def action_step(self, direction: int) -> None:
        self._step_from(self.text.line_at_cursor, direction)

    def _step_from(self, here: int, direction: int) -> None:
        """Goes to the next or previous of the lines that `n` and `N` step through, from one on, and around the end."""
        stops = self._matches if self._needle else self._stops
        if stops:
            after = bisect_right(stops, here) if direction > 0 else bisect_left(stops, here) - 1
            self._go_to(stops[after % len(stops)])
        self._update_frame()

    def action_back(self) -> None:
        if self.prompt.close(self):
            return
        if self._needle:
            self._search("")
        else:
            self.dismiss()

    def action_edit(self) -> None:
        if self._edit is not None:
            self.dismiss()
            self._edit(self.text.line_at_cursor)

    def action_copy(self) -> None:
        if self._copy is not None:
            said = self._copy("\n".join(map(text_of, self._lines)))
            self.box.set_title(self._title, said)

    def on_lines_moved(self) -> None:
        self._update_frame()
