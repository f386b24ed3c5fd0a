"""The part of the form for parameters that has to do with presets: what fills it, and what it saves."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from tui_flow.contract.errors import TuiFlowError
from tui_flow.counting import counted
from tui_flow.store import presets
from tui_flow.tui.presentation import Line
from tui_flow.tui.screens.presets import Known, about, keyed, menu_of

if TYPE_CHECKING:
    from textual.screen import Screen

    from tui_flow.store.records import Flow
    from tui_flow.tui.app import Console
    from tui_flow.tui.presentation.form import Form

    _Base = Screen[Any]
else:
    _Base = object


class Presetting(_Base):
    """What F2 and F4 do."""

    if TYPE_CHECKING:
        flow: Flow
        form: Form
        source: str
        verb: str
        last: tuple[int, Mapping[str, Any]] | None
        last_good: tuple[int, Mapping[str, Any]] | None

        @property
        def console(self) -> Console: ...

        def say(self, text: str, role: str = "") -> None: ...

        def take_all(self) -> None: ...

        def show_values(self) -> None: ...

        def update_crumbs(self) -> None: ...

    def action_presets(self) -> None:
        """Fills the form with the values of a run, or of a preset; `x` in the menu deletes one."""
        saved = self._saved()
        if saved is None or self.verb == "answer":
            return
        known = [Known("defaults", {})]
        plain = self.form.without_secrets
        known += [Known("last run", plain(self.last[1]))] if self.last else []
        known += [Known("last good run", plain(self.last_good[1]))] if self.last_good else []
        listed = keyed(known, saved)

        def chosen(key: str | None) -> None:
            if key in listed:
                self._fill(listed[key])
            elif key is not None:
                self._forget(listed[key[1:]].name)

        self.console.push_screen(menu_of(listed, self.flow.name), chosen)

    def _saved(self) -> presets.Presets | None:
        try:
            return presets.of_flow(self.console.settings.state_dir, self.flow.name)
        except TuiFlowError as error:
            self.say(f"{error.what}; {error.where}", "bad")
            return None

    def _fill(self, known: Known) -> None:
        self.form.fill_but_secrets(known.values)
        self.source = f"preset {known.name}" if known.is_saved else known.name
        self.update_crumbs()
        self.show_values()

    def _forget(self, name: str) -> None:
        state_dir, flow = self.console.settings.state_dir, self.flow.name
        try:
            values = presets.forget(state_dir, flow, name)
        except TuiFlowError as error:
            self.say(error.what, "bad")
            return
        self.console.can_undo(lambda: self._save_preset(name, values, f"undone: {name} is there again"))
        self.say(f"{name} is deleted; u takes that back once the form is left")

    def action_save_preset(self) -> None:
        """Keeps the values under a name."""
        from tui_flow.tui.screens.dialogs import AskScreen

        self.take_all()
        if self.form.problems:
            self.say(f"{len(self.form.problems)} wrong: mend that first, then save", "warn")
        elif self.verb != "answer":
            values = self.form.plain_values()

            def save(name: str) -> None:
                self._save_preset(name, values, f"saved as {name}; F2 lists it, and so does tui-flow presets")

            def named(name: str | None) -> None:
                before = (self._saved() or {}).get(name or "")
                if name and before is not None and before != values:
                    self._ask_to_overwrite(name, before, partial(save, name))
                elif name:
                    save(name)

            title = f"Save {counted(len(values), 'value')} as a preset"
            self.console.push_screen(AskScreen(title, "its name, such as: full reload"), named)

    def _ask_to_overwrite(self, name: str, before: Mapping[str, Any], save: Callable[[], None]) -> None:
        from tui_flow.tui.screens.dialogs import ConfirmScreen

        told: Line = [("it has: ", "dim"), (about(before), "")]
        self.console.push_screen(
            ConfirmScreen(f"Overwrite {name}?", [told], "Keep it", "Overwrite it"),
            lambda yes: save() if yes else None,
        )

    def _save_preset(self, name: str, values: Mapping[str, Any], said: str) -> None:
        console, flow = self.console, self.flow.name
        try:
            before = presets.save(console.settings.state_dir, flow, name, values)
        except TuiFlowError as error:
            said, before = f"not saved: {error.what}", None
        if before is not None:
            console.can_undo(lambda: self._save_preset(name, before, f"undone: {name} is as it was"))
        (self if self.is_attached else console).say(said)
