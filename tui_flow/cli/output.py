"""What the commands print: JSON, tables, and errors that say what, where and what next."""

import itertools
import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
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


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Left-aligned columns; a terminal gets as much of each line as it is wide. The cells must be safe already."""
    widths = [max(map(cells, column)) for column in zip(header, *rows, strict=True)]
    for index, row in enumerate([header, *rows]):
        line = "  ".join(pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        line = fit(line, shutil.get_terminal_size().columns) if sys.stdout.isatty() else line
        click.echo(style(line, dim=True) if index == 0 else line)


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
