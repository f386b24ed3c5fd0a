"""The form for a flow's parameters."""

from collections.abc import Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from tui_flow.store.records import Flow
from tui_flow.tui.presentation import Line, form
from tui_flow.tui.presentation.form import Field
from tui_flow.tui.widgets.bars import Bar
from tui_flow.tui.widgets.paint import paint_of
from tui_flow.tui.widgets.prompt import SafeInput

_KEYS: Line = [
    ("^R", "key"),
    (" run  ", "dim"),
    ("Tab", "key"),
    (" next field  ", "dim"),
    ("Esc", "key"),
    (" leave", "dim"),
]


class FieldBox(Vertical):
    """One parameter: its name, with what it takes or what is wrong with its text, and that text."""

    def __init__(self, field: Field, place: int, start: str) -> None:
        super().__init__(classes="field")
        self.field = field
        self.head = Bar(id=f"field-{place}")
        self.input = SafeInput(start, compact=True, select_on_focus=False)

    def compose(self) -> ComposeResult:
        yield self.head
        yield self.input

    def on_mount(self) -> None:
        self.check(complain=False)

    @property
    def is_default(self) -> bool:
        """Whether the flow's own default is meant, so that nothing need be said."""
        return not self.field.required and self.input.value == self.field.start

    def check(self, *, complain: bool = True) -> tuple[Any, str]:
        """The value, and what is wrong with the text, which is also shown."""
        wrong, value = "", None
        try:
            value = None if self.is_default else form.parse(self.field, self.input.value)
        except ValueError as error:
            wrong = str(error)
        name: Line = [(self.field.name, "strong"), ("  ", "")]
        self.head.set([*name, (f"! {wrong}", "bad")] if wrong and complain else [*name, *self._hint()])
        return value, wrong

    def _hint(self) -> Line:
        field = self.field
        need = (
            ("  required", "warn") if field.required else (f"  default {form.as_text(field.default)}", "dim")
        )
        return [(field.hint, "live"), need, (f"  {field.description}", "dim")]


class FormScreen(ModalScreen[dict[str, Any] | None]):
    """Asks for the parameters of a run; gives those that are not the flow's defaults, or None."""

    CSS_PATH = "../styles/dialogs.tcss"
    BINDINGS: ClassVar = [
        ("escape", "dismiss(None)", ""),
        ("ctrl+r", "submit", ""),
        ("down", "app.focus_next", ""),
        ("up", "app.focus_previous", ""),
    ]

    def __init__(self, flow: Flow, values: Mapping[str, Any], command: str = "") -> None:
        """`command` is what of `tui-flow` takes the parameters; "run" with the flow's name where it is empty."""
        super().__init__()
        self.flow = flow
        self._values, self._command = values, command

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            title = (
                f"{self._command.capitalize()}, {self.flow.name}"
                if self._command
                else f"Run {self.flow.name}"
            )
            box.border_title = Content(paint_of(self).clean(title))
            with VerticalScroll(id="fields", can_focus=False):
                for place, field in enumerate(form.fields_of(self.flow.parameters)):
                    known = field.name in self._values
                    start = form.typed(self._values[field.name]) if known else field.start
                    yield FieldBox(field, place, start)
            yield Bar(id="command")
            yield Bar(id="form-keys")

    def on_mount(self) -> None:
        boxes = self.query(FieldBox)
        if boxes:
            boxes.first().input.focus()
        self._show_command()

    def on_descendant_focus(self) -> None:
        boxes = list(self.query(FieldBox))
        place = next((place for place, box in enumerate(boxes, 1) if box.input.has_focus), 1)
        right: Line = [(f"field {place} of {len(boxes)}", "dim")]
        self.query_one("#form-keys", Bar).set(_KEYS, right if len(boxes) > 1 else ())

    def on_input_changed(self, event: Input.Changed) -> None:
        box = event.input.parent
        if isinstance(box, FieldBox):
            box.check(complain=bool(event.value))
            self._show_command()

    def on_input_submitted(self) -> None:
        boxes = list(self.query(FieldBox))
        if boxes and boxes[-1].input.has_focus:
            self.action_submit()
        else:
            self.focus_next()

    def action_submit(self) -> None:
        """Runs it, or goes to the first field that is wrong."""
        for box in self.query(FieldBox):
            if box.check()[1]:
                box.input.focus()
                return
        self.dismiss(self._parameters())

    def _parameters(self) -> dict[str, Any]:
        """The values that fit and are not defaults."""
        found = {}
        for box in self.query(FieldBox):
            value, wrong = box.check(complain=False) if box.is_default else box.check()
            if not wrong and not box.is_default:
                found[box.field.name] = value
        return found

    def _show_command(self) -> None:
        values = {
            box.field.name: form.parse(box.field, box.input.value)
            for box in self.query(FieldBox)
            if not box.is_default and not box.check(complain=bool(box.input.value))[1]
        }
        self.query_one("#command", Bar).set(
            [("$ ", "dim"), (form.command_line(self.flow.name, values, self._command), "dim")]
        )
