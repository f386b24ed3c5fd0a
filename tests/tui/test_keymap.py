"""A person's own keys: what the file may say, and what it gets where it is wrong."""

from itertools import combinations
from pathlib import Path

import pytest

from tests.tui.pages import console
from tests.tui.project import Project
from tui_flow.tui import keymap
from tui_flow.tui.actions import ACTIONS, action_named

EDIT = action_named("flows.edit")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "config" / "keys.toml"


def written(keys: Path, text: str) -> Path:
    keys.parent.mkdir(exist_ok=True)
    keys.write_text(text)
    return keys


def test_every_action_has_a_name_of_its_own() -> None:
    names = [action.name for action in ACTIONS]
    assert len(set(names)) == len(names)
    assert "app.view_logs" in names and "run.cancel" in names


def test_no_two_actions_of_the_table_want_the_same_key_where_both_are_heard() -> None:
    usual = keymap.Keymap()
    for one, other in combinations(ACTIONS, 2):
        if keymap.are_heard_together(one, other):
            assert not set(usual.keys(one)) & set(usual.keys(other)), (one.name, other.name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("R", "R"),
        ("?", "question_mark"),
        ("ctrl+r", "ctrl+r"),
        ("F5", "f5"),
        ("PgUp", "pageup"),
        ("space", "space"),
    ],
)
def test_keys_are_written_as_people_write_them(text: str, name: str) -> None:
    assert keymap.parse_key(text) == name


def test_a_file_counts_in_sections_and_with_dots(keys: Path) -> None:
    found = keymap.load(written(keys, 'flows.edit = "E"\n[run]\nrerun = ["Q", "ctrl+r"]\n'))
    assert found.wrong == []
    assert found.shown(EDIT) == "E"
    assert found.shown(action_named("run.rerun")) == "Q ^R"
    assert found.shown(action_named("flows.run")) == "r", "what the file does not name stays"


