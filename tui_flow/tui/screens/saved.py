"""Saved views: the menu of them, and the one in front to be saved."""

from typing import TYPE_CHECKING

from tui_flow.tui import saved_views
from tui_flow.tui.presentation import Line
from tui_flow.tui.presentation.address import Address
from tui_flow.tui.screens.home import HomeScreen
from tui_flow.tui.screens.menu import Choice, MenuScreen

if TYPE_CHECKING:
    from tui_flow.tui.app import Console

_KEYS = "123456789abcdefghijklmnoprtuvwxyz"
"""What chooses a view; of more, the first ones are listed."""
SAVE, FORGET = "S", "X"


def ask(console: "Console") -> None:
    """Shows the menu."""
    path = saved_views.path_of_views()
    try:
        views = saved_views.load(path)
    except ValueError as error:
        console.say(str(error), "bad")
        return
    here = _address_of(console)
    listed = dict(zip(_KEYS, views.items(), strict=False))
    choices = [Choice(key, name, str(address)) for key, (name, address) in listed.items()]
    name = next((name for name, address in views.items() if address == here), None)
    if name is not None:
        choices.append(Choice(FORGET, "forget this one", name))
    elif here is not None:
        choices.append(Choice(SAVE, "save this one…", str(here)))
    if not choices:
        console.say("there is no saved view yet; in one of the five views ' saves what is shown")
        return

    def foot(_: str) -> list[Line]:
        return [[(f"they stand in {path}", "dim")]]

    def chosen(key: str | None) -> None:
        if key == SAVE and here is not None:
            _ask_name(console, here)
        elif key == FORGET and name is not None:
            _write(
                console,
                {other: address for other, address in views.items() if other != name},
                f"{name} is forgotten",
            )
        elif key in listed:
            console.run_worker(console.go_to(listed[key][1]), group="saved")

    console.push_screen(MenuScreen("Saved views", choices, foot, opens_with="apostrophe"), chosen)


def save(console: "Console") -> None:
    """Asks for a name for the view in front."""
    try:
        views = saved_views.load(saved_views.path_of_views())
    except ValueError as error:
        console.say(str(error), "bad")
        return
    here = _address_of(console)
    name = next((name for name, address in views.items() if address == here), None)
    if name is not None:
        console.say(f"this view is saved already, as {name}; ' goes there")
    elif here is not None:
        _ask_name(console, here)


def _address_of(console: "Console") -> Address | None:
    """Of the view in front, with its filter; None in a run."""
    screen = console.screen
    return (
        Address(screen.section.PLACE, screen.section.address_text) if isinstance(screen, HomeScreen) else None
    )


def _ask_name(console: "Console", address: Address) -> None:
    screen = console.screen
    if isinstance(screen, HomeScreen):
        screen.ask("a name for this view", lambda name: _save(console, name.strip(), address))


def _save(console: "Console", name: str, address: Address) -> None:
    if not 0 < len(name) <= saved_views.MAX_NAME:
        console.say(f"a name has 1 to {saved_views.MAX_NAME} characters", "warn")
        return
    try:
        views = saved_views.load(saved_views.path_of_views())
    except ValueError as error:
        console.say(str(error), "bad")
        return
    _write(console, {**views, name: address}, f"saved as {name}; ' goes there")


def _write(console: "Console", views: dict[str, Address], said: str) -> None:
    path = saved_views.path_of_views()
    try:
        saved_views.save(path, views)
    except OSError as error:
        console.say(f"cannot write {path}: {error.strerror}", "bad")
    else:
        console.say(said)
