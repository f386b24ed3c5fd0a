"""`tui-flow assets`: what flows produce, and from what."""

import json
import time
from typing import Any

import click

from tui_flow.cli.history import find_run, up_to_date
from tui_flow.cli.options import limit_option, new_command, settings, wants_json
from tui_flow.cli.output import note, print_json, print_table, style
from tui_flow.cli.paint import plain_ascii
from tui_flow.contract.errors import UnknownRun
from tui_flow.iso_time import iso
from tui_flow.safe import safe
from tui_flow.store.records import Materialization
from tui_flow.tui.presentation.times import moment


@new_command(
    "tui-flow assets\ntui-flow assets s3://bucket/data.csv\ntui-flow assets latest\ntui-flow assets --json"
)
@click.argument("what", required=False, metavar="[RUN|KEY]")
@limit_option(100)
def command(what: str | None, limit: int) -> None:
    """List all assets with when they were last made, those of a run, or all times that one was made.

    A task makes assets that is decorated with @materialize("s3://bucket/data.csv").
    """
    from tui_flow.store import assets

    with up_to_date(settings()) as db:
        latest = assets.list_latest(db)
        if what is None:
            found = latest[:limit]
        elif "://" in what:
            found = assets.list_of_key(db, what, limit)
        else:
            found = assets.list_of_run(db, find_run(db, what).id, limit)
    if what is not None and "://" in what and not found:
        _tell_of_external(what, latest)
    elif wants_json():
        print_json({"assets": [_object(one) for one in found]})
    elif not found:
        note("no assets" + ("" if what else ': @materialize("s3://bucket/data.csv") on a task makes one'))
    else:
        _table(found)
        if what is not None and "://" in what:
            _details(found[0], latest)


def _tell_of_external(key: str, latest: list[Materialization]) -> None:
    """One that no flow makes, and that others are made from."""
    below = _below(key, latest)
    if not below:
        raise UnknownRun(f"no flow has made {key!r}", next="list them with: tui-flow assets")
    if wants_json():
        print_json({"assets": [], "made_from_it": below})
    else:
        click.echo(f"no flow makes {safe(key)}; made from it: {', '.join(map(safe, below))}")


def _table(found: list[Materialization]) -> None:
    now = time.time()
    good, bad = ("ok", "FAILED") if plain_ascii() else ("✓", "✗")
    print_table(
        ("", "ASSET", "RUN", "WHEN", "BY", "FROM"),
        [
            (
                good if one.succeeded else bad,
                safe(one.key),
                f"{one.run_id}-{one.task_run}",
                moment(one.at, now),
                safe(one.made_by or "-"),
                safe(", ".join(one.upstream)),
            )
            for one in found
        ],
    )


def _details(last: Materialization, latest: list[Materialization]) -> None:
    told: dict[str, Any] = {**(last.properties or {}), **(last.metadata or {})}
    for name, value in told.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        click.echo(f"{style(safe(name), dim=True)}  {safe(text)}")
    if below := _below(last.key, latest):
        click.echo(f"{style('made from it', dim=True)}  {', '.join(map(safe, below))}")


def _below(key: str, latest: list[Materialization]) -> list[str]:
    return [one.key for one in latest if key in one.upstream]


def _object(one: Materialization) -> dict[str, Any]:
    fields = one._asdict()
    del fields["number"]
    return {**fields, "at": iso(one.at)}
