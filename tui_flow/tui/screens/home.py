"""The five views of a project, and the row that says which of them is looked at."""

from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from rich.cells import cell_len
from textual import events
from textual.css.stylesheet import Stylesheet
from textual.widget import Widget

from tui_flow.tui import styles
from tui_flow.tui.presentation import Line, times
from tui_flow.tui.presentation.completing import Completion, complete
from tui_flow.tui.screens.flows import FlowsSection
from tui_flow.tui.screens.marking import Marking
from tui_flow.tui.screens.section import Section
from tui_flow.tui.screens.view import View
from tui_flow.tui.widgets.bars import Bar

VIEWS = {"flows": "Flows", "runs": "Runs", "logs": "Logs", "schedule": "Schedule", "alerts": "Alerts"}
"""The names of the views, by their places in `actions.ACTIONS`; the first has the key 1."""


def _make(place: str, stylesheet: Stylesheet) -> Section:
    """A view; its module and its style sheet, if it has one, are read when somebody first looks at it."""
    module = import_module(f"tui_flow.tui.screens.{place}")
    style = Path(styles.__file__).with_name(f"{place}.tcss")
    if style.exists():
        stylesheet.read(style)
        stylesheet.parse()
    return getattr(module, f"{VIEWS[place]}Section")()  # type: ignore[no-any-return]


class Tabs(Bar):
    """The names of the views; a click goes there."""

    LEFT_FIRST = True

    def show(self, titles: list[str], chosen: int) -> None:
        line: Line = []
        for place, title in enumerate(titles):
            text = f"[{place + 1} {title}]" if place == chosen else f" {place + 1} {title} "
            line.append((text, "strong" if place == chosen else "dim"))
        self._ends = [sum(cell_len(text) for text, _ in line[: place + 1]) for place in range(len(line))]
        self.set(line, [(":", "key"), (" commands  ", "dim"), ("?", "key"), (" help ", "dim")])

    _ends: list[int]

    async def on_click(self, event: events.Click) -> None:
        place = next((place for place, end in zip(VIEWS, self._ends, strict=True) if event.x < end), None)
        if place is not None and isinstance(self.screen, HomeScreen):
            await self.screen.switch(place)


class _Visit(NamedTuple):
    """A look at one view from another."""

    text: str
    """The filter that it is about; with another one it is no visit any more."""
    before: str
    """The filter, and the order, that the visited view had."""
    place: str
    pane: Widget | None
    """Where Esc leads back to."""


