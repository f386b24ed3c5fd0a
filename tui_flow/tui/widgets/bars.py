"""The single lines above and below the panes."""

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip

from tui_flow.tui.actions import Action, footer
from tui_flow.tui.widgets.paint import AnySpan, changed_cells, keymap_of
from tui_flow.tui.widgets.painted import Painted


class Bar(Painted):
    """One line: spans on the left, and spans on the right where there is room for both."""

    DEFAULT_CLASSES = "bar"
    LEFT_FIRST = False
    """Whether the right is left out where the left would have to be cut for it."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._left: Sequence[AnySpan] = ()
        self._right: Sequence[AnySpan] = ()
        self._drawn: Strip | None = None
        """What stands on the screen."""

    def set(self, left: Sequence[AnySpan], right: Sequence[AnySpan] = ()) -> None:
        """Says something else; nothing is drawn where it is the same."""
        if (list(left), list(right)) != (list(self._left), list(self._right)):
            self._left, self._right = left, right
            cells = range(0) if self._drawn is None else changed_cells(self._drawn, self._line())
            if cells:
                self.refresh(Region(cells.start, 0, len(cells), 1))
            elif self._drawn is None:
                self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002
        self._drawn = strip = self._line()
        return strip

    def _line(self) -> Strip:
        width, base = self.size.width, self.base
        right = Strip(self.paint.segments(self._right, base))
        room = width - right.cell_length - 1
        if not self._right or room < (
            Strip(self.paint.segments(self._left, base)).cell_length if self.LEFT_FIRST else width // 3
        ):
            return self.paint.strip(self._left, width, base)
        return Strip([*self.paint.strip(self._left, room, base), Segment(" ", base), *right], width)


class Footer(Bar):
    """The keys that do something here and now; never half a one."""

    def offer(self, places: list[str], useless: set[str], labels: Mapping[str, str] = {}) -> None:
        """Shows the actions of these places, except those that would do nothing now; some under other names."""
        self._offered = [
            action._replace(label=labels.get(action.id, action.label))
            for action in footer(places)
            if action.id not in useless
        ]
        self._hint = None
        self._redraw()

    def hint(self, keys: Sequence[tuple[str, str]]) -> None:
        """Shows other keys, with what they do, in place of the actions."""
        self._hint = keys
        self._redraw()

    def _redraw(self) -> None:
        """Where it says something else than before: it is asked several times a second."""
        shown = (self._offered, self._hint, keymap_of(self))
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    _shown: object = None
    _offered: Sequence[Action] = ()
    _hint: Sequence[tuple[str, str]] | None = None

    def render_line(self, y: int) -> Strip:  # noqa: ARG002
        ascii, keymap = self.paint.marks.ascii, keymap_of(self)
        if self._hint is not None:
            return self._strip(self._hint)
        texts = [
            (keymap.first(action, ascii), action.label.replace("…", "..." if ascii else "…"))
            for action in self._offered
        ]
        while texts and sum(cell_len(key) + cell_len(label) + 3 for key, label in texts) > self.size.width:
            inner = len(texts) - 3
            if inner < 0:
                break
            texts.pop(inner)
        return self._strip(texts)

    def _strip(self, texts: Sequence[tuple[str, str]]) -> Strip:
        spans = [part for key, label in texts for part in ((f" {key} ", "key"), (f"{label} ", "dim"))]
        return self.paint.strip(spans, self.size.width, self.base)
