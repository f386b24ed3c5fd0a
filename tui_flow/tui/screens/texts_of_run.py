"""What keys show and hand out of the run that somebody looks at, whether it stands in a list or fills the screen."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from tui_flow.contract.errors import HistoryError
from tui_flow.contract.failure import Failure
from tui_flow.contract.rundir import LOG, run_dir
from tui_flow.store.records import FlowRun
from tui_flow.tui import copying
from tui_flow.tui.copying import Copyable
from tui_flow.tui.presentation.address import Address

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_flow.tui.app import Console
    from tui_flow.tui.run_log import RunLog

    _Base = Widget
else:
    _Base = object


class TextsOfRun(_Base):
    """The part of a view whose rows have runs, or that is about one."""

    NO_RUN = ""
    """What is said where there is none and a key asks for it; "" leaves that to the reasons of all keys."""
    if TYPE_CHECKING:

        @property
        def console(self) -> Console: ...
        def say(self, text: str, role: str = "", *, stays: bool = False) -> None: ...

    def told_run(self) -> tuple[FlowRun | None, Failure | None]:
        """The run that is looked at, and what went wrong in it first."""
        raise NotImplementedError

    def action_code(self) -> None:
        from tui_flow.tui.reading import show_code

        run, failure = self.told_run()
        if run is None:
            self.say(self.NO_RUN)
        else:
            self.read_of_run(partial(show_code, self.console, run, failure))

    def action_diff(self) -> None:
        from tui_flow.tui.reading import show_diff

        run, _ = self.told_run()
        if run is None:
            self.say(self.NO_RUN)
        else:
            self.read_of_run(partial(show_diff, self.console, run))

    def read_of_run(self, work: Any) -> None:
        """Reads in the background, in place of what was being read."""
        self.run_worker(work, group="reading", exclusive=True)

    async def action_copy(self) -> None:
        try:
            self.console.copy_menu(await self.copyables())
        except HistoryError as error:
            self.say(error.what, "bad")

    async def copyables(self) -> Sequence[Copyable]:
        """All that can be copied of the run in a row."""
        run, failure = self.told_run()
        if run is None:
            return []
        with closing(await self._open_log(run, copying.MAX_LOG)) as log:
            lines = await asyncio.to_thread("\n".join, islice(log.texts(kept=True), copying.MAX_LINES))
        found = copying.of_run(run, failure, self.console.settings.state_dir, Address("runs", run_id=run.id))
        return copying.first_of_each([*found, Copyable("l", "log", lines)])

    async def action_pager(self) -> None:
        """The run's log in $PAGER, at its first error."""
        run, _ = self.told_run()
        if run is None:
            self.say(self.NO_RUN)
            return
        try:
            log = await self._open_log(run)
        except HistoryError as error:
            self.say(error.what, "bad")
            return
        with closing(log):
            if log.is_empty:
                self.say(f"run {run.id} has no log {'any more' if run.started_at is not None else 'yet'}")
            else:
                self.console.page(log.texts(kept=False), log.first_error() + 1)

    async def _open_log(self, run: FlowRun, limit: int | None = None) -> "RunLog":
        from tui_flow.tui.run_log import RunLog

        path = run_dir(self.console.settings.state_dir, run.id) / LOG
        return await self.console.bridge.read(lambda db: RunLog(db, run, path, limit))
