"""A flow that is called outside of any run, as in `python flows/hello.py`: this process plays keeper and worker.

The run directory is made in the project of the script, else in that of the current folder, else in the user's data
directory. No engine is needed; the next one takes the run into the history. A script that is killed leaves no last
word, and the free lock says so.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tui_flow.contract import journal, rundir
from tui_flow.contract.asked_by import SCRIPT, by_debugger
from tui_flow.contract.errors import StateDirError
from tui_flow.contract.secret_parameters import secrets_in, starred
from tui_flow.sdk import flow_file, masking, params, signals
from tui_flow.sdk.code_digest import load_sources
from tui_flow.sdk.context import current_tags
from tui_flow.sdk.endings import interrupted
from tui_flow.sdk.flow_run import at_work, sha_of_source
from tui_flow.sdk.last_word import Usage
from tui_flow.sdk.leaving_out import left_out_of
from tui_flow.sdk.names import generated_name
from tui_flow.sdk.readable import as_json
from tui_flow.sdk.recorder import RunRecorder
from tui_flow.sdk.rerun import CallBook
from tui_flow.sdk.runs import FlowRun, RunTree
from tui_flow.sdk.stacks import answer_no_more, answer_when_asked
from tui_flow.sdk.states import JOURNAL_FLOW_STATES, State

if TYPE_CHECKING:
    from tui_flow.sdk.flows import Flow


_earlier: tuple[Path, rundir.RunSpec] | None = None


@contextmanager
def earlier_run(directory: Path, spec: rundir.RunSpec) -> Iterator[None]:
    """Inside, a script's run reuses what succeeded in the run of that directory."""
    global _earlier
    next_one = spec.attempt + 1
    _earlier = (
        directory,
        spec._replace(attempt=next_one, asked_attempt=next_one, reuse="equal", rerun_from=[], rerun_only=[]),
    )
    try:
        yield
    finally:
        _earlier = None


class ScriptRun:
    """`with ScriptRun(flow, args, kwargs) as run:` drive the flow run inside; the last word is written at the end."""

    def __init__(self, flow: "Flow[Any, Any]", args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Raises RuntimeError while a flow file is imported, which happens at every save of it."""
        if flow_file.importing:
            raise RuntimeError(
                f"the flow {flow.name!r} is called while its file is imported: put the call under "
                'if __name__ == "__main__":'
            )
        project = find_project_of_script()
        run_id, self._directory = rundir.make_run_dir(rundir.open_state_dir(project))
        self._spec = _spec(flow, args, kwargs, run_id, project)
        rundir.write_spec(self._directory, self._spec)
        self._lock = rundir.take_lock(self._directory / rundir.LOCK)
        tree = RunTree(
            RunRecorder(self._directory),
            run_id=run_id,
            project=str(project),
            source_sha=sha_of_source(self._spec.path, str(project)),
            left_out=left_out_of(_earlier[1]) if _earlier else None,
        )
        load_sources(str(project), self._spec.path)
        tree.calls = CallBook(tree, *(_earlier or (self._directory, None)))
        self.run = FlowRun(flow, tree, name=generated_name(), tags=current_tags.get())
        self.run.is_named = False

    def __enter__(self) -> FlowRun:
        pid, self._cpu_before = os.getpid(), time.process_time()
        python = f"{sys.version.split()[0]} {sys.executable}"
        self.run.tree.record(journal.RunStarted(time.time(), 1, pid, pid, os.uname().nodename, python))
        self._mark_children()
        self._sigterm_before = signals.raise_on_sigterm()
        signals.end_by_signal_where_uncaught()
        self._answers = answer_when_asked(self._directory)
        self._at_work = at_work(self.run, console=True)
        self._at_work.__enter__()
        return self.run

    def __exit__(self, cls: Any, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._at_work.__exit__(None, None, None)
        if self.run.tree.recorder.is_foreign:  # a forked child that came out of the flow's body
            return
        if not self.run.is_over:
            self.run.finish(interrupted(self.run, error or KeyboardInterrupt()))
        self._write_last_word(self.run.state)
        if self._answers:
            answer_no_more()
        for name in self._marked:
            os.environ.pop(name, None)
        signals.restore(self._sigterm_before)

    def _mark_children(self) -> None:
        """Processes that the run starts carry its marks, unless this process carries those of a run around it."""
        marks = {rundir.ENV_RUN_DIR: str(self._directory), rundir.ENV_COOKIE: self._spec.cookie}
        self._marked = [] if rundir.ENV_COOKIE in os.environ else list(marks)
        os.environ.update({name: marks[name] for name in self._marked})

    def _write_last_word(self, state: State[Any]) -> None:
        import resource

        message = (state.message or "")[: journal.MAX_TEXT]
        usage = Usage.of(resource.getrusage(resource.RUSAGE_SELF))
        self.run.tree.record(
            journal.RunEnded(
                time.time(),
                JOURNAL_FLOW_STATES[state.type].value,
                state.reason.value,
                message,
                None,
                None,
                max_rss_bytes=usage.max_rss_bytes,
                cpu_seconds=round(time.process_time() - self._cpu_before, 3),
            )
        )
        self.run.tree.recorder.close()
        if self._lock is not None:
            os.close(self._lock)


def find_project_of_script() -> Path:
    """TUI_FLOW_PROJECT, or the project whose flow file is imported, or the one around the script, or around the current
    folder, or the user's data directory. Raises StateDirError where the named one is not there."""
    named = os.environ.get(rundir.ENV_PROJECT)
    if named:
        project = Path(named).expanduser().resolve()
        if not project.is_dir():
            raise StateDirError("no such project folder", where=str(project), next="check TUI_FLOW_PROJECT")
        return project
    if flow_file.project is not None:
        return flow_file.project
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    for start in ([Path(script).resolve().parent] if script else []) + [Path.cwd()]:
        found = rundir.find_project(start)
        if found is not None:
            return found
    from platformdirs import user_data_dir

    home = Path(user_data_dir("tui_flow"))
    rundir.make_private(home)
    return home


def _spec(
    flow: "Flow[Any, Any]", args: tuple[Any, ...], kwargs: dict[str, Any], run_id: int, project: Path
) -> rundir.RunSpec:
    code = getattr(flow.fn, "__code__", None)
    path = code.co_filename if code and Path(code.co_filename).is_file() else ""
    given = as_json(dict(params.bind(flow.fn, args, kwargs).arguments))
    may_have_secrets = "pydantic" in sys.modules
    kept = starred(params.schema(flow.fn), given) if may_have_secrets else given
    for secret in secrets_in(kept, given):
        masking.learn_all(secret)
    return rundir.RunSpec(
        run_id=run_id,
        flow=flow.name,
        path=str(Path(path).resolve()) if path else "",
        function=getattr(flow.fn, "__name__", ""),
        parameters=kept,
        run_name=None,
        tags=sorted(flow.tags | current_tags.get()),
        trigger=by_debugger(_earlier[1].run_id) if _earlier else SCRIPT,
        created_at=time.time(),
        project=str(project),
        cookie=os.urandom(16).hex(),
        timeout_seconds=flow.timeout_seconds,
        grace_seconds=10.0,
    )
