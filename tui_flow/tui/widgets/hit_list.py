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
        self._has_moved = False
        """Whether somebody went anywhere in this search; until then the cursor stays at its beginning."""
        self._regrouped: tuple[Row | None, Row | None] = (None, None)
        """The row that was left when the hits were last listed in the other way, and the one that was come to."""

    @property
    def selected(self) -> Row | None:
        return self.rows[self.cursor] if self.rows else None

    def show_hits(self, found: HitList) -> None:
        """Draws what has been found so far; a new search begins at its first hit."""
        is_new, before = found is not self.found or not self.rows, self.selected
        self._has_moved = self._has_moved and not is_new
        is_new = is_new or (found.is_by_message and not self._has_moved)
        self.found = found
        self.rows = found.rows()
        if is_new:
            hits = (place for place, row in enumerate(self.rows) if row.hit is not None)
            self.first, self.cursor = 0, next(hits, 0)
        self.set_count(len(self.rows), None if is_new or before is None else self._place_of(before))

    def move(self, index: int) -> None:
        self._has_moved = True
        super().move(index)

    def _place_of(self, before: Row) -> int:
        """Where a row is now: messages change their order while more is found, and tries get more hits."""
        if before.message is None:
            same = (place for place, row in enumerate(self.rows) if row.is_now(before))
            return next(same, self.cursor)
        wanted = (before.message.key, before.group, before.hit)
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
        """Shuts or opens what the row under the cursor belongs to; where that is done already, a part's run, and else
        all others too."""
        row = self.selected
        if row is None:
            return
        head = row.head
        if head.folded is not folded or (row.hit is not None and folded):
            head.folded = folded
        elif row.part is not None and folded:
            head = row.top
            head.folded = True
        else:
            for each in self.found.heads():
                each.folded = folded
        self._rebuild(head.head_row() if folded else row)

    def split_by_try(self, is_by_try: bool) -> None:
        """Lists the hits of each run by who wrote them, or not; the cursor stays with its hit."""
        if self.found.is_by_try is not is_by_try:
            row = self.selected
            self.found.split_by_try(is_by_try)
            self._find_again(row)

    def on_resize(self) -> None:
        self.split_by_try(self.screen.has_class("-wide"))
        super().on_resize()

    def regroup(self) -> None:
        """By what is said instead of by run, or back; the cursor stays with its hit, which is in a row with its equals
        where those are folded, and comes back from there."""
        row, (left, come_to) = self.selected, self._regrouped
        self.found.is_by_message = not self.found.is_by_message
        wanted = left if left is not None and row == come_to else row
        if wanted is not None and wanted in self.found.rows():
            self._rebuild(wanted)
        else:
            self._find_again(wanted)
        self._regrouped = (row, self.selected)

    def _find_again(self, row: Row | None) -> None:
        """Goes to a row, or to where it is now that the hits are listed in another way."""
        if row is None:
            return
        hit = row.hit or row.head.hit_rows()[0].hit
        same = next(
            other for head in self.found.heads() for other in head.hit_rows() if other[:2] == (row.group, hit)
        )
        if row.hit is not None and not self.found.is_by_message:
            same.top.folded = same.head.folded = False  # it was seen
        if same.top.folded:
            self._rebuild(same.top.head_row())
        elif row.hit is None or same.head.folded:
            self._rebuild(same.head.head_row())
        else:
            self._rebuild(same)

    def _rebuild(self, select: Row) -> None:
        self.rows, self._has_moved = self.found.rows(), True
        self.cursor = self.rows.index(select)
        self.set_count(len(self.rows))
        self.show(self.cursor)
        self.post_message(self.Moved(self))

    def step(self, direction: int) -> bool:
        """Goes to the next hit (1) or the previous one (-1), opening what it is in. Whether there is one."""
        row, heads = self.selected, self.found.heads()
        if row is None:
            return False
        place = heads.index(row.top)
        rows = row.top.hit_rows()
        first = rows.index(row.head.hit_rows()[0])
        at = (rows.index(row) if row.hit else first - 1 if direction > 0 else first) + direction
        while not 0 <= at < len(rows):
            place += direction
            if not 0 <= place < len(heads):
                return False
            rows = heads[place].hit_rows()
            at = 0 if direction > 0 else len(rows) - 1
        heads[place].folded = rows[at].head.folded = False
        self._rebuild(rows[at])
        return True

    def step_head(self, direction: int) -> bool:
        """Goes to the next or previous run or message. Whether there is one."""
        row, heads = self.selected, self.found.heads()
        if row is None:
            return False
        place = heads.index(row.top)
        if direction < 0 and row != row.top.head_row():
            place += 1  # back to its own head first
        place += direction
        if not 0 <= place < len(heads):
            return False
        self.move(self.rows.index(heads[place].head_row()))
        return True
