"""What draws its own lines, in the paint of the console."""

from rich.style import Style
from textual.widget import Widget

from tui_flow.tui.presentation.glyphs import Marks
from tui_flow.tui.widgets.paint import Paint, paint_of


class Painted(Widget):
    """Its lines lie on `base`."""

    ALLOW_SELECT = False
    _base: Style | None = None

    @property
    def paint(self) -> Paint:
        return paint_of(self)

    @property
    def marks(self) -> Marks:
        return self.paint.marks

    @property
    def base(self) -> Style:
        """Its own style and those of all that it lies in, which take longer to put together than a line takes to be
        drawn. What it lies in keeps its colours as long as the console lasts."""
        if self._base is None:
            self._base = self.rich_style
        return self._base

    def notify_style_update(self) -> None:
        self._base = None
        super().notify_style_update()
