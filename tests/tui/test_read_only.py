"""`--read-only`: a console for looking on."""

from tests.tui.pages import FakeEngine, console
from tests.tui.project import Project
from tui_flow.contract import commands
from tui_flow.contract.errors import READS_ONLY


async def test_a_read_only_console_shows_everything_and_says_what_it_is(etl: Project) -> None:
    async with console(etl, read_only=READS_ONLY) as page:
        await page.shows("etl_daily", "read-only", "engine ok")
        await page.press("enter")
        await page.shows("load failed")


async def test_a_read_only_console_runs_cancels_and_edits_nothing(etl: Project) -> None:
    async with console(etl, read_only=READS_ONLY) as page:
        await page.shows("etl_daily", "engine ok")
        for key in ("r", "e"):
            await page.press(key)
            await page.shows("this console only reads")
        await page.press("2")
        await page.shows("sort: newest", "run 812")
        await page.press("r")
        await page.shows("this console only reads")
        assert all(isinstance(asked, commands.READING) for asked in page.engine.asked)


async def test_a_read_only_console_starts_no_engine(etl: Project) -> None:
    engine = FakeEngine()
    engine.is_up = False
    async with console(etl, engine=engine, read_only=READS_ONLY) as page:
        await page.shows("engine stopped", "etl_daily")
        await page.shows(" engine stopped (tui-flow engine start): no schedule fires, running runs go on")
        await page.press("r")
        await page.shows("this console only reads")
        engine.is_up = True
        await page.shows("engine ok")
    assert set(engine.starts) == {False}


async def test_what_kind_of_console_it_is_stays_in_sight_however_much_there_is_to_count(etl: Project) -> None:
    for number in range(3):
        etl.broken_file(f"flows/mess{number}.py", "SyntaxError: no", 1)
    etl.run(900, "cleanup_tmp", "paused")
    async with console(etl, read_only=READS_ONLY) as page:
        await page.shows("read-only", "engine ok")
        await page.press("T")
        await page.until(lambda: "times in UTC" in page.lines[0], "the zone to be told")
        assert "read-only" in page.lines[0] and "engine ok" in page.lines[0]
        assert "‖1" in page.lines[0] and "▸1" in page.lines[0] and "!4" in page.lines[0]
        await page.press("T")


async def test_back_filling_and_pausing_are_refused_before_anything_is_asked(etl: Project) -> None:
    async with console(etl, read_only=READS_ONLY) as page:
        await page.shows("etl_daily", "engine ok")
        await page.press("p")
        await page.shows("this console only reads; leave it")


async def test_parameters_are_refused_for_the_same_reason_as_a_run_in_every_view(etl: Project) -> None:
    async with console(etl, read_only=READS_ONLY) as page:
        await page.shows("etl_daily", "engine ok")
        for view in "1245":
            for key in ("r", "R"):
                await page.press(view, key)
                await page.shows("this console only reads; leave it")
        await page.press("3", "b")
        await page.shows("this console only reads; leave it")
        await page.press("s")
        await page.shows("s works in lists")
