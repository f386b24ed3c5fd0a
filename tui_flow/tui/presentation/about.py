"""What the lower pane of the Flows view and the details of the Run view say."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tui_flow.contract.asked_by import parent_of
from tui_flow.contract.errors import at_line
from tui_flow.contract.failure import Failure
from tui_flow.safe import safe_lines
from tui_flow.store.records import FlowRun, TaskRun
from tui_flow.store.waits import Wait, waited_seconds
from tui_flow.tui.presentation import Line, outlook, times, tracebacks
from tui_flow.tui.presentation.field_texts import as_text, label_of
from tui_flow.tui.presentation.fields import Field, fields_of
from tui_flow.tui.presentation.flow_list import FlowRow, begins
from tui_flow.tui.presentation.glyphs import Marks, role, word


def flow_title(row: FlowRow) -> str:
    """The lower pane's title: what it is about."""
    if row.broken is not None:
        return f"{row.path}  does not import"
    run = row.run
    if run is None:
        return f"{row.name}  {row.never_run}"
    edited = "  file edited since" if row.was_edited(run) else ""
    return f"{row.name}  run {run.id}  {word(run.state)}{edited}"


def flow_lines(row: FlowRow, project: Path, now: float, context: Sequence[Line] = ()) -> list[Line]:
    """The first error of the run that is spoken of, with its context, or why the file does not import, or what the flow is."""
    if row.broken is not None:
        return _broken_lines(row)
    run = row.run
    lines = (
        failure_lines(row.failure or run.failure, run.message, project)
        if run and role(run.state) == "bad"
        else []
    )
    lines += context
    if run is not None and not lines and run.message and run.ended_at:
        lines.append([(run.message.splitlines()[0], "dim")])
    if row.waiting is not None:
        lines.append([("waits  ", "warn"), *waits_spans(row, now)])
    found = outlook.of_run(row.active, row.runs, row.advance, row.pace, now) if row.active else None
    if found is not None:
        lines.append([("estimate  ", "dim"), (found.basis, "")])
    described = description_lines(row)
    if run is not None and run.parameters:
        place = (
            0 if lines else len(described) - 1
        )  # where there is an error, there is little room for what comes next
        described.insert(place, [("ran with  ", "dim"), *value_spans(run.parameters)])
    lines += described
    if run is None:
        lines.insert(0, [("r", "key"), (" runs it", "dim")])
    return lines


def waits_spans(row: FlowRow, now: float) -> Line:
    """Of the run that has not begun: why, and its number where the row speaks of another."""
    waiting = row.waiting
    if waiting is None:
        return []
    why = begins(waiting, now) or row.why or "for its turn"
    return [(why if waiting is row.run else f"run {waiting.id}: {why}", "")]


def description_lines(row: FlowRow) -> list[Line]:
    """What its author says of it, what it takes, and where it is."""
    where: Line = [(row.path, "dim"), *_tags(row)]
    if row.flow is None:
        return [where]
    said: list[Line] = [[(text, "")] for text in safe_lines(row.flow.description.strip()) if text.strip()][:3]
    return [*said, [("takes  ", "dim"), *_signature(row.flow.parameters)], where]


def run_lines(run: FlowRun, project: Path, why: str = "") -> list[Line]:
    """What went wrong in a run, or `why` it has not begun, what it ran with, and who asked for it."""
    lines = failure_lines(run.failure, run.message, project) if role(run.state) == "bad" else []
    if not lines and run.message and run.ended_at:
        lines.append([(run.message.splitlines()[0], "dim")])
    if why:
        lines.append([("waits  ", "warn"), (why, "")])
    if run.parameters:
        lines.append([("ran with  ", "dim"), *value_spans(run.parameters)])
    asked: Line = [("asked by  ", "dim"), (run.trigger, "")]
    if run.tags:
        asked += [("   tags ", "dim"), (" ".join(run.tags), "")]
    if run.attempt > 1:
        asked.append((f"   attempt {run.attempt}", "warn"))
    return [*lines, asked, [(run.path, "dim"), (f"  {run.run_name}", "dim")]]


def _broken_lines(row: FlowRow) -> list[Line]:
    file = row.broken
    if file is None:
        return []
    where = at_line(file.path, file.error_line)
    lines: list[Line] = [
        [(file.error or "", "bad")],
        [(where, "strong"), ("   e", "key"), (" opens it there", "dim")],
    ]
    if row.flow is not None:
        lines.append(
            [
                ("its schedules run its last good version; " if row.standing else "", "dim"),
                ("r", "key"),
                (" is refused until it imports", "dim"),
            ]
        )
    return lines + [[(text, "dim")] for text in safe_lines((file.traceback or "").rstrip())]


def _signature(schema: dict[str, Any]) -> Line:
    fields = [field for field in fields_of(schema) if len(field.path) == 1]
    if not fields:
        return [("no parameters", "dim")]
    line: Line = []
    for field in fields:
        line.append((field.name, "strong"))
        line.append((f": {field.hint}" if field.required else f"={_default_of(field)}", ""))
        line.append(("  ", ""))
    return line


def _default_of(field: Field) -> str:
    if field.is_group:
        return field.type_word
    return label_of(field, field.default) if field.has_default and not field.is_secret else "…"


def value_spans(parameters: dict[str, Any]) -> Line:
    """Parameters in one line."""
    line: Line = []
    for name, value in parameters.items():
        line += [(f"{name}=", "dim"), (as_text(value)[:200], ""), ("  ", "")]
    return line


