"""The verbs of `tui-flow schedule` that are about the schedules of this project.

SCHEDULE is FLOW/SLUG, or FLOW alone where the flow has one schedule.
"""

import time
from datetime import UTC, datetime
from typing import Any

import click

from tui_flow.cli.complete import flow_names
from tui_flow.cli.history import opened
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import note, print_json, print_table, style
from tui_flow.contract import commands
from tui_flow.contract.errors import RequestError, UnknownSchedule
from tui_flow.contract.schedules import TIMED, describe, from_json
from tui_flow.contract.states import FireReason
from tui_flow.iso_time import iso
from tui_flow.safe import safe
from tui_flow.store.records import FireTime
from tui_flow.tui.presentation.times import moment

_TIMES = ("paused_at", "registered_at", "cursor", "next_at")


def _complete(ctx: click.Context, _: click.Parameter, text: str) -> list[Any]:
    return flow_names(ctx, text)


_schedule = click.argument("schedule", metavar="SCHEDULE", shell_complete=_complete)
_maybe_flow = click.argument(
    "schedule", metavar="[FLOW | SCHEDULE]", required=False, shell_complete=_complete
)


@new_command(
    "tui-flow schedule list\ntui-flow schedule list --json | jq '.schedules[] | select(.state == \"paused\")'"
)
@click.argument("flow", required=False, shell_complete=_complete)
def list_(flow: str | None) -> None:
    """List the schedules and triggers, and when they fire next."""
    told = _ask(commands.ListSchedules(flow or "", next=1))
    if wants_json():
        print_json(
            {
                "schedules": [_object(one) for one in told["schedules"]],
                "pauses": list(map(_pause, told["pauses"])),
            }
        )
        return
    if not told["schedules"]:
        note('no schedules; declare one beside a flow: @flow(schedule=Cron("0 3 * * *"))')
        return
    paused = {one["flow"]: one for one in told["pauses"]}
    rows = [_row(one, paused) for one in told["schedules"]]
    print_table(("SCHEDULE", "WHEN", "STATE", "NEXT"), rows, yielding=("SCHEDULE", "WHEN"))


@new_command("tui-flow schedule show etl\ntui-flow schedule show etl/nightly --json | jq .fire_times")
@_schedule
@click.option(
    "-n", "count", type=click.IntRange(1, 100), default=5, show_default=True, help="How many times."
)
def show(schedule: str, count: int) -> None:
    """Show one schedule: its rules, the times to come, and what became of the last ones."""
    from tui_flow.store import schedules

    found = settings()
    flow, slug = _split(schedule)
    told = _ask(commands.ListSchedules(flow, next=count))
    one = _only(told["schedules"], flow, slug)
    with opened(found) as db:
        past = schedules.list_fire_times(db, one["id"], limit=count)
    if wants_json():
        print_json(
            {
                **_object(one),
                "fire_times": [_fire_time(row) for row in past],
                "pauses": list(map(_pause, told["pauses"])),
            }
        )
        return
    for name, text in _facts(one, told["pauses"]):
        click.echo(f"{style(f'{name:<11}', dim=True)} {text}")
    for at in one["next"]:
        click.echo(f"{style('next       ', dim=True)} {_local(at)}")
    if past:
        click.echo()
        print_table(("FIRE TIME", "BECAME", "WHY", "RUN"), [_past(row) for row in past])


@new_command(
    'tui-flow schedule pause etl --why "the source is down"\ntui-flow schedule pause etl/nightly\ntui-flow schedule pause --all'
)
@_maybe_flow
@click.option("--all", "everything", is_flag=True, help="All schedules of all flows.")
@click.option("--why", default="", help="For those who wonder later.")
def pause(schedule: str | None, everything: bool, why: str) -> None:
    """Let a schedule, all of a flow, or --all fire no more until they are resumed. Runs in progress go on."""
    flow, slug = _asked(schedule, everything)
    _tell(_ask(commands.PauseSchedules(flow, slug, why)), "paused")


