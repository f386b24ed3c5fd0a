"""Lines with a foot: what stands at the bottom of a pane, and does not scroll."""

from collections.abc import Sequence

from textual.strip import Strip

from tui_flow.tui.widgets.lines import Lines
from tui_flow.tui.widgets.paint import AnySpan


class FootedLines(Lines):
    """The foot has as many of its lines as leave room for the others."""

    KEEP = 2**31
    """So many lines have room before the foot does."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._feet: Sequence[Sequence[AnySpan]] = ()

    def set_feet(self, feet: Sequence[Sequence[AnySpan]]) -> None:
        if list(feet) != list(self._feet):
            self._feet = feet
            self.refresh()

    @property
    def shown_feet(self) -> Sequence[Sequence[AnySpan]]:
        room = self.size.height - self.HEADER_LINES - min(self.KEEP, self.count)
        return self._feet[: max(0, room)]

    @property
    def page(self) -> int:
        return max(1, super().page - len(self.shown_feet))

    def render_line(self, y: int) -> Strip:
        feet = self.shown_feet
        place = y - (self.size.height - len(feet))
        if place < 0:
            return super().render_line(y)
        return self.paint.strip(feet[place], self.size.width, self.base)
