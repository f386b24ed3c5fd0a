"""`python -m tests.examples.run_all tui_flow|prefect [name …]` runs the examples in this process, as scripts of that
package, and prints what each printed as one JSON object."""

import io
import json
import os
import re
import sys
import tempfile
import traceback
from contextlib import redirect_stdout
from pathlib import Path

HERE = Path(__file__).parent
HARNESS = {"__init__", "run_all", "test_examples"}
OUTPUT = "# Output:\n"
"""At the end of an example: what it prints, as comments."""


def names() -> list[str]:
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in HARNESS)


def expected(name: str) -> str:
    """What the example says that it prints."""
    _, _, comments = (HERE / f"{name}.py").read_text().partition(OUTPUT)
    return "".join(f"{line[2:]}\n" for line in comments.splitlines())


def run(name: str, package: str) -> str:
    """What the example prints, run as a script that imports that package. A traceback where it raises."""
    path = HERE / f"{name}.py"
    source = re.sub(r"\bprefect\b", package, path.read_text())
    out = io.StringIO()
    with redirect_stdout(out):
        try:
            exec(compile(source, str(path), "exec"), {"__name__": "__main__", "__file__": str(path)})
        except BaseException:
            traceback.print_exc(file=out)
    return out.getvalue()


def main(package: str, wanted: list[str]) -> None:
    from tui_flow import prefect_alias

    os.environ[prefect_alias.ENV_PREFECT] = "ours"
    if package == "prefect":
        prefect_alias.install()
    with tempfile.TemporaryDirectory() as project:
        os.environ["TUI_FLOW_PROJECT"] = project
        found = {name: run(name, package) for name in wanted or names()}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
