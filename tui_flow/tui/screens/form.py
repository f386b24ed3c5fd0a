"""The form for the parameters of a run: what each takes, what is wrong with it, and what the run would do."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from tui_flow.contract.commands import PreviewRerun
from tui_flow.contract.errors import TuiFlowError
from tui_flow.store.asked_for import asked_parameters
from tui_flow.store.precedents import Precedents
from tui_flow.store.records import Flow
from tui_flow.tui.actions import action_named, bindings
from tui_flow.tui.planning import Planning
from tui_flow.tui.presentation import Line, form, run_options, times
from tui_flow.tui.presentation.field_texts import day_of, with_day
from tui_flow.tui.presentation.form import Filled, Form
from tui_flow.tui.presentation.run_options import RunOptions
from tui_flow.tui.screens.presetting import Presetting
from tui_flow.tui.screens.view import View
from tui_flow.tui.widgets.bars import Bar, Footer
from tui_flow.tui.widgets.controls import Entered, GroupControl, TextControl, Typed, Useless
from tui_flow.tui.widgets.field_rows import DEFAULT_CELLS, FieldRow, FieldRows
from tui_flow.tui.widgets.header import Header
from tui_flow.tui.widgets.lines import TextLines
from tui_flow.tui.widgets.paint import fit, paint_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from tui_flow.tui.app import Console
    from tui_flow.tui.asking import Request


class FormScreen(Presetting, ModalScreen[None]):
    """Asks for the parameters of a run, and is left once the engine has taken those that are not the flow's defaults."""

    CSS_PATH = "../styles/form.tcss"
    HORIZONTAL_BREAKPOINTS = View.HORIZONTAL_BREAKPOINTS
    VERTICAL_BREAKPOINTS = View.VERTICAL_BREAKPOINTS
    KEYS_SHOWN_BY = "form.commands"
    BINDINGS: ClassVar = [
        *bindings("form", priority=True),
        # Before the pane around the fields, which would scroll.
        Binding("down", "next_field", priority=True),
        Binding("up,shift+tab", "next_field(-1)", priority=True),
        Binding("pagedown", "page(1)", priority=True),
        Binding("pageup", "page(-1)", priority=True),
        # As everywhere; a form hears no keys but its own.
        Binding("ctrl+z", "app.suspend_process", priority=True, id="app.suspend_process"),
        Binding("ctrl+l", "app.redraw", priority=True, id="app.redraw"),
        Binding("ctrl+c", "copy_selection", priority=True),
    ]

    def __init__(
        self,
        flow: Flow,
        values: Mapping[str, Any],
        request: "Callable[[Filled], Request]",
        command: str = "",
        *,
        source: str = "",
        verb: str = "run",
        rerun: PreviewRerun | None = None,
    ) -> None:
        """`request` makes what is asked of the engine. `command` is what of `tui-flow` takes the parameters; "run" with the flow's name where it is empty. `source`
        says where the values come from: "run 812". `verb` is what ^R does; `rerun` asks what another attempt would do."""
        super().__init__()
        self.flow, self.source, self._command, self.verb = flow, source, command, verb
        self._request, self._is_asking = request, False
        self._values, self.form = values, Form(flow.parameters, values)
        self.options = RunOptions() if command else run_options.form_of(flow)
        self.last_good: tuple[int, Mapping[str, Any]] | None = None
        """The last good run, and what it was asked for with."""
        self.last: tuple[int, Mapping[str, Any]] | None = None
        self.planning = Planning(self, rerun)
        self.plan = TextLines(id="plan")
        self.rows = FieldRows(self.form)
        self.option_rows = FieldRows(self.options)
        self.option_title = Bar(id="option-title")
        self.crumbs, self.titles = Bar(id="crumbs"), Bar(id="titles")
        self.command, self.about = TextLines(id="command"), Bar(id="message")
        self.said = TextLines(id="said")
        """In place of `about` while something is said that is not of a field, in as many lines as it takes."""
        self.footer = Footer(id="footer")
        self._left: FieldRow | None = None
        """The one that was under the cursor before."""
        self._has_said = False
        """Something stands below the fields that is not about the one under the cursor, until the next key."""
        self._broken_json = ""
        """What was typed in the editor, and could not be read."""

    @property
    def console(self) -> "Console":
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        yield Header()
        yield self.crumbs
        with Horizontal(id="form-body"):
            with VerticalScroll(id="fields", classes="pane", can_focus=False) as box:
                box.border_title = Content(paint_of(self).clean("Parameters"))
                box.border_subtitle = "* required  ~ changed"
                yield self.titles
                yield self.rows
                yield self.option_title
                yield self.option_rows
            yield self.plan
        yield self.command
        yield self.about
        yield self.said
        yield self.footer

    def on_mount(self) -> None:
        self.command.can_focus = self.said.can_focus = self.said.display = False
        self.update_crumbs()
        self.option_title.display = bool(self.options.fields)
        self.option_title.set([(" Run options", "strong")])
        self.plan.can_focus = False
        self.plan.add_class("pane", update=False)
        self._offer_keys()
        wrong = next(iter(self.form.problems), None)
        first = self.rows.reveal(wrong) if wrong else next(iter(self._all_rows), None)
        if first is not None:
            self.set_focus(first.control)
        self.update()
        if self.verb == "answer":
            self.plan.display = False
        else:
            self.planning.begin()

    def know(self, known: Precedents) -> None:
        """What the runs before were asked for with has been looked up."""
        state_dir = self.console.settings.state_dir
        self.last, self.last_good = (
            (run.id, asked_parameters(state_dir, run)) if run else None for run in (known.last, known.good)
        )
        self.update()

    def take_flows(self, flows: Sequence[Flow]) -> None:
        """The flow may have been saved with other parameters meanwhile."""
        now = next((flow for flow in flows if flow.name == self.flow.name), None)
        if self.verb != "answer" and now is not None and now.parameters != self.flow.parameters:
            before, self.flow = self.flow, now
            self.run_worker(self._rebuild(before), group="rebuild", exclusive=True)

    async def _rebuild(self, before: Flow) -> None:
        """The fields that there are now, with what was changed in those that there were."""
        self.take_all()
        old, at = self.rows, self.row.field.path if self.row else ()
        new = Form(self.flow.parameters, self._values)
        new.carry_over(self.form)
        self.form, self.rows = new, FieldRows(new)
        await self.query_one("#fields").mount(self.rows, after=old)
        await old.remove()
        row = next((row for row in self._shown_rows if row.field.path == at), None)
        if row is None:
            row = next(iter(self._shown_rows), None)
        if row is not None:
            self._left = row  # so that its focus, of which the news comes later, says nothing of it
            self.set_focus(row.control)
        self.update()
        told = f"{self.flow.name} changed: {form.renewed(before.parameters, self.flow.parameters)}"
        self.say(told, "warn")

    def update_crumbs(self) -> None:
        source = f"values: {self.source} " if self.source else ""
        self.crumbs.set(self._crumbs(), [(source, "dim")] if source else [])

    def _crumbs(self) -> Line:
        crumb = f" {paint_of(self).marks.crumb} "
        what = self._command.capitalize() if self._command else "Run with parameters"
        return [(" Flows", "dim"), (crumb, "dim"), (self.flow.name, "strong"), (crumb, "dim"), (what, "")]

    def on_resize(self, _: events.Resize) -> None:
        self.call_after_refresh(self.update)

    # What is typed.

    def on_typed(self, event: Typed) -> None:
        self._has_said = self._has_said and not event.is_news
        self.update()

    def on_entered(self, _: Entered) -> None:
        rows = self._shown_rows
        if rows and rows[-1].control.has_focus:
            self.action_submit()
        else:
            self.action_next_field()

    def on_useless(self, event: Useless) -> None:
        self.say(event.why)

    def on_descendant_focus(self) -> None:
        left, self._left = self._left, self.row
        self._offer_keys()
        for row in (left, self.row):  # all the others say what they said before
            if row is not None:
                self._update_row(row)
        if left is not self.row:
            self._has_said = False
            self.say_of_field()

    def _offer_keys(self) -> None:
        self.footer.offer(["form"], self.useless(), {"submit": self.verb})

    @property
    def _all_rows(self) -> list[FieldRow]:
        """From top to bottom; a query of the screen would match each widget in it, at every key."""
        return [*self.rows.rows, *self.option_rows.rows]

    @property
    def _shown_rows(self) -> list[FieldRow]:
        return [row for row in self._all_rows if row.display]

    @property
    def row(self) -> FieldRow | None:
        """The one under the cursor."""
        return next((row for row in self._all_rows if row.control is self.focused), None)

    def places(self) -> list[str]:
        """Where the actions are that work here."""
        return ["form"]

    def useless(self) -> set[str]:
        """The ids of what would do nothing now."""
        has_presets = not self._command or self.verb == "rerun"
        found = set() if has_presets else {"presets", "save_preset", "plan"}
        return found if self.row is not None and self.row.field.is_day else {*found, "pick_day"}

    def update(self) -> None:
        """Says anew all that depends on what is typed."""
        for row in self._all_rows:
            self._update_row(row)
        self._update_titles()
        self.planning.show()
        line = self._line(paint_of(self).marks.glyph("failed"))
        asks = ", ".join(field.dotted for field in self.form.asked_for)
        self.command.set_lines(
            [[("$ ", "dim"), (line, "dim"), (f"  asks for {asks}" if asks else "", "live")]]
        )
        if not self._has_said:
            self.say_of_field()

    def _update_row(self, row: FieldRow) -> None:
        has_column = row.form is self.form and self.has_class("-wide")
        row.update(self.source, self.last_good[1] if self.last_good and has_column else None)

    def _line(self, mark: str) -> str:
        """The command that does the same; `mark` stands for what does not fit."""
        words = [*self.form.words(mark), *run_options.words(self.options.values())]
        if self.verb == "answer" and not words and not self.form.problems:
            words = ["--defaults"]
        return form.command_line(self.flow.name, words, self._command)

    def _update_titles(self) -> None:
        self.titles.display = self.has_class("-wide")
        rows = self.rows.rows
        names = min(rows[0].name_cells, 20) if rows else 12
        line = f"  {'NAME':{names}} {'TYPE':{31 - names}}{'VALUE':36}"
        if self.last_good is not None:
            line += f"{fit('DEFAULT', DEFAULT_CELLS)} LAST OK RUN {self.last_good[0]}"
        self.titles.set([(line, "dim")])

    def say_of_field(self, *, complain: bool = False) -> None:
        """What the field under the cursor takes, and is for; what is wrong with it, which an empty one has to be told."""
        row = self.row
        if row is None:
            return
        field, rows = row.field, self._shown_rows
        is_typed = not field.is_group and (complain or row.form.texts[field.path].strip())
        problem = row.form.problem(field) if is_typed else ""
        words = self._words_of(row, problem)
        self._has_said = self._has_said or complain
        if complain and problem:
            self._tell_whole(words)
            return
        is_one_of_several = row in rows and len(rows) > 1
        place = f"field {rows.index(row) + 1} of {len(rows)} " if is_one_of_several else ""
        self.about.set(words, [(place, "dim")] if place else ())
        self.about.display, self.said.display = True, False

    def _words_of(self, row: FieldRow, problem: str) -> Line:
        """What is wrong with a field, else what it takes; and what it is for, and had when all went well."""
        field = row.field
        told = row.control.hint if isinstance(row.control, GroupControl) else field.hint
        words: Line = [(f" {field.dotted}  ", "strong"), (problem, "bad") if problem else (told, "live")]
        if about := row.form.about(field):
            words.append((f"  {about}", "dim"))
        is_parameter = row.form is self.form and not field.is_group and not field.is_secret
        if self.last_good is not None and is_parameter:
            run_id, values = self.last_good
            if had := form.text_in(field, values):
                words.append((f"  run {run_id}, ok, had {had}", "dim"))
        return words

    def say(self, text: str, role: str = "") -> None:
        self._has_said = True
        self._tell_whole([(f" {text}", role)])

    def _tell_whole(self, line: Line) -> None:
        self.said.set_lines([line])
        self.about.display, self.said.display = False, True
        if self.focused is not None:  # the fields may have less room now
            self.call_after_refresh(self.focused.scroll_visible, animate=False)

    # Keys.

    def action_submit(self) -> None:
        """Runs it, or goes to the first field that is wrong."""
        self.take_all()
        for rows in (self.rows, self.option_rows):
            for path in rows.form.problems:
                self.set_focus(rows.reveal(path).control)
                self.call_after_refresh(self.say_of_field, complain=True)
                return
        if self._is_asking:
            return
        self._is_asking = True
        self.say("asking the engine", "dim")
        command, then = self._request(Filled(self.form.values(), self.options.values()))

        def taken(answer: dict[str, Any]) -> None:
            if self.is_attached:
                self.dismiss(None)
            then(answer)

        self.console.ask(command, taken, self._refused)

    def _refused(self, error: TuiFlowError) -> None:
        """What was typed stays, for what was refused may be mended."""
        from tui_flow.tui.asking import in_one_line, in_words

        self._is_asking = False
        if self.is_attached:
            self.say(in_words(error), "bad")
        else:
            self.console.say(in_one_line(error, self.console.size.width), "bad")

    def take_all(self) -> None:
        self.rows.take()
        self.option_rows.take()

    def action_next_field(self, step: int = 1) -> None:
        """By our own rows: Textual learns only later that one has been unfolded, and the next key may be there already."""
        controls = [row.control for row in self._shown_rows]
        if controls:
            place = controls.index(self.focused) if self.focused in controls else -1
            self.set_focus(controls[(place + step) % len(controls)])

    def action_page(self, step: int) -> None:
        """As many fields on or back as there is room for; not past the ends."""
        controls = [row.control for row in self._shown_rows]
        if controls:
            place = controls.index(self.focused) if self.focused in controls else 0
            page = max(1, self.query_one("#fields").size.height - 1)
            self.set_focus(controls[max(0, min(place + step * page, len(controls) - 1))])

    def action_reset(self) -> None:
        """The field under the cursor has its default again; of a group, all its fields."""
        if self.row is not None:
            self.row.form.reset(self.row.field)
        self.show_values()

    def show_values(self) -> None:
        self.rows.show()
        self.option_rows.show()
        self.update()

    def action_pick_day(self) -> None:
        """A month, to take a day from."""
        from tui_flow.tui.screens.day import DayScreen

        row, now = self.row, time.time()
        if row is None or not row.field.is_day:
            self.say("the month is for a field that takes a date")
            return
        row.take()

        def taken(day: "date | None") -> None:
            if day is not None:
                row.form.texts[row.field.path] = with_day(row.field, row.control.value, day)
                row.show()
                self.update()

        shown = day_of(row.field, row.control.value, now)
        self.console.push_screen(DayScreen(shown, times.local(now).date()), taken)

    def action_commands(self) -> None:
        """What can be done here, by name."""
        from tui_flow.tui.offers import offers_of_form
        from tui_flow.tui.screens.palette import PaletteScreen

        console = self.console
        console.push_screen(PaletteScreen(offers_of_form(console, self), console.rebind), console.take_offer)

    def action_plan(self) -> None:
        """All that is known of what it will do."""
        from tui_flow.tui.screens.reader import ReaderScreen

        self.take_all()
        if self.verb != "answer":
            title = f"Plan: {self.verb} {self.flow.name}"
            self.console.push_screen(ReaderScreen(title, self.planning.whole()))

    def action_edit_all(self) -> None:
        """All values as JSON in the editor; what cannot be read there is there again the next time."""
        self.take_all()
        text, line = self._broken_json or self.form.as_json(), 1
        try:
            self.form.take_json(text)
        except ValueError as error:
            line = _line_in(str(error))
        try:
            edited = self.console.edit_text(text, f"{self.flow.function or 'parameters'}.json", line)
        except (ValueError, OSError) as error:
            self.say(str(error), "warn")
            return
        try:
            self.form.take_json(edited)
        except ValueError as error:
            self._broken_json = edited
            self.show_values()
            key = self.console.keymap.first(action_named("form.edit_all"), paint_of(self).marks.ascii)
            self.say(f"not taken: {error}; {key} mends it", "bad")
            return
        self._broken_json = ""
        self.show_values()
        self.say("nothing was changed in the editor" if edited == text else "as it is in the editor")

    def action_copy_command(self) -> None:
        """The command that does the same."""
        self.take_all()
        wrong = len(self.form.problems) + len(self.options.problems)
        if wrong:
            self.say(f"{wrong} wrong: mend that first, then copy", "warn")
            return
        said = self.console.copy(self._line(""), "the command")
        asks = ", ".join(field.dotted for field in self.form.asked_for)
        self.say(f"{said}{f'; it asks for {asks}' if asks else ''}")

    def action_copy_selection(self) -> None:
        if isinstance(self.focused, TextControl) and self.focused.selected_text:
            self.focused.action_copy()
            return
        esc, keys = (
            self.console.keymap.first(action_named(f"form.{name}")) for name in ("leave", "commands")
        )
        self.say(f"{esc} leaves the form, and asks where something was changed; {keys} lists the keys")

    def action_leave(self) -> None:
        """At once where nothing was changed; else it asks."""
        from tui_flow.tui.screens.dialogs import ConfirmScreen

        self.take_all()
        changed = [*self.form.changed, *self.options.changed]
        if not changed:
            self.dismiss(None)
            return

        def answered(leaves: bool | None) -> None:
            if leaves:
                self.dismiss(None)

        names = ", ".join(field.dotted for field in changed)
        told: Line = [("changed: ", "dim"), (names, "")]
        self.console.push_screen(ConfirmScreen("Leave the form?", [told], "Stay", "Leave it"), answered)


def _line_in(problem: str) -> int:
    """The line that an error of the JSON names."""
    words = problem.partition(":")[0].split()
    return int(words[1]) if words[:1] == ["line"] else 1
