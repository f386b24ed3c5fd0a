"""A key either does something or says why not, and nothing is offered that would be refused."""

from rich.cells import cell_len

from tests.tui.pages import FakeEngine, Page, console
from tests.tui.project import Project
from tests.tui.test_form import SCHEMA
from tui_flow.contract import commands
from tui_flow.contract.errors import READS_ONLY
from tui_flow.tui.actions import ACTIONS, ALONE, key_name
from tui_flow.tui.keymap import Keymap
from tui_flow.tui.presentation.why_not import NOT_NOW, moved, unbound, why_not

MOST_SAID = 78
"""Cells of a sentence above the footer that 80 columns show."""
OUTSIDE = {"pager", "suspend_process"}
"""What gives the terminal to another program."""


def working_engine() -> FakeEngine:
    engine = FakeEngine()
    engine.answers |= {commands.RunFlow: {"run_id": 900}, commands.RerunRun: {"attempt": 2}}
    return engine


async def silent_keys(page: Page, places: tuple[str, ...]) -> list[str]:
    """The keys of these places that neither change anything on the screen, nor say anything, nor ask the engine."""
    found = []
    for action in ACTIONS:
        if action.where not in places or action.id in OUTSIDE:
            continue
        page.app.say("")
        await page.pilot.pause()
        before, asked = page.text, len(page.engine.asked)
        await page.press(action.keys.split(",")[0])
        if page.text == before and len(page.engine.asked) == asked:
            found.append(action.name)
        while page.app.screen.is_modal or page.app.screen.is_asking:  # type: ignore[attr-defined]
            await page.press("escape")
    return found


async def test_no_key_of_an_empty_view_is_silent(project: Project) -> None:
    async with console(project, engine=working_engine()) as page:
        silent = []
        for key, view in enumerate(("flows", "runs", "logs", "schedule", "alerts"), 1):
            await page.press(str(key))
            await page.pilot.pause()
            silent += await silent_keys(page, (view, "rows") if view == "flows" else (view,))
        assert silent == []


async def test_a_key_of_another_view_says_where_it_belongs(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("b")
        assert "b works in Schedule only (back-fill past fire times)" in page.message
        await page.press("f12")
        assert "F12 does nothing; ? shows the keys" in page.message
        await page.press("number_sign")
        assert "# does nothing; ? shows the keys" in page.message
        await page.press("i")
        assert page.message == ""
        await page.press("b", "question_mark")
        assert "Schedule only" not in page.text, (
            "what was said of a dead key is gone below what another key opened"
        )


async def test_no_key_is_silent_in_the_form(etl: Project) -> None:
    etl.flow("typed", parameters=SCHEMA)
    async with console(etl) as page:
        await page.press("G", "R")
        for control, key, said in (
            ("count", "f6", "F6 does nothing; ^P shows the keys"),
            ("count", "f12", "F12 does nothing; ^P shows the keys"),
            ("count", "f1", "F1 works in a view only (a tour in six steps)"),
            ("count", "ctrl+d", "there is nothing behind the cursor to delete"),
            ("count", "ctrl+u", "there is nothing before the cursor to delete"),
            ("mode", "ctrl+d", "^D works in lists only (half a page down)"),
            ("mode", "q", "q works in a view only (back; at the top: detach)"),
            ("mode", "z", "z works in a view only (zoom this pane, or unzoom)"),
            ("config", "g", "g works in lists only (to the first line)"),
            ("config", "f6", "F6 does nothing; ^P shows the keys"),
        ):
            while f"> {control}" not in page.text and f">~{control}" not in page.text:
                await page.press("down")
            await page.press(key)
            assert page.message.startswith(said), (control, key)
        await page.press("down")
        assert "works in" not in page.message and "does nothing" not in page.message
        await page.press("pageup", "pageup", "pageup")
        assert "> name" in page.text
        await page.press("pagedown")
        assert "> name" not in page.text


async def test_a_read_only_console_offers_nothing_that_it_refuses_and_says_why(etl: Project) -> None:
    async with console(etl, read_only=READS_ONLY) as page:
        await page.shows("etl_daily", "engine ok")
        assert "open" in page.footer and "run" not in page.footer and "edit" not in page.footer
        await page.press("x")
        await page.shows("this console only reads")
        await page.press("colon")
        await page.type("with parameters")
        await page.shows("Run it with parameters", "this console only reads")
        await page.press("escape", "colon")
        await page.type("Run etl_daily")
        await page.shows("this console only reads")
        await page.press("escape", "2")
        await page.shows("812  etl_daily")
        assert "rerun" not in page.footer and "filter" in page.footer


async def test_the_palette_keeps_what_is_not_possible_and_says_why(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("colon")
        await page.type("cancel its run")
        await page.shows("nothing is active here")
        await page.press("enter")
        await page.shows("etl_daily has no active run to cancel")


def test_every_reason_is_a_reason() -> None:
    ids = {action.id for action in ACTIONS}
    assert all(unbound("x", [action]).startswith("x works in ") for action in ACTIONS)
    assert all(cell_len(why_not(id)) <= MOST_SAID for id in ids)
    keys = {key for action in ACTIONS for key in action.keys.split(",")} - {
        "enter"
    }  # which every view answers
    said = {key: unbound(key_name(key), Keymap().actions_of(key, not_in=[*ALONE, "app"])) for key in keys}
    assert {key: one for key, one in said.items() if cell_len(one) > MOST_SAID} == {}
    assert all(cell_len(moved("PgDn", action, "Home")) <= MOST_SAID for action in ACTIONS)
    assert said["L"] == "L works in a run only (level: lowest one shown)"
    assert said["h"].endswith(" only"), "a key that does something else in each place is not explained by one"
    assert why_not("cancel") != NOT_NOW
    assert {id for id in ids if why_not(id) != NOT_NOW} >= {
        "open",
        "run",
        "rerun",
        "pause",
        "ack",
        "copy",
        "fold",
    }


async def test_help_lets_one_choose_before_anything_is_typed_and_shows_every_state(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("question_mark")
        await page.shows("FLOW", "FILTER", "? missed", "⊘ cancelled")
        await page.press("down", "down")
        await page.shows(">Run it, with its defaults")
        await page.press("f2")
        await page.shows("Press it now.")


async def test_what_was_said_of_a_search_goes_with_it(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("3")
        await page.look_for("connecting")
        await page.shows("connecting again")
        await page.press("g", "N")
        await page.shows("this is the first hit")
        await page.look_for("again")
        await page.until(lambda: page.message == "", "the message to be gone")
