"""The file that holds a project's settings: `tui_flow.toml`, else `[tool.tui_flow]` in pyproject.toml."""

import re
from pathlib import Path
from typing import Any

from tui_flow.contract.errors import ProjectError, at_line
from tui_flow.contract.toml_lines import line_of

_TABLES: dict[str, tuple[str, ...]] = {"tui_flow.toml": (), "pyproject.toml": ("tool", "tui_flow")}
FILES = tuple(_TABLES)
"""The first that says anything is the one that counts."""


def read_settings_file(project: Path) -> tuple[str, dict[str, Any]]:
    """The file's name and its table; "default" and an empty one where no file says anything.

    Raises ProjectError where one cannot be read.
    """
    for name, keys in _TABLES.items():
        path = project / name
        if not path.is_file():
            continue
        import tomllib  # many projects have neither file, and the console opens sooner without it

        try:
            table: Any = tomllib.loads(path.read_text("utf-8"))
        except (ValueError, OSError) as error:
            line = re.search(r"at line (\d+)", str(error))
            where = at_line(str(path), int(line[1]) if line else None)
            raise ProjectError(f"cannot read the settings: {error}", where=where) from None
        for key in keys:
            table = table.get(key, {}) if isinstance(table, dict) else {}
        if not isinstance(table, dict):
            raise ProjectError("tool.tui_flow is to be a table of settings", where=str(path))
        if table:
            return name, table
    return "default", {}


def place_in(project: Path, file: str, name: str) -> str:
    """The file's name, and the line where a setting begins if that is known."""
    try:
        text = (project / file).read_text("utf-8")
    except (ValueError, OSError):
        return file
    return at_line(file, line_of(text, ".".join((*_TABLES[file], name))))
