"""The words of the filters, the same in every view, and what the prompt does while they are typed."""

import pytest

from tests.store.rows import a_run
from tests.tui.pages import console
from tests.tui.project import CRITICAL, ERROR, NOON, WARNING, Project
from tui_flow.contract.states import FlowRunState
from tui_flow.tui.presentation import agenda, alert_list, filters, run_list
from tui_flow.tui.presentation.completing import complete
from tui_flow.tui.presentation.filters import Filter, Words


async def test_the_prompt_says_what_its_keys_do_and_completes_words_in_each_view(etl: Project) -> None:
    etl.alert(at=NOON)
    async with console(etl) as page:
        await page.press("slash")
        assert page.footer == "⏎ take it  Esc leave  Tab complete the word"
        await page.type("is:n")
        await page.press("tab")
        await page.shows("only: is:new", "Flows 1 of 4")
        assert "etl_daily" in page.lines[4]
        await page.press("enter", "2", "slash")
        assert "open" in page.line_of(-1) or "take it" in page.footer
        await page.type("is:new")
        await page.press("enter")
        await page.shows("Runs 1 ", "812  etl_daily")
        await page.press("3", "slash")
        assert "Tab complete the word" in page.footer
        await page.type("is:new flow:in")
        await page.press("tab")
        await page.shows("flow:ingest_s3")
        await page.press("escape", "slash")
        await page.type("is:new state:c")
        await page.press("tab")
        await page.shows("Tab cancelling completed crashed cancelled")
        await page.type("r")
        assert "Tab complete the word" in page.footer
        await page.press("tab", "backspace", "enter")
        await page.shows("No log says is:new state:crashed")
        await page.look_for(" stat:failed")
        await page.shows("This is no filter", "no word stat:; did you mean state:?")
        assert page.footer.startswith("/ search") or "take it" not in page.footer


async def test_words_about_lines_of_a_log_are_refused_where_there_are_none(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("slash")
        await page.type("level:error")
        await page.shows("This is no filter", "level: is about what runs said")
        assert "Flows 0" not in page.text


@pytest.mark.parametrize(
    ("changes", "is_late"),
    [({}, False), ({"scheduled_for": NOON - 59}, False), ({"scheduled_for": NOON - 61}, True),
     ({"scheduled_for": NOON - 90, "started_at": NOON - 70}, False),
     ({"scheduled_for": NOON - 90, "started_at": NOON}, True),
     ({"scheduled_for": NOON - 9000, "started_at": NOON - 89}, False),
     ({"scheduled_for": NOON - 9000, "started_at": NOON}, True),
     ({"scheduled_for": NOON - 9000, "trigger": "backfill"}, False),
     ({"scheduled_for": NOON - 9000, "attempt": 2}, False)],
    ids=["by hand", "in time", "waits", "began in time", "began late", "caught up", "caught up late", "back-fill", "rerun"],
)  # fmt: skip
def test_a_run_is_late_that_began_a_minute_after_it_could(changes: dict[str, float], is_late: bool) -> None:
    run = a_run(1, state=FlowRunState.PENDING, created_at=NOON - 90, **changes)
    filter = filters.parse("is:late")
    assert filter.matches(run_list.subject(run, NOON), NOON) is is_late


def test_a_run_that_goes_on_has_lasted_so_far() -> None:
    run = a_run(1, state=FlowRunState.RUNNING, started_at=NOON - 400)
    assert filters.parse("dur>5m").matches(run_list.subject(run, NOON), NOON)
    assert not filters.parse("dur<5m").matches(run_list.subject(run, NOON), NOON)


@pytest.mark.parametrize(
    ("text", "becomes", "words"),
    [
        ("sta", "state:", []), ("t", "t", ["tag:", "trigger:", "task:"]), ("state:fa", "state:failed ", []),
        ("etl -tag:c", "etl -tag:core ", []), ("-st", "-state:", []), ("flow:", "flow:", ["etl_a", '"two words"']),
        ("lo", "logger:", []), ("nothing", "nothing", []), ("since:to", "since:today ", []), ("du", "dur>", []), ("is:", "is:", None),
    ],
)  # fmt: skip
def test_a_word_is_completed_as_far_as_there_is_one_way(
    text: str, becomes: str, words: list[str] | None
) -> None:
    found = complete(text, filters.OF_LOGS, {"flow": ["etl_a", "two words"], "tag": ["core", "ops"]})
    assert found.text == becomes
    assert words is None or found.words == words


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("flow:etl_*", "No flow is called etl_*; did you mean flow:etl-daily?"),
        ("flow:cach", "No flow is called cach: flow: takes the whole name, or flow:cach*"),
        ("flow:tmp", "No flow is called tmp: flow: takes the whole name, or flow:*tmp*"),
        ("flow:zzzzz", "No flow is called zzzzz"),
        ("flow:etl-* flow: -flow:nobody flow:CACHED", ""),
        ("-7 cached 12", "Nothing has 12 in its text: run:12 is the run of that number"),
        ("-12 x12", ""),
    ],
)
def test_a_filter_for_what_there_is_not_is_told_what_there_is(text: str, says: str) -> None:
    assert filters.why_nothing(filters.parse(text), ["etl-daily", "cached", "cleanup_tmp"]) == says


async def test_a_flow_that_there_is_not_is_named_in_every_view(etl: Project) -> None:
    async with console(etl) as page:
        await page.press("slash")
        await page.type("flow:etl-*")
        await page.shows("No flow is called etl-*; did you mean flow:etl_daily?")
        await page.press("enter", "2")
        await page.look_for("flow:etl")
        await page.shows("No flow is called etl: flow: takes the whole name, or flow:etl*. Esc")
        await page.press("3")
        await page.look_for("timeout flow:etl")
        await page.shows("No flow is called etl: flow: takes the whole name, or flow:etl*")


@pytest.mark.parametrize(
    ("words", "text", "says"),
    [
        (filters.OF_RUNS, "task:load", "task: is about what runs said: search for it in the logs"),
        (agenda.WORDS, "task:load", "task: is about what runs said: search for it in the logs"),
        (agenda.WORDS, "dur>5m", "dur: is about runs; schedules have flow: tag: is:"),
        (agenda.WORDS, "is:new", "no is:new; there are late, paused"),
        (agenda.WORDS, "flw:x", 'no word flw:; did you mean flow:? "flw:x" in quotes is a text; there are flow: tag: is:'),
        (alert_list.WORDS, "tag:core", "tag: is about runs; alerts have flow: task: state: is: since: day:"),
    ],
)  # fmt: skip
def test_a_word_that_means_nothing_in_a_view_is_refused_there(words: Words, text: str, says: str) -> None:
    assert filters.read(text, words) == (Filter(), says)


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("level:warn", {WARNING, ERROR, CRITICAL}), ("level>warn", {ERROR, CRITICAL}), ("level=warn", {WARNING}),
        ("level<warn", {0, 1}), ("level<=warn", {0, 1, WARNING}), ("-level>=warn", {0, 1}), ("level:", set(range(5))),
    ],
)  # fmt: skip
def test_levels_are_compared(text: str, levels: set[int]) -> None:
    (term,) = filters.parse(text).terms
    assert filters.levels_of(term) == levels


def test_one_word_or_the_other_is_a_filter_of_every_view() -> None:
    (term,) = filters.parse("time.out|refused").terms
    assert term == ("regex", ":", r"time\.out|refused", False)
    (term,) = filters.parse('"a|b"').terms
    assert term == ("text", ":", "a|b", False)
    (term,) = filters.parse("|").terms
    assert term == ("text", ":", "|", False)
