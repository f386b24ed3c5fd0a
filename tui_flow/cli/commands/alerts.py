"""`tui-flow alerts`: what somebody should know, and who knows it already."""

import re
import time
from typing import Any

import click

from tui_flow.cli.complete import flow_names
from tui_flow.cli.history import find_alert, up_to_date
from tui_flow.cli.options import new_command, settings, wants_json
from tui_flow.cli.output import note as say
from tui_flow.cli.output import print_json, print_table, style
from tui_flow.contract import commands
from tui_flow.contract.alert_rules import ACKNOWLEDGED_SECONDS
from tui_flow.contract.errors import EXIT_RUN_NOT_COMPLETED, RequestError
from tui_flow.contract.states import AlertState
from tui_flow.counting import counted
from tui_flow.iso_time import iso
from tui_flow.safe import safe
from tui_flow.store.records import Alert
from tui_flow.tui.presentation.people import who
from tui_flow.tui.presentation.times import moment

_UNITS = {"m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}
_ids = click.argument("alerts", metavar="ALERT...", type=int, nargs=-1, required=True)
_flow = click.argument("flow", shell_complete=lambda ctx, _, text: flow_names(ctx, text))


@click.group(
    epilog="\b\nExamples:\n  tui-flow alerts list\n  tui-flow alerts ack 12\n  tui-flow alerts mute etl --for 8h\n  tui-flow alerts test"
)
def command() -> None:
    """List alerts, acknowledge them, and mute those of a flow.

    An alert is raised when a run fails or crashes, fire times are missed, a run is late, a flow file breaks, a flow is
    paused by itself, or the disk is full. Equal ones are one, with a count. Where messages about them go, the settings
    alert_command and alert_urls say.
    """


@new_command("tui-flow alerts list\ntui-flow alerts list --all --json | jq '.alerts[].what'")
@click.option("--all", "everything", is_flag=True, help="Also those that recovered.")
def list_(everything: bool) -> None:
    """List what is wrong, the last that happened first."""
    from tui_flow.store import alerts

    with up_to_date(settings(), files=True) as db:
        found = alerts.list_alerts(db) if everything else alerts.list_open(db)
    now = time.time()
    if wants_json():
        print_json({"alerts": [_object(alert, now) for alert in found]})
        return
    if not found:
        say("nothing is wrong" if not everything else "there has been no alert yet")
        return
    rows = [
        (str(alert.id), _state(alert, now), moment(alert.last_at, now), str(alert.times), *_safe(alert))
        for alert in found
    ]
    header = ("ALERT", "STATE", "LAST", "N", "FLOW", "WHERE", "WHAT")
    print_table(header, rows, yielding=("FLOW", "WHERE"), last=30)


@new_command("tui-flow alerts show 12\ntui-flow alerts show 12 --json | jq .runs")
@click.argument("alert", type=int)
def show(alert: int) -> None:
    """Show one alert: its runs, what was sent and written about it."""
    from tui_flow.store import alerts

    with up_to_date(settings()) as db:
        found = find_alert(db, alert)
        sent, notes = alerts.list_messages(db, alert), alerts.list_notes(db, alert)
    now = time.time()
    if wants_json():
        messages = [{**one._asdict(), "at": iso(one.at)} for one in sent]
        told = [{**one._asdict(), "at": iso(one.at), "by": who(one.by)} for one in notes]
        print_json({**_object(found, now), "messages": messages, "notes": told})
        return
    facts = [
        ("alert", f"{found.id}  {_state(found, now)}"),
        ("about", "  ".join(text for text in _safe(found)[:2] if text)),
        ("what", safe(found.what)),
        (
            "happened",
            f"{counted(found.times, 'time')}, first {moment(found.first_at, now)}, last {moment(found.last_at, now)}",
        ),
        ("runs", " ".join(map(str, found.runs)) or "-"),
        *([("line", f"{safe(found.path)}:{found.line}")] if found.path else []),
        *(("sent", f"{moment(one.at, now)}  {safe(one.channel)}: {safe(one.said)}") for one in sent),
        *(("note", f"{moment(one.at, now)}  {safe(who(one.by))}: {safe(one.text)}") for one in notes),
    ]
    for name, text in facts:
        click.echo(f"{style(f'{name:<9}', dim=True)} {text}")


@new_command("tui-flow alerts ack 12\ntui-flow alerts ack 12 13 --undo")
@_ids
@click.option("--undo", is_flag=True, help="They are new again.")
def ack(alerts: tuple[int, ...], undo: bool) -> None:
    """Say that you know: quiet for 24h, or until something else is wrong."""
    told = _ask(commands.AcknowledgeAlerts(list(alerts), undo))
    if wants_json():
        print_json(told)
    else:
        count = len(told["alerts"])
        said = "new again" if undo else f"acknowledged for {ACKNOWLEDGED_SECONDS / 3600:g}h"
        click.echo(f"{counted(count, 'alert')} {said}")


@new_command("tui-flow alerts mute etl --for 8h\ntui-flow alerts mute etl")
@_flow
@click.option(
    "--for", "duration", metavar="TIME", help="Such as 30m, 8h, 2d. Default: until a run of it completes."
)
def mute(flow: str, duration: str | None) -> None:
    """Send no message about a flow for a while; its alerts are raised all the same."""
    told = _ask(commands.MuteAlerts(flow, None if duration is None else seconds_of(duration)))
    if wants_json():
        print_json(told)
    else:
        click.echo(
            f"{safe(told['flow'])} is muted {f'for {duration}' if duration else 'until a run of it completes'}"
        )


@new_command("tui-flow alerts unmute etl")
@_flow
def unmute(flow: str) -> None:
    """Send messages about a flow again."""
    told = _ask(commands.UnmuteAlerts(flow))
    if wants_json():
        print_json(told)
    else:
        click.echo(f"{safe(told['flow'])} {'is no longer muted' if told['was_muted'] else 'was not muted'}")


@new_command('tui-flow alerts note 12 "wh-2 restarts on Tuesdays at 03:00"')
@click.argument("alert", type=int)
@click.argument("text")
@click.option("--undo", is_flag=True, help="Take a note of this text away again.")
def note(alert: int, text: str, undo: bool) -> None:
    """Write something about an alert for those who see it after you."""
    told = _ask(commands.NoteAlert(alert, text, undo))
    if wants_json():
        print_json(told)
    else:
        click.echo(f"{'no longer noted' if undo else 'noted'} on alert {alert}")


@new_command("tui-flow alerts test")
@click.pass_context
def test(ctx: click.Context) -> None:
    """Send a message through every channel of the settings, and tell how that goes."""
    import socket

    from tui_flow.alerts import messages
    from tui_flow.alerts.notifier import channels_of, send

    found = settings()
    channels = channels_of(found)
    if not channels:
        raise RequestError(
            "there is no channel to test",
            next='set alert_command = ["./notify.sh"], or alert_urls = ["https://…"]',
        )
    text = messages.message([], found.project.name, socket.gethostname(), time.time())
    text |= {"title": f"a test of alerts ({safe(found.project.name)})", "text": "tui-flow alerts test"}
    results = [send(channel, text, ()) for channel in channels]
    if wants_json():
        told = [{"channel": one.channel, "is_sent": one.is_sent, "said": one.said} for one in results]
        print_json({"channels": told})
    else:
        print_table(
            ("CHANNEL", "SENT", "IT SAYS"),
            [(safe(one.channel), "yes" if one.is_sent else "no", safe(one.said)) for one in results],
        )
    if not all(one.is_sent for one in results):
        ctx.exit(EXIT_RUN_NOT_COMPLETED)


list_.name = "list"
for _verb in (list_, show, ack, mute, unmute, note, test):
    command.add_command(_verb)


def seconds_of(text: str) -> float:
    """ "30m", "8h", "2d" in seconds. Raises RequestError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", text.strip().lower())
    if found is None:
        raise RequestError(f"{text!r} is not a time", next="write it as 30m, 8h, 2d")
    return float(found[1]) * _UNITS[found[2]]


def _ask(command: commands.Command) -> dict[str, Any]:
    from tui_flow.client import connect

    with connect(settings()) as connection:
        connection.ask(commands.Sync())
        return connection.ask(command)


def _state(alert: Alert, now: float) -> str:
    """Its state, and whether anybody hears of it."""
    if alert.state is AlertState.ACKNOWLEDGED:
        return f"acknowledged by {safe(who(alert.changed_by))}"
    muted = ", muted" if alert.is_muted(now) and alert.state is AlertState.NEW else ""
    return f"{alert.state}{muted}"


def _safe(alert: Alert) -> tuple[str, str, str]:
    return safe(alert.flow), safe(alert.place), safe(alert.what)


def _object(alert: Alert, now: float) -> dict[str, Any]:
    fields = alert._asdict()
    for name in ("fingerprint", "owed_at", "muted_at", "muted_by", "until"):
        del fields[name]
    at = {name: iso(fields[name]) for name in ("first_at", "last_at", "changed_at", "sent_at")}
    muted_until = iso(alert.until) if alert.until is not None and alert.is_muted(now) else None
    return {
        **fields,
        **at,
        "changed_by": who(alert.changed_by),
        "is_muted": alert.is_muted(now),
        "muted_until": muted_until,
    }
