"""The menu of presets in the form for parameters: the last runs, the defaults, and what somebody has saved."""

import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

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


def menu_of(known: Mapping[str, Known], flow: str) -> MenuScreen:
    """Lets somebody choose one, or delete one that is saved."""

    def foot(key: str) -> list[Line]:
        if not known[key].is_saved:
            return [[("F4 in the form saves one more, x here deletes a saved one", "dim")]]
        name = shlex.quote(known[key].name)
        return [[("$ ", "dim"), (f"tui-flow presets {shlex.quote(flow)} --forget {name}", "dim")]]

    choices = [Choice(key, one.name, about(one.values)) for key, one in known.items()]
    saved = [key for key, one in known.items() if one.is_saved]
    return MenuScreen("Values from", choices, foot, opens_with="f2", deletable=saved)


def keyed(known: list[Known], saved: Mapping[str, Mapping[str, Any]]) -> dict[str, Known]:
    """By the keys that choose them: "d" for the defaults, "l" for the last run, "g" for the last good one."""
    found = {one.name[0] if one.name != "last good run" else "g": one for one in known}
    return found | {
        key: Known(name, values, is_saved=True)
        for key, (name, values) in zip(_KEYS, saved.items(), strict=False)
    }


def about(values: Mapping[str, Any]) -> str:
    """Values in a line."""
    return (
        "  ".join(f"{name}={as_text(value)}" for name, value in values.items())[:200] or "all as by default"
    )
