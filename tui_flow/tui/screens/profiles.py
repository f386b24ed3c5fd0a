"""The menu of the projects that this user has opened: goes to another one, in this terminal."""

from typing import TYPE_CHECKING

from tui_flow.client import projects
from tui_flow.client.projects import Opened
from tui_flow.tui.presentation import Line
from tui_flow.tui.screens.menu import Choice, MenuScreen

if TYPE_CHECKING:
    from tui_flow.tui.app import Console

_KEYS = "123456789abcdefghijklmnoprstuvwxyz"
"""What chooses one; of more, those that were opened last are listed."""


def ask(console: "Console") -> None:
    """Shows the menu, with the state of each engine, and goes to what is chosen."""
    path, here = console.projects, console.settings.project
    others = [one for one in projects.list_opened(path) if one.project != here] if path is not None else []
    listed = dict(zip(_KEYS, others, strict=False))
    if not listed:
        console.say("no other project has been opened yet; tui-flow in its folder does")
        return
    choices = [_choice(key, one) for key, one in listed.items()]

    def foot(key: str) -> list[Line]:
        return [[(str(listed[key].project), "dim")]]

    def chosen(key: str | None) -> None:
        if key is None:
            return
        if listed[key].project.is_dir():
            console.go_elsewhere(listed[key].project)
        else:
            if path is not None:
                projects.forget(path, listed[key].project)
            console.say(f"the folder is gone, and listed no more: {listed[key].project}", "bad")

    title = f"Go to another project; here is {here.name}"
    console.push_screen(MenuScreen(title, choices, foot, opens_with="at"), chosen)


def _choice(key: str, one: Opened) -> Choice:
    state, pid = projects.engine_of(one.project)
    about = f"engine {state}" if pid or state == "stopped" else state
    return Choice(key, one.name, about, "live" if pid else "dim" if state == "stopped" else "bad")