@new_command(
    "tui-flow schedule resume etl\ntui-flow schedule resume etl/nightly --catchup\ntui-flow schedule resume --all"
)
@_maybe_flow
@click.option("--all", "everything", is_flag=True, help="End the pause of all flows.")
@click.option(
    "--catchup", is_flag=True, help="Let the schedule's own catch-up rule decide over what was not fired."
)
def resume(schedule: str | None, everything: bool, catchup: bool) -> None:
    """Let what was paused fire again, from now on."""
    flow, slug = _asked(schedule, everything)
    told = _ask(commands.ResumeSchedules(flow, slug, catchup))
    _tell(told, "resumed" if told.get("was_paused", True) else "was not paused")
    if not wants_json() and told["skipped"]:
        note(f"{told['skipped']} fire times were skipped meanwhile; --catchup would have let its rule decide")
    if not wants_json() and told["still_paused"]:
        note(f"still paused: {safe(', '.join(told['still_paused']))}")


@new_command("tui-flow schedule skip etl\ntui-flow schedule skip etl/nightly 2026-12-25T03:00")
@_schedule
@click.argument("fire_at", metavar="[TIME]", required=False)
def skip(schedule: str, fire_at: str | None) -> None:
    """Skip one fire time to come: the next one, or that at TIME (ISO 8601; without an offset, local time).

    Of a trigger, the next event is skipped. What is paused has no next one, but one at a TIME after the pause may be skipped.
    """
    flow, slug = _split(schedule)
    told = _ask(commands.SkipFireTime(flow, slug, None if fire_at is None else parsed_time(fire_at)))
    if wants_json():
        print_json({**told, "fire_at": iso(told["fire_at"])})
    else:
        skipped = "its next event" if told["fire_at"] is None else _local(told["fire_at"])
        click.echo(f"{_name(told)} skips {skipped}")


@new_command("tui-flow schedule unskip etl\ntui-flow schedule unskip etl/nightly 2026-12-25T03:00")
@_schedule
@click.argument("fire_at", metavar="[TIME]", required=False)
def unskip(schedule: str, fire_at: str | None) -> None:
    """Let a fire time make its run after all: the next one that is to be skipped, or that at TIME.

    Of a trigger, one event less is skipped.
    """
    flow, slug = _split(schedule)
    told = _ask(commands.UnskipFireTime(flow, slug, None if fire_at is None else parsed_time(fire_at)))
    if wants_json():
        print_json({**told, "fire_at": iso(told["fire_at"])})
    else:
        when = "its next event" if told["fire_at"] is None else _local(told["fire_at"])
        click.echo(f"{_name(told)} fires at {when} after all")


@new_command("tui-flow schedule reset etl/nightly")
@_schedule
def reset(schedule: str) -> None:
    """Let a schedule fire from now on that waits for a time far ahead, since the clock was once wrong."""
    flow, slug = _split(schedule)
    _tell(_ask(commands.ResetSchedule(flow, slug)), "reset")


@new_command("tui-flow schedule forget etl/nightly")
@_schedule
def forget(schedule: str) -> None:
    """Remove a schedule that no flow file declares and no script serves any more. Its runs stay."""
    flow, slug = _split(schedule)
    _tell(_ask(commands.ForgetSchedule(flow, slug)), "forgotten")


list_.name = "list"
VERBS = (list_, show, pause, resume, skip, unskip, reset, forget)


