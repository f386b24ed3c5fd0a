"""tui_flow: an orchestrator that lives in the terminal. Flow files say `from tui_flow import flow, task`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui_flow.sdk import *  # noqa: F403

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """The author's API, from `tui_flow.sdk`, on first use: `import tui_flow` alone costs nothing."""
    sdk = import_module("tui_flow.sdk")
    if name not in sdk.__all__:
        raise AttributeError(f"module 'tui_flow' has no attribute {name!r}")
    value = globals()[name] = getattr(sdk, name)
    return value
