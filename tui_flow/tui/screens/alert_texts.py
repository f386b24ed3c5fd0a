"""What the keys of the Alerts view show of the run behind an alert, and what can be copied."""

from typing import TYPE_CHECKING

from tui_flow.contract.errors import at_line
from tui_flow.contract.failure import Failure
from tui_flow.store.records import FlowRun
from tui_flow.tui import copying
from tui_flow.tui.copying import Copyable
from tui_flow.tui.presentation.about import short_path
from tui_flow.tui.presentation.address import Address
from tui_flow.tui.presentation.alert_about import About
from tui_flow.tui.screens.texts_of_run import TextsOfRun

if TYPE_CHECKING:
    from tui_flow.tui.widgets.alert_table import AlertTable


class AlertTexts(TextsOfRun):
    """The part of the Alerts view that hands out text."""

    NO_RUN = "no run that is kept has to do with it"
    if TYPE_CHECKING:
        table: AlertTable
        found: About

    def told_run(self) -> tuple[FlowRun | None, Failure | None]:
        """The last run that the error was in."""
        found, alert = self.found, self.table.selected
        is_read = alert is not None and found.alert == alert.id
        return (found.runs[0], found.failure) if is_read and found.runs else (None, None)

    async def copyables(self) -> list[Copyable]:
        """Of the alert, and of that run what is not said of the alert."""
        alert = self.table.selected
        if alert is None:
            return []
        path = short_path(alert.path, self.console.settings.project)
        return copying.first_of_each(
            [
                Copyable("y", "error", alert.what),
                *([Copyable("p", "path and line", at_line(path, alert.line))] if path else []),
                Copyable("u", "address", f"tui-flow open {Address('alerts', alert_id=alert.id)}"),
                Copyable("c", "command", f"tui-flow alerts show {alert.id}"),
                *await super().copyables(),
            ]
        )
