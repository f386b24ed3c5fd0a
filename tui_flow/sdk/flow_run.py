"""The outermost flow run of a process: in a worker, as `spec.json` asks for it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tui_flow.contract.rundir import RunSpec, keep_source, open_state_dir
from tui_flow.sdk import context, logging, signals
from tui_flow.sdk.code_digest import load_sources
from tui_flow.sdk.effects import drive, drive_async
from tui_flow.sdk.endings import state_of_exception
from tui_flow.sdk.leaving_out import left_out_of
from tui_flow.sdk.names import generated_name
from tui_flow.sdk.recorder import Recorder
from tui_flow.sdk.rerun import CallBook
from tui_flow.sdk.run_logic import run_flow
from tui_flow.sdk.runs import FlowRun, RunTree
from tui_flow.sdk.states import COMPLETED, State, StateType

if TYPE_CHECKING:
    from tui_flow.sdk.flows import Flow


def run_spec(
    flow: "Flow[Any, Any]",
    spec: RunSpec,
    directory: Path,
    recorder: Recorder,
    *,
    source_sha: str | None = None,
    modules: dict[str, str] | None = None,
) -> bool:
    """Runs the flow to its end in this process, which tells the recorder of the run directory. Whether it
    completed, or is suspended.

    Never raises for what the author's code did, SIGTERM included: the journal's `FlowFinished` says it.
    `source_sha` is that of the text which was imported; None takes the flow file as it is now. `modules` are those
    of the project that it imports: SHA-256 by path.
    """
    tree = RunTree(
        recorder,
        run_id=spec.run_id,
        project=spec.project,
        first_number=spec.first_task_run_id,
        in_worker=True,
        source_sha=sha_of_source(spec.path, spec.project) if source_sha is None else source_sha,
        spec=spec,
        modules=modules,
        left_out=left_out_of(spec),
    )
    load_version(spec.project, spec.path, tree.source_sha, modules or {})
    tree.calls = CallBook(tree, directory, spec)
    run = FlowRun(
        flow, tree, name=spec.run_name or spec.default_name or generated_name(), tags=frozenset(spec.tags)
    )
    run.is_named = spec.run_name is not None
    run.run_count = spec.tries_before
    run.max_tries += spec.resumes
    before = signals.raise_on_sigterm()
    try:
        with at_work(run, console=False):
            state = _driven(run, spec.parameters)
    except BaseException as error:  # an event loop that was ended tells so again
        if tree.recorder.is_foreign:
            _leave(error)
        state = run.state if run.is_over else state_of_exception(run, error)
    finally:
        signals.restore(before)
    run.finish(state)
    return state.type in (COMPLETED, StateType.PAUSED)


def load_version(project: str, path: str, sha: str, modules: dict[str, str]) -> None:
    """Has digests told of the code of that version of the flow file, and of the modules that it imports."""
    load_sources(
        project, path, {path: sha, **{f"{project}/{module}": sha for module, sha in modules.items()}}
    )


def _leave(error: BaseException) -> NoReturn:
    """Ends a forked child that came out of the flow's body, as it would end a script."""
    code = error.code if isinstance(error, SystemExit) else 1
    if not isinstance(code, (int, type(None))):
        sys.stderr.write(f"{code}\n")
    elif not isinstance(error, SystemExit):
        sys.excepthook(type(error), error, error.__traceback__)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code if isinstance(code, int) else 1 if code else 0)


def _driven(run: FlowRun, parameters: dict[str, Any]) -> State[Any]:
    assert run.flow is not None
    logic = run_flow(run, (), parameters)
    if not run.flow.isasync:
        return drive(logic)
    import asyncio

    return asyncio.run(drive_async(logic))


@contextmanager
def at_work(run: FlowRun, console: bool) -> Iterator[None]:
    """While the run is at work, log records reach its log, `print` asks it, and threads without context find it."""
    logging.start(console)
    context.live_roots.append(run)
    try:
        yield
    finally:
        context.live_roots.remove(run)
        if not context.live_roots:
            logging.stop()


def sha_of_source(path: str, project: str) -> str:
    """The SHA-256 of the flow file, which is kept in `sources/`; empty where it cannot be read."""
    try:
        return keep_source(open_state_dir(Path(project)), Path(path).read_bytes()) if path else ""
    except OSError:
        return ""
