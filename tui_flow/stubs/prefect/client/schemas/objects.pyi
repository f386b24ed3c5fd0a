"""For type checkers, of files that say `import prefect`: see the README, Coming from Prefect."""

# mypy: disable-error-code="no-redef"

from typing import Any

from tui_flow.sdk.runs import *  # noqa: F403
from tui_flow.sdk.states import *  # noqa: F403

def __getattr__(name: str) -> Any: ...
