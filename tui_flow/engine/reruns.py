"""Begins runs that are over anew, as further attempts of the same run.

The spec of the attempt is whole before the history says pending, and that comes before the answer. What dies in
between leaves a run that is over, and a spec that the next rerun writes again: nobody starts an attempt that the
history does not know.
"""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tui_flow.contract import commands
from tui_flow.contract.errors import BadParameters, NotRerunnable, UnknownRun, broken_file
from tui_flow.contract.journal import MAX_TEXT, RunEnded, decode
from tui_flow.contract.left_out import unmatched
from tui_flow.contract.rundir import (
    CANCEL,
    JOURNAL,
    LOCK,
    SOURCES,
    RunSpec,
    forget_secrets,
    lock_holder,
    put_secrets_away,
    read_spec,
    run_dir,
    write_spec,
)
from tui_flow.contract.secret_parameters import starred_like
from tui_flow.contract.states import RERUNNABLE, FlowRunState
from tui_flow.contract.version import VERSION
from tui_flow.engine.folding import state_name
from tui_flow.engine.known_tasks import shown
from tui_flow.engine.parameters import check, require_secrets
from tui_flow.store import runs, served, tasks
from tui_flow.store.records import FlowRun

if TYPE_CHECKING:
    from tui_flow.engine.engine import Engine

ENDING_SECONDS = 2.0
"""How long the keeper of a run that is over may still take to be gone."""
LOOK_SECONDS = 0.01
_LONGEST_LAST_WORD = 8 * MAX_TEXT


class Rerun:
    """One run that is over, and what its next attempt is to be."""

    def __init__(self, run: FlowRun, spec: RunSpec, directory: Path, before: dict[str, Any]) -> None:
        """`before`: the parameters of the attempt before."""
        self.run, self.spec, self.directory, self.kept = run, spec, directory, before
        self.changed_parameters = [
            name for name, value in spec.parameters.items() if name not in before or before[name] != value
        ]


async def asked_for(engine: "Engine", command: commands.RerunRun | commands.PreviewRerun) -> Rerun:
    """The next attempt that a command asks for, with nothing done yet. Raises UnknownRun, NotRerunnable, BrokenFlow
    and BadParameters."""
    engine.arrivals.look(engine.clock.monotonic())
    run = runs.get_run(engine.db, command.run_id)
    if run is None:
        raise UnknownRun(f"there is no run {command.run_id}", next="tui-flow runs lists those there are")
    if run.state not in RERUNNABLE:
        _refuse(run, f"is not over: it is {run.state}", f"wait for its end, or tui-flow cancel {run.id}")
    directory = run_dir(engine.settings.state_dir, run.id)
    spec = read_spec(directory)
    if spec is None or not spec.path:
        what = "has no run directory any more" if spec is None else "was called by code that no file holds"
        _refuse(run, what, "run its flow anew")
    keeps_wishes = run.never_began and not _has_wishes(command)
    if keeps_wishes:
        command = _as_before(command, spec)
    source_sha = _source_of(engine, run) if command.original_code else ""
    if not source_sha:
        await _require_sound(engine, run, spec)
    flow = served.flow_of(engine.db, run.flow, run.served)
    parameters = {**spec.parameters, **command.parameters}
    if flow is not None and command.parameters:
        check(flow, parameters)
    attempt = max(spec.attempt, run.attempt) + (not run.never_began)
    is_same = starred_like(spec.parameters, parameters) == spec.parameters
    _refuse_both(run, command)
    _require_called(engine, run, command)
    return Rerun(
        run,
        spec._replace(
            parameters=parameters,
            run_name=spec.run_name or (run.run_name or None if is_same else None),
            attempt=attempt,
            first_task_run_id=max(tasks.last_id(engine.db, run.id) + 1, run.first_task_run_id),
            timeout_seconds=flow.timeout_seconds if flow else spec.timeout_seconds,
            grace_seconds=engine.settings.grace_seconds,
            log_mb=engine.settings.log_mb,
            reuse=_reuse(command),
            rerun_from=command.from_tasks,
            rerun_only=command.only,
            skip=[] if command.force else spec.skip,
            only=[] if command.force else spec.only,
            asked_attempt=attempt,
            is_strict=keeps_wishes and spec.is_strict,
            tries_before=0,
            resumes=0,
            crashes=0,
            source_sha=source_sha,
        ),
        directory,
        {**run.parameters, **spec.parameters},
    )


async def begin(engine: "Engine", rerun: Rerun) -> int:
    """Begins the attempt, as soon as a slot is free; gives its number. Durable when it returns.

    Raises NotRerunnable where the run's last keeper does not go, or somebody else began an attempt meanwhile.
    """
    run, spec = rerun.run, rerun.spec
    require_secrets(spec.parameters)
    await _wait_gone(engine, rerun)
    if runs.get_run(engine.db, run.id) != run:
        _refuse(run, "has just been changed by somebody else", f"tui-flow show {run.id}")
    try:
        pending = _put_down(engine, rerun)
    except BaseException:
        forget_secrets(rerun.directory)  # the run is as over as it was
        raise
    engine.supervisor.started.discard(run.id)
    engine.dispatcher.queue(engine.ingest.take_up(pending))
    return spec.attempt


