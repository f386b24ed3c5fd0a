"""`tui-flow backfill FLOW`: runs the fire times of a range in the past that have no run that completed."""

from datetime import UTC, datetime
from typing import Any

import click

from tui_flow.cli.complete import flow_names
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import note, print_json, print_table
from tui_flow.cli.scheduling import parsed_time
from tui_flow.contract.commands import Backfill, Sync
from tui_flow.counting import counted
from tui_flow.iso_time import iso
from tui_flow.safe import safe
from tui_flow.tui.presentation import times


@new_command(
    "tui-flow backfill etl --from 2026-11-01 --to 2026-11-07 --dry-run\n"
    "tui-flow backfill etl --schedule nightly --from 2026-11-01T00:00+01:00 --to 2026-11-07 --force"
)
@click.argument("flow", shell_complete=lambda ctx, _, text: flow_names(ctx, text))
@click.option(
    "--from", "start", required=True, metavar="TIME", help="ISO 8601; without an offset, local time."
)
@click.option(
    "--to",
    "end",
    required=True,
    metavar="TIME",
    help="The last moment that counts; of a day, the whole of it.",
)
@click.option("--schedule", default="", metavar="SLUG", help="Which one, where the flow has several.")
@click.option("--force", is_flag=True, help="Run also what completed already.")
@click.option("--dry-run", is_flag=True, help="Only show what would be run.")
def command(flow: str, start: str, end: str, schedule: str, force: bool, dry_run: bool) -> None:
    """Run a schedule's fire times of the past.

    Those whose run completed are left out, unless --force. The runs go one after another, with a lower priority than others, and each is told what time it runs for.
    """
    from tui_flow.client import connect

    with connect(settings()) as connection:
        connection.ask(Sync(files=True))
        told = connection.ask(
            Backfill(flow, parsed_time(start), end_of(end), schedule, force=force, dry_run=dry_run)
        )
    slots = told["slots"]
    if wants_json():
        print_json({**told, "slots": [{**slot, "fire_at": iso(slot["fire_at"])} for slot in slots]})
        return
    if not slots:
        note("the schedule has no fire times in that range")
        return
    print_table(("FIRE TIME", "UTC", "DOES", "WHY", "RUN"), [_row(slot) for slot in slots])
    made = counted(sum(slot["action"] == "run" for slot in slots), "run")
    note(f"would make {made}" if dry_run else f"made {made}; they go one after another")


def end_of(text: str) -> float:
    """The last moment of a range: a day counts whole. Raises RequestError."""
    return times.end_of(text, parsed_time(text))


def _row(slot: dict[str, Any]) -> tuple[str, ...]:
    local, utc = datetime.fromtimestamp(slot["fire_at"]), datetime.fromtimestamp(slot["fire_at"], UTC)
    run = "" if slot["run_id"] is None else str(slot["run_id"])
    return f"{local:%a %Y-%m-%d %H:%M:%S}", f"{utc:%Y-%m-%d %H:%M}", slot["action"], safe(slot["why"]), run
