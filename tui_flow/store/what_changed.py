"""What differs between two runs of a flow: code, parameters, environment, and the first line of their logs.

Lines of logs are compared task run by task run, since those that ran side by side may have spoken in another order;
moments, durations, process ids and the like are no difference.
"""

import difflib
import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tui_flow.contract import calls, journal
from tui_flow.contract.log import LogRecord, stamp_of
from tui_flow.contract.rundir import CALLS, JOURNAL, LOG, run_dir
from tui_flow.contract.states import FlowRunState
from tui_flow.contract.version import read_kept
from tui_flow.store.asked_for import asked_parameters
from tui_flow.store.logs import LogFile
from tui_flow.store.records import FlowRun, TaskRun

MAX_RECORDS = 100_000
"""Of each log so many records are compared."""
MAX_LINES = 20_000
"""Longer texts are only told to be others."""

_NO_DIFFERENCE = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"  # moments
    r"|\b\d\d:\d\d:\d\d(?:[.,]\d+)?"
    r"|\b\d+(?:\.\d+)?(?:e-?\d+)? ?(?:ns|us|µs|ms|s|secs?|seconds?|mins?|minutes?|h|hours?)\b"
    r"|\b0x[0-9a-f]+|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    r"|\brun \d+|\bpid[ =:]*\d+|/tmp/\S+",
    re.IGNORECASE,
)


class FileChange(NamedTuple):
    """One file of the project that is another."""

    path: str
    lines: list[str]
    """A unified diff without its header; empty where only one of the texts is there, or they are too long."""
    note: str = ""


class ValueChange(NamedTuple):
    """A parameter or a version that is another; None where there is none."""

    name: str
    before: str | None
    now: str | None


class LogLine(NamedTuple):
    line: int
    """Its number in the file, from 0."""
    level: str
    text: str


class LogChange(NamedTuple):
    """The first lines that differ, of the same task run in both runs."""

    who: str
    before: LogLine | None
    """None where it says nothing more there."""
    now: LogLine | None


class WhatChanged(NamedTuple):
    run: FlowRun
    other: FlowRun
    """The run that it is compared with."""
    files: list[FileChange]
    parameters: list[ValueChange]
    environment: list[ValueChange]
    log: LogChange | None
    notes: list[str]
    """What could not be compared."""


class Sides(NamedTuple):
    """Two runs with their task runs: all that the history has to say."""

    run: FlowRun
    other: FlowRun
    tasks: list[TaskRun]
    other_tasks: list[TaskRun]


def last_success(db: sqlite3.Connection, run: FlowRun) -> FlowRun | None:
    """The last run of the same flow before this one that completed."""
    from tui_flow.store import runs

    done = {FlowRunState.COMPLETED}
    return next(iter(runs.list_runs(db, flow=run.flow, states=done, before=run.id, limit=1)), None)


def read_sides(db: sqlite3.Connection, run: FlowRun, other: FlowRun) -> Sides:
    from tui_flow.store import tasks

    return Sides(run, other, tasks.list_tasks(db, run.id), tasks.list_tasks(db, other.id))


def texts_of(state_dir: Path, run: FlowRun) -> dict[str, str]:
    """The SHA-256 of the flow file and of each module that a run's last attempt ran, by path."""
    return _Left(state_dir, run).texts


def compare(state_dir: Path, sides: Sides) -> WhatChanged:
    """Reads what both runs left behind; what is not there any more is noted."""
    run, other = sides.run, sides.other
    now, before = _Left(state_dir, run), _Left(state_dir, other)
    notes = [note for side in (before, now) for note in side.notes]
    unknown = [one.id for one, left in ((other, before), (run, now)) if not left.texts]
    note = f"cannot be compared: run {unknown[0]} ended before its code began" if unknown else ""
    return WhatChanged(
        run,
        other,
        [FileChange(run.path, [], note)] if note else list(_files(state_dir, before.texts, now.texts)),
        _parameters(state_dir, other, run),
        _values(before.versions, now.versions),
        first_difference(
            _records(state_dir, other, sides.other_tasks), _records(state_dir, run, sides.tasks)
        ),
        notes,
    )


def _parameters(state_dir: Path, other: FlowRun, run: FlowRun) -> list[ValueChange]:
    """A run that ended before its flow began has no defaults: what neither was asked for with is no difference."""
    asked = asked_parameters(state_dir, other).keys() | asked_parameters(state_dir, run).keys()
    changes = _values(other.parameters, run.parameters)
    return [one for one in changes if one.name in asked or None not in (one.before, one.now)]


class _Left:
    """What a run left behind: which texts it ran, and with which versions."""

    def __init__(self, state_dir: Path, run: FlowRun) -> None:
        directory = run_dir(state_dir, run.id)
        self.texts: dict[str, str] = {run.path: run.source_sha} if run.source_sha else {}
        """The SHA-256 of each file of the project."""
        self.versions: dict[str, str] = {}
        self.notes: list[str] = []
        if not directory.is_dir():
            self.notes.append(f"run {run.id} has no run directory any more: its log and versions are gone")
        for event in _starts(directory / JOURNAL):
            if run.ended_at is not None and event.at > run.ended_at:
                break  # of a later attempt
            if isinstance(event, journal.FlowStarted):
                self.texts = {**({run.path: event.source_sha} if event.source_sha else {}), **event.modules}
            else:
                self.versions["host"] = event.host
        for entry, _ in calls.read(directory / CALLS):
            if isinstance(entry, calls.Environment):
                self.versions |= entry.versions
            elif isinstance(entry, calls.Call) and entry.attempt == run.attempt:
                break


