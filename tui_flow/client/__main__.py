"""python -m tui_flow.client <project>: sees to it that the project's engine runs, for whoever cannot import this.

Prints nothing and exits with 0; else one JSON object, `contract.errors.to_wire`, and the error's exit code.
"""

import json
import sys

from tui_flow.client import connect
from tui_flow.contract.errors import EXIT_OK, TuiFlowError, to_wire
from tui_flow.settings import load


def main(project: str) -> int:
    try:
        connect(load(project)[0]).close()
    except TuiFlowError as error:
        print(json.dumps(to_wire(error)))  # noqa: T201
        return error.exit_code
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
