"""Saved views: the menu of them, and the one in front to be saved."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tui_flow.tui import saved_views
from tui_flow.tui.presentation import Line
from tui_flow.tui.presentation.address import Address
from tui_flow.tui.refusal import Refused
from tui_flow.tui.screens.home import HomeScreen
from tui_flow.tui.screens.menu import Choice, MenuScreen

if TYPE_CHECKING:
    from tui_flow.tui.app import Console

_KEYS = "123456789abcdefghijklmnoprtuvwyz"
"""What chooses a view; of more, the first ones are listed."""
SAVE = "S"


def ask(console: "Console") -> None:
    """Shows the menu."""
    views, here = _load(console), _address_of(console)
    if views is None:
        return
    listed = dict(zip(_KEYS, views.items(), strict=False))
    choices = [Choice(key, name, str(address)) for key, (name, address) in listed.items()]
    if here is not None and here not in views.values():
        choices.append(Choice(SAVE, "save this one…", str(here)))
    if not choices:
        console.say("there is no saved view yet; in one of the five views ' saves what is shown")
        return

    def foot(_: str) -> list[Line]:
        return [[(f"they stand in {saved_views.path_of_views()}", "dim")]]

    def chosen(key: str | None) -> None:
        if key == SAVE and here is not None:
            _ask_name(console, here)
        elif key in listed:
            console.run_worker(console.go_to(listed[key][1]), group="saved")
        elif key is not None:
            name = listed[key[1:]][0]
            _change(console, name, None, f"{name} is deleted; u undoes", f"{name} is there again")

    console.push_screen(
        MenuScreen("Saved views", choices, foot, opens_with="apostrophe", deletable=listed), chosen
    )


def save(console: "Console") -> None:
    """Asks for a name for the view in front."""
    views, here = _load(console), _address_of(console)
    if views is None:
        return
    name = next((name for name, address in views.items() if address == here), None)
    if name is not None:
        console.say(f"this view is saved already, as {name}; ' goes there")
    elif here is not None:
        _ask_name(console, here)


def _load(console: "Console") -> dict[str, Address] | None:
    """None where they cannot be read, and says why."""
    try:
        return saved_views.load(saved_views.path_of_views())
    except ValueError as error:
        console.say(str(error), "bad")
        return None


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
        raise Refused(f"a name has 1 to {saved_views.MAX_NAME} characters")
    _change(console, name, address, f"saved as {name}; ' goes there, u undoes", f"{name} is saved no more")


def _change(console: "Console", name: str, address: Address | None, said: str, undone: str) -> None:
    """Saves a view, or with no address deletes it."""
    before = _write(console, name, address)
    if before is None:
        return
    if name in before and address is not None:
        undone = f"{name} leads where it did"

    def take_back() -> None:
        if _write(console, name, before.get(name), _place_of(name, before)) is not None:
            console.say(f"undone: {undone}")

    console.can_undo(take_back)
    console.say(said)


def _write(
    console: "Console", name: str, address: Address | None, place: int | None = None
) -> dict[str, Address] | None:
    """Puts a view into the file, where it was, at the end or at a place, or takes it out. Gives the views that there
    were before; None where that cannot be done, and says why."""
    path = saved_views.path_of_views()
    try:
        before = saved_views.load(path)
        views = [(other, there) for other, there in before.items() if other != name]
        if address is not None:
            views.insert(_place_of(name, before) if place is None else place, (name, address))
        saved_views.save(path, dict(views))
    except ValueError as error:
        console.say(str(error), "bad")
    except OSError as error:
        console.say(f"cannot write {path}: {error.strerror}", "bad")
    else:
        return before
    return None


def _place_of(name: str, views: Mapping[str, Address]) -> int:
    """Among the others; the end where it is not there."""
    return list(views).index(name) if name in views else len(views)
