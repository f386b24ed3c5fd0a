"""Where in a TOML file something is said, for whoever has to mend it."""

import re


def line_of(text: str, name: str) -> int:
    """The first line that speaks of a key, such as "tool.tui_flow.theme", or of what is in it; 0 where none does."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        heading = re.match(r"\s*\[+([^\]]+)\]", line)
        if heading:
            said = section = _plain(heading[1])
        elif "=" in line:
            said = f"{section}.{_plain(line.partition('=')[0])}".lstrip(".")
        else:
            continue
        if f"{said}.".startswith(f"{name}."):
            return number
    return 0


def _plain(key: str) -> str:
    return re.sub(r"[\"'\s]", "", key)
