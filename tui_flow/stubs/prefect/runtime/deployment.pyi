"""For type checkers, of files that say `import prefect`: see the README, Coming from Prefect."""

from typing import Any

def __getattr__(name: str) -> Any: ...
