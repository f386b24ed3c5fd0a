"""Settings that the running engine has other values of than the command in progress. It takes over their file by
itself, so what differs comes from the environment: that of the engine is as old as the engine."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from tui_flow.contract.errors import TuiFlowError
from tui_flow.contract.rundir import ENGINE_LOCK, lock_holder
from tui_flow.settings import Settings

NEXT = "tui-flow engine stop, then start it in this environment"


def of_running_engine(settings: Settings) -> dict[str, Any]:
    """By name, its values of those that differ; empty where no engine runs, or none answers."""
    from tui_flow.client import connect
    from tui_flow.contract.commands import GetStatus

    if lock_holder(settings.state_dir / ENGINE_LOCK) is None:
        return {}
    with suppress(TuiFlowError), connect(settings, start=False, timeout=5) as connection:
        return differing(settings, connection.ask(GetStatus(settings=True)))
    return {}


def differing(settings: Settings, status: dict[str, Any]) -> dict[str, Any]:
    """The same of what `GetStatus` answered. An engine of another version may not tell, or not know them all; one that
    was there before a mistake in the settings has good values still."""
    if settings.mistakes:
        return {}
    told, wanted = status.get("settings", {}), settings.of_engine()
    return {name: told[name] for name in wanted if name in told and told[name] != wanted[name]}


def restart_needed(names: Iterable[str]) -> str:
    return f"restart needed: the engine was started with another environment, and has other values of {', '.join(names)}"
