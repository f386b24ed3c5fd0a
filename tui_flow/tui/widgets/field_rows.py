"""The rows of a form: name, type, control, and what is to be known of it."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.strip import Strip
from textual.widget import Widget

from tui_flow.tui.presentation import Line
from tui_flow.tui.presentation.field_texts import start_of
from tui_flow.tui.presentation.fields import Field
from tui_flow.tui.presentation.form import Form, text_in
from tui_flow.tui.presentation.form_remarks import remark
from tui_flow.tui.widgets.controls import GroupControl, OptionalControl, TextControl, Typed, control_for
from tui_flow.tui.widgets.paint import fit, paint_of

TYPE_CELLS = 10
"""That a type takes, where there is room for types."""
DEFAULT_CELLS = 16
"""Of the column with the defaults, in the wide layout."""


class FieldRow(Widget):
    """One field of a form: draws what stands around its control, which is its only child."""

    def __init__(self, form: Form, field: Field, unfolded: Callable[["FieldRow"], None]) -> None:
        """`unfolded` is called when a group is to be seen as it is now."""
        super().__init__(classes="field")
        self.form, self.field = form, field
        self.name_cells = max(12, *(len(one.name) + len(one.path) + 1 for one in form.fields))
        self.control = (
            self._group(partial(unfolded, self))
            if field.is_group
            else control_for(field, form.texts[field.path])
        )
        self.control.add_class("control", update=False)
        self.control.set_class(not isinstance(self.control, TextControl), "drawn")
        self._head: Line = []
        self._remark: Line = []
        self._about: Line = []

    def compose(self) -> ComposeResult:
        yield self.control

    @property
    def head_cells(self) -> int:
        """Of what stands before the control."""
        return int(self.control.styles.margin.left)

    def render_line(self, y: int) -> Strip:
        paint, base, width = paint_of(self), self.rich_style, self.size.width
        if y:
            return paint.strip(self._about, width, base)
        before = self.head_cells
        taken = before + self.control.outer_size.width
        parts = [
            *paint.strip(self._head, before, base),
            *Strip.blank(taken - before, base),
            *paint.strip(self._remark, max(0, width - taken), base),
        ]
        return Strip(parts)

    def _group(self, unfolded: Callable[[], None]) -> GroupControl:
        """Unfolded from the beginning where there is something in it to be seen, or to be filled in."""
        form, path = self.form, self.field.path
        names = [one.name for one in form.children(self.field)]
        if self.field.is_optional:
            return OptionalControl(names, path not in form.unset, unfolded)
        inside = [one for one in form.inside(self.field) if not form.is_inside_unset(one)]
        is_open = any(one.required or not form.is_default(one) for one in inside)
        return GroupControl(names, is_open, unfolded)

    def on_typed(self, event: Typed) -> None:
        event.is_news = self.take()

    def take(self) -> bool:
        """Puts what is in the control into the form. Whether that is another there."""
        form, path = self.form, self.field.path
        before = (path in form.unset, form.texts.get(path))
        if isinstance(self.control, OptionalControl):
            (form.unset.discard if self.control.is_open else form.unset.add)(path)
        if not self.field.is_group:
            form.texts[path] = self.control.value
        return before != (path in form.unset, form.texts.get(path))

    def show(self) -> None:
        """Puts the form's text into the control."""
        if isinstance(self.control, OptionalControl):
            self.control.show_open(self.field.path not in self.form.unset)
        if not self.field.is_group:
            self.control.show(self.form.texts[self.field.path])

    def update(self, source: str, last_good: Mapping[str, Any] | None) -> None:
        """Says anew what is to be known. `last_good` are the values of the last good run, where there is a column for
        them."""
        said = remark(self.form, self.field, source)
        is_wrong = any(role == "bad" for _, role in said)
        columns = None if last_good is None else self._columns(last_good)
        told: Line = [*self._end, *(columns if columns is not None and not is_wrong else said)]
        about: Line = [(f"{' ' * 14}{self.field.description}", "dim")]
        if columns is not None and self.form.is_changed(self.field):
            about = [(" " * 14, ""), *said, (f"  {self.field.description}".rstrip(), "dim")]
        found = (self._name_and_type(), told, about)
        if found != (self._head, self._remark, self._about):
            self._head, self._remark, self._about = found
            self.refresh()

    @property
    def _end(self) -> Line:
        """What stands behind the control: where a day can be taken from the month, a mark."""
        if self.control.has_class("broad"):
            return []
        end = "] " if isinstance(self.control, TextControl) else "  "
        return [(end, "dim"), (f"{paint_of(self).marks.open} " if self.field.is_day else "  ", "key")]

    def _name_and_type(self) -> Line:
        field, marks = self.field, paint_of(self).marks
        is_text = isinstance(self.control, TextControl)
        width = self.head_cells + (not is_text)
        name_cells = max(
            4, width - 4 if width < TYPE_CELLS + 12 else min(self.name_cells, width - TYPE_CELLS - 4)
        )
        room = max(0, width - name_cells - 4)
        indent = " " * (len(field.path) - 1)
        name = f"{indent}{field.name}{' *' if field.required else ''}"
        return [
            (marks.cursor if self.control.has_focus else " ", "strong"),
            ("~" if self.form.is_changed(field) else " ", "warn"),
            (fit(name, name_cells, marks.ellipsis), "strong"),
            (fit(f" {field.type_word}", room, marks.ellipsis) if room > 2 else " " * room, "dim"),
            (" [" if is_text else " ", "dim"),
        ]

    def _columns(self, last_good: Mapping[str, Any]) -> Line | None:
        """Its default, and what the last good run had."""
        field, ellipsis = self.field, paint_of(self).marks.ellipsis
        if field.is_group or field.is_secret:
            return None
        default = "-" if not field.has_default else start_of(field) or "empty"
        theirs = text_in(field, last_good)
        try:
            ours = (
                text_in(field, {field.path[0]: self.form.value(field)})
                if len(field.path) == 1
                else self.form.texts[field.path]
            )
        except ValueError:
            ours = self.form.texts[field.path]
        same = theirs == ours
        return [
            (f"{fit(default, DEFAULT_CELLS, ellipsis)} ", "dim"),
            ("same" if same else "~ ", "dim" if same else "warn"),
            ("" if same else theirs or "empty", ""),
        ]


