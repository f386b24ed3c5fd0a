"""tui_flow: an orchestrator that lives in the terminal. Flow files say `from tui_flow import flow, task`."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tui_flow.sdk import *  # noqa: F403

__version__ = "0.1.0"


def __getattr__(name: str) -> "Any":
    """The author's API, from `tui_flow.sdk`, on first use: `import tui_flow` alone costs nothing.

    Raises UnsupportedFeature for a name that Prefect has and we have not.
    """
    import tui_flow.sdk as sdk

    if name == "__all__":  # from tui_flow import *
        return sdk.__all__
    if name in sdk.__all__:
        value = globals()[name] = getattr(sdk, name)
        return value
    if not name.startswith("_"):
        from tui_flow.sdk.unsupported import refuse_name

        refuse_name(name)
    raise AttributeError(f"module 'tui_flow' has no attribute {name!r}")
