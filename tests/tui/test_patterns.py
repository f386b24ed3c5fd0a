"""Regular expressions that take too long hold nobody up."""

import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.pages import console
from tests.tui.project import Project, said
from tui_flow import patterns
from tui_flow.patterns import Pattern, TooSlow

SLOW, LONG = "(a|aa)+$", "a" * 100 + "!"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "SECONDS", 0.1)
    patterns.pattern.cache_clear()


@pytest.mark.usefixtures("impatient")
def test_one_that_is_too_slow_is_given_up_and_from_then_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Pattern(SLOW)
    with pytest.raises(TooSlow, match=re.escape(f"/{SLOW}/ takes too long")):
        slow.search(LONG)
    monkeypatch.setattr(patterns, "SECONDS", 3600.0)
    with pytest.raises(TooSlow):
        slow.search(LONG)


def test_other_threads_go_on_while_it_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "SECONDS", 60.0)
    looking, over = threading.Event(), threading.Event()

    def look() -> None:
        looking.set()
        with pytest.raises(TooSlow):
            Pattern(SLOW).search(LONG)
        over.set()

    monkeypatch.setattr(patterns, "SECONDS", 0.5)
    thread = threading.Thread(target=look)
    thread.start()
    looking.wait()
    turns = 0
    while not over.wait(0.01):
        turns += 1
    thread.join()
    assert turns > 5


@given(
    st.text("ab1 .\n", max_size=30), st.sampled_from(["a+", "b|1 ", "^a", r"\d", "", "a*", "(a)(b)?", "[^a]"])
)
def test_matches_are_those_of_python_s_own(text: str, pattern: str) -> None:
    ours = [match.span() for match in Pattern(pattern, re.MULTILINE).finditer(text)]
    assert ours == [match.span() for match in re.compile(pattern, re.MULTILINE).finditer(text)]


@pytest.mark.usefixtures("impatient")
async def test_each_view_says_so_and_stays_alive(project: Project) -> None:
    project.flow("aaaa" * 20)
    project.run(1, "aaaa" * 20, "completed")
    project.log(1, said("before"), said(LONG), said("after"))
    row = "/(a|aa)+0$/"
    async with console(project) as page:
        for view in ("1", "2"):
            await page.press(view, "slash")
            await page.type(row)
            await page.press("enter")
            await page.shows("takes too long")
            await page.press("escape")
            await page.shows("aaaaaaa")
        await page.press("3", "slash")
        await page.type("/(a|aa)+0$/")
        await page.press("enter")
        await page.shows("/(a|aa)+0$/ takes too long")
        await page.shows("Given up", "given up after")
        assert "No log says" not in page.text
        await page.press("2", "enter")
        await page.shows("before", "after")
        await page.press("slash")
        await page.type("/(a|aa)+1$/")
        await page.press("enter")
        await page.shows("/(a|aa)+1$/ takes too long")
        await page.press("slash")
        await page.type("after")
        await page.press("enter")
        await page.shows("1 line with “after”")
