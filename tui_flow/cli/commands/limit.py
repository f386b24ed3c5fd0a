"""`tui-flow limit`: named limits, which flows wait for with `concurrency` and `rate_limit`, and tasks by their tags."""

from collections import Counter
from typing import Any

import click

from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import note, print_json, print_table
from tui_flow.contract import limits
from tui_flow.contract.errors import RequestError
from tui_flow.contract.limits import Limit
from tui_flow.contract.rundir import open_state_dir
from tui_flow.safe import safe


@click.group(
    epilog="\b\nExamples:\n  tui-flow limit set database 5\n  tui-flow limit set api 10 --refill 2\n  tui-flow limit set tag:heavy 2\n  tui-flow limit list"
)
def command() -> None:
    """List, make and remove named limits.

    A flow waits for a slot with `with concurrency("database"):` (tui_flow.concurrency.sync), or `rate_limit("api")`;
    a limit tag:heavy holds for the task runs with the tag heavy. They hold for all runs and scripts of the project,
    with and without an engine. The slots of whoever dies are free at once.
    """


@new_command("tui-flow limit list\ntui-flow limit list --json | jq '.limits[] | .holders'")
def list_() -> None:
    """List the limits, and who has their slots."""
    state_dir = open_state_dir(settings().project)
    found = [(limit, limits.holders(state_dir, limit)) for limit in limits.list_limits(state_dir)]
    if wants_json():
        print_json({"limits": [_object(state_dir, limit, holders) for limit, holders in found]})
    elif not found:
        note("no limits; make one with: tui-flow limit set database 5")
    else:
        rows = [_row(state_dir, limit, holders) for limit, holders in found]
        print_table(("LIMIT", "SLOTS", "IN USE", "REFILL", "HELD BY"), rows)


@new_command(
    "tui-flow limit set database 5\ntui-flow limit set api 10 --refill 2\ntui-flow limit set database --off"
)
@click.argument("name")
@click.argument("slots", type=click.IntRange(0, limits.MAX_LIMIT), required=False)
@click.option(
    "--refill",
    type=click.FloatRange(0.0),
    metavar="PER_SECOND",
    help="So many slots come back each second, which rate_limit needs; 0: each when it is let go of.",
)
@click.option("--on/--off", "is_active", default=None, help="Whether the limit applies.")
def set_(name: str, slots: int | None, refill: float | None, is_active: bool | None) -> None:
    """Make the limit NAME with so many SLOTS, or change it. Who has a slot keeps it."""
    state_dir = open_state_dir(settings().project)
    try:
        known = limits.load(state_dir, name)
        if known is None and slots is None:
            raise RequestError(f"there is no limit {name!r}", next=f"tui-flow limit set '{name}' 5 makes it")
        before = known or Limit(name, slots or 0)
        limit = Limit(
            name,
            before.limit if slots is None else slots,
            before.slot_decay_per_second if refill is None else refill,
            before.is_active if is_active is None else is_active,
        )
        limits.save(state_dir, limit)
    except ValueError as error:
        raise RequestError(str(error)) from None
    if wants_json():
        print_json(_object(state_dir, limit, limits.holders(state_dir, limit)))
    else:
        refills = f", {limit.slot_decay_per_second:g} a second" if limit.slot_decay_per_second else ""
        click.echo(f"{safe(name)}: {limit.limit} slots{refills}{'' if limit.is_active else ', off'}")


@new_command("tui-flow limit remove database")
@click.argument("name")
def remove(name: str) -> None:
    """Remove a limit: nobody waits for it any more."""
    try:
        is_gone = limits.remove(open_state_dir(settings().project), name)
    except ValueError as error:
        raise RequestError(str(error)) from None
    if not is_gone:
        raise RequestError(f"there is no limit {name!r}", next="tui-flow limit list lists those there are")
    if wants_json():
        print_json({"removed": name})
    else:
        click.echo(f"{safe(name)}: removed")


list_.name, set_.name = "list", "set"
for verb in (list_, set_, remove):
    command.add_command(verb)


def _object(state_dir: Any, limit: Limit, holders: list[str]) -> dict[str, Any]:
    return {**limit._asdict(), "in_use": limits.in_use(state_dir, limit), "holders": holders}


def _row(state_dir: Any, limit: Limit, holders: list[str]) -> tuple[str, ...]:
    counted = Counter(holders)
    names = ", ".join(f"{safe(name)}{f' ×{count}' if count > 1 else ''}" for name, count in counted.items())
    refill = f"{limit.slot_decay_per_second:g}/s" if limit.slot_decay_per_second else "-"
    slots = str(limit.limit) if limit.is_active else f"{limit.limit}, off"
    return safe(limit.name), slots, f"{limits.in_use(state_dir, limit):g}", refill, names or "-"
