"""What the keys of the Alerts view show of the run behind an alert, and what can be copied."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tui_flow.tui import reading
from tui_flow.tui.copying import Copyable
from tui_flow.tui.presentation.address import Address
from tui_flow.tui.presentation.alert_about import About

if TYPE_CHECKING:
    from tui_flow.tui.screens.section import Section
    from tui_flow.tui.widgets.alert_table import AlertTable

    _Base = Section
else:
    _Base = object


class AlertTexts(_Base):
    """The part of the Alerts view that hands out text."""

    if TYPE_CHECKING:
        table: AlertTable
        found: About

    def action_code(self) -> None:
        self._read_of_run(reading.show_code, self.found.failure)

    def action_diff(self) -> None:
        self._read_of_run(reading.show_diff)

    def _read_of_run(self, show: Callable[..., Awaitable[None]], *more: Any) -> None:
        """Shows something of the last run that the error was in."""
        runs, alert = self.found.runs, self.table.selected
        if runs and alert is not None and self.found.alert == alert.id:
            self.run_worker(show(self.console, runs[0], *more), group="reading")
        else:
            self.say("no run that is kept has to do with it")

    def action_copy(self) -> None:
        alert = self.table.selected
        if alert is None:
            return
        found = self.found if self.found.alert == alert.id else About()
        trace = found.failure.traceback if found.failure else ""
        place = str(Address("runs", run_id=alert.runs[0])) if alert.runs else "alerts"
        self.console.copy_menu(
            [
                Copyable("y", "error", alert.what),
                *([Copyable("t", "traceback", trace)] if trace else []),
                *([Copyable("p", "path and line", f"{alert.path}:{alert.line}")] if alert.path else []),
                Copyable("u", "address", f"tui-flow open {place}"),
                Copyable("c", "command", f"tui-flow alerts show {alert.id}"),
            ]
        )
