"""The table of runs."""

import time
from collections.abc import Hashable, Mapping, Sequence

from rich.cells import cell_len
from textual.message import Message

from tui_flow.store.records import FlowRun
from tui_flow.tui.presentation import run_list, times
from tui_flow.tui.presentation.flow_list import is_for_later, run_duration
from tui_flow.tui.presentation.glyphs import role
from tui_flow.tui.presentation.run_list import RunWindow
from tui_flow.tui.widgets.marking import MarkableLines
from tui_flow.tui.widgets.paint import AnySpan, fit, fit_line

_DURATION = 7


class RunTable(MarkableLines):
    """One row a run, the newest first. Nothing moves under the cursor: runs that are newer wait until `g`."""

    HEADER_LINES = 1

    class WantsEnd(Message):
        """Somebody wants the newest or the oldest run."""

        def __init__(self, newest: bool) -> None:
            super().__init__()
            self.newest = newest

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.window = RunWindow()
        self._limits: Mapping[int, str] = {}
        """What runs wait for, in a few letters."""

    @property
    def selected(self) -> FlowRun | None:
        runs = self.window.runs
        return runs[self.cursor] if self.cursor < len(runs) else None

    def row_at(self, index: int) -> tuple[Hashable, FlowRun]:
        run = self.window.runs[index]
        return run.id, run

    def show_window(self, window: RunWindow, shift: int = 0) -> None:
        """Draws what a window has become; so many more rows are above the cursor than before. Another window begins
        at its first row."""
        if window is not self.window:
            self.window, self.first, self.cursor, shift = window, 0, 0, 0
        self.set_count(len(self.window.runs), max(0, self.cursor + shift))

    def show_waits(self, limits: Mapping[int, str]) -> None:
        """Says of runs that have not begun what they wait for, in a few letters."""
        if limits != self._limits:
            self._limits = limits
            self.redraw()

    def refresh_live(self) -> None:
        """Draws the visible rows anew whose time goes on."""
        for index in range(self.first, min(self.count, self.first + self.page)):
            run = self.window.runs[index]
            if run.ended_at is None and not is_for_later(run, time.time()):
                self.refresh_index(index)

    def action_top(self) -> None:
        self.post_message(self.WantsEnd(newest=True))

    def action_end(self) -> None:
        self.post_message(self.WantsEnd(newest=False))

    def _widths(self, width: int) -> tuple[int, int, int]:
        """Of number, flow and time."""
        runs = self.window.runs[self.first : self.first + self.page]
        number = max((len(str(run.id)) for run in runs), default=3)
        longest = max((cell_len(run.flow) for run in runs), default=4)
        number = max(3, number)
        flow = max(8, min(longest, 24 if width < 120 else 36, width // 4))
        return number, flow, 9 if width < 64 else 16

    def header_spans(self, y: int, width: int) -> Sequence[AnySpan]:  # noqa: ARG002
        number, flow, begun = self._widths(width)
        head = f"    {'RUN':>{number}}  {fit('FLOW', flow)}  {fit('MADE', begun)} {'TIME':>{_DURATION}}  WHAT"
        return [(head, "dim")]

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:
        run, now, marks = self.window.runs[index], time.time(), self.marks
        number, flow, begun = self._widths(width)
        made = times.moment(run.created_at, now)
        text, colour = run_list.what(run, now, self._limits.get(run.id, ""))
        chosen = index == self.cursor
        rest = width - 4 - number - 2 - flow - 2 - begun - 1 - _DURATION - 2
        told = min(rest, max(rest // 2, cell_len(text))) if width >= 100 else rest
        again = [(f"{marks.glyph('retrying')}{run.attempt} ", "warn")] if run.attempt > 1 else []
        spans = [
            (marks.glyph(run.state), role(run.state)),
            (f" {run.id:>{number}}  ", "dim"),
            (fit(run.flow, flow, marks.ellipsis), "strong" if chosen else ""),
            ("  ", ""),
            (fit(made if begun > 9 else made[-8:], begun, marks.ellipsis), "dim"),
            (f" {run_duration(run, now, marks):>{_DURATION}}  ", "dim"),
            *fit_line([*again, (text, colour)], told, marks.ellipsis),
            *((("  ", ""), *run_list.parameters(run)) if rest - told > 10 else ()),
        ]
        is_out = run.id in self.window.out
        return [*self.lead(index), *(((span[0], "dim") for span in spans) if is_out else spans)]
