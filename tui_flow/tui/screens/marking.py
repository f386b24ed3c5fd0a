"""Marks in a view: `space` and `V` set them, Esc and `u` take them back, and other keys act on all that is marked."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from tui_flow.tui.actions import ACTIONS
from tui_flow.tui.presentation import Line, marking
from tui_flow.tui.widgets.marking import MarkableLines

if TYPE_CHECKING:
    from tui_flow.tui.screens.section import Section

    _Base = Section
else:
    _Base = object


OF_ROWS = frozenset(("mark", "mark_range", "sort"))
"""Actions that do nothing where there is no row."""
ONE_AT_A_TIME = "parameters are asked for one run at a time; Esc clears the marks"


class Marking(_Base):
    """The part of a view whose rows can be marked."""

    ON_MARKS: ClassVar[Sequence[str]] = ()
    """The ids of the actions that act on all marked rows."""
    table: MarkableLines

    def name_of(self, row: Any) -> str:
        """What a row is called in a sentence."""
        raise NotImplementedError

    def useless_for(self, row: Any) -> set[str]:
        """Actions that would do nothing for a row; for None where there is no row."""
        raise NotImplementedError

    def in_hand(self) -> Any:
        """The row under the cursor; None where there is none."""
        return self.table.selected

    def targets(self) -> list[Any]:
        """What a key acts on: all that is marked and shown, else the row under the cursor."""
        if marked := self.table.shown_marks:
            return marked
        row = self.in_hand()
        return [] if row is None else [row]

    def useless(self) -> set[str]:
        """Of what acts on marks, what would do nothing for any of them."""
        here, marked = self.useless_for(self.in_hand()), self.table.shown_marks
        if not self.table.count:
            here |= OF_ROWS
        if not marked:
            return here
        on_marks = set(self.ON_MARKS)
        for_none = set.intersection(*map(self.useless_for, marked))
        return (here - on_marks) | (for_none & on_marks)

    def standing(self) -> Line:
        """Which rows are marked, and which keys act on them."""
        marked = list(self.table.marked.values())
        if not marked:
            return []
        keymap, ascii = self.console.keymap, self.console.paint.marks.ascii
        known = {action.id: action for action in ACTIONS if action.where == self.PLACE}
        keys = [keymap.first(known[id], ascii) for id in self.ON_MARKS]
        names = [self.name_of(row) for row in marked]
        return marking.marked_line(
            names, keys, self.app.size.width, len(marked) - len(self.table.shown_marks)
        )

    def clear_marks(self) -> bool:
        """Whether there were any."""
        if not self.table.marked:
            return False
        self._mark(lambda: self.table.set_marks({}))
        return True

    def action_mark(self) -> None:
        if self.table.selected is None:
            self.say("there is no row to mark")
            return
        if not self.table.has_focus:
            self.say("only rows of the list can be marked; Tab goes there")
            return
        self._mark(self.table.toggle_mark)
        self.table.move(self.table.cursor + 1)

    def action_mark_range(self) -> None:
        before = dict(self.table.marked)
        if not self.table.mark_range():
            self.say("mark the row where the range begins first, then go to where it ends")
        elif before != self.table.marked:
            self._can_undo(before)
            self._tell_marks()

    def _mark(self, change: Callable[[], None]) -> None:
        before = dict(self.table.marked)
        change()
        self._can_undo(before)
        self._tell_marks()

    def _can_undo(self, before: dict[Any, Any]) -> None:
        def take_back() -> None:
            self.table.set_marks(before)
            self.take_overview()  # rows may have changed since
            self.update_footer()
            self.say(f"undone: marks in {self.PLACE}")

        self.console.can_undo(
            take_back, lambda: self.console.screen is self.home and self.home.section is self
        )

    def _tell_marks(self) -> None:
        self.say("")
        self.update_footer()
