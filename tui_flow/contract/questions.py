"""What a run asks people, and what they answer; and messages between runs. All of it lies in the run's directory, so that
it works with and without an engine, and survives both.

    runs/<id>/inputs/<question>.question.json   the run is paused, or suspended, and waits for an answer
    runs/<id>/inputs/<question>.answer.json     one was given, whole and durable; the run takes it from here
    runs/<id>/inputs/<question>.refused.json    what was wrong with the last one
    runs/<id>/inputs/<question>.model           of a suspended run: what checks an answer, for a process of the SDK's
    runs/<id>/inputs/<box>/<when>-<id>.json     messages, for `receive_input`

The run checks what it is given, since only there is the author's model; for one that is suspended, a process that has
its model does. An answer that fits stays for the attempts
that follow by themselves until the run is over, and the question goes.
"""

import hashlib
import json
import os
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from tui_flow.contract.rundir import write_whole

INPUTS = "inputs"
QUESTION, ANSWER, REFUSED, MODEL = ".question.json", ".answer.json", ".refused.json", ".model"
MAX_BYTES = 4 * 1024 * 1024


class Question(NamedTuple):
    """What the run waits for."""

    key: str
    """Its name within the run."""
    asked_at: float
    until: float | None
    """Then the run fails; None: never."""
    schema: dict[str, Any]
    """JSON schema of an object: the fields of the answer, with defaults. Without properties: that it may go on."""
    description: str
    attempt: int
    is_suspended: bool
    """No process waits: the answer begins the next attempt."""


class Answer(NamedTuple):
    id: str
    at: float
    by: str
    """Such as "uid 1000"."""
    values: dict[str, Any]
    attempt: int
    """Of the question."""


class Refusal(NamedTuple):
    """Why an answer does not fit."""

    answer: str
    """Its id."""
    errors: list[list[str]]
    """Pairs of a field and what is wrong with it."""


class Message(NamedTuple):
    """What one run sent to another."""

    value: Any
    sender: str | None
    """The id of a run."""
    at: float
    key: str
    """Its file's name, by which a receiver knows what it has seen."""


def ask(directory: Path, question: Question) -> None:
    """Durable when it returns. Raises OSError."""
    _folder(directory)
    _write(_path(directory, question.key, QUESTION), question._asdict())


def close(directory: Path, key: str) -> None:
    """The question is answered, or nobody waits any more."""
    for kind in (QUESTION, REFUSED, MODEL):
        _path(directory, key, kind).unlink(missing_ok=True)


def open_questions(directory: Path) -> list[Question]:
    """Those that wait for an answer, the oldest first."""
    found = [_read(Question, path) for path in _files(directory / INPUTS, QUESTION)]
    return sorted((one for one in found if one is not None), key=lambda one: one.asked_at)


def answer(directory: Path, question: Question, by: str, values: dict[str, Any]) -> Answer:
    """Answers; durable when it returns. Raises OSError."""
    given = Answer(uuid.uuid4().hex, time.time(), by, values, question.attempt)
    _path(directory, question.key, REFUSED).unlink(missing_ok=True)
    _write(_path(directory, question.key, ANSWER), given._asdict())
    return given


def read_answer(directory: Path, key: str) -> Answer | None:
    found: Answer | None = _read(Answer, _path(directory, key, ANSWER))
    return found


def forget_answer(directory: Path, key: str) -> None:
    """It was given to an attempt before the one that somebody has asked for since."""
    _path(directory, key, ANSWER).unlink(missing_ok=True)


def forget_answers(directory: Path) -> None:
    """The run is over: no attempt that follows by itself needs them, and there may be secrets among them."""
    for path in _files(directory / INPUTS, ANSWER):
        with suppress(OSError):
            path.unlink()


def refuse(directory: Path, key: str, given: Answer, errors: list[list[str]]) -> None:
    """The answer does not fit: it goes, and the question stays."""
    forget_answer(directory, key)
    _write(_path(directory, key, REFUSED), Refusal(given.id, errors)._asdict())


def read_refusal(directory: Path, key: str) -> Refusal | None:
    found: Refusal | None = _read(Refusal, _path(directory, key, REFUSED))
    return found


def is_answered(directory: Path) -> bool:
    """Whether each of the open questions has an answer that the run has not seen yet."""
    return all(read_answer(directory, one.key) is not None for one in open_questions(directory))


def send(directory: Path, box: str, value: Any, sender: str | None) -> None:
    """Leaves a message for the run of that directory. Raises OSError, TypeError for what is not JSON."""
    folder = _folder(directory) / _digest(box)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    name = f"{time.time_ns():020d}-{uuid.uuid4().hex}"
    fields = {"value": value, "sender": sender, "at": time.time(), "key": name}
    _write(folder / f"{name}.json", fields)


def received(directory: Path, box: str, seen: set[str]) -> list[Message]:
    """The messages there but for those seen before, in the order in which they were sent."""
    paths = sorted(_files(directory / INPUTS / _digest(box), ".json"))
    found = [_read(Message, path) for path in paths if path.name.removesuffix(".json") not in seen]
    return [one for one in found if one is not None]


def _folder(directory: Path) -> Path:
    folder = directory / INPUTS
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    return folder


def keep_model(directory: Path, key: str, data: bytes) -> None:
    """What checks an answer to a question that is about to be asked. Raises OSError."""
    _folder(directory)
    write_whole(model_path(directory, key), data)


def model_path(directory: Path, key: str) -> Path:
    """Where that lies."""
    return _path(directory, key, MODEL)


def _digest(key: str) -> str:
    """Any text as a file's name."""
    return hashlib.sha256(key.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _path(directory: Path, key: str, kind: str) -> Path:
    return directory / INPUTS / f"{_digest(key)}{kind}"


def _files(folder: Path, ending: str) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [folder / entry.name for entry in entries if entry.name.endswith(ending)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _write(path: Path, fields: dict[str, Any]) -> None:
    write_whole(path, json.dumps(fields).encode())


def _read(cls: Any, path: Path) -> Any:
    """None for what is not there, not whole, or far too long."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            fields = json.loads(file.read(MAX_BYTES))
        return cls(**{name: fields[name] for name in cls._fields})
    except (OSError, ValueError, TypeError, KeyError):
        return None
