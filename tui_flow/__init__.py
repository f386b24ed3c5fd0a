"""tui_flow: an orchestrator that lives in the terminal. Flow files say `from tui_flow import flow, task`."""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tui_flow.sdk import *  # noqa: F403

__version__ = "0.1.0"


def __getattr__(name: str) -> "Any":
    """The author's API, from `tui_flow.sdk`, on first use: `import tui_flow` alone costs nothing.

    A name that Prefect has and we have not can be imported, and raises UnsupportedFeature when it is used.
    """
    import tui_flow.sdk as sdk

    if name == "__all__":  # from tui_flow import *
        return sdk.__all__
    if name in sdk.__all__:
        value = globals()[name] = getattr(sdk, name)
        return value
    if not name.startswith("_"):
        from tui_flow.prefect_alias import MODULES
        from tui_flow.sdk.unsupported import NAMES, Absent

        if name in NAMES:
            return Absent(name, NAMES[name])
        if name in MODULES:
            return getattr(__import__(f"tui_flow.{name}"), name)
    raise AttributeError(f"module 'tui_flow' has no attribute {name!r}")


class _PrefectsModules:
    """Finds `tui_flow.futures` and its like, when nothing else does."""

    @staticmethod
    def find_spec(name: str, path: "Any" = None, target: "Any" = None) -> "Any":  # noqa: ARG004
        if not name.startswith("tui_flow."):
            return None
        from tui_flow.prefect_alias import spec_of

        return spec_of(name)


sys.meta_path.append(_PrefectsModules)
