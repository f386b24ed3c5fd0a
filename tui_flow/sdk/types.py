"""Prefect's words for types that authors name (prefect.types)."""

from datetime import datetime
from enum import Enum
from typing import Any

DateTime = datetime
KeyValueLabels = dict[str, Any]
StrictVariableValue = Any


class EntrypointType(Enum):
    """How a served flow is found again. Here it is always by its file."""

    FILE_PATH = "file_path"
    MODULE_PATH = "module_path"


_LIMITED: dict[str, tuple[type, dict[str, Any]]] = {
    "PositiveInteger": (int, {"gt": 0}),
    "PositiveFloat": (float, {"gt": 0}),
    "NonNegativeInteger": (int, {"ge": 0}),
    "NonNegativeFloat": (float, {"ge": 0}),
}


def __getattr__(name: str) -> Any:
    """Those that pydantic checks, which is loaded for them alone."""
    if name == "SecretDict":
        from tui_flow.sdk.blocks.fields import SecretDict

        return SecretDict
    if name not in _LIMITED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from typing import Annotated

    from pydantic import Field

    kind, limits = _LIMITED[name]
    return Annotated[kind, Field(**limits)]
