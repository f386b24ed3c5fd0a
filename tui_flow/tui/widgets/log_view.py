"""The log of what is selected in the tree."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from tui_flow.contract.log import DROPPED, ERROR, KEEPER
from tui_flow.counting import counted
from tui_flow.patterns import TooSlow
from tui_flow.store.log_search import Needle
from tui_flow.store.logs import LogFile
from tui_flow.tui.actions import bindings
from tui_flow.tui.presentation import log_lines
from tui_flow.tui.widgets.lines import Lines
from tui_flow.tui.widgets.log_rows import LogRows
from tui_flow.tui.widgets.log_text import breaks, coloured, highlighted
from tui_flow.tui.widgets.paint import AnySpan, wrap_line

MAX_SHOWN = 4_096
"""Of a longer line only so many characters are shown, and it says so."""
SLICE = 4 * 1024 * 1024
"""The bytes of a log that are indexed between two looks at the keyboard."""
FIRST_SLICE = 64 * 1024
"""The same before there is anything to see."""
WIDE = 120
"""Cells from which on the frame spells out what the keys mean."""
MOST_HEIGHTS = 10_000
"""So many lines' heights are remembered."""
LEVEL_NAMES = ("all", "INFO", "WARNING", "ERROR")


class LogView(Lines):
    """Lines of a log: of one task run and what is inside it, or of the whole run. A line may take several rows of
    the screen; the one at the top and the cursor are counted in lines."""

    BINDINGS: ClassVar = bindings("log")

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.lines = LogRows(LogFile(Path("/dev/null/log")))
        self.follows, self.wraps, self.level, self.time_mode = False, True, 0, "clock"
        self.whose: Callable[[int], str] = str
        """The name of a task run, for the column that says who wrote a line."""
        self.why_empty: Callable[[], str] = str
        """Why the task runs of the scope wrote nothing that could be shown."""
        self._shows_whose = True
        self._searched = ""
        self._needles: Sequence[Needle] = ()
        self.too_slow: TooSlow | None = None
        """Why the last search found nothing, and is none any more."""
        self._matches: list[int] = []
        self.narrows = False
        """Whether only the lines are shown that have what is searched for."""
        self._stood_in: tuple[int | None, int | None] = (None, None)
        """The line that a level put under the cursor, if it shows any, and the one that it hid: the place to go back to."""
        self._jump_pending = False
        self._looked_at, self._dropped = (-1, -1), ""
        self.end_line = ""
        """What stands below the last line, where there is room: that no other will come."""
        self.is_reading = False
        """Whether there is more of the file than was looked at."""
        self._scope: tuple[set[int] | None, int | None] = (None, None)
        self._layout: tuple[object, ...] = ()
        """What the heights of lines hang on, beside their text."""
        self._heights: dict[tuple[int, int, bool], int] = {}
        """By line, its length, and whether a fold stands in its place."""

    # What is shown.

    def open(self, path: Path) -> None:
        """Another run's log."""
        self.lines.log.close()
        self.lines = LogRows(LogFile(path))
        self._searched, self._needles, self._matches, self.narrows = "", (), [], False
        self._heights, self._stood_in = {}, (None, None)
        self.cursor = self.first = 0
        self.set_count(0)

    def set_scope(
        self, task_runs: set[int] | None, tries: int | None, *, to_error: bool, keep: bool = False
    ) -> None:
        """Shows what these task runs wrote, from the first error on if asked and if there is one. `keep` the line
        under the cursor."""
        line = self.line_at_cursor if keep else None
        self._scope = (task_runs, tries)
        self._shows_whose = task_runs is None or len(task_runs) > 1
        self._jump_pending = to_error
        self._rescope()
        if line is not None:
            self._stay_at(line)
            return
        if not keep:
            self._stood_in = (None, None)
        self.cursor = self.first = 0
        self._settle()

    def set_within(self, since: str, until: str) -> None:
        """Shows only what was written from one moment on, and before another one; "" is no bound."""
        if self.lines.within != (since, until):
            self.lines.within = (since, until)
            self._rescope()

    def cycle_level(self) -> None:
        """All lines, or only those of INFO, WARNING, ERROR and higher."""
        shown, hidden = self._stood_in
        here = self.line_at_cursor
        line = hidden if here == shown and hidden is not None else here
        self.level = (self.level + 1) % len(LEVEL_NAMES)
        self._rescope()
        self._stay_at(line)
        self._stood_in = (self.line_at_cursor, line)

    def cycle_time(self) -> None:
        modes = log_lines.TIME_MODES
        self.time_mode = modes[(modes.index(self.time_mode) + 1) % len(modes)]
        self.refresh()

    def _rescope(self) -> None:
        self.lines.set_scope(*self._scope, self.level)
        self._find()

    def poll(self) -> bool:
        """Takes in what was appended to the log. Whether there is more of it."""
        more, changed = self.lines.refresh(SLICE if self.lines.log.size else FIRST_SLICE)
        self.is_reading = more
        if changed:
            self._find()
            self._settle()
        return more

    def _settle(self) -> None:
        """Goes to where the view was asked to be, once there is something to see."""
        if self._jump_pending and self.lines.errors:
            self.go_to_error(self.lines.errors[0])
        elif self.follows and self.count and not self._jump_pending:
            self.move(self.count - 1)

    @property
    def line_at_cursor(self) -> int | None:
        """The line of the file under the cursor."""
        return self.lines.lines[self.cursor] if self.cursor < len(self.lines.lines) else None

    def texts(self, *, kept: bool, whose: Callable[[int], str] | None = None) -> Iterator[str]:
        """The lines that are shown, as a person reads them elsewhere; what is `kept` has day and zone with each. `whose`
        gives names of task runs that stay the same while it is read, slowly."""
        mode = "stamp" if kept else "date" if self.time_mode == "date" else "clock"
        return log_lines.texts(self.lines.log, self.lines.unfolded(), whose or self.whose, mode)

    def place_in_texts(self) -> int:
        """Which of those is under the cursor."""
        line = self.line_at_cursor
        return 0 if line is None else bisect_left(self.lines.unfolded(), line)

    def line_text(self) -> str:
        """What the line under the cursor says."""
        line = self.line_at_cursor
        return "" if line is None else log_lines.split(self.lines.log.whole_text(line)).message

    # Going about.

    def move(self, index: int) -> None:
        if max(0, index) < self.cursor:
            self.follows = False
        super().move(index)

    def _stay_at(self, line: int | None) -> None:
        """Keeps the cursor on a line of the file, wherever that stands now."""
        if line is not None:
            self.cursor = self.lines.row_of(line)
            self.show(self.cursor)

    def go_to_line(self, line: int) -> None:
        """Puts the cursor on a line of the file, a few lines below the top, and opens the fold that it is in."""
        if self.lines.reveal(line):
            self._find()
        row = self.lines.row_of(line)
        self._jump_pending = self.follows = False
        self.scroll(max(0, row - min(2, self.page // 3)))
        super().move(row)

    def go_to_error(self, line: int) -> None:
        """Puts the cursor on what was raised, with as much as there is room for of what leads there."""
        self.go_to_line(line)
        row = self.lines.row_of(self.lines.raised_at(line))
        self.scroll(max(self.first, self.lowest_first(row)))
        super().move(row)

    def search(self, text: str, needles: Sequence[Needle]) -> int:
        """Marks wherever it stands what a text looks for, and goes to the next place. How many lines have it."""
        line = self.line_at_cursor
        self.too_slow = None
        self._searched, self._needles, self.narrows = text, needles, self.narrows and bool(needles)
        self._find()
        self._stay_at(line)
        self.refresh()
        if self._matches:
            self.step(1, from_here=True)
        return len(self._matches)

    def _find(self) -> None:
        """Which lines match, and so how many rows there are."""
        try:
            self._matches = self.lines.search(self._needles) if self._needles else []
        except TooSlow as error:
            self.too_slow = error
            self._searched, self._needles, self._matches, self.narrows = "", (), [], False
        self.lines.only = array("L", self._matches) if self.narrows else None
        self.set_count(len(self.lines.lines))

    def narrow(self, narrows: bool) -> None:
        """Shows only the lines that were found, or again all of them with the same one under the cursor."""
        self.narrows = narrows
        self.search(self._searched, self._needles)

    @property
    def is_searching(self) -> bool:
        return bool(self._needles)

    def step(self, direction: int, *, from_here: bool = False) -> tuple[int, int] | None:
        """Goes to the next or previous match, or error where nothing is searched for. Which of how many that is, or
        None where there is none."""
        stops = self._matches if self._needles else self.lines.errors
        if not stops:
            return None
        here = self.line_at_cursor or 0
        if not self._needles:
            here = self.lines.log.record_lines(here).start
        if direction > 0:
            place = (bisect_left if from_here else bisect_right)(stops, here) % len(stops)
        else:
            place = (bisect_left(stops, here) - 1) % len(stops)
        (self.go_to_line if self._needles else self.go_to_error)(stops[place])
        return place + 1, len(stops)

    def action_unfold_frames(self) -> None:
        line = self.line_at_cursor
        if line is not None and self.lines.unfold(line):
            self.set_count(len(self.lines.lines))

    def action_fold_all(self) -> None:
        """Opens all library frames that are folded; folds all of them again where none is."""
        line = self.line_at_cursor
        self.lines.toggle_folds()
        self.set_count(len(self.lines.lines))
        self._stay_at(line)

    def lowest_first(self, index: int) -> int:
        if not self.wraps:
            return super().lowest_first(index)
        room = self.page
        while index > 0:
            room -= self._height(index)
            if room < self._height(index - 1):
                return index
            index -= 1
        return 0

    def _height(self, index: int) -> int:
        """The rows of the screen that a line takes. Remembered: each step asks for those of pages of lines."""
        log, line = self.lines.log, self.lines.lines[index]
        layout = (log.generation, self.size.width, self.time_mode, self._shows_whose, self._digits)
        if layout != self._layout or len(self._heights) > MOST_HEIGHTS:
            self._layout, self._heights = layout, {}
        shown = (line, log.length(line), line in self.lines.folds)
        height = self._heights.get(shown)
        if height is None:
            height = self._heights[shown] = len(self._strips(index, self.size.width, Style.null()))
        return height

    @property
    def _digits(self) -> int:
        """Those of the largest line number."""
        return len(str(max(len(self.lines.log), 99)))

    # Drawing.

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.base
        index, above = self._line_at(y)
        if not self.count:
            why = wrap_line([(f" {self._why_empty()}", "dim")], width)
            return self.paint.strip(why[y] if y < len(why) else (), width, base)
        if index >= self.count:
            is_next = index == self.count and not above
            return self.paint.strip([(self.end_line if is_next else "", "dim")], width, base)
        if index == self.cursor:
            base += self.cursor_style
        return self._strips(index, width, base)[above].adjust_cell_length(width, base)

    def _why_empty(self) -> str:
        """What hides all lines; where nothing does, why there is none."""
        if self.narrows:
            return f"no line with “{self._searched}”: & shows all"
        if self.level and self.lines.is_hidden_by_level():
            return f"no line of {LEVEL_NAMES[self.level]} or higher: L shows all"
        return self.why_empty()

    def index_at(self, y: int) -> int:
        return self._line_at(y)[0]

    def _line_at(self, y: int) -> tuple[int, int]:
        """The line that a row of the screen shows, and how many rows of it are above."""
        index = self.first
        if not self.wraps:
            return index + y, 0
        while index < self.count:
            height = self._height(index)
            if y < height:
                return index, y
            y -= height
            index += 1
        return index, y

    def refresh_index(self, index: int) -> None:
        if self.wraps:
            self.refresh()
        else:
            super().refresh_index(index)

    def _strips(self, index: int, width: int, base: Style) -> list[Strip]:
        """A line as rows of the screen: one, or as many as it takes where lines are wrapped."""
        line = self.lines.lines[index]
        columns = self._columns(index, line, width)
        indent = sum(cell_len(text) for text, _ in columns)
        message = Strip(self.paint.segments(self._message(line), base))
        room = max(10, width - indent)
        head = Strip(self.paint.segments(columns, base))
        if message.cell_length <= room:
            return [Strip([*head, *message])]
        if not self.wraps:
            return [self.paint.strip([*columns, *self._message(line)], width, base)]
        parts = message.divide([*breaks(message, room), message.cell_length])
        gutter = Strip(self.paint.segments([(" " * indent, "")], base))
        return [Strip([*(gutter if place else head), *part]) for place, part in enumerate(parts)]

    def _columns(self, index: int, line: int, width: int) -> list[AnySpan]:
        """What stands before the message."""
        log, narrow = self.lines.log, width < 100
        parts = log_lines.split(log.text(line))
        digits = self._digits
        level = log_lines.level_word(parts.level) if parts.at is not None else ("", "")
        at_cursor = self.marks.cursor if index == self.cursor else " "
        mark = "!" if log.head(line).level >= ERROR and not log.head(line).goes_on else " "
        before = self._time_before(index) if self.time_mode == "delta" else None
        columns: list[AnySpan] = [(at_cursor, "strong"), (mark, "bad"), (f"{line + 1:>{digits}} ", "dim")]
        if narrow and parts.at is None:
            return columns
        columns += [
            (log_lines.time_text(self.time_mode, parts.at, before, narrow=narrow), "dim"),
            (f"{level[0]:<5} ", level[1]),
        ]
        if not narrow and self._shows_whose:
            columns.append((f"{self._who(line)[:18]:<19}" if parts.at is not None else " " * 19, "dim"))
        return columns

    def _who(self, line: int) -> str:
        task_run = self.lines.log.head(line).task_run
        return "" if task_run is None else self.whose(task_run)

    def _time_before(self, index: int) -> float | None:
        for earlier in range(index - 1, max(-1, index - 50), -1):
            at = log_lines.split(self.lines.log.text(self.lines.lines[earlier])).at
            if at is not None:
                return at
        return None

    def _message(self, line: int) -> list[AnySpan]:
        """The message of a line, with the colours that it brings itself, or where it has none with ours."""
        fold = self.lines.folds.get(line)
        if fold is not None:
            frames = counted(fold[1], "library frame")
            return [(f"  {self.marks.ellipsis} {frames} folded ({self.marks.enter} opens)", "dim")]
        log = self.lines.log
        text = log_lines.split(log.text(line)).message
        cut = text[:MAX_SHOWN]
        spans: list[AnySpan] = coloured(cut) if "\x1b[" in cut else [(cut, self._role(line, cut))]
        if self._needles:
            spans = highlighted(spans, self._needles)
        if len(text) > MAX_SHOWN:
            spans.append((f" {self.marks.ellipsis} {log.length(line):,} bytes in all", "warn"))
        return spans

    def _role(self, line: int, text: str) -> str:
        head = self.lines.log.head(line)
        if head.level == 0:
            return "dim"
        if head.level < ERROR:
            return ""
        if head.goes_on and (text[:1].isspace() or text.startswith("Traceback")):
            return ""
        return "bad"

    @property
    def is_wide(self) -> bool:
        """Whether there is room for words beside the keys of the toggles."""
        return self.size.width >= WIDE

    def status(self) -> list[str]:
        """Every toggle and where one is, for the frame: the key, what it is set to, and where there is room its word."""
        errors = len(self.lines.errors)
        here = self.line_at_cursor
        place = bisect_right(self.lines.errors, here) if here is not None else 0
        only = f"{'&' if self.narrows else '/'}{self._searched} {len(self._matches)}" if self._needles else ""
        words = [
            f"L {LEVEL_NAMES[self.level]}",
            f"t {self.time_mode}",
            f"w {'wrap ' if self.is_wide else ''}{'on' if self.wraps else 'off'}",
            f"f {'follow ' if self.is_wide else ''}{'on' if self.follows else 'off'}",
            only or ("& none" if self.is_wide else ""),
            f"error {place}/{errors}" if errors else "",
            counted(self.lines.line_count, "line"),
        ]
        return [word for word in words if word]

    def dropped(self) -> str:
        """What the keeper says of lines that it left out of a log that was too long: "1,234 bytes dropped"."""
        log = self.lines.log
        if (log.generation, log.size) != self._looked_at:
            self._looked_at, self._dropped = (log.generation, log.size), ""
            for line in log.find(DROPPED):
                parts = log_lines.split(log.text(line))
                if parts.logger == KEEPER:
                    self._dropped = parts.message
        return self._dropped