def _put_down(engine: "Engine", rerun: Rerun) -> FlowRun:
    """The attempt on disk and in the history, where it is pending."""
    run = rerun.run
    flow = served.flow_of(engine.db, run.flow, run.served)
    schema = flow.parameters if flow else {}
    kept = put_secrets_away(rerun.directory, schema, rerun.spec.parameters, rerun.kept)
    spec = rerun.spec._replace(parameters=kept)
    write_spec(rerun.directory, spec)
    (rerun.directory / CANCEL).unlink(missing_ok=True)
    if run.never_began:
        _forget_end(rerun.directory / JOURNAL, spec.attempt)
    if not spec.source_sha:
        (rerun.directory / VERSION).unlink(missing_ok=True)  # that of the attempt before
    pending = run._replace(
        state=FlowRunState.PENDING,
        state_name=state_name(FlowRunState.PENDING),
        reason=None,
        message="",
        attempt=spec.attempt,
        tries=0,
        parameters=spec.parameters,
        started_at=None,
        ended_at=None,
        due_at=None,
        exit_code=None,
        signal=None,
        failure=None,
        crashes=0,
        awaits_attempt=False,
        waited=(),
        is_partial=False,
        ingested_bytes=_size(rerun.directory / JOURNAL),
        first_task_run_id=spec.first_task_run_id,
    )
    runs.begin_attempt(engine.db, run, pending)
    return pending


def _forget_end(path: Path, attempt: int) -> None:
    """Takes the end of an attempt that never began out of the journal, which is its last line: it is about to be made."""
    with suppress(FileNotFoundError), path.open("rb+") as file:
        start = max(0, file.seek(0, os.SEEK_END) - _LONGEST_LAST_WORD)
        file.seek(start)
        before, newline, last = file.read().removesuffix(b"\n").rpartition(b"\n")
        event = decode(last)
        if isinstance(event, RunEnded) and event.attempt == attempt:
            file.truncate(start + len(before + newline))


async def _require_sound(engine: "Engine", run: FlowRun, spec: RunSpec) -> None:
    """The flow file is there, and is not known to be broken as it is now."""
    engine.watcher.look(engine.clock.monotonic())
    await engine.discovery.wait_done(run.path)
    file = engine.discovery.file_of(run.path)
    if file is not None and file.state == "broken" and run.path in engine.watcher.sources:
        next = "mend it, or rerun with --original-code"
        raise broken_file(file.error, file.path, file.error_line, next)
    if not Path(spec.path).is_file():
        _refuse(run, f"has lost its flow file {run.path}", "put it back, or rerun with --original-code")


def _refuse_both(run: FlowRun, command: commands.RerunRun | commands.PreviewRerun) -> None:
    given = [name for name in ("only", "only_failed", "force") if getattr(command, name)]
    if command.only and command.from_tasks:
        given.append("from_tasks")
    if len(given) > 1:
        _refuse(run, f"cannot be run with {given[0]} and {given[1]} at once", "choose one of the two")


def _has_wishes(command: commands.RerunRun | commands.PreviewRerun) -> bool:
    """Whether it says what is to be reused, or what is to run."""
    return any((command.from_tasks, command.only, command.only_failed, command.force, command.original_code))


def _as_before(
    command: commands.RerunRun | commands.PreviewRerun, spec: RunSpec
) -> commands.RerunRun | commands.PreviewRerun:
    """The same with the wishes of the attempt that is still to be made."""
    return command._replace(
        from_tasks=spec.rerun_from,
        only=spec.rerun_only,
        only_failed=spec.reuse == "succeeded",
        force=spec.reuse == "nothing",
        original_code=bool(spec.source_sha),
    )


def _reuse(command: commands.RerunRun | commands.PreviewRerun) -> str:
    if command.force:
        return "nothing"
    return "any" if command.only else "succeeded" if command.only_failed else "equal"


def _require_called(
    engine: "Engine", run: FlowRun, command: commands.RerunRun | commands.PreviewRerun
) -> None:
    """Nothing runs anew of a task that was never called: most likely its name is misspelt."""
    asked = [*command.from_tasks, *command.only]
    names = tasks.list_names(engine.db, run.id) if asked else []
    for option, unknown in (
        ("--from", [name for name in command.from_tasks if name not in names]),
        ("--only", unmatched(command.only, names)),
    ):
        for name in unknown:
            raise BadParameters(
                f"run {run.id} of {run.flow} has called no task {name!r}",
                next=f"it called {shown(names)}" if names else f"leave {option} out",
            )


def _source_of(engine: "Engine", run: FlowRun) -> str:
    if not run.source_sha or not (engine.settings.state_dir / SOURCES / f"{run.source_sha}.py").is_file():
        _refuse(run, "has no code of its own: its flow file's text was not kept", "leave --original-code out")
    return run.source_sha


async def _wait_gone(engine: "Engine", rerun: Rerun) -> None:
    """The keeper of the attempt before has said its last word, and may need a moment to go."""
    deadline = engine.clock.monotonic() + ENDING_SECONDS
    while engine.supervisor.guards(rerun.run.id) or lock_holder(rerun.directory / LOCK) is not None:
        if engine.clock.monotonic() > deadline:
            _refuse(rerun.run, "is just ending", "try again in a moment")
        await asyncio.sleep(LOOK_SECONDS)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _refuse(run: FlowRun, what: str, next: str) -> NoReturn:
    raise NotRerunnable(f"run {run.id} of {run.flow} {what}", next=next)
