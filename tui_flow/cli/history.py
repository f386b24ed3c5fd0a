"""The history as commands read it: up to date first, then straight from the database."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import click

from tui_flow.cli.output import note
from tui_flow.contract.commands import Sync
from tui_flow.contract.errors import UnknownAlert, UnknownRun
from tui_flow.settings import Settings
from tui_flow.store.records import Alert, FlowRun

_NUMBER, _FROM_THE_END = re.compile(r"\d{1,18}"), re.compile(r"-(\d{1,6})")


@contextmanager
def up_to_date(settings: Settings, *, files: bool = False) -> Iterator[Any]:
    """A connection to the history, once it holds all that runs (and, with `files`, flow files) have said so far.

    Starts the engine where none runs; where none can, the history is shown as it stands, with a word on why. Raises
    EngineError, HistoryError, ProjectError.
    """
    from tui_flow.client import connect
    from tui_flow.store import looking

    if why := looking.why_only_to_look_at(settings.state_dir):
        note(f"note: {why}")
        with looking.as_far_as_understood(settings.state_dir), opened(settings, newer=True) as db:
            yield db
        return
    with connect(settings) as connection:  # which waits for the runs' journals, and not for flow files
        if files:
            connection.ask(Sync(files=True))
        with opened(settings) as db:
            yield db


@contextmanager
def opened(settings: Settings, *, newer: bool = False) -> Iterator[Any]:
    """A connection to the history as it stands, which may be `newer` than this program. Raises HistoryError."""
    from tui_flow.store import database

    with closing(database.open_reader(settings.state_dir, newer=newer)) as db:
        yield db


def find_run(db: Any, reference: str) -> FlowRun:
    """The run of a number, of `latest`, or of -1 (the newest), -2 (the one before) and so on. Raises UnknownRun."""
    from tui_flow.store import runs

    back = _FROM_THE_END.fullmatch("-1" if reference == "latest" else reference)
    if back:
        newest = runs.list_runs(db, limit=max(1, int(back[1])))
        if int(back[1]) == len(newest):
            return newest[-1]
        raise UnknownRun(f"there is no run {reference}: {len(newest)} are in the history", next=_LIST)
    if not _NUMBER.fullmatch(reference):
        raise UnknownRun(
            f"{reference!r} names no run: give its number, latest, or -1 for the newest", next=_LIST
        )
    found: FlowRun | None = runs.get_run(db, int(reference))
    if found is None:
        raise UnknownRun(f"there is no run {reference}", next=_LIST)
    return found


def find_alert(db: Any, id: int) -> Alert:
    """Raises UnknownAlert."""
    from tui_flow.store import alerts

    found: Alert | None = alerts.get_alert(db, id)
    if found is None:
        raise UnknownAlert(f"there is no alert {id}", next="tui-flow alerts list shows those there are")
    return found


_LIST = "list the runs with: tui-flow runs"


class RunCommand(click.Command):
    """A command with `run_argument`: lets a run be called -1, which click would take for an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = next((index for index, arg in enumerate(args) if _FROM_THE_END.fullmatch(arg)), None)
        if at is not None and "--" not in args:
            args = [*args[:at], *args[at + 1 :], "--", args[at]]
        return super().parse_args(ctx, args)


def _complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[Any]:
    from tui_flow.cli.complete import run_numbers

    return run_numbers(ctx, incomplete)


run_argument = click.argument("run", metavar="RUN", shell_complete=_complete)
