"""While the disk is full no run is started, and the console says so wherever one looks."""

from tests.tui.pages import FakeEngine, console
from tests.tui.project import Project
from tui_flow.contract.changes import RoomChanged, Snapshot

FULL = "the disk has 3 MiB free, and runs need 64 MiB (min_free_mb)"


async def test_a_disk_that_fills_up_and_empties_again_is_told_in_every_view(etl: Project) -> None:
    async with console(etl) as page:
        await page.shows("engine ok")
        page.engine.tell(RoomChanged(FULL))
        await page.shows("no room: starts paused", f"no run is started: {FULL}")
        await page.press("2")
        await page.shows("sort: newest", "no room: starts paused")
        page.engine.tell(RoomChanged(""))
        await page.shows("there is room again")
        await page.hides("starts paused")


async def test_whoever_comes_later_is_told_too_and_nobody_once_the_engine_is_gone(etl: Project) -> None:
    engine = FakeEngine()
    engine.snapshot = Snapshot(1, 0.0, no_room=FULL)
    async with console(etl, engine=engine) as page:
        await page.shows("no room: starts paused", FULL)
        engine.die()
        await page.hides("starts paused")
