"""python -m tui_flow.sdk.as_script <file> <argument>…: runs the file as `python <file>` does, as `__main__`, and with
`import prefect` meaning tui_flow where Prefect is not installed."""

import sys
import types
from pathlib import Path

from tui_flow import prefect_alias


def main(path: str, arguments: list[str]) -> None:
    """Raises what the file raises."""
    prefect_alias.install()
    sys.argv[:] = [path, *arguments]
    sys.path[0] = str(Path(path).parent)
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    module.__file__ = path
    exec(compile(Path(path).read_bytes(), path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
