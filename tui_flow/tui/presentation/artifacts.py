"""Artifacts in lines of text: what a run shows to people, without a browser."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tui_flow.counting import counted
from tui_flow.safe import safe
from tui_flow.store.records import Artifact
from tui_flow.tui.presentation import Line, progress, times
from tui_flow.tui.presentation.gantt import Headway
from tui_flow.tui.presentation.glyphs import Marks
from tui_flow.tui.presentation.images import image_facts
from tui_flow.tui.presentation.markdown import GAP, column_widths, markdown_lines, table_row

MAX_ROWS = 200
"""Of a table; below, a line says how many more there are."""
BAR_CELLS = 24


def title(artifact: Artifact) -> str:
    """What a frame around it says."""
    what = artifact.key or artifact.type
    return f"{what}  {artifact.description}" if artifact.description else what


def lines(artifact: Artifact, width: int, marks: Marks, now: float, *, is_live: bool = False) -> list[Line]:
    """The artifact itself. `width` is in cells; `is_live`: whoever made it is still at work."""
    if artifact.type == "progress":
        return [progress_line(artifact, marks, now, is_live=is_live)]
    if artifact.type == "table":
        return _table(artifact.data, width, marks)
    if artifact.type == "image":
        where, facts = image_facts(str(artifact.data))
        return [[("image  ", "dim"), (where, "key"), (f"  {facts}" if facts else "", "dim")]]
    return list(markdown_lines(str(artifact.data), width, marks))


def section(
    shown: Sequence[Artifact],
    whose: Callable[[int], str],
    width: int,
    marks: Marks,
    now: float,
    is_live: Callable[[int], bool] = lambda _: False,
) -> list[Line]:
    """Several of them below one another, each below its title; `whose` gives a task run's name, `is_live` whether it is
    still at work."""
    found: list[Line] = []
    for artifact in shown:
        task = whose(artifact.task_run) if artifact.task_run else ""
        of = f"  of {task}" if task else ""
        found.append(
            [(title(artifact), "strong"), (of, ""), (f"  {times.moment(artifact.created_at, now)}", "dim")]
        )
        live = is_live(artifact.task_run)
        found += [[("  ", ""), *line] for line in lines(artifact, width - 2, marks, now, is_live=live)]
        found.append([])
    return found[:-1]


def progress_by_task(shown: Iterable[Artifact]) -> dict[int, Artifact]:
    """What each task run last said of how far it is."""
    return {artifact.task_run: artifact for artifact in shown if artifact.type == "progress"}


# Progress.


def progress_line(artifact: Artifact, marks: Marks, now: float, *, is_live: bool) -> Line:
    """A bar, how much is done, and of a live one how long it may still take."""
    done, total, unit = progress.read(artifact.data)
    share = min(1.0, done / total) if total else None
    counted = f"{done:g}{f'/{total:g}' if total else ''}{f' {unit}' if unit else ''}"
    if share is None:
        return [(counted, "strong")]
    line: Line = [
        (marks.bar * round(share * BAR_CELLS), "live" if is_live and share < 1 else "ok"),
        (marks.waiting * (BAR_CELLS - round(share * BAR_CELLS)), "dim"),
        (f" {share:4.0%}", "strong"),
    ]
    if unit != "%":
        line.append((f"  {counted}", "dim"))
    left = progress.seconds_left(artifact, now)
    if is_live and left is not None and share < 1:
        line.append((f"  ~{times.duration(left, live=True)}", "dim"))
    return line


def headway_of(artifact: Artifact, now: float) -> Headway | None:
    """How far it is, and how long it may take; None where it does not say of how many."""
    share = progress.share_of(artifact)
    return None if share is None else Headway(share, progress.seconds_left(artifact, now))


# Tables.


def _table(data: Any, width: int, marks: Marks) -> list[Line]:
    header, rows = _columns(data)
    texts = [[_cell(value) for value in row] for row in rows[:MAX_ROWS]]
    if not header and not texts:
        return [[("an empty table", "dim")]]
    widths = column_widths([header, *texts], width)
    found: list[Line] = []
    if header:
        found.append([(table_row(header, widths, marks), "strong")])
        found.append([(marks.rule[:1] * min(width, sum(widths) + len(GAP) * (len(widths) - 1)), "frame")])
    found += [[(table_row(row, widths, marks), "")] for row in texts]
    if len(rows) > MAX_ROWS:
        found.append([(f"{counted(len(rows) - MAX_ROWS, 'more row')}: --json has all", "dim")])
    return found


def _columns(data: Any) -> tuple[list[str], list[list[Any]]]:
    """The header, which may be empty, and the rows of a table in any of its three forms."""
    if isinstance(data, dict):
        columns = [value if isinstance(value, list) else [value] for value in data.values()]
        longest = max(map(len, columns), default=0)
        return [safe(str(name)) for name in data], [
            [column[place] if place < len(column) else None for column in columns] for place in range(longest)
        ]
    rows = data if isinstance(data, list) else [data]
    if rows and all(isinstance(row, dict) for row in rows):
        names = list(dict.fromkeys(name for row in rows for name in row))
        return [safe(str(name)) for name in names], [[row.get(name) for name in names] for row in rows]
    return [], [row if isinstance(row, list) else [row] for row in rows]


def _cell(value: Any) -> str:
    return "" if value is None else safe(str(value)).replace("\n", " ").replace("\t", " ")
