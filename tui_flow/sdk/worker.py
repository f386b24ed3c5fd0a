"""The worker: the forked process that runs one flow run. Its keeper watches it, and has the last word.

It imports the flow file itself, or is forked from a template that has imported it already; the author cannot tell.

The author finds what a script would find: the flow file's folder first on the path, the project as the working
directory, signals at their defaults, output that shows at once. What differs: `__name__` is the file's stem, standard
input is empty, and no core is dumped.

When the flow is over, the run ends. Threads that are no daemons are waited for, as Python does, but no longer than
the run's grace; then the log says where they were, and the process ends all the same. A cancelled run waits for none.
"""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tui_flow.contract import journal, rundir
from tui_flow.contract.errors import BrokenFlow
from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.flow_names import same_name
from tui_flow.contract.secret_parameters import not_kept, secrets_in
from tui_flow.contract.states import EndReason, FlowRunState
from tui_flow.contract.version import Version, read_version
from tui_flow.sdk import flow_file, lending, masking, streams
from tui_flow.sdk.stacks import answer_when_asked

if TYPE_CHECKING:
    from types import ModuleType

    from tui_flow.sdk.recorder import RunRecorder

LOGGER = "tui_flow.worker"


class Imported(NamedTuple):
    """A flow file that is a module now."""

    flows: dict[str, Any]
    """By the name that holds them."""
    version: Version


def work(spec: rundir.RunSpec, directory: Path, wait: Callable[[], None]) -> int:
    """Runs the flow of that spec to its end; gives the exit code. `wait` returns when the author's code may run."""
    make_a_script_of(Path(spec.path), Path(spec.project))
    settle_in(spec, directory)
    return run(spec, directory, wait, lambda: _import(spec, read_version(directory)))


def run(spec: rundir.RunSpec, directory: Path, wait: Callable[[], None], find: Callable[[], Imported]) -> int:
    """The flow that `find` gives, to its end, in a process that has settled in."""
    from tui_flow.sdk import signals
    from tui_flow.sdk.flow_run import run_spec
    from tui_flow.sdk.recorder import RunRecorder

    recorder = RunRecorder(directory)
    wait()
    try:
        imported = find()
        lending.begin(directory)
        flow = _flow_of(imported, spec)
        spec = spec._replace(parameters=_whole(spec.parameters, directory))
    except BaseException as error:
        _report_broken(error, spec, recorder)
        completed = False
    else:
        sha, modules = imported.version.sha, imported.version.module_shas
        completed = run_spec(flow, spec, directory, recorder, source_sha=sha, modules=modules)
    failpoint("worker-reported")
    _end_in_time(spec.grace_seconds, recorder, wait_for_threads=not signals.terminated)
    return 0 if completed else 1


def _whole(kept: dict[str, Any], directory: Path) -> dict[str, Any]:
    """The parameters with the secrets among them, which from now on are hidden. Raises BrokenFlow where those are gone."""
    found = rundir.with_secrets(directory, kept)
    if gone := ", ".join(not_kept(found)):
        raise BrokenFlow(f"what was given as {gone} is a secret, and is gone", next="run it anew")
    for secret in secrets_in(kept, found):
        masking.learn_all(secret)
    return found


def make_a_script_of(path: Path, project: Path) -> None:
    """What the author's file finds when it is imported: as a script, as far as that goes."""
    _open_standard_streams()
    sys.argv[:] = [str(path)]
    flow_file.set_import_path(path, project)


def settle_in(spec: rundir.RunSpec, directory: Path) -> None:
    """What makes a process that of a run."""
    import faulthandler
    import resource

    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    faulthandler.enable(file=2)
    os.environ[rundir.ENV_RUN_DIR] = str(directory)
    os.environ[rundir.ENV_COOKIE] = spec.cookie
    streams.tell_who(spec.cookie)
    answer_when_asked(directory)


def _open_standard_streams() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdin = sys.__stdin__ = streams.open_standard(0, "r")  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = streams.open_standard(1, "w")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = streams.open_standard(2, "w")  # type: ignore[misc]


def _import(spec: rundir.RunSpec, version: Version | None) -> Imported:
    """The flow file in that version, or as it is now."""
    from tui_flow.sdk import project_modules

    path, project = Path(spec.path), Path(spec.project)
    os.chdir(project)
    if spec.source_sha:
        version = version if version and version.sha == spec.source_sha else Version(spec.source_sha, {})
    module, sha = load(path, project, version, is_asked_for=bool(spec.source_sha))
    return Imported(flow_file.flows_of(module), Version(sha, project_modules.imported(project, path)))


def load(
    path: Path, project: Path, version: Version | None, is_asked_for: bool = False
) -> tuple["ModuleType", str]:
    """The flow file as a module, and the SHA-256 of its text: in that version; where that was not kept, and nobody asked
    for it, as it is now. Raises what the file raises."""
    from tui_flow.sdk import project_modules

    state_dir = rundir.open_state_dir(project)
    if version and version.modules:
        project_modules.import_from(version, project)
    kept = state_dir / rundir.SOURCES / f"{version.sha}.py" if version else path
    source = flow_file.read_source(kept if is_asked_for or kept.exists() else path)
    sha = rundir.keep_source(state_dir, source)
    return flow_file.load(path, source), sha


def _flow_of(imported: Imported, spec: rundir.RunSpec) -> Any:
    flows = imported.flows
    by_name = [flow for flow in flows.values() if same_name(flow.name, spec.flow)]
    if spec.function not in flows and not by_name:
        there = ", ".join(flows) or "none"
        raise BrokenFlow(
            f"the file has no flow {spec.function!r}", where=spec.path, next=f"its flows: {there}"
        )
    return flows.get(spec.function) or by_name[0]


def _report_broken(error: BaseException, spec: rundir.RunSpec, recorder: "RunRecorder") -> None:
    """The flow could not be started: says why, and where an editor should open."""
    what, failure = flow_file.explain(error, Path(spec.path))
    place = f" ({Path(spec.path).name}:{failure.line})" if failure.line else ""
    message = f"the flow file could not be imported: {what}{place}"[: journal.MAX_TEXT]
    _say(recorder, "ERROR", f"{message}\n{failure.traceback}".strip())
    recorder.record(
        journal.FlowFinished(time.time(), FlowRunState.FAILED, "Failed", EndReason.REFUSED, message, failure)
    )


def _say(recorder: "RunRecorder", level: str, message: str) -> None:
    recorder.log(time.time(), level, 0, 1, LOGGER, message)


def _end_in_time(grace: float, recorder: "RunRecorder", wait_for_threads: bool) -> None:
    """What the interpreter does at its end, within the grace (seconds); then the process is ended where it stands,
    and the log gets the stack of every thread."""
    import atexit
    import faulthandler
    import threading

    faulthandler.dump_traceback_later(max(grace, 0.01), exit=True, file=2)
    if wait_for_threads:
        others = [one for one in threading.enumerate() if one is not threading.main_thread()]
        if names := ", ".join(one.name for one in others if not one.daemon):
            _say(recorder, "INFO", f"the flow is over; waiting up to {grace:g} s for its threads: {names}")
        threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
