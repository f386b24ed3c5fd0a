"""Lines under a cursor: what every list, tree, log and text pane of the console is."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from tui_flow.tui.actions import bindings
from tui_flow.tui.widgets.framed import Framed
from tui_flow.tui.widgets.paint import AnySpan, changed_cells, wrap_line


class Lines(Framed, can_focus=True):
    """`count` lines, one of them under the cursor. Who derives gives the spans of a line."""

    BINDINGS: ClassVar = bindings("list")
    HEADER_LINES = 0
    """Lines on top that do not scroll."""

    class Moved(Message):
        """The cursor is on another line, or that line says something else."""

        def __init__(self, lines: "Lines") -> None:
            super().__init__()
            self.lines = lines

        @property
        def control(self) -> "Lines":
            return self.lines

    class Opened(Message):
        """The line under the cursor was clicked again."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.count = 0
        self.cursor = 0
        self.first = 0
        """The line at the top."""
        self._drawn: dict[int, Strip] = {}
        """What stands on the screen, by its row in the pane."""

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        """The text of a line; nothing where a widget draws its rows in another way."""
        return ()

    def header_spans(self, y: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        """The text of a line that does not scroll."""
        return ()

    def spans_below(self, y: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        """The text of a row that is left below the last line, from 0."""
        return ()

    @property
    def page(self) -> int:
        """The lines that fit."""
        return max(1, self.size.height - self.HEADER_LINES)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Where the height is "auto": as many lines as there are."""
        return self.count + self.HEADER_LINES

    def render_line(self, y: int) -> Strip:
        self._drawn[y] = strip = self._strip_at(y)
        return strip

    def _strip_at(self, y: int) -> Strip:
        width, base = self.size.width, self.base
        if y < self.HEADER_LINES:
            return self.paint.strip(self.header_spans(y, width), width, base)
        index = self.first + y - self.HEADER_LINES
        if index >= self.count:
            return self.paint.strip(self.spans_below(index - self.count, width), width, base)
        if index == self.cursor:
            base += self.cursor_style
        return self.paint.strip(self.spans(index, width), width, base)

    @property
    def cursor_style(self) -> Style:
        return self.paint.style("cursor" if self.has_focus else "cursor-blurred")

    @property
    def place(self) -> str:
        """Which line of how many the cursor is on; empty where all of them are in sight."""
        is_laid_out = self.size.height > self.HEADER_LINES
        return f"{self.cursor + 1}/{self.count}" if is_laid_out and self.count > self.page else ""

    def set_count(self, count: int, cursor: int | None = None) -> None:
        """Another number of lines; draws those anew that are visible and say something else. What was under the cursor
        is now line `cursor`, if that is given, and stays where it is on the screen."""
        grows = count != self.count and self.styles.is_auto_height
        if cursor is not None:
            self.first = max(0, self.first + cursor - self.cursor)
            self.cursor = cursor
        self.count = count
        self.cursor = max(0, min(self.cursor, count - 1))
        self.scroll(self.first)
        if grows:
            self.refresh(layout=True)
        else:
            self.redraw()

    def redraw(self) -> None:
        """Draws anew what is visible and has changed."""
        for y in range(self.size.height):
            self._redraw_row(y)

    def refresh_index(self, index: int) -> None:
        """Draws one line anew, if it is visible and has changed."""
        y = index - self.first + self.HEADER_LINES
        if self.HEADER_LINES <= y < self.size.height:
            self._redraw_row(y)

    def _redraw_row(self, y: int) -> None:
        """Only the cells that have changed: over a slow line, each of them counts."""
        before = self._drawn.get(y)
        cells = range(self.size.width) if before is None else changed_cells(before, self._strip_at(y))
        if cells:
            self.refresh(Region(cells.start, y, len(cells), 1))

    def move(self, index: int) -> None:
        """Puts the cursor on a line, and the line into view."""
        index = max(0, min(index, self.count - 1))
        if index != self.cursor:
            before, self.cursor = self.cursor, index
            self.refresh_index(before)
            self.refresh_index(index)
            self.post_message(self.Moved(self))
        self.show(index)

    def show(self, index: int) -> None:
        """Scrolls as little as is needed to see a line."""
        self.scroll(max(min(self.first, index), self.lowest_first(index)))

    def scroll(self, first: int) -> None:
        """Puts another line at the top, as far as there are lines to fill the pane."""
        first = max(0, min(first, self.lowest_first(self.count - 1)))
        if first != self.first:
            self.first = first
            self.refresh()

    def lowest_first(self, index: int) -> int:
        """The smallest line at the top with which `index` can still be seen."""
        return max(0, index - self.page + 1)

    def on_resize(self) -> None:
        self.show(self.cursor)

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is None or at.y < self.HEADER_LINES:
            return
        index = self.index_at(at.y)
        if index < self.count:
            again = index == self.cursor and event.chain > 1
            self.move(index)
            if again:
                self.post_message(self.Opened())

    def index_at(self, y: int) -> int:
        """The line that a row of the screen below the header shows, whether there is such a line or not."""
        return self.first + y - self.HEADER_LINES

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll(self.first + 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll(self.first - 3)

    def action_cursor_down(self) -> None:
        self.move(self.cursor + 1)

    def action_cursor_up(self) -> None:
        self.move(self.cursor - 1)

    def action_top(self) -> None:
        self.move(0)

    def action_end(self) -> None:
        self.move(self.count - 1)

    def action_page_down(self) -> None:
        self.move(self.cursor + self.page)

    def action_page_up(self) -> None:
        self.move(self.cursor - self.page)

    def action_half_down(self) -> None:
        self.move(self.cursor + self.page // 2)

    def action_half_up(self) -> None:
        self.move(self.cursor - self.page // 2)


class TextLines(Lines):
    """Lines that were made beforehand, to be read: details, help, a traceback. Long ones are wrapped."""

    def __init__(self, *, id: str, marked: bool = False) -> None:
        """`marked` lines have room for the mark of the cursor before them."""
        super().__init__(id=id)
        self._marked = marked
        self._lines: Sequence[Sequence[AnySpan]] = ()
        self._rows: list[Sequence[AnySpan]] = []
        self._places: list[int] = []
        """The line that each row is of."""

    def set_lines(self, lines: Sequence[Sequence[AnySpan]], *, keep: bool = False) -> None:
        """Shows other lines, from their top unless `keep`."""
        if list(lines) == list(self._lines):
            return
        self._lines = lines
        if not keep:
            self.cursor = self.first = 0
        self._wrap()

    def _wrap(self) -> None:
        width = (self.size.width or self.app.size.width) - self._marked
        wrapped = [wrap_line(line, width) for line in self._lines]
        self._rows = [row for rows in wrapped for row in rows]
        self._places = [place for place, rows in enumerate(wrapped) for _ in rows]
        self.set_count(len(self._rows))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Asked before the width is this one's: its lines are wrapped for that when it is."""
        if width == self.size.width:
            return super().get_content_height(container, viewport, width)
        return sum(len(wrap_line(line, width - self._marked)) for line in self._lines) + self.HEADER_LINES

    @property
    def line_at_cursor(self) -> int:
        """Which of the lines, as they were given, is under the cursor."""
        return self._places[self.cursor] if self._places else 0

    def row_of(self, line: int) -> int:
        """The first row of a line."""
        return bisect_left(self._places, line)

    def on_resize(self) -> None:
        self._wrap()
        super().on_resize()

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:
        row = self._rows[index]
        if self._is_cut_after(index):
            sign = f" {self.marks.ellipsis}"
            row = [*wrap_line(row, width - len(sign))[0], (sign, "dim")]
        mark = self.marks.cursor if index == self.cursor else " "
        return [(mark, "strong"), *row] if self._marked else row

    def _is_cut_after(self, index: int) -> bool:
        """Whether nothing leads to what is below the row: it has no room, and nobody can scroll there."""
        is_last = not self.can_focus and index == self.first + self.page - 1
        return is_last and any(text.strip() for row in self._rows[index + 1 :] for text, _ in row)

    @property
    def cursor_style(self) -> Style:
        return self.paint.style("cursor") if self.has_focus else Style.null()
