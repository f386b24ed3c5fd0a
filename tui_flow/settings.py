"""The settings of a project: one frozen dataclass, a line under every field.

Defaults, then `[tool.tui_flow]` in pyproject.toml or the top level of tui_flow.toml, then `TUI_FLOW_*` environment
variables, then what the caller passes. Lists where each value came from, for `tui-flow config`.
"""

import dataclasses
import math
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui_flow.contract.errors import ProjectError
from tui_flow.contract.rundir import ENV_PROJECT, FLOWS, STATE_DIR, find_project, require_linux_or_mac
from tui_flow.contract.secret_sources import SETTING as SECRETS
from tui_flow.contract.secret_sources import Source, checked_sources
from tui_flow.contract.settings_file import read_settings_file

THEMES = ("auto", "dark", "light", "ansi")


@dataclass(frozen=True)
class Settings:
    project: Path
    """The project's folder, absolute."""
    max_concurrent_runs: int = 8
    """Runs that may hold a slot at once; more wait, first come first served."""
    tag_limits: dict[str, int] = dataclasses.field(default_factory=dict)
    """Runs with a tag that may hold a slot at once, such as `{heavy = 2}`; in the environment "heavy=2,net=4"."""
    secrets: dict[str, Source] = dataclasses.field(default_factory=dict)
    """Where secrets come from that `tui-flow secret set` does not keep, such as `{token = {command = "pass show token"}}`."""
    import_timeout_seconds: float = 10.0
    """A flow file that takes longer to import is broken."""
    grace_seconds: float = 10.0
    """Between TERM and KILL, when a run is cancelled or times out."""
    rescan_seconds: float = 10.0
    """How often flow files are looked at even if no notice of a change came."""
    idle_seconds: float = 5.0
    """An engine that started by itself ends after so long with no client and no run; 0 keeps it."""

    max_templates: int = 8
    """Flow files that are held ready, imported, so that a run of one begins in milliseconds; 0 holds none."""
    template_idle_seconds: float = 600.0
    """A flow file is held ready for so long after its last run or save; 0 holds none."""
    template_max_age_seconds: float = 600.0
    """So old may an import be that a run begins from: then a flow file in use is imported anew. 0 lets it grow as old as
    it will."""
    keep_days: float = 90.0
    """A run that ended longer ago is pruned; 0 keeps it."""
    keep_runs: int = 10_000
    """So many runs of each flow are kept, and older ones pruned; 0 keeps all."""
    keep_mb: int = 10_240
    """With more in all run directories together (MiB), the oldest runs are pruned; 0 keeps all."""
    log_mb: int = 50
    """The cap of a run's log (MiB): of a longer one the first fifth and the end are kept; 0 keeps all."""
    min_free_mb: int = 64
    """With less free space (MiB) on the disk no run is started, so that those in progress can end; 0 starts them all."""

    alert_command: list[str] = dataclasses.field(default_factory=list)
    """A command that gets each message about alerts as JSON on its stdin, such as `["./notify.sh"]`; no shell reads it."""
    alert_urls: list[str] = dataclasses.field(default_factory=list)
    """Where messages about alerts are posted as JSON (https://…), or (with the extra "alerts") an address of apprise."""

    theme: str = "auto"
    """The console's colours: "dark", "light", "ansi" (the terminal's own sixteen), or "auto", what suits the terminal."""

    @property
    def flows_dir(self) -> Path:
        return self.project / FLOWS

    @property
    def state_dir(self) -> Path:
        return self.project / STATE_DIR

    def of_engine(self) -> dict[str, Any]:
        """Those that count in the engine, by name: the console has its own, and each run reads where secrets are."""
        return {name: getattr(self, name) for name in _FIELDS if name not in ("theme", SECRETS)}


_FIELDS = {field.name: field for field in dataclasses.fields(Settings) if field.name != "project"}


def load(project: str | Path | None = None) -> tuple[Settings, dict[str, str]]:
    """The settings, and for each of them where its value came from.

    `project` wins over TUI_FLOW_PROJECT, which wins over the nearest project from the current folder upwards.
    Raises ProjectError where there is none, or where a value is not of its field's type.
    """
    require_linux_or_mac()
    root = _project(project)
    origins = dict.fromkeys(_FIELDS, "default")
    values: dict[str, Any] = {}
    for origin, found in ((read_settings_file(root)), ("environment", _environment())):
        for name, value in found.items():
            values[name] = _checked(name, value, origin)
            origins[name] = origin
    return Settings(project=root, **values), origins


def _project(named: str | Path | None) -> Path:
    named = named or os.environ.get(ENV_PROJECT)
    if named:
        root = Path(named).expanduser().resolve()
        if not root.is_dir():
            raise ProjectError(
                "no such project folder", where=str(root), next="check --project or TUI_FLOW_PROJECT"
            )
        return root
    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise ProjectError("the current folder is gone", next="go to another one with cd") from None
    found = find_project(here)
    if found is None:
        raise ProjectError(
            "no project here: neither this folder nor one above it has a flows/ folder",
            where=str(here),
            next="mkdir flows and save a flow file in it, or name a project with --project",
        )
    return found


def _environment() -> dict[str, str]:
    found = {name: os.environ.get(f"TUI_FLOW_{name.upper()}") for name in _FIELDS}
    return {name: value for name, value in found.items() if value is not None}


def _checked(name: str, value: Any, origin: str) -> Any:
    field = _FIELDS.get(name)
    if field is None:
        raise ProjectError(
            f"there is no setting {name!r}", where=origin, next=f"the settings: {', '.join(_FIELDS)}"
        )
    if name == "tag_limits":
        return _checked_limits(value, origin)
    if name in ("alert_command", "alert_urls"):
        return _checked_texts(name, value, origin)
    if name == SECRETS:
        return _checked_secrets(value, origin)
    if name == "theme":
        if value not in THEMES:
            raise ProjectError(f"theme = {value!r} is none of {', '.join(THEMES)}", where=origin)
        return value
    wanted: Any = field.type
    try:
        number = wanted(value)
    except (TypeError, ValueError):
        number = -1
    least = 1 if name == "max_concurrent_runs" else 0
    if isinstance(value, bool) or not least <= number < math.inf:
        raise ProjectError(f"{name} = {value!r} is not a usable {wanted.__name__}", where=origin)
    return number


def _checked_texts(name: str, value: Any, origin: str) -> list[str]:
    """A list of texts, or in the environment words as a shell would split them."""
    try:
        found = shlex.split(value) if isinstance(value, str) and origin == "environment" else value
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(text, str) and text for text in found):
        raise ProjectError(f'{name} is to be a list of texts, such as {name} = ["..."]', where=origin)
    return found


def _checked_secrets(value: Any, origin: str) -> dict[str, Source]:
    try:
        return checked_sources(value)
    except ValueError as error:
        raise ProjectError(str(error), where=origin) from None


def _checked_limits(value: Any, origin: str) -> dict[str, int]:
    """A table of whole numbers of at least 1, or the text that stands for one in the environment."""
    if isinstance(value, str):
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        value = {tag.strip(): int(limit) if limit.strip().isdigit() else limit for tag, _, limit in pairs}
    if not isinstance(value, dict):
        raise ProjectError("tag_limits is to be a table, such as {heavy = 2}", where=origin)
    for tag, limit in value.items():
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            raise ProjectError(
                f"tag_limits: {tag} = {limit!r} is not a whole number of at least 1", where=origin
            )
    return value