class HomeScreen(View):
    """Shows one of the views. Each is made when somebody first looks at it, and then only hidden."""

    def __init__(self) -> None:
        super().__init__()
        self.tabs = Tabs(id="tabs")
        self.section: Section = FlowsSection()
        self._sections: dict[str, Section] = {"flows": self.section}
        self._frame = Widget(id="views")
        self.was_elsewhere = True
        """Whether another view was looked at before this one, and not a dialog over it."""
        self._visit: _Visit | None = None

    def compose_panes(self) -> Iterable[Widget]:
        yield self.tabs
        with self._frame:
            yield self.section

    def on_mount(self) -> None:
        self.update_tabs()
        super().on_mount()
        self._front()

    async def switch(self, place: str) -> Section:
        """Looks at another view. When it returns, that one has the keyboard."""
        self.close_prompt()
        self._visit = None
        section = self._sections.get(place)
        if section is not self.section:
            self.section.display = False
            if section is None:
                self.section = self._sections[place] = _make(place, self.app.stylesheet)
                await self._frame.mount(self.section)
            else:
                self.section = section
                section.display = True
            self.update_tabs()
            self.was_elsewhere = True
            self._front()
        return self.section

    async def visit(self, place: str, text: str) -> None:
        """Looks at another view with a filter, until Esc leads back here."""
        came_from, pane = self.section.PLACE, self.focused
        section = await self.switch(place)
        before = section.address_text
        section.show_address(text)
        self._visit = _Visit(text, before, came_from, pane)

    async def _end_visit(self, visit: _Visit) -> None:
        self.section.show_address(visit.before)
        await self.switch(visit.place)
        self.set_focus(visit.pane)

    def _front(self) -> None:
        """Gives the keyboard to the view that is looked at, and tells it the news."""
        section = self.section
        if not section.children:
            return
        # a menu that closed may have opened the prompt
        if not self.is_asking and (self.focused is None or section not in self.focused.ancestors):
            self.set_focus(section.first_pane)
        section.come_to_front()
        if not (self.console.has_overview or self.console.is_held):
            section.tell_empty()
        self.update_footer()

    def update_tabs(self) -> None:
        new = len(self.console.new_alerts())
        titles = {**VIEWS, "alerts": f"{VIEWS['alerts']}({new})" if new else VIEWS["alerts"]}
        self.tabs.show(list(titles.values()), list(VIEWS).index(self.section.PLACE))

    # What the view in front is told.

    @property
    def _has_section(self) -> bool:
        """Whether the view is there: it may be about to come, or go already with the console."""
        return self.section.is_mounted and self.section.is_attached

    def take_overview(self) -> None:
        self.update_tabs()
        if self._has_section and not self.console.is_behind(self):
            self.section.take_overview()

    def wants_advances(self) -> bool:
        return self.section.WANTS_ADVANCES

    def take_advances(self) -> None:
        if self._has_section and self.section.WANTS_ADVANCES:
            self.section.take_advances()

    def tell_empty(self) -> None:
        if self._has_section:
            self.section.tell_empty()

    def tick(self) -> None:
        self.section.tick()

    def tick_minute(self) -> None:
        self.section.tick_minute()

    def on_screen_suspend(self) -> None:
        self.was_elsewhere = isinstance(self.app.screen, View)

    def on_screen_resume(self) -> None:
        self._front()

    # Keys.

    def prompt_hint(self) -> str:
        return self.section.PROMPT

    def completion(self, text: str) -> Completion | None:
        if self._then is not None:
            return None
        overview = self.console.overview
        flows = [flow.name for flow in overview.flows]
        tags = sorted({tag for flow in overview.flows for tag in flow.tags})
        runs = sorted((run.id for runs in overview.runs.values() for run in runs), reverse=True)
        known = {"flow": flows, "tag": tags, "run": list(map(str, runs)), **self.section.known_words()}
        return complete(text, self.section.WORDS, known)

    def earlier_texts(self) -> Sequence[str]:
        return self.section.asked if self._then is None else ()

    def prompt_changed(self, text: str) -> None:
        if self._then is None:
            self.section.prompt_changed(text)

    def _entered(self, text: str) -> None:
        if self._then is None:
            self.section.note_asked(text.strip())
        super()._entered(text)

    def prompt_entered(self, text: str) -> None:
        self.section.prompt_entered(text)
        self.section.go_to_filtered()

    def standing(self) -> Line:
        return self.section.standing() or super().standing()

    def places(self) -> list[str]:
        marks = ["rows"] if isinstance(self.section, Marking) else []
        return ["list", *marks, self.section.PLACE, "app"]

    def flow_in_hand(self) -> str:
        return self.section.flow_in_hand()

    def zones(self) -> Sequence[times.Zone]:
        return self.section.ZONES

    def useless(self) -> set[str]:
        return self.section.useless()

    def labels(self) -> dict[str, str]:
        return self.section.labels()

    def zoom(self) -> bool:
        return self.section.zoom()

    def go_back(self) -> bool:
        if not self.is_asking:
            if self._visit and self._visit.text == self.section.text:
                self.run_worker(self._end_visit(self._visit), group="visit", exclusive=True)
                return True
            return self.section.go_back() or self.section.clear_marks() or self.section.unzoom()
        is_of_view = self._then is None
        self.close_prompt()
        if is_of_view:
            self.section.go_back()
        return True
