"""The list of hits, by run or by what they say."""

import time
from collections.abc import Sequence

from tui_flow.tui.presentation import hit_lines
from tui_flow.tui.presentation.hits import HitList, Row
from tui_flow.tui.widgets.footed import FootedLines
from tui_flow.tui.widgets.paint import AnySpan


class HitLines(FootedLines):
    """Runs (or messages) and, below those that are open, the lines that were found. New ones come in at the end."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.found = HitList()
        self.rows: list[Row] = []

    @property
    def selected(self) -> Row | None:
        return self.rows[self.cursor] if self.rows else None

    def show_hits(self, found: HitList) -> None:
        """Draws what has been found so far; a new search begins at its first hit."""
        is_new, before = found is not self.found or not self.rows, self.selected
        self.found = found
        self.rows = found.rows()
        if not is_new and found.is_by_message and before is not None:
            self.cursor = self._place_of(before)
        if is_new:
            self.first, self.cursor = 0, min(1, max(0, len(self.rows) - 1))
        self.set_count(len(self.rows))

    def _place_of(self, before: Row) -> int:
        """Where a row is now: messages change their order while more is found."""
        wanted = (before.message.key if before.message else None, before.group, before.hit)
        return next(
            (
                place
                for place, row in enumerate(self.rows)
                if row.message is not None
                and row.message.key == wanted[0]
                and (row.hit is None if before.hit is None else (row.group, row.hit) == wanted[1:])
            ),
            self.cursor,
        )

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:
        row = self.rows[index]
        mark = (self.marks.cursor if index == self.cursor else " ", "strong")
        return [mark, *hit_lines.row_line(row, width - 1, self.marks, time.time())]

    def fold(self, folded: bool) -> None:
        """Shuts or opens what the row under the cursor belongs to; where that is done already, all others too."""
        row = self.selected
        if row is None:
            return
        is_done = row.head.folded is folded and (row.hit is None or not folded)
        for head in self.found.heads() if is_done else (row.head,):
            head.folded = folded
        self._rebuild(row.head.head_row() if folded else row)

    def regroup(self) -> None:
        """By what is said instead of by run, or back; the cursor stays with its hit."""
        row = self.selected
        self.found.is_by_message = not self.found.is_by_message
        if row is None:
            return
        hit = row.hit or row.head.hit_rows()[0].hit
        same = next(
            other for head in self.found.heads() for other in head.hit_rows() if other[:2] == (row.group, hit)
        )
        is_seen = row.hit is not None and not same.head.folded
        self._rebuild(same if is_seen else same.head.head_row())

    def _rebuild(self, select: Row) -> None:
        self.rows = self.found.rows()
        self.cursor = self.rows.index(select)
        self.set_count(len(self.rows))
        self.show(self.cursor)
        self.post_message(self.Moved(self))

    def step(self, direction: int) -> bool:
        """Goes to the next hit (1) or the previous one (-1), opening what it is in. Whether there is one."""
        row, heads = self.selected, self.found.heads()
        if row is None:
            return False
        place = heads.index(row.head)
        rows = row.head.hit_rows()
        at = (rows.index(row) if row.hit else -1 if direction > 0 else 0) + direction
        while not 0 <= at < len(rows):
            place += direction
            if not 0 <= place < len(heads):
                return False
            rows = heads[place].hit_rows()
            at = 0 if direction > 0 else len(rows) - 1
        heads[place].folded = False
        self._rebuild(rows[at])
        return True

    def step_head(self, direction: int) -> bool:
        """Goes to the next or previous run or message. Whether there is one."""
        row, heads = self.selected, self.found.heads()
        if row is None:
            return False
        place = heads.index(row.head)
        if direction < 0 and row.hit is not None:
            place += 1  # back to its own head first
        place += direction
        if not 0 <= place < len(heads):
            return False
        self.move(self.rows.index(heads[place].head_row()))
        return True
