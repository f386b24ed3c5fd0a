"""tui_flow: an orchestrator that lives in the terminal. Flow files say `from tui_flow import flow, task`."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tui_flow.sdk import *  # noqa: F403

__version__ = "0.1.0"


def __getattr__(name: str) -> "Any":
    """The author's API, from `tui_flow.sdk`, on first use: `import tui_flow` alone costs nothing."""
    if name.startswith("__"):
        raise AttributeError(f"module 'tui_flow' has no attribute {name!r}")
    import tui_flow.sdk as sdk

    value = globals()[name] = getattr(sdk, name)
    return value
