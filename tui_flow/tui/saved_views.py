"""Views that a person has saved: a name, and the address that it leads to.

# ~/.config/tui-flow/views.toml
"warehouse timeouts" = "logs/timeout level:warning since:24h"
"failed today" = "runs/is:failed since:today"
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

from tui_flow.tui.presentation.address import VIEWS, Address

FILE = "views.toml"
MAX_NAME = 60
"""Characters of a name."""
_HEAD = "# Saved views of tui-flow's console; ' lists them, and writes here.\n"


def path_of_views() -> Path:
    """Where they are: `views.toml` in the user's configuration folder."""
    from platformdirs import user_config_path

    return user_config_path("tui-flow") / FILE


def load(path: Path) -> dict[str, Address]:
    """By name, in their order. Raises ValueError, which says what is wrong with the file."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None
    return {name: _address(path, name, text) for name, text in table.items()}


def _address(path: Path, name: str, text: object) -> Address:
    view, _, filter = str(text).partition("/")
    if not isinstance(text, str) or view not in VIEWS:
        raise ValueError(f"{path}: {name!r} is to begin with one of {', '.join(VIEWS)}")
    return Address(view, filter)


def save(path: Path, views: Mapping[str, Address]) -> None:
    """Writes them all. Raises OSError."""
    lines = (f"{json.dumps(name)} = {json.dumps(str(address))}\n" for name, address in views.items())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_HEAD + "".join(lines), "utf-8")
