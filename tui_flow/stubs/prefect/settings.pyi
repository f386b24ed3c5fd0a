"""For type checkers, of files that say `import prefect`: see the README, Coming from Prefect."""

from typing import Any

from tui_flow.sdk.prefect_settings import *  # noqa: F403

def __getattr__(name: str) -> Any: ...