class FieldRows(Vertical):
    """All fields of a form; those inside of a group are there while it is unfolded."""

    def __init__(self, form: Form) -> None:
        super().__init__(classes="fields")
        self.form = form
        self.rows = [FieldRow(form, field, self._unfolded) for field in form.fields]

    def compose(self) -> Iterator[FieldRow]:
        yield from self.rows

    def on_mount(self) -> None:
        self._fold()

    def _fold(self) -> None:
        shut: list[tuple[str, ...]] = []
        for row in self.rows:
            path = row.field.path
            row.display = not any(path[: len(above)] == above for above in shut)
            if isinstance(row.control, GroupControl) and not row.control.is_open:
                shut.append(path)

    def _unfolded(self, group: FieldRow) -> None:
        self._fold()
        if group.control.is_open:
            self.call_after_refresh(self._show_inside, group)

    def _show_inside(self, group: FieldRow) -> None:
        """Brings what is inside of a group into sight, as much of it as there is room for below the group's own row."""
        path = group.field.path
        inside = [row for row in self.rows if row.display and row.field.path[: len(path)] == path]
        for row in (inside[-1], group):
            row.scroll_visible(animate=False, immediate=True)

    def reveal(self, path: tuple[str, ...]) -> FieldRow:
        """The row of a field, with the groups around it unfolded."""
        for row in self.rows:
            if row.field.is_group and path[: len(row.field.path)] == row.field.path != path:
                row.control.show_open(True)
        self._fold()
        return next(row for row in self.rows if row.field.path == path)

    def take(self) -> None:
        """Puts what is in the controls into the form: the news of a key may still be under way."""
        for row in self.rows:
            row.take()

    def show(self) -> None:
        for row in self.rows:
            row.show()
        self._fold()
