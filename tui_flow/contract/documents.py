"""Named JSON documents in the state directory: variables, and what blocks are saved as.

    <state directory>/variables/<name>.json
    <state directory>/blocks/<type>/<name>.json

One file each, 0600, written whole or not at all. Flows, scripts and commands read and write them alike, with an
engine or without.
"""

import json
import os
from pathlib import Path
from typing import Any

from tui_flow.contract.rundir import make_private, write_whole

VARIABLES, BLOCKS = "variables", "blocks"
MAX_VALUE = 5_000
"""Characters of JSON that a variable's value may have. Source: https://docs.prefect.io/v3/concepts/variables"""
MAX_NAME = 200
"""A file's name has 255 bytes, and while it is written it needs more than its own."""
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")


class Documents:
    """The documents of one folder, by name."""

    def __init__(self, state_dir: Path, *folders: str) -> None:
        self._folder = state_dir.joinpath(*folders)

    def read(self, name: str) -> dict[str, Any] | None:
        """None where there is none. Raises OSError where it cannot be read, ValueError where it is no longer whole."""
        try:
            fd = os.open(self._path(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with os.fdopen(fd, "rb") as file:
            text = file.read()
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ValueError(f"{self._path(name)} is damaged: remove it, and set it anew")
        return found

    def write(self, name: str, document: dict[str, Any], *, overwrite: bool = True) -> bool:
        """False where there is one already, and it is not to be overwritten: of several who try at once, one does.

        Raises OSError where there is no room for it.
        """
        path, text = self._path(name), json.dumps(document).encode()
        make_private(self._folder)
        if overwrite:
            write_whole(path, text)
            return True
        new = path.with_name(f".{os.urandom(8).hex()}")
        write_whole(new, text)
        try:
            path.hardlink_to(new)  # unlike a rename, it fails where there is one
        except FileExistsError:
            return False
        finally:
            new.unlink()
        return True

    def remove(self, name: str) -> bool:
        """Whether there was one."""
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            return False
        return True

    def names(self) -> list[str]:
        """All there are, sorted."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def _path(self, name: str) -> Path:
        return self._folder / f"{checked(name)}.json"


def checked(name: str) -> str:
    """The name, if it can be one: then it leads nowhere else. Raises ValueError."""
    if not isinstance(name, str) or not name or len(name) > MAX_NAME or not _NAME.issuperset(name):
        raise ValueError(
            f"a name has 1 to {MAX_NAME} lowercase letters, digits, dashes and underscores, unlike {name!r:.100}"
        )
    return name


def checked_value(value: Any) -> Any:
    """A variable's value, if it can be one. Raises ValueError for what JSON has no word for, and for too much."""
    try:
        size = len(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"a variable holds JSON values, which {value!r:.100} is not: {error}") from None
    if size > MAX_VALUE:
        raise ValueError(
            f"a variable holds {MAX_VALUE:,} characters of JSON, and this has {size:,}: keep it in a file"
        )
    return value
