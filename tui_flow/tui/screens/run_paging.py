"""How the Runs view reads the history: a window of runs, which gets another page where the cursor comes near its end."""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from tui_flow.contract.errors import HistoryError
from tui_flow.store.records import FlowRun
from tui_flow.tui.presentation import filters, orders
from tui_flow.tui.presentation.filters import Filter
from tui_flow.tui.presentation.run_list import MOST, NEWER_AT_MOST, PAGE, RunWindow
from tui_flow.tui.screens.runs_reading import RunSearch
from tui_flow.tui.screens.sorting import Sorting

if TYPE_CHECKING:
    from tui_flow.tui.widgets.run_table import RunTable


class RunPaging(Sorting):
    """The part of the Runs view that decides which runs are in its table, and reads them."""

    if TYPE_CHECKING:
        table: RunTable

        def _describe(self) -> None: ...

    def __init__(self) -> None:
        super().__init__()
        self._filter, self._wrong = Filter(), ""
        self._reading: RunWindow | None = None
        self._renewing = self._stale = False
        self._waiting = 0
        """Newer runs that wait for `g`."""

    def look_again(self) -> None:
        """The view is looked at again: the newest runs, unless somebody would lose a place."""
        if self._reading is None and not self.table.window.runs:
            self.read_newest()
        elif self._reading is None and self.home.was_elsewhere and self._is_at_top:
            self._waiting = 0
            self._read(self._read_again, RunWindow())
        else:
            self.take_overview()

    @property
    def _is_at_top(self) -> bool:
        """Whether nobody loses a place where the newest runs are shown."""
        return self.table.cursor == 0 and self.table.window.newer is None and not self.table.marked

    def set_filter(self, text: str) -> None:
        """Shows only runs that this filter lets through; one that is none shows nothing but what is wrong with it."""
        if text.strip() == self.text:
            return
        self.text = text.strip()
        self._filter, self._wrong = filters.read(text, filters.OF_RUNS)
        if self._wrong:
            self.workers.cancel_group(self, "runs")
            self._reading = None
            self.table.show_window(RunWindow())
            self._describe()
            return
        self.read_newest()

    def read_newest(self) -> None:
        """From the newest run on, with the filter as it is."""
        self._waiting = 0
        self._read(self._read_sorted if self._is_sorted else self._read_older, RunWindow())

    @property
    def _is_sorted(self) -> bool:
        """Whether the newest do not come first."""
        return self.order != self.ORDERS[0].name

    def sort(self) -> None:
        self.read_newest()

    def show_run(self, run_id: int) -> None:
        place = self.table.window.place_of(run_id)
        if place is not None:
            self.table.move(place)
        elif self._is_sorted:
            self.say(f"run {run_id} is not among the newest {MOST:,}, which alone are sorted; s shows all")
        else:
            window = RunWindow()
            window.older, window.newer = run_id + 1, run_id
            self._read(self._read_around, window)

    def _search(self) -> RunSearch:
        return RunSearch(self._filter, time.time(), self.console.bridge.failures)

    def _read_oldest(self) -> None:
        window = RunWindow()
        window.older, window.newer = None, 0
        self._read(self._read_newer, window)

    def _read(self, how: Callable[[RunWindow], Awaitable[None]], window: RunWindow) -> None:
        """Begins to read, in place of what was being read; another window is shown once it has something."""
        self._reading = window
        work: Any = partial(
            self._read_with, how, window
        )  # no coroutine yet: one that is replaced would never be awaited
        self.run_worker(work, exclusive=True, group="runs")

    async def _read_with(self, how: Callable[[RunWindow], Awaitable[None]], window: RunWindow) -> None:
        try:
            await how(window)
        except HistoryError as error:
            self.could_not_read(error)
        finally:
            if self._reading is window:
                self._reading = None
        self._describe()

    async def _read_older(self, window: RunWindow) -> None:
        """Another page below, however far down its runs are."""
        search, enough = self._search(), len(window.runs) + PAGE
        while window.older is not None and len(window.runs) < enough:
            found, older = await self.console.bridge.read(partial(search.older, before=window.older))
            self.table.show_window(window, -window.add_older(found, older))
            window.searched_to = older
            self._describe()

    async def _read_sorted(self, window: RunWindow) -> None:
        """As many of the newest runs as a window keeps, in another order: a million cannot be sorted at once."""
        search, before, found = self._search(), window.older, list[FlowRun]()
        while before is not None and len(found) < MOST:
            page, before = await self.console.bridge.read(partial(search.older, before=before))
            found += page
            window.searched_to = before
            self._describe()
        window.keep_sorted(orders.runs(found[:MOST], self.order, search.now), is_cut=before is not None)
        self.table.show_window(window)

    async def _read_again(self, window: RunWindow) -> None:
        """The newest, with the cursor on the run that it was on, if that is still in sight."""
        before = self.table.selected
        await (self._read_sorted if self._is_sorted else self._read_older)(window)
        place = window.place_of(before.id) if before is not None else None
        if place is not None and place < self.table.page:
            self.table.move(place)

    async def _read_around(self, window: RunWindow) -> None:
        """A page from one run on, and a page above it."""
        await self._read_older(window)
        await self._read_newer(window)
        self.table.scroll(self.table.cursor - self.table.page // 2)

    async def _read_newer(self, window: RunWindow) -> None:
        """Another page above."""
        search, count, at_end = self._search(), 0, not window.runs
        while window.newer is not None and count < PAGE:
            found, newer = await self.console.bridge.read(partial(search.newer, after=window.newer))
            count += window.add_newer(found, newer)
            self.table.show_window(window, len(found))
            if at_end:
                self.table.move(self.table.count - 1)
            self._describe()

    def take_overview(self) -> None:
        if self._reading is not None:
            return
        if self.table.window.runs:
            self._stale = True
            if not self._renewing:
                self._renewing = True
                self.run_worker(self._renew_while_stale(), group="renewal")
        elif self.console.has_overview and not self._wrong:
            self.read_newest()

    async def _renew_while_stale(self) -> None:
        try:
            while self._stale:
                self._stale = False
                await self._renew()
        finally:
            self._renewing = False

    async def _renew(self) -> None:
        """What has become of the runs in sight, and how many newer ones there are."""
        window, table, search = self.table.window, self.table, self._search()
        shown = window.runs[table.first : table.first + table.page]
        live = [run for run in window.runs[: 2 * PAGE] if run.ended_at is None]
        marked = set(table.marked)
        ids = sorted({run.id for run in (*shown, *live, *table.marked.values())})
        try:
            found, out = await self.console.bridge.read(partial(search.again, ids=ids))
            if window.newer is None and window.runs:
                newer, _ = await self.console.bridge.read(
                    partial(search.newer, after=window.newest_id, limit=NEWER_AT_MOST)
                )
                self._waiting = len(newer)
        except HistoryError as error:
            self.could_not_read(error)
            return
        table.renew_marks({run.id: run for run in found}, asked=marked)
        for place in window.renew(found, out):
            table.refresh_index(place)
        self._describe()

    def read_on(self) -> None:
        """Another page, where the cursor comes near the end of those that are there."""
        window = self.table.window
        if self._reading is not None:
            return
        if window.older is not None and self.table.cursor > self.table.count - 2 * self.table.page:
            self._read(self._read_older, window)
        elif window.newer is not None and self.table.cursor < self.table.page:
            self._read(self._read_newer, window)

    def read_end(self, *, newest: bool) -> None:
        """To the newest run of all, or to the oldest, wherever the window is."""
        window = self.table.window
        if newest and (window.newer is not None or self._waiting or window.out or self._is_sorted):
            self.read_newest()
        elif not newest and window.older is not None:
            self._read_oldest()
        else:
            self.table.move(0 if newest else self.table.count - 1)
