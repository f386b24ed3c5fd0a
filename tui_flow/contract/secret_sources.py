"""Where secrets come from, other than from `tui-flow secret set`: the table `[secrets]` of the settings.

    [secrets]
    db-password = { env = "DB_PASSWORD" }
    smtp        = { file = "~/.config/smtp" }              # 0600
    api-token   = { command = "pass show work/api-token" }
    cloud       = { keyring = "my-service" }
    "*"         = { command = "pass show work/{name}" }    # for all that are found nowhere else

Nothing here reads a secret: that is done in the process that needs it.
"""

from pathlib import Path
from typing import Any, NamedTuple

from tui_flow.contract.documents import checked
from tui_flow.contract.settings_file import read_settings_file

SETTING = "secrets"
FOLDER = "secret"
"""Of those that were set, among the blocks."""
ENV_PREFIX = "TUI_FLOW_SECRET_"
"""With the name in capitals, and underscores for dashes: a variable of the environment that wins over everything."""
ANY = "*"
KINDS = {
    "env": "a variable of the environment",
    "file": "a file",
    "command": "what a command prints",
    "keyring": "the entry of that name in the keyring's service",
}


class Source(NamedTuple):
    kind: str
    """One of KINDS."""
    what: str
    """The variable, path, command or service."""

    def __repr__(self) -> str:
        """As the settings have it."""
        return f'{{{self.kind} = "{self.what}"}}'


def env_name(name: str) -> str:
    return ENV_PREFIX + name.upper().replace("-", "_")


def checked_sources(table: Any) -> dict[str, Source]:
    """The sources by the name of their secret. Raises ValueError, which never repeats what it was given as a source:
    somebody may have put the secret itself there."""
    if not isinstance(table, dict):
        raise ValueError("secrets is to be a table, such as: token = { command = 'pass show token' }")
    return {name: _source(name, value) for name, value in table.items()}


def sources_of(project: Path) -> dict[str, Source]:
    """Those of a project. Raises ValueError as above, ProjectError where its settings cannot be read."""
    return checked_sources(read_settings_file(project)[1].get(SETTING, {}))


def _source(name: str, value: Any) -> Source:
    if name != ANY:
        checked(name)
    if not isinstance(value, dict) or len(value) != 1 or not isinstance(next(iter(value.values())), str):
        raise ValueError(f"secrets.{name} is to be a table of one: {_kinds()}")
    (kind, what) = next(iter(value.items()))
    if kind not in KINDS or not what.strip():
        raise ValueError(f"secrets.{name} is to name a source: {_kinds()}")
    return Source(kind, what)


def _kinds() -> str:
    return ", ".join(f'{{ {kind} = "…" }} ({means})' for kind, means in KINDS.items())