def test_mistakes_are_told_in_the_order_of_their_lines(keys: Path) -> None:
    text = 'flows.edit = "j"\nrun.wrap = 7\napp.help = "q"\nno.such = "Z"\n'
    lines = [complaint.split()[2] for complaint in keymap.load(written(keys, text)).wrong]
    assert lines == ["1:", "2:", "3:", "4:"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('\nflows.edti = "E"\n', "line 2: there is no action 'flows.edti'; did you mean flows.edit?"),
        ('[flows]\n\nedit = "superkey"\n', "line 3: there is no key 'superkey'"),
        ("flows.edit = 7\n", 'line 1: keys are written as "x" or ["x", "ctrl+x"]'),
        ("flows.edit = []\n", 'line 1: keys are written as "x" or ["x", "ctrl+x"]'),
        ('flows.edit = "esc"\n', "line 1: esc always leads back"),
        ('# mine\nflows.edit = "x"\n', "line 2: flows.edit uses a key of flows.cancel"),
        ('flows.edit = "j"\n', "line 1: flows.edit uses a key of list.cursor_down"),
        ('flows.edit = "q"\n', "line 1: flows.edit uses a key of app.leave"),
        ("flows.edit = \n", "the default keys are used"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_usual_key_stays(
    keys: Path, text: str, complaint: str
) -> None:
    found = keymap.load(written(keys, f'{text}run.wrap = "Z"\n' if "[" not in text[:2] else text))
    assert len(found.wrong) == 1 and complaint in found.wrong[0] and "keys.toml" in found.wrong[0]
    assert found.shown(EDIT) == "e"
    if "default" not in complaint and "[" not in text[:2]:
        assert found.shown(action_named("run.wrap")) == "Z", "the rest of the file counts"


def test_two_keys_may_change_places(keys: Path) -> None:
    found = keymap.load(written(keys, 'flows.edit = "x"\nflows.cancel = "e"\n'))
    assert found.wrong == []
    assert (found.shown(EDIT), found.shown(action_named("flows.cancel"))) == ("x", "e")


def test_a_key_is_saved_beside_what_stands_in_the_file_already(keys: Path) -> None:
    written(keys, '# mine\n[run]\nwrap = "Z"  # big\nrerun = "Q"\n')
    keymap.save(keys, EDIT, ["E"])
    keymap.save(keys, action_named("run.wrap"), ["ctrl+g"])
    keymap.save(keys, action_named("app.help"), ["f9", "question_mark"])
    assert "# mine\n" in keys.read_text() and 'rerun = "Q"' in keys.read_text()
    found = keymap.load(keys)
    assert found.wrong == []
    names = ("flows.edit", "run.wrap", "run.rerun", "app.help")
    assert [found.shown(action_named(name)) for name in names] == ["E", "^G", "Q", "F9 ?"]


async def test_the_console_obeys_the_file_and_its_footer_and_help_say_so(etl: Project, keys: Path) -> None:
    written(keys, 'app.help = "f9"\nflows.filter = "slash"\nlist.cursor_down = ["ctrl+n", "down"]\n')
    async with console(etl, keys=keys) as page:
        await page.shows("F9 help")
        await page.press("question_mark")
        assert "EVERYWHERE" not in page.text
        await page.press("f9")
        await page.shows("EVERYWHERE", "F9 ")


async def test_a_key_whose_action_has_another_one_here_says_which(etl: Project, keys: Path) -> None:
    async with console(etl, keys=written(keys, 'flows.diff = "Z"\napp.help = "f9"\n')) as page:
        await page.shows("812")
        await page.press("D")
        assert page.message == "D does nothing here: Z does that (diff with last success)"
        await page.press("question_mark")
        assert page.message.startswith("? does nothing here: F9 does that ")
        await page.press("L")
        assert page.message == "L works in a run only (level: lowest one shown)"


async def test_a_file_with_a_mistake_says_so_at_the_start(etl: Project, keys: Path) -> None:
    async with console(etl, keys=written(keys, 'flows.edit = "q"\n')) as page:
        await page.shows("flows.edit uses a key of app.leave")


async def test_of_several_mistakes_the_first_is_told_and_the_help_has_all(etl: Project, keys: Path) -> None:
    written(keys, 'flows.edit = "q"\nflows.nosuch = "Z"\nrun.wrap = 7\n')
    async with console(etl, keys=keys) as page:
        await page.shows("keys.toml, line 1: ", "(and 2 more mistakes)")
        await page.press("question_mark")
        await page.shows("keys.toml, line 1", "keys.toml, line 2", "keys.toml, line 3")


async def test_f2_in_the_help_changes_a_key_and_keeps_it(etl: Project, keys: Path) -> None:
    async with console(etl, keys=keys) as page:
        await page.press("question_mark")
        await page.type("editor")
        await page.shows("Open its file in $EDITOR")
        await page.press("f2")
        await page.shows("Press it now.", "It has e")
        await page.press("x")
        await page.shows("x is taken: cancel its run")
        await page.press("E")
        await page.shows("kept in", "E edit")
    async with console(etl, keys=keys) as page:
        await page.shows("E edit")


async def test_a_file_that_cannot_be_written_costs_no_more_than_the_keeping(
    etl: Project, tmp_path: Path
) -> None:
    (tmp_path / "no-folder").write_text("")
    async with console(etl, keys=tmp_path / "no-folder" / "keys.toml") as page:
        await page.press("question_mark")
        await page.type("editor")
        await page.press("f2")
        await page.shows("Press it now.")
        await page.press("E")
        await page.shows("until the console ends", "E edit")


async def test_the_keys_of_the_help_itself_are_others_where_somebody_wants_that(
    etl: Project, keys: Path
) -> None:
    written(keys, 'palette.change_key = "ctrl+k"\napp.tutorial = "f8"\n')
    async with console(etl, keys=keys) as page:
        await page.press("question_mark")
        await page.shows("^K key  F8 tutorial")
        await page.press("f8")
        await page.shows("Tutorial 1 of")
        await page.press("escape", "colon")
        await page.shows("^K key  Esc")
        await page.type("editor")
        await page.press("ctrl+k")
        await page.shows("Press it now.", "It has e")
