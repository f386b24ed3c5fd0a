"""The list of hits, by run."""

import time
from collections.abc import Sequence

from tui_flow.tui.presentation.log_hits import HitList, Row, hit_line, run_line
from tui_flow.tui.widgets.lines import Lines
from tui_flow.tui.widgets.paint import AnySpan


class HitLines(Lines):
    """Runs and, below those that are open, the lines that were found in their logs. New ones come in at the end."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.found = HitList()
        self.rows: list[Row] = []

    @property
    def selected(self) -> Row | None:
        return self.rows[self.cursor] if self.rows else None

    def show_hits(self, found: HitList) -> None:
        """Draws what has been found so far; a new search begins at its first hit."""
        is_new = found is not self.found or not self.rows
        self.found = found
        self.rows = found.rows()
        if is_new:
            self.first, self.cursor = 0, min(1, max(0, len(self.rows) - 1))
        self.set_count(len(self.rows))

    def spans(self, index: int, width: int) -> Sequence[AnySpan]:
        row = self.rows[index]
        mark = (self.marks.cursor if index == self.cursor else " ", "strong")
        if row.hit is None:
            return [mark, *run_line(row.group, self.marks, time.time())]
        return [mark, *hit_line(row.group, row.hit, width - 1, self.marks)]

    def fold(self, folded: bool) -> None:
        """Shuts or opens the run of the row under the cursor."""
        row = self.selected
        if row is None or row.group.folded is folded:
            return
        row.group.folded = folded
        self._rebuild(Row(row.group, None) if folded else row)

    def fold_all(self) -> None:
        """Shuts all runs; opens all where all are shut."""
        row, groups = self.selected, self.found.groups
        if row is None:
            return
        folded = any(not group.folded for group in groups)
        for group in groups:
            group.folded = folded
        self._rebuild(Row(row.group, None if folded else row.hit))

    def _rebuild(self, select: Row) -> None:
        self.rows = self.found.rows()
        self.cursor = self.rows.index(select)
        self.set_count(len(self.rows))
        self.show(self.cursor)
        self.post_message(self.Moved(self))

    def step(self, direction: int) -> bool:
        """Goes to the next hit (1) or the previous one (-1), opening the run that it is in. Whether there is one."""
        row, groups = self.selected, self.found.groups
        if row is None:
            return False
        place = groups.index(row.group)
        at = (row.group.hits.index(row.hit) if row.hit else -1 if direction > 0 else 0) + direction
        while not 0 <= at < len(groups[place].hits):
            place += direction
            if not 0 <= place < len(groups):
                return False
            at = 0 if direction > 0 else len(groups[place].hits) - 1
        group = groups[place]
        group.folded = False
        self._rebuild(Row(group, group.hits[at]))
        return True

    def step_run(self, direction: int) -> bool:
        """Goes to the next or previous run. Whether there is one."""
        row, groups = self.selected, self.found.groups
        if row is None:
            return False
        place = groups.index(row.group)
        if direction < 0 and row.hit is not None:
            place += 1  # back to the head of its own run first
        place += direction
        if not 0 <= place < len(groups):
            return False
        self.move(self.rows.index(Row(groups[place], None)))
        return True
