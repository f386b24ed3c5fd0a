"""A run under the debugger: `python -m tui_flow.sdk.debugging <run directory>`, in the terminal of whoever looks.

It is a new run, of the flow file as it is now, with the parameters of the run in that directory. What succeeded there,
with equal arguments and equal code, is reused; at the first exception of the author's code `pdb` looks at it.
"""

import os
import pdb
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tui_flow.contract import rundir
from tui_flow.contract.errors import EXIT_INTERRUPTED, EXIT_USAGE, BrokenFlow
from tui_flow.contract.flow_names import same_name
from tui_flow.contract.secret_parameters import STARS
from tui_flow.safe import safe, safe_lines
from tui_flow.sdk import context, flow_file, logging, masking
from tui_flow.sdk.failures import authors_part

if TYPE_CHECKING:
    from tui_flow.sdk.runs import FlowRun, TaskRun


_TUI_FLOW = ("-P", "-c", "from tui_flow.cli.main import main; main()")
_ASKING_ENDS_SECONDS = 3.0
"""What asks hears from the engine that its answer was taken; where another one was, it waits still."""


class Debugger(pdb.Pdb):
    """Talks to the terminal only: what it lists and tells is no print of the flow's, which may be logged."""

    def interaction(self, *args: Any) -> None:
        with logging.prints_to_terminal():
            super().interaction(*args)

    def message(self, msg: str) -> None:
        with logging.prints_to_terminal():
            super().message(msg)


def look(run: "FlowRun | TaskRun", error: BaseException) -> None:
    """Shows the exception in `pdb`, once: what follows from it is only its echo. There are no more tries after it."""
    if not isinstance(error, Exception):
        return
    context.debugger = None
    run.max_tries = run.run_count
    found = authors_part(error, error.__traceback__)
    name = getattr(run, "name", run.definition.name)
    told = "\n".join(safe_lines("".join(traceback.format_exception(type(error), error, found))))
    sys.stderr.write(f"\n{told}\n{safe(name)} failed. You are where it did: w shows the stack, q goes on.\n")
    sys.stderr.flush()
    if found is not None:
        debugger = Debugger()
        debugger.reset()
        debugger.interaction(None, found)


@contextmanager
def ask_here(run: "FlowRun", key: str) -> Iterator[Callable[[], None]]:
    """`tui-flow answer` in this terminal, as long as the run waits. What did not fit is asked for anew."""
    project, number = run.tree.project or "", str(run.tree.run_id)
    command = [sys.executable, *_TUI_FLOW, "--project", project, "answer", number, "--key", key]
    asking = subprocess.Popen(command)

    def ask_again() -> None:
        nonlocal asking
        if asking.poll() == EXIT_USAGE:
            asking = subprocess.Popen(command)

    try:
        yield ask_again
        with suppress(subprocess.TimeoutExpired):
            asking.wait(_ASKING_ENDS_SECONDS)
    finally:
        if asking.poll() is None:
            asking.terminate()
            asking.wait()


def _stop_here(*_: object, **__: object) -> None:
    """What `breakpoint()` does, unless PYTHONBREAKPOINT says something else."""
    Debugger().set_trace(sys._getframe(1))


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m tui_flow.sdk.debugging <run directory>\n")
        return EXIT_USAGE
    directory = Path(arguments[0]).absolute()
    spec = rundir.read_spec(directory)
    if spec is None:
        sys.stderr.write(f"there is no run in {directory}\n")
        return EXIT_USAGE
    try:
        parameters = _with_secrets(spec.parameters)
    except (EOFError, KeyboardInterrupt):
        sys.stderr.write("\nno secret was given, so nothing ran\n")
        return EXIT_INTERRUPTED
    flow = _flow(spec)
    context.debugger, context.asker = look, ask_here
    if "PYTHONBREAKPOINT" not in os.environ:
        sys.breakpointhook = _stop_here
    logging.shows_safe_text()
    from tui_flow.sdk.script_run import earlier_run

    with earlier_run(directory, spec):
        state = flow(**parameters, return_state=True)
        if hasattr(state, "__await__"):
            import asyncio

            state = asyncio.run(_awaited(state))
    return 0 if state.is_completed() else 1


def _with_secrets(value: Any, place: str = "") -> Any:
    """The parameters, with the secrets asked for of which only stars were kept."""
    if value == STARS:
        from getpass import getpass

        secret = getpass(f"{safe(place)} (not shown): ")
        masking.learn_all(secret)
        return secret
    if isinstance(value, dict):
        return {name: _with_secrets(one, f"{place}.{name}".lstrip(".")) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_secrets(one, f"{place}.{number}") for number, one in enumerate(value)]
    return value


async def _awaited(coroutine: Any) -> Any:
    return await coroutine


def _flow(spec: rundir.RunSpec) -> Any:
    """The flow, of the file as it is now. Ends the process where the file does not import."""
    path, project = Path(spec.path), Path(spec.project)
    sys.argv[:] = [str(path)]
    flow_file.set_import_path(path, project)
    os.chdir(project)
    try:
        flows = flow_file.flows_of(flow_file.load(path, flow_file.read_source(path)))
    except BaseException as error:
        _refuse(error, path)
    found = flows.get(spec.function) or next(
        (flow for flow in flows.values() if same_name(flow.name, spec.flow)), None
    )
    if found is None:
        _refuse(
            BrokenFlow(f"the file has no flow {spec.flow!r} any more", next=f"its flows: {', '.join(flows)}"),
            path,
        )
    return found


def _refuse(error: BaseException, path: Path) -> NoReturn:
    what, failure = flow_file.explain(error, path)
    sys.stderr.write(f"{failure.traceback}\n{path}: {what}\n")
    sys.exit(EXIT_USAGE)


if __name__ == "__main__":
    # The module that the rest of the package imports is another than this one, which is called __main__.
    from tui_flow.sdk import debugging

    sys.exit(debugging.main(sys.argv[1:]))
