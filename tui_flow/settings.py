"""The settings of a project: one frozen dataclass, a line under every field.

Defaults, then `[tool.tui_flow]` in pyproject.toml or the top level of tui_flow.toml, then `TUI_FLOW_*` environment
variables, then what the caller passes. Lists where each value came from, for `tui-flow config`.

A mistake locks nobody out: the other settings count, each mistake is kept with its place, and as long as there is one,
nothing of the history is deleted on the word of a default that nobody may have wanted.
"""

import dataclasses
import difflib
import math
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui_flow.contract.errors import ProjectError
from tui_flow.contract.rundir import ENV_PROJECT, FLOWS, STATE_DIR, find_project, require_linux_or_mac
from tui_flow.contract.secret_sources import SETTING as SECRETS
from tui_flow.contract.secret_sources import Source, checked_sources
from tui_flow.contract.settings_file import place_in, read_settings_file
from tui_flow.counting import and_more

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

    mistakes: tuple[ProjectError, ...] = dataclasses.field(default=(), repr=False, compare=False)
    """What of the settings counts for nothing, because it is wrong; each with its place."""

    @property
    def flows_dir(self) -> Path:
        return self.project / FLOWS

    @property
    def state_dir(self) -> Path:
        return self.project / STATE_DIR

    def of_engine(self) -> dict[str, Any]:
        """Those that count in the engine, by name: the console has its own, and each run reads where secrets are."""
        return {name: getattr(self, name) for name in _FIELDS if name not in ("theme", SECRETS)}


_FIELDS = {
    field.name: field for field in dataclasses.fields(Settings) if field.name not in ("project", "mistakes")
}
NAMES = ("project", *_FIELDS)
_KEEP_ALL = {"keep_days": 0.0, "keep_runs": 0, "keep_mb": 0}


def load(project: str | Path | None = None) -> tuple[Settings, dict[str, str]]:
    """The settings, and for each of them where its value came from.

    `project` wins over TUI_FLOW_PROJECT, which wins over the nearest project from the current folder upwards.
    Raises ProjectError where there is none. What is wrong among the values is in `mistakes`.
    """
    require_linux_or_mac()
    root = _project(project)
    origins = dict.fromkeys(_FIELDS, "default")
    values: dict[str, Any] = {}
    mistakes: list[ProjectError] = []
    try:
        file, said = read_settings_file(root)
    except ProjectError as error:
        file, said = "default", {}
        mistakes.append(error)
    for origin, found in ((file, said), ("environment", _environment())):
        for name, value in found.items():
            try:
                values[name] = _checked(name, value, origin)
                origins[name] = origin
            except ValueError as error:
                mistakes.append(ProjectError(str(error), where=_place(root, origin, name)))
    if mistakes:
        origins.update((name, "mistake") for name in _KEEP_ALL if name not in values)
        values = _KEEP_ALL | values
    return Settings(project=root, **values, mistakes=tuple(mistakes)), origins


def in_words(mistakes: Sequence[ProjectError]) -> str:
    """The first of them, and how many more there are, on one line; empty where there is none."""
    if not mistakes:
        return ""
    return said_of(mistakes[0]) + and_more(len(mistakes), "mistake")


def said_of(mistake: ProjectError) -> str:
    """Where it is, and what."""
    return f"{mistake.where}: {mistake.what}"


def _place(root: Path, origin: str, name: str) -> str:
    if origin == "environment":
        return f"TUI_FLOW_{name.upper()}"
    return place_in(root, origin, name)


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
        near = difflib.get_close_matches(name, _FIELDS, 1)
        raise ValueError(f"there is no setting {name!r}{f', but there is {near[0]}' if near else ''}")
    if name == "tag_limits":
        return _checked_limits(value)
    if name in ("alert_command", "alert_urls"):
        return _checked_texts(name, value, origin)
    if name == SECRETS:
        return checked_sources(value)
    if name == "theme":
        if value not in THEMES:
            raise ValueError(f"theme = {value!r} is none of {', '.join(THEMES)}")
        return value
    wanted: Any = field.type
    try:
        number = wanted(value)
    except (TypeError, ValueError):
        number = -1
    least = 1 if name == "max_concurrent_runs" else 0
    if isinstance(value, bool) or not least <= number < math.inf:
        kind = "whole number" if wanted is int else "number"
        raise ValueError(f"{name} = {value!r} is not a {kind} of at least {least}")
    return number


def _checked_texts(name: str, value: Any, origin: str) -> list[str]:
    """A list of texts, or in the environment words as a shell would split them."""
    try:
        found = shlex.split(value) if isinstance(value, str) and origin == "environment" else value
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(text, str) and text for text in found):
        raise ValueError(f'{name} is to be a list of texts, such as {name} = ["..."]')
    return found


def _checked_limits(value: Any) -> dict[str, int]:
    """A table of whole numbers of at least 1, or the text that stands for one in the environment."""
    if isinstance(value, str):
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        value = {tag.strip(): int(limit) if limit.strip().isdigit() else limit for tag, _, limit in pairs}
    if not isinstance(value, dict):
        raise ValueError("tag_limits is to be a table, such as {heavy = 2}")
    for tag, limit in value.items():
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            raise ValueError(f"tag_limits: {tag} = {limit!r} is not a whole number of at least 1")
    return value
