"""What has a frame with a text in it, above and below."""

from textual.content import Content

from tui_flow.tui.presentation.cells import short
from tui_flow.tui.widgets.painted import Painted

_CORNERS = 6
"""Cells of a frame's line that no text gets."""


class Framed(Painted):
    """Texts that are too long are cut here, since Textual's sign for that is none of ASCII's."""

    _titles = ("", "")

    def set_title(self, title: str, subtitle: str = "") -> None:
        """The texts in the frame, above and below."""
        self._titles = (title, subtitle)
        room, paint = self.outer_size.width - _CORNERS, self.paint
        for name, text in (("border_title", title), ("border_subtitle", subtitle)):
            text = paint.clean(text)
            content = Content(text if room < 1 else short(text, room, paint.marks.ellipsis))
            if getattr(self, f"_{name}") != content:
                setattr(self, name, content)

    def on_resize(self) -> None:
        self.set_title(*self._titles)


class Dialog(Framed):
    """The frame of what lies over a view."""

    def __init__(self, more_classes: str = "") -> None:
        super().__init__(classes=f"dialog {more_classes}")
