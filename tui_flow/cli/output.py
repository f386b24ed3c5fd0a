"""What the commands print: JSON, tables, and errors that say what, where and what next."""

import itertools
import json
import os
import shutil
import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import IO, Any

import click

from tui_flow.contract.errors import TuiFlowError, to_wire
from tui_flow.safe import safe, safe_lines


def open_missing_streams() -> None:
    """Gives a command that was started without stdout or stderr (`>&-`) one that takes everything."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


def drop_output() -> None:
    """Lets go of what is still to be written to a stdout that takes no more."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)


def print_json(value: Any) -> None:
    """One JSON value. Pure ASCII, so nothing in it can reach the terminal as a control character."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=True, default=str))


def json_line(value: Any) -> str:
    """The same as one line of text."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True, default=str)


def print_lines(lines: Iterable[str]) -> None:
    """Many lines, with few writes."""
    waiting = iter(lines)
    while batch := list(itertools.islice(waiting, 1000)):
        click.echo("\n".join(batch))


def note(text: str) -> None:
    """Something for the person only: it goes to stderr, so that stdout stays what was asked for."""
    click.echo(text, err=True)


def style(text: str, **how: Any) -> str:
    """`click.style`, unless the user asked for no colour. `click.echo` drops it where there is no terminal."""
    return text if "NO_COLOR" in os.environ else click.style(text, **how)


def cells(text: str) -> int:
    """How many columns of a terminal the text takes; styles take none."""
    text = click.unstyle(text)
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def pad(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


LEAST_CELLS = 12
"""That a column which gives way keeps."""


def print_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    yielding: Collection[str] = (),
    last: int | None = None,
) -> None:
    """Left-aligned columns; a terminal gets as much of each line as it is wide, and there the `yielding` columns give way
    to those that come after, of which the last one needs no more than `last` cells. The cells must be safe already."""
    widths = [max(map(cells, column)) for column in zip(header, *rows, strict=True)]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    if room is not None:
        widths = _narrowed(widths, [name in yielding for name in header], room, last)
    for index, row in enumerate([header, *rows]):
        line = "  ".join(_cell(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        line = fit(line, room) if room is not None else line
        click.echo(style(line, dim=True) if index == 0 else line)


def _narrowed(widths: list[int], yields: list[bool], room: int, last: int | None) -> list[int]:
    """The widths with which the table fits: of what yields, the widest gives way first, and none all of it."""
    needed = [*widths[:-1], min(widths[-1], last or widths[-1])]
    missing = sum(needed) + 2 * (len(widths) - 1) - room
    widths, columns = list(widths), [place for place, does in enumerate(yields) if does]
    while missing > 0 and columns:
        widest = max(columns, key=lambda place: widths[place])
        if widths[widest] <= LEAST_CELLS:
            break
        widths[widest] -= 1
        missing -= 1
    return widths


def _cell(text: str, width: int) -> str:
    return pad(fit(text, width), width)


def fit(line: str, columns: int) -> str:
    """The line, or as much of it as has room, without its styles and with "..." at its end."""
    if cells(line) <= columns:
        return line
    text = click.unstyle(line)[: columns - 3]
    while cells(text) > columns - 3:
        text = text[:-1]
    return text + "..."


class Shown(click.ClickException):
    """An expected error on its way to the terminal, with its own exit code."""

    def __init__(self, error: TuiFlowError, *, as_json: bool) -> None:
        super().__init__(error.what)
        self.error, self.as_json = error, as_json
        self.exit_code = error.exit_code  # type: ignore[misc]

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002
        if self.as_json:
            print_json({"error": to_wire(self.error)})
        note(style("error: ", fg="red") + safe(self.error.what))
        for part in (self.error.where, self.error.next):
            for line in safe_lines(part) if part else ():
                note(f"  {line}")
