"""Lines of which some can be marked, so that a key acts on all of them."""

from collections.abc import Collection, Hashable, Mapping
from typing import Any

from tui_flow.tui.widgets.lines import Lines
from tui_flow.tui.widgets.paint import AnySpan


class MarkableLines(Lines):
    """A mark belongs to what a row is about, not to its place: it stays on it in another order, behind a filter, and
    while rows come and go."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.marked: dict[Hashable, Any] = {}
        """What is marked, by what tells it from the others, in the order in which it was marked."""
        self._last: Hashable = None
        """What was marked last: a range begins there."""

    @property
    def selected(self) -> Any:
        """What the row under the cursor is about; None where there is no row."""
        raise NotImplementedError

    def row_at(self, index: int) -> tuple[Hashable, Any] | None:
        """What tells a row from the others, and what it is about; None where it cannot be marked."""
        raise NotImplementedError

    def lead(self, index: int) -> list[AnySpan]:
        """The two cells in front of a row: the cursor, and the mark."""
        row = self.row_at(index) if self.marked else None
        mark = self.marks.mark if row is not None and row[0] in self.marked else " "
        return [(self.marks.cursor if index == self.cursor else " ", "strong"), (mark, "key")]

    @property
    def shown_marks(self) -> list[Any]:
        """What is marked of that which is in the list: no key acts on what nobody sees."""
        shown = (
            {row[0] for index in range(self.count) if (row := self.row_at(index))} if self.marked else set()
        )
        return [about for key, about in self.marked.items() if key in shown]

    def toggle_mark(self) -> None:
        """Marks the row under the cursor, or takes its mark away."""
        row = self.row_at(self.cursor) if self.count else None
        if row is None:
            return
        key, about = row
        if key in self.marked:
            del self.marked[key]
        else:
            self.marked[key] = about
            self._last = key
        self.refresh_index(self.cursor)

    def mark_range(self) -> bool:
        """Marks every row from the one that was marked last to the cursor. False where that one is not in the list."""
        rows = [self.row_at(index) for index in range(self.count)]
        start = next((place for place, row in enumerate(rows) if row and row[0] == self._last), None)
        if start is None or self._last not in self.marked:
            return False
        first, last = sorted((start, self.cursor))
        self.set_marks({**self.marked, **dict(row for row in rows[first : last + 1] if row is not None)})
        return True

    def set_marks(self, marked: Mapping[Hashable, Any]) -> None:
        """Other marks than before."""
        self.marked = dict(marked)
        self.refresh()

    def renew_marks(self, known: Mapping[Any, Any], asked: Collection[Any] | None = None) -> None:
        """Takes in what has become of what was asked for, or else of all there is: what is not there any more is not
        marked any more."""
        there = {
            key: known.get(key, about)
            for key, about in self.marked.items()
            if key in known or not (asked is None or key in asked)
        }
        if there != self.marked:
            self.set_marks(there)