def parsed_time(text: str) -> float:
    """Seconds since the epoch of an ISO 8601 time; without an offset it is local. Raises RequestError."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise RequestError(
            f"{text!r} is not a time", next="write it as 2026-12-25T03:00 or 2026-12-25"
        ) from None


def _ask(command: commands.Command) -> dict[str, Any]:
    from tui_flow.client import connect

    with connect(settings()) as connection:
        connection.ask(commands.Sync(files=True))
        return connection.ask(command)


def _split(text: str) -> tuple[str, str]:
    flow, _, slug = text.partition("/")
    return flow, slug


def _asked(schedule: str | None, everything: bool) -> tuple[str, str]:
    if (schedule is None) != everything:
        raise click.UsageError("Name a flow or a schedule, or give --all.")
    return _split(schedule or "")


def _only(found: list[dict[str, Any]], flow: str, slug: str) -> dict[str, Any]:
    fitting = [one for one in found if one["slug"] == slug or not slug]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(f"{one['flow']}/{one['slug']}" for one in found)
    raise UnknownSchedule(
        f"flow {flow!r} has {'several schedules' if fitting else 'no such schedule'}",
        next=f"there are: {names}" if names else "declare one: @flow(schedule=…)",
    )


def _tell(told: dict[str, Any], what: str) -> None:
    if wants_json():
        print_json(told)
    else:
        click.echo(f"{_name(told)}: {what}")


def _name(told: dict[str, Any]) -> str:
    if not told["flow"]:
        return "all schedules"
    return safe(f"{told['flow']}/{told['schedule']}" if told["schedule"] else told["flow"])


def _object(one: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in one.items() if name not in ("id", "memory")}
    if moments := fields["spec"].get("times"):
        fields["spec"] = {**fields["spec"], "times": [iso(at) for at in moments]}
    return {**fields, **{name: iso(one[name]) for name in _TIMES}, "next": [iso(at) for at in one["next"]]}


def _pause(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "paused_at": iso(one["paused_at"]), "resumed_at": iso(one["resumed_at"])}


def _fire_time(row: FireTime) -> dict[str, Any]:
    fields = row._asdict()
    del fields["id"], fields["schedule"]
    return {**fields, **{name: iso(fields[name]) for name in ("fire_at", "until", "decided_at")}}


def _when(one: dict[str, Any]) -> str:
    try:
        return safe(describe(from_json(one["spec"])))
    except ValueError:
        return safe(one["kind"])


def _row(one: dict[str, Any], paused: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    held = [name for name in ("", one["flow"]) if name in paused]
    state = "paused" if held and one["state"] == "active" else one["state"]
    following = _local(one["next"][0]) if one["next"] else safe(one["trouble"] or one["waits_for"]) or "-"
    return safe(f"{one['flow']}/{one['slug']}"), _when(one), state, following


def _facts(one: dict[str, Any], pauses: list[dict[str, Any]]) -> list[tuple[str, str]]:
    spec, now = one["spec"], time.time()
    held = [pause for pause in pauses if pause["flow"] in ("", one["flow"])]
    facts = [
        ("schedule", safe(f"{one['flow']}/{one['slug']}")),
        ("when", _when(one)),
        ("state", one["state"]),
        (
            "paused",
            _who(one["paused_by"], one["paused_at"], one["paused_why"], now) if one["paused_at"] else "",
        ),
        *(
            (
                "paused",
                f"{'all flows' if not pause['flow'] else 'the flow'}: "
                + _who(pause["paused_by"], pause["paused_at"], pause["why"], now),
            )
            for pause in held
        ),
        ("trouble", safe(one["trouble"])),
        ("now", safe(one["waits_for"])),
        ("rules", safe(_rules(spec))),
        ("parameters", safe(str(spec["parameters"])) if spec.get("parameters") else ""),
        ("since", moment(one["registered_at"], now)),
    ]
    return [(name, text) for name, text in facts if text]


def _rules(spec: dict[str, Any]) -> str:
    """A trigger catches up always: it fires for each event."""
    overlap = f"overlap {spec.get('overlap', 'skip')}"
    return f"{overlap}, catch-up {spec.get('catchup', 'last')}" if spec.get("kind") in TIMED else overlap


def _who(by: str, at: float, why: str, now: float) -> str:
    return safe(f"by {by}, {moment(at, now)}" + (f": {why}" if why else ""))


def _past(row: FireTime) -> tuple[str, ...]:
    times = f" ×{row.times} to {_local(row.until or row.fire_at)}" if row.times > 1 else ""
    told = row.reason.replace("_", " ") if row.reason is not FireReason.EVENT or not row.message else ""
    why = ": ".join(filter(None, (told, row.message)))
    return f"{_local(row.fire_at)}{times}", row.outcome, safe(why), str(row.run_id or "")


def _local(at: float) -> str:
    local, utc = datetime.fromtimestamp(at).astimezone(), datetime.fromtimestamp(at, UTC)
    shown = f"{local:%a %Y-%m-%d %H:%M:%S %Z}"
    return shown if local.utcoffset() == utc.utcoffset() else f"{shown} ({utc:%H:%M} UTC)"
