"""What changed between two runs, in words."""

from tui_flow.contract.states import TERMINAL
from tui_flow.store.what_changed import FileChange, LogChange, LogLine, ValueChange, WhatChanged
from tui_flow.tui.presentation import Line, times
from tui_flow.tui.presentation.glyphs import Marks, role

_SIGNS = {"+": "ok", "-": "bad", "@": "live"}


def difference_title(found: WhatChanged) -> str:
    return f"What changed: run {found.other.id} to run {found.run.id}, {found.run.flow}"


def difference_lines(found: WhatChanged, marks: Marks, now: float) -> list[Line]:
    """Everything that differs, the most telling first; what is equal is said to be."""
    run, other = found.run, found.other
    lines: list[Line] = [
        [
            ("from  ", "dim"),
            (f"{marks.glyph(other.state)} run {other.id}", role(other.state)),
            (f"  {times.moment(other.started_at or other.created_at, now)}", "dim"),
            ("   to  ", "dim"),
            (f"{marks.glyph(run.state)} run {run.id}", role(run.state)),
            (f"  {times.moment(run.started_at or run.created_at, now)}", "dim"),
        ],
        *([(note, "warn")] for note in found.notes),
        [],
        *_values("PARAMETERS", found.parameters, marks),
        *_values("ENVIRONMENT", found.environment, marks),
        *_log(found.log, run.state in TERMINAL),
    ]
    if not found.files:
        return [*lines, [("CODE  ", "dim"), ("the same", "")]]
    return [*lines, *(line for file in found.files for line in _file(file))]


def _values(title: str, changes: list[ValueChange], marks: Marks) -> list[Line]:
    if not changes:
        return [[(f"{title}  ", "dim"), ("the same", "")], []]
    arrow = " -> " if marks.ascii else " → "
    rows: list[Line] = [
        [
            (f"  {change.name}  ", "strong"),
            (_cut(change.before, marks), "bad" if change.before is not None else "dim"),
            (arrow, "dim"),
            (_cut(change.now, marks), "ok" if change.now is not None else "dim"),
        ]
        for change in changes
    ]
    return [[(title, "dim")], *rows, []]


def _cut(value: str | None, marks: Marks) -> str:
    if value is None:
        return marks.dash
    return value if len(value) <= 300 else value[:300] + marks.ellipsis


def _log(change: LogChange | None, is_over: bool) -> list[Line]:
    if change is None:
        return [[("LOG  ", "dim"), ("the same, apart from times and durations", "")], []]
    return [
        [("LOG  ", "dim"), ("the first line that differs, of ", ""), (change.who, "strong")],
        _said("-", change.before, "nothing more"),
        _said("+", change.now, "nothing more" if is_over else "nothing yet"),
        [],
    ]


def _said(sign: str, line: LogLine | None, silence: str) -> Line:
    colour = _SIGNS[sign]
    if line is None:
        return [(f"  {sign} ", colour), (silence, "dim")]
    return [(f"  {sign} ", colour), (f"{line.line + 1:>5} {line.level:<8} ", "dim"), (line.text, colour)]


def _file(file: FileChange) -> list[Line]:
    head: Line = [("CODE  ", "dim"), (file.path, "strong"), (f"  {file.note}", "dim")]
    return [head, *([(f"  {text}", _SIGNS.get(text[:1], ""))] for text in file.lines), []]
