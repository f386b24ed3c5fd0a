"""`tui-flow schedule`: when flows run by themselves, and when they do not.

`next` tells when a schedule fires before it is written into a flow file; the other verbs are those of `cli.scheduling`.
"""

import time
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import click

from tui_flow import fire_times
from tui_flow.cli.options import new_command, wants_json
from tui_flow.cli.output import note, print_json, print_table
from tui_flow.cli.scheduling import VERBS
from tui_flow.contract.errors import RequestError
from tui_flow.contract.schedules import DAY, Cron, Interval, RRule, Schedule, When, checked, seconds_of
from tui_flow.contract.zones import local_zone
from tui_flow.iso_time import iso
from tui_flow.safe import safe

_MOST = 1_000


@click.group(
    epilog='\b\nExamples:\n  tui-flow schedule list\n  tui-flow schedule pause etl --why "the source is down"\n  tui-flow schedule next "0 3 * * *" --timezone Europe/Paris\n  tui-flow schedule next --interval 90m'
)
def command() -> None:
    """List, show, pause, resume and skip schedules, and tell when they fire.

    They are declared in the flow file, beside the flow: @flow(schedule=Cron("0 3 * * *", timezone="Europe/Paris")).
    """


@new_command(
    'tui-flow schedule next "30 1 * * *" --timezone America/New_York --after 2026-10-31\n'
    "tui-flow schedule next --interval 90m -n 3\n"
    'tui-flow schedule next --rrule "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17" --json'
)
@click.argument("cron", required=False)
@click.option("--interval", metavar="DURATION", help="Instead of cron: every 90s, 15m, 2h, 1d or 1w.")
@click.option("--rrule", metavar="RULE", help="Instead of cron: an iCalendar rule (RFC 5545).")
@click.option("--timezone", metavar="ZONE", help="Such as Europe/Paris. Default: this host's.")
@click.option("--after", metavar="TIME", help="ISO 8601; without an offset in the zone. Default: now.")
@click.option("-n", "count", type=click.IntRange(1, _MOST), default=5, show_default=True, help="How many.")
def next_(
    cron: str | None,
    interval: str | None,
    rrule: str | None,
    timezone: str | None,
    after: str | None,
    count: int,
) -> None:
    """Tell the next times at which CRON fires, and what clock changes do to them.

    CRON has five fields: minute, hour, day of month, month, day of week. A time that a clock change skips fires at the
    end of the gap, one that it repeats fires the first time; where minute or hour begin with *, elapsed time counts.
    """
    zone = timezone or local_zone()
    try:
        place = fire_times.zone(zone)
        schedule = fire_times.check(checked(Schedule(_when(cron, interval, rrule, zone, timezone), "asked")))
        start = _moment(after, place) if after else time.time()
        fires = list(islice(fire_times.fires_after(schedule, start), count))
    except (ValueError, OverflowError) as error:
        raise _refused(str(error)) from None
    told = [fire_times.note(schedule, at) for at in fires]
    if wants_json():
        print_json({"fire_times": [_object(at, place, what) for at, what in zip(fires, told, strict=True)]})
        return
    if not fires:
        note(f"it does not fire after {datetime.fromtimestamp(start, place):%Y-%m-%d %H:%M:%S %Z}")
        return
    header = (
        (f"LOCAL ({safe(zone)})", "UTC", "CLOCK CHANGE") if any(told) else (f"LOCAL ({safe(zone)})", "UTC")
    )
    print_table(header, [_row(at, place, what)[: len(header)] for at, what in zip(fires, told, strict=True)])  # fmt: skip


next_.name = "next"
for _verb in (*VERBS, next_):
    command.add_command(_verb)


def _when(cron: str | None, interval: str | None, rrule: str | None, zone: str, timezone: str | None) -> When:
    """What was asked about. Raises ValueError for a bad duration, and a UsageError for none of them, or for two."""
    if sum(given is not None for given in (cron, interval, rrule)) != 1:
        raise click.UsageError("Give either a cron expression, --interval or --rrule.")
    if cron is not None:
        return Cron(" ".join(cron.split()), zone)
    if rrule is not None:
        return RRule(rrule, zone, "2020-01-01T00:00:00")
    seconds = _seconds(interval or "")
    return Interval(seconds, timezone=zone if timezone is not None and seconds % DAY == 0 else None)


def _seconds(text: str) -> float:
    seconds = seconds_of(text)
    if not 1.0 <= seconds < 1e10:
        raise ValueError(f"{text!r} is too short, or too long, for an interval")
    return seconds


def _moment(text: str, place: ZoneInfo) -> float:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is not a time: write it as 2026-10-31T00:00:00+00:00 or 2026-10-31"
        ) from None
    return found.timestamp() if found.tzinfo else fire_times.instant(found, place)


def _object(at: float, place: ZoneInfo, what: str | None) -> dict[str, Any]:
    """`local` is what the clock says in the zone; `note` is there only where there is something to say."""
    told = {"fire_at": iso(at), "local": datetime.fromtimestamp(at, place).isoformat()}
    return {**told, "note": what} if what else told


def _row(at: float, place: ZoneInfo, what: str | None) -> tuple[str, ...]:
    local, utc = datetime.fromtimestamp(at, place), datetime.fromtimestamp(at, UTC)
    return f"{local:%a %Y-%m-%d %H:%M:%S %Z}", f"{utc:%Y-%m-%d %H:%M:%S}", what or ""


def _refused(what: str) -> RequestError:
    return RequestError(
        what, where="tui-flow schedule next", next="`tui-flow schedule next --help` has examples"
    )