def _starts(path: Path) -> Iterator[journal.RunStarted | journal.FlowStarted]:
    """The events of a journal that say what begins; the last attempt's come last."""
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        for line in file:
            if line.startswith((b'{"event":"RunStarted"', b'{"event":"FlowStarted"')):
                event = journal.decode(line)
                if isinstance(event, journal.RunStarted | journal.FlowStarted):
                    yield event


def _files(state_dir: Path, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[FileChange]:
    for path in sorted({*before, *now}):
        old, new = before.get(path, ""), now.get(path, "")
        if old == new:
            continue
        if not old or not new:
            yield FileChange(path, [], "is new" if new else "is not imported any more")
            continue
        texts = [_text(state_dir, sha) for sha in (old, new)]
        if texts[0] is None or texts[1] is None:
            yield FileChange(path, [], "has changed; its text was not kept")
        else:
            yield diff(path, texts[0], texts[1])


def _text(state_dir: Path, sha: str) -> str | None:
    kept = read_kept(state_dir, sha)
    return None if kept is None else kept.decode("utf-8", "replace")


def diff(path: str, before: str, now: str) -> FileChange:
    """The difference of two texts."""
    old, new = before.splitlines(), now.splitlines()
    if max(len(old), len(new)) > MAX_LINES:
        return FileChange(path, [], f"is another; it has {len(new):,} lines, too many to compare")
    lines = list(difflib.unified_diff(old, new, n=2, lineterm=""))[2:]
    return FileChange(path, lines, "" if lines else "differs in its line ends")


def _values(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[ValueChange]:
    names = [*now, *(name for name in before if name not in now)]
    pairs = ((name, _shown(before, name), _shown(now, name)) for name in names)
    return [ValueChange(name, old, new) for name, old, new in pairs if old != new]


def _shown(values: Mapping[str, Any], name: str) -> str | None:
    if name not in values:
        return None
    value = values[name]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


class Said(NamedTuple):
    """One record of a log."""

    place: tuple[str, int]
    """Who said it: the task's name, and which of its task runs; "" is the flow."""
    who: str
    """What that task run is called."""
    line: int
    record: LogRecord
    names: re.Pattern[str] | None = None
    """The names of its run and of the flows that were called in it, which are others in every run."""

    def meaning(self, text: str) -> str:
        """A text without what is no difference."""
        return _NO_DIFFERENCE.sub("~", self.names.sub("~", text) if self.names else text)


def _records(state_dir: Path, run: FlowRun, tasks: Iterable[TaskRun]) -> Iterator[Said]:
    """What a run's last attempt said."""
    tasks = list(tasks)
    places, names = _places(tasks), _names(run, tasks)
    begun, ended = stamp_of(run.started_at or 0.0), stamp_of(run.ended_at) if run.ended_at else "~"
    file = LogFile(run_dir(state_dir, run.id) / LOG)
    file.refresh()
    try:
        for line in file.select(heads_only=True)[:MAX_RECORDS]:
            record = file.record(line)
            if record is None or not begun <= record.time <= ended or record.task_run is None:
                continue
            if record.task_run == 0:
                yield Said(("", 0), run.flow, line, record, names)
            elif record.task_run in places:
                yield Said(*places[record.task_run], line, record, names)
    finally:
        file.close()


def _names(run: FlowRun, tasks: Iterable[TaskRun]) -> re.Pattern[str] | None:
    flows = (task.run_name for task in tasks if task.kind == "flow" and task.run_name != task.name)
    found = sorted(filter(None, {run.run_name, *flows}), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, found))) if found else None


def _places(tasks: Iterable[TaskRun]) -> dict[int, tuple[tuple[str, int], str]]:
    """Of each task run: which one of its task it is, in the order of the calls, and what it is called."""
    counts: defaultdict[str, int] = defaultdict(int)
    found = {}
    for task in tasks:
        found[task.id] = (task.name, counts[task.name]), task.run_name or task.name
        counts[task.name] += 1
    return found


def first_difference(before: Iterable[Said], now: Iterable[Said]) -> LogChange | None:
    """The first line, in the order of the later log, at which a task run says something else than its counterpart; where
    there is none, the first that is not said any more."""
    expected: defaultdict[tuple[str, int], list[Said]] = defaultdict(list)
    for said in before:
        expected[said.place].append(said)
    passed: defaultdict[tuple[str, int], int] = defaultdict(int)
    for said in now:
        others, at = expected[said.place], passed[said.place]
        passed[said.place] += 1
        if at >= len(others):
            return LogChange(said.who, None, _line(said, None))
        other = others[at]
        if _is_other(said, other):
            return LogChange(said.who, _line(other, said), _line(said, other))
    for place, others in expected.items():
        if passed[place] < len(others):
            silent = others[passed[place]]
            return LogChange(silent.who, _line(silent, None), None)
    return None


def _is_other(one: Said, two: Said) -> bool:
    same_level = one.record.level == two.record.level
    return not same_level or one.meaning(one.record.message) != two.meaning(two.record.message)


def _line(said: Said, other: Said | None) -> LogLine:
    """The line of a record that is the first to differ from those of the other one."""
    texts = said.record.message.split("\n")
    others = other.record.message.split("\n") if other else []
    differ = (
        place
        for place, (text, its) in enumerate(zip(texts, others, strict=False))
        if other is not None and said.meaning(text) != other.meaning(its)
    )
    place = next(differ, min(len(texts) - 1, len(others)) if other else 0)
    return LogLine(said.line + place, said.record.level, texts[place][:2000])
