"""Which key does what here: the table of actions, and what a person's own `keys.toml` says otherwise.

    # ~/.config/tui-flow/keys.toml
    run.rerun = ["r", "ctrl+r"]
    app.help = "f9"

A file that is wrong somewhere is not thrown away: what is right counts, and each mistake is told with its line.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from textual.keys import Keys, _character_to_key

from tui_flow.contract.toml_lines import line_of
from tui_flow.tui.actions import ACTIONS, ALONE, Action, key_name

FILE = "keys.toml"
_NAMED = {key.value for key in Keys if not key.value.startswith("<")}
_OTHER_NAMES = {"esc": "escape", "return": "enter", "pgup": "pageup", "pgdn": "pagedown", "del": "delete"}
_RESERVED = {"escape", "ctrl+c"}
"""They lead out of everything, always."""
_ONLY_WITH_OTHERS = ("app", "list", "rows")
"""Places whose keys work beside those of every other place."""
_WITHOUT_ROWS = {"logs", "run", "tree", "log"}
"""Places without rows that can be marked."""


def path_of_keys() -> Path:
    """Where a person's keys are: `keys.toml` in the user's configuration folder."""
    from platformdirs import user_config_path

    return user_config_path("tui-flow") / FILE


class Keymap:
    """The keys of every action."""

    def __init__(self, chosen: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.chosen = dict(chosen or {})
        """By an action's name: the keys, as Textual names them, that stand in for those of the table."""
        self.wrong: list[str] = []
        """What of the file counts for nothing, each mistake with its line."""

    def keys(self, action: Action) -> tuple[str, ...]:
        return self.chosen.get(action.name) or tuple(action.keys.split(","))

    def shown(self, action: Action, ascii: bool = False) -> str:
        """All keys of an action, as they are written for people."""
        return " ".join(key_name(key, ascii) for key in self.keys(action))

    def actions_of(self, key: str, *, not_in: Sequence[str]) -> list[Action]:
        """What a key does, except in some places."""
        return [action for action in ACTIONS if action.where not in not_in and key in self.keys(action)]

    def moved_from(self, key: str, places: Sequence[str]) -> Action | None:
        """What a key would do in these places by the table, where somebody has given that other keys."""
        return next(
            (
                action
                for action in ACTIONS
                if action.where in places and key in action.keys.split(",") and key not in self.keys(action)
            ),
            None,
        )

    def first(self, action: Action, ascii: bool = False) -> str:
        return key_name(self.keys(action)[0], ascii)

    def for_textual(self) -> dict[str, str]:
        """What `App.set_keymap` takes."""
        return {name: ",".join(keys) for name, keys in self.chosen.items()}

    def clash(self, action: Action, keys: Sequence[str]) -> Action | None:
        """Who has one of these keys already, in a place where both would be heard."""
        return next(
            (
                other
                for other in ACTIONS
                if other.name != action.name
                and are_heard_together(action, other)
                and set(keys) & set(self.keys(other))
            ),
            None,
        )

    def with_keys(self, action: Action, keys: tuple[str, ...]) -> "Keymap":
        return Keymap({**self.chosen, action.name: keys})


def are_heard_together(one: Action, other: Action) -> bool:
    """Whether there is a place where both actions answer to keys."""
    places = {one.where, other.where}
    if places & set(ALONE):
        return len(places) == 1
    if "rows" in places and places & _WITHOUT_ROWS:
        return False
    return (
        len(places) == 1
        or bool(places & set(_ONLY_WITH_OTHERS))
        or places in ({"run", "tree"}, {"run", "log"})
    )


def parse_key(text: str) -> str:
    """A key as a person writes it (`R`, `?`, `ctrl+r`, `F5`, `esc`), as Textual names it. Raises ValueError."""
    if len(text) == 1 and text.isprintable():
        return _character_to_key(text)
    name = _OTHER_NAMES.get(text.lower(), text.lower())
    if name not in _NAMED and name not in {key for action in ACTIONS for key in action.keys.split(",")}:
        raise ValueError(f"there is no key {text!r}")
    if name in _RESERVED:
        raise ValueError(f"{text} always leads back, and cannot do anything else")
    return name


def load(path: Path) -> Keymap:
    """The keys that a file asks for, and what is wrong with it. No file: the table's keys."""
    found = Keymap()
    try:
        text = path.read_text("utf-8")
        import tomllib  # most have no such file, and the console opens sooner without it

        table = tomllib.loads(text)
    except FileNotFoundError:
        return found
    except (OSError, ValueError) as error:
        found.wrong = [f"{path.name}: {error}; the default keys are used"]
        return found
    wrong: list[tuple[int, str]] = []
    known = {action.name: action for action in ACTIONS}
    wanted: dict[str, tuple[str, ...]] = {}
    for name, value in _flat(table):
        try:
            if name not in known:
                raise ValueError(f"there is no action {name!r}{_near(name, known)}")
            wanted[name] = _keys_of(value)
        except ValueError as error:
            wrong.append((line_of(text, name), str(error)))
    found.chosen = dict(wanted)
    for name, keys in wanted.items():
        other = found.clash(known[name], keys)
        if other is not None:
            del found.chosen[name]
            wrong.append((line_of(text, name), f"{name} uses a key of {other.name}"))
    found.wrong = [f"{path.name}, line {line}: {what}" for line, what in sorted(wrong)]
    return found


def save(path: Path, action: Action, keys: Sequence[str]) -> None:
    """Writes down the keys of one action, and leaves the rest of the file as it is. Raises OSError."""
    line = f"{action.name} = {[_written(key) for key in keys]}".replace("'", '"')
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        lines = ["# Keys of tui-flow's console; F2 in its help (?) writes here."]
    place = line_of("\n".join(lines), action.name) - 1
    if place >= 0:
        indented = re.match(rf"\s*{re.escape(action.where)}\.", lines[place])
        lines[place] = line if indented else line.removeprefix(f"{action.where}.")
    else:
        lines.insert(1 if lines and lines[0].startswith("#") else 0, line)  # before any [section]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")


def _flat(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for where, value in table.items():
        if isinstance(value, dict):
            yield from ((f"{where}.{name}", keys) for name, keys in value.items())
        else:
            yield where, value


def _keys_of(value: Any) -> tuple[str, ...]:
    keys = [value] if isinstance(value, str) else value
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        raise ValueError('keys are written as "x" or ["x", "ctrl+x"]')
    return tuple(parse_key(key) for key in keys)


def _written(key: str) -> str:
    shown = key_name(key)
    return shown if len(shown) == 1 and shown.isascii() else key


def _near(name: str, known: Mapping[str, Action]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
