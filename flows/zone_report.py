"""When the clocks change next around the world: an async flow with async tasks.

It shows coroutines that run side by side in one thread: every IANA zone of an area is a call of `next_change`, at
most `at_once` of them at a time, awaited together with `asyncio.gather`.
"""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from tui_flow import flow, get_run_logger, task


@task
async def list_zones(area: str) -> list[str]:
    zones = sorted(zone for zone in available_timezones() if zone.startswith(f"{area}/"))
    if not zones:
        raise ValueError(
            f"no IANA zones in {area!r}: try Europe, America, Asia, Africa, Australia or Pacific"
        )
    return zones


@task(task_run_name="{zone}")
async def next_change(zone: str, now: datetime, gate: asyncio.Semaphore) -> tuple[datetime, str] | None:
    """When this zone's offset changes within a year, to the hour, and how. None where it does not."""
    async with gate:
        local = now.astimezone(ZoneInfo(zone))
        for hours in range(1, 366 * 24):
            later = (now + timedelta(hours=hours)).astimezone(local.tzinfo)
            if later.utcoffset() != local.utcoffset():
                return later, f"{later:%d %b %Y}  UTC{local:%z} becomes UTC{later:%z}"
            if hours % 500 == 0:
                await asyncio.sleep(0)
    return None


@flow(name="zone_report", log_prints=True)
async def zone_report(area: str = "Europe", at_once: int = 8) -> dict[str, int]:
    """Reports when the clocks change next in an area of the world, such as Europe or Pacific."""
    now, gate = datetime.now(ZoneInfo("UTC")), asyncio.Semaphore(at_once)
    zones = await list_zones(area)
    changes = await asyncio.gather(*(next_change(zone, now, gate) for zone in zones))
    report = Counter(text for _, text in sorted(change for change in changes if change))
    for text, count in report.items():
        print(f"{count:>4} zones  {text}")
    get_run_logger().info(
        "%d of %d zones in %s change their clocks within a year", report.total(), len(zones), area
    )
    return dict(report)


if __name__ == "__main__":
    asyncio.run(zone_report())
