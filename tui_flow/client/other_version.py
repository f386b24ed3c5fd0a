"""Whether the engine that runs is of this program's version: one that was started before an upgrade goes on as it is."""

from collections.abc import Mapping
from typing import Any

from tui_flow import __version__
from tui_flow.store.database import SCHEMA_VERSION


def other_version(status: Mapping[str, Any]) -> str:
    """Of which version the engine is that answered `GetStatus` so, where it is another one; empty where it is not."""
    version, schema = status.get("version", ""), status.get("schema", 0)
    if not version or (version, schema) == (__version__, SCHEMA_VERSION):
        return ""
    return version if version != __version__ else f"{version} with another history"
