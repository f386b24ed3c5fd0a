"""What `run` and `plan` take to say what is to run: the parameters, and what is asked for this one run."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tui_flow.cli.history import find_run, opened, up_to_date
from tui_flow.cli.parameters import read_object
from tui_flow.contract.commands import HIGHEST_PRIORITY, LOWEST_PRIORITY, Sync
from tui_flow.settings import Settings
from tui_flow.store import presets

if TYPE_CHECKING:
    from tui_flow.client.blocking import Connection
    from tui_flow.store.records import Flow

_F = TypeVar("_F", bound=Callable[..., Any])


def parameter_options(function: _F) -> _F:
    """`assignments`, `params`, `params_from` and `preset`."""
    for option in reversed(
        (
            click.option(
                "-p", "--param", "assignments", multiple=True, metavar="NAME=VALUE",
                help="A parameter; JSON or text; a list as a,b; a day also as today or -3d; config.batch is a field of one; without =VALUE it is asked for.",
            ),
            click.option("--params", metavar="JSON|@FILE|-", help="All parameters, as a JSON object."),
            click.option(
                "--params-from", metavar="RUN",
                help="The parameters of this run, unless the others give them.",
            ),
            click.option(
                "--preset", metavar="NAME", help="The parameters of this preset; tui-flow presets lists them."
            ),
        )
    ):  # fmt: skip
        function = option(function)
    return function


def wish_options(function: _F) -> _F:
    """`at`, `priority`, `refresh`, `skip` and `only`."""
    for option in reversed(
        (
            click.option(
                "--at", metavar="WHEN",
                help="Begin then, not now: 14:30, +90s, +2h, tomorrow 03:00, 2026-08-20 03:00.",
            ),
            click.option(
                "--priority", type=click.IntRange(LOWEST_PRIORITY, HIGHEST_PRIORITY), metavar="N",
                help="Before runs of lower ones that wait.  [default: the flow's]",
            ),
            click.option(
                "--refresh", is_flag=True,
                help="Use no result that was cached earlier: run the task, and cache its.",
            ),
            click.option(
                "--skip", multiple=True, metavar="TASK",
                help="Leave this task out; load_* is all so named; several times.",
            ),
            click.option(
                "--only", multiple=True, metavar="TASK", help="Leave all tasks out but this; several times."
            ),
        )
    ):  # fmt: skip
        function = option(function)
    return function


def given_parameters(
    found: Settings, flow: str, params: str | None, params_from: str | None, preset: str | None
) -> dict[str, Any]:
    """Those that the options but `-p` say, the later ones above the earlier."""
    parameters: dict[str, Any] = {}
    if params_from:
        from tui_flow.store.asked_for import asked_parameters

        with up_to_date(found) as db:
            parameters = dict(asked_parameters(found.state_dir, find_run(db, params_from)))
    if preset is not None:
        parameters |= presets.get(found.state_dir, flow.partition("/")[0], preset)
    return parameters | read_object(params or "{}")


def current_flow(found: Settings, connection: "Connection", name: str) -> "Flow | None":
    """The flow as its file is now, or as it is served; None where there is none."""
    known = _described(found, name)
    if known is None:
        connection.ask(Sync(files=True))
        known = _described(found, name)
    return known


def _described(found: Settings, name: str) -> "Flow | None":
    """The flow, if the history knows it, and knows it as its file is now."""
    from tui_flow.store import flows, served

    with opened(found) as db:
        if "/" in name:
            one = served.find_served(db, *name.split("/", 1))
            return one.definition if one else None
        flow = flows.get_flow(db, name)
        described_at = {file.path: file.described_at for file in flows.list_flow_files(db)}
    try:
        is_current = (
            flow is not None and (found.project / flow.path).stat().st_mtime < described_at[flow.path]
        )
    except OSError:
        return None
    return flow if is_current else None
