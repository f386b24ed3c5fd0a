"""What the engine does for answers to runs that wait for people: one function a verb, as in `answers`."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tui_flow.contract import commands, questions
from tui_flow.contract.errors import BadParameters, EngineError, NotWaiting, UnknownRun
from tui_flow.contract.failpoints import failpoint
from tui_flow.contract.parameter_fit import LENIENT, kind, misfit
from tui_flow.contract.questions import Answer, Question
from tui_flow.contract.rundir import ENV_COOKIE, ENV_RUN_DIR, run_dir
from tui_flow.contract.secret_parameters import definitions_of
from tui_flow.contract.states import TERMINAL
from tui_flow.engine.server import Connection
from tui_flow.store import runs

if TYPE_CHECKING:
    from tui_flow.engine.engine import Engine

TAKING_SECONDS = 10.0
"""How long a run may take to look at its answer, which it does many times a second."""
LOOK_SECONDS = 0.02
CHECK = ("-m", "tui_flow.sdk.answer_check")


async def answer_run(engine: "Engine", connection: Connection, command: commands.AnswerRun) -> dict[str, Any]:
    engine.arrivals.look(engine.clock.monotonic())
    active = engine.ingest.active.get(command.run_id)
    if active is not None:
        engine.ingest.read_all(active)
    if active is None or active.run.state in TERMINAL:
        _refuse_unknown(engine, command.run_id)
    question = _question(active.directory, command)
    wrong = _wrong_fields(question, command)
    if question.is_suspended:
        limit = engine.settings.import_timeout_seconds
        errors = await _errors_of_model(active.directory, question, command, limit)
        wrong = {one[0]: ": ".join(filter(None, one)) for one in errors} | wrong
    if wrong:
        _refuse(command.run_id, list(wrong.values()), question)
    given = questions.answer(active.directory, question, connection.user, command.values)
    failpoint("answer-given")
    engine.log.say(f"run {command.run_id}: {given.by} answered {question.key!r}")
    if question.is_suspended:
        engine.wake()
    else:
        await _taken(active.directory, question, given)
        engine.ingest.read_all(active)
    return {"key": question.key, "state": active.run.state}


def _question(directory: Path, command: commands.AnswerRun) -> Question:
    found = questions.open_questions(directory)
    fitting = [one for one in found if command.key in ("", one.key)]
    if fitting:
        return fitting[0]
    keys = ", ".join(one.key for one in found)
    raise NotWaiting(
        f"run {command.run_id} does not wait for an answer{f' to {command.key!r}' if command.key and found else ''}",
        next=f"it waits for: {keys}" if keys else f"tui-flow show {command.run_id}",
    )


def _wrong_fields(question: Question, command: commands.AnswerRun) -> dict[str, str]:
    """By name, and by what surely does not fit. The author's model knows better."""
    known, definitions = question.schema.get("properties") or {}, definitions_of(question.schema)
    missing = [name for name in question.schema.get("required") or [] if name not in command.values]
    unknown = [name for name in command.values if name not in known]
    wrong = {name: f"{name}: is missing" for name in missing}
    wrong |= {name: f"{name}: there is no such field" for name in unknown}
    told = {} if question.schema.get(LENIENT) else command.values
    found = {name: misfit(known.get(name), value, definitions) for name, value in told.items()}
    places = [(".".join((name, *one.place)), one.why) for name, one in found.items() if one]
    return wrong | {place: f"{place}: {why}" for place, why in places}


async def _errors_of_model(
    directory: Path, question: Question, command: commands.AnswerRun, timeout_seconds: float
) -> list[list[str]]:
    """By the author's model, in a process that is thrown away, since none of the run's waits: fields, and what is wrong
    with them. Where nobody can tell, the run does when it goes on."""
    if not questions.model_path(directory, question.key).exists():
        return []
    try:
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, *CHECK, str(directory), question.key],
            input=json.dumps(command.values).encode(),
            capture_output=True,
            timeout=timeout_seconds,
            cwd="/",
            env={key: value for key, value in os.environ.items() if key not in (ENV_RUN_DIR, ENV_COOKIE)},
        )
        return list(json.loads(done.stdout))
    except (subprocess.TimeoutExpired, ValueError):
        return []


async def _taken(directory: Path, question: Question, given: Answer) -> None:
    """Until the run has looked at the answer. Raises BadParameters where it does not fit."""
    for _ in range(int(TAKING_SECONDS / LOOK_SECONDS)):
        refusal = questions.read_refusal(directory, question.key)
        if refusal is not None and refusal.answer == given.id:
            wrong = [": ".join(filter(None, one)) for one in refusal.errors]
            _refuse(int(directory.name), wrong, question)
        if all(one.key != question.key for one in questions.open_questions(directory)):
            return
        await asyncio.sleep(LOOK_SECONDS)
    raise EngineError(
        f"run {directory.name} has not looked at the answer within {TAKING_SECONDS:g} s",
        where=str(directory),
        next="it is kept, and taken as soon as the run goes on",
    )


def _refuse(run_id: int, wrong: list[str], question: Question) -> NoReturn:
    known, definitions = question.schema.get("properties") or {}, definitions_of(question.schema)
    fields = ", ".join(f"{name}: {kind(one, definitions)}" for name, one in known.items())
    raise BadParameters(
        f"run {run_id} does not take this answer",
        where="\n".join(wrong),
        next=f"it asks for {fields}" if fields else "it asks for nothing but to go on",
    )


def _refuse_unknown(engine: "Engine", run_id: int) -> NoReturn:
    run = runs.get_run(engine.db, run_id)
    if run is None:
        raise UnknownRun(f"there is no run {run_id}", next="tui-flow runs lists those there are")
    directory = run_dir(engine.settings.state_dir, run_id)
    raise NotWaiting(f"run {run_id} of {run.flow} is over: {run.state}", where=str(directory))


VERBS: dict[type, Any] = {commands.AnswerRun: answer_run}