def _tags(row: FlowRow) -> Line:
    tags = row.flow.tags if row.flow else []
    return [("   tags ", "dim"), (" ".join(tags), "")] if tags else []


def failure_lines(failure: Failure | None, message: str, project: Path) -> list[Line]:
    """What went wrong and where, the author's line first."""
    if failure is None:
        return [[(text, "bad")] for text in safe_lines(message)[:3] if text]
    first, *more = safe_lines(failure.message)[:4] or [""]
    lines: list[Line] = [[(f"{failure.type}: ", "bad"), (first, "bad")], *([(text, "bad")] for text in more)]
    if failure.path:
        where = f"{short_path(failure.path, project)}:{failure.line}"
        inside = f" in {failure.function}" if failure.function else ""
        lines.append([(where, "strong"), (inside, "dim"), ("   e", "key"), (" opens it there", "dim")])
    return lines


def short_path(path: str, project: Path) -> str:
    """A path as seen from the project."""
    return path.removeprefix(f"{project}/")


def run_details(
    run: FlowRun, marks: Marks, now: float, project: Path, why: str = "", more: Sequence[Line] = ()
) -> list[Line]:
    """All there is to know of a flow run; `why` says why it has not begun, `more` is what had to be looked up."""
    parent = parent_of(run.trigger)
    lines: list[Line] = [
        state_line(run.state, run.state_name, marks, _how(run)),
        fact("run", f"{run.id}  {run.run_name}".rstrip()),
        fact("trigger", f"{run.trigger}, {times.moment(run.created_at, now)}"),
        *([fact("parent", f"run {parent[0]}, as its task {parent[1]}")] if parent else []),
        *when_lines(run, now, run.waited),
        *([fact("waits", why)] if why else []),
        *([fact("tags", " ".join(run.tags))] if run.tags else []),
        *([fact("tries", str(run.tries))] if run.tries > 1 else []),
        *_process(run),
        *reason_lines(run.reason, run.message, run.failure, project),
        *more,
        [],
        [("PARAMETERS", "dim")],
        *_parameter_lines(run.parameters),
        *traceback_lines(run.failure),
    ]
    return lines


def _process(run: FlowRun) -> list[Line]:
    """Where it ran, and what it took."""
    where = "  ".join(filter(None, (run.host or "", f"pid {run.worker_pid}" if run.worker_pid else "")))
    lines = [fact("process", where)] if where else []
    return [*lines, fact("used", used(run))] if used(run) else lines


def used(run: FlowRun) -> str:
    """What the worker of its last attempt took of the machine; empty where nobody measured that."""
    if run.cpu_seconds is None or run.max_rss_bytes is None:
        return ""
    return f"{times.duration(run.cpu_seconds)} cpu, max RSS {run.max_rss_bytes / 2**20:,.0f} MiB"


def _how(run: FlowRun) -> str:
    if run.signal:
        return f"signal {run.signal}"
    return f"exit code {run.exit_code}" if run.exit_code else ""


def state_line(state: str, state_name: str, marks: Marks, more: str) -> Line:
    name = f"  ({state_name})" if state_name and state_name.lower() != state else ""
    return [
        (f"{marks.glyph(state)} {state.replace('_', ' ').upper()}", role(state)),
        (f"{name}  {more}", "dim"),
    ]


def fact(name: str, value: str) -> Line:
    return [(f"{name:<9}", "dim"), (value, "")]


def when_lines(run: FlowRun | TaskRun, now: float, waits: Sequence[Wait] = ()) -> list[Line]:
    """When it was at work and for how long, and how long it waited for an answer meanwhile."""
    if run.started_at is None:
        return []
    start, end = times.moment(run.started_at, now), run.ended_at or now
    waited = waited_seconds(run.started_at, end, waits)
    more = [fact("", waited_text(waited))] if waited else []
    if run.ended_at is None:
        return [fact("since", start), *more]
    took = times.duration(run.ended_at - run.started_at - waited)
    return [fact("when", f"{start} to {times.moment(run.ended_at, now)}  ({took})"), *more]


def waited_text(seconds: float) -> str:
    """What else than work there was in a run's time."""
    return f"and {times.duration(seconds)} waiting for an answer"


def reason_lines(reason: str | None, message: str, failure: Failure | None, project: Path) -> list[Line]:
    lines: list[Line] = [fact("reason", reason)] if reason else []
    if failure is not None:
        return [*lines, [], *failure_lines(failure, message, project)]
    first, *more = safe_lines(message) if message else [""]
    lines += [fact("message", first)] if first else []
    return lines + [[(f"{'':<9}{text}", "")] for text in more]


def _parameter_lines(parameters: dict[str, Any]) -> list[Line]:
    if not parameters:
        return [[("  none", "dim")]]
    lines: list[Line] = []
    for name, value in parameters.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
        first, *more = safe_lines(text)
        lines.append([(f"  {name} = ", "dim"), (first, "")])
        lines += [[(f"    {line}", "")] for line in more]
    return lines


def traceback_lines(failure: Failure | None) -> list[Line]:
    """The traceback as the interpreter prints it, with the frames of libraries dimmed."""
    if failure is None or not failure.traceback:
        return []
    texts = safe_lines(failure.traceback.rstrip())
    foreign = {line for folded, _ in tracebacks.library_frames(texts) for line in folded}
    lines: list[Line] = [[], [("TRACEBACK", "dim")]]
    for number, text in enumerate(texts):
        last = not text[:1].isspace() and not text.startswith("Traceback")
        lines.append([(text, "dim" if number in foreign else "bad" if last else "")])
    return lines
