"""The menu of presets in the form for parameters: the last runs, the defaults, and what somebody has saved."""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from tui_flow.tui.presentation import Line
from tui_flow.tui.presentation.field_texts import as_text
from tui_flow.tui.screens.menu import Choice, MenuScreen

_KEYS = "123456789abcefhijkmnoprstvwyz"
"""What chooses a saved one; of more, the first ones are listed."""


class Known(NamedTuple):
    """Values that a form can be filled with."""

    name: str
    values: Mapping[str, Any]
    is_saved: bool = False


class PresetMenu(MenuScreen):
    """Gives the key of what was chosen; with "x" before it, it is to be deleted."""

    BINDINGS: ClassVar = [("x", "delete", "")]

    def __init__(self, known: Mapping[str, Known]) -> None:
        self._known = known
        choices = [Choice(key, one.name, _about(one.values)) for key, one in known.items()]
        super().__init__("Values from", choices, self._foot_of, opens_with="f2")

    def _foot_of(self, key: str) -> list[Line]:
        is_saved = self._known[key].is_saved
        return (
            [[("x", "key"), (" deletes it", "dim")]]
            if is_saved
            else [[("F4 in the form saves one more", "dim")]]
        )

    def action_delete(self) -> None:
        key = self.list.choices[self.list.cursor].key
        if self._known[key].is_saved:
            self.dismiss(f"x{key}")


def keyed(known: list[Known], saved: Mapping[str, Mapping[str, Any]]) -> dict[str, Known]:
    """By the keys that choose them: "d" for the defaults, "l" for the last run, "g" for the last good one."""
    found = {one.name[0] if one.name != "last good run" else "g": one for one in known}
    return found | {
        key: Known(name, values, is_saved=True)
        for key, (name, values) in zip(_KEYS, saved.items(), strict=False)
    }


def _about(values: Mapping[str, Any]) -> str:
    return (
        "  ".join(f"{name}={as_text(value)}" for name, value in values.items())[:200] or "all as by default"
    )
