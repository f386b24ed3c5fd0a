"""What can be done about alerts, wherever they are seen."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_flow.contract import commands
from tui_flow.contract.states import AlertState
from tui_flow.store.records import Alert
from tui_flow.tui.asking import Step
from tui_flow.tui.presentation import marking

if TYPE_CHECKING:
    from tui_flow.tui.screens.section import Section

    _Base = Section
else:
    _Base = object
MUTES: tuple[tuple[str, str, str, float | None], ...] = (
    ("h", "for an hour", "", 3600.0),
    ("8", "for 8 hours", "", 8 * 3600.0),
    ("d", "for a day", "", 86_400.0),
    ("w", "for a week", "", 7 * 86_400.0),
    ("o", "until it is ok", "until a run of it completes", None),
)
"""Key, title, explanation, and seconds."""
Named = Sequence[tuple[str, Sequence[Alert]]]
"""What a row is called, and what is wrong with it."""


class AlertActions(_Base):
    """The part of a view that acknowledges and mutes."""

    def acknowledge(self, rows: Named) -> None:
        """Somebody knows of what is new in these rows; or, where all is acknowledged already, does not."""
        if len(rows) > 1:
            from tui_flow.tui import several

            several.acknowledge(self.console, rows)
            return
        for name, alerts in rows:
            self._acknowledge(name, alerts)

    def _acknowledge(self, name: str, alerts: Sequence[Alert]) -> None:
        new = [alert.id for alert in alerts if alert.state is AlertState.NEW]
        known = [alert.id for alert in alerts if alert.state is AlertState.ACKNOWLEDGED]
        ids = new or known
        ack, undo = commands.AcknowledgeAlerts(ids), commands.AcknowledgeAlerts(ids, undo=True)
        if new:
            self.console.do(ack, f"{name} is acknowledged; u undoes", undo=(f"ack of {name}", undo))
        elif known:
            self.console.do(undo, f"{name} is new again", undo=(f"that {name} is new again", ack))
        else:
            self.say(f"{name}: there is nothing to acknowledge")

    def mute(self, rows: Named) -> None:
        """Asks for how long; where all these flows are muted, ends that."""
        from tui_flow.tui.screens.menu import Choice, MenuScreen

        flows = [name for name, _ in rows]
        if not flows or not self.console.may_change():
            return
        if all(is_muted(alerts) for _, alerts in rows):
            self._unmute(rows)
            return

        def chosen(key: str | None) -> None:
            if key is None:
                return
            _, title, _, seconds = next(each for each in MUTES if each[0] == key)
            steps = [
                Step(flow, commands.MuteAlerts(flow, seconds), commands.UnmuteAlerts(flow)) for flow in flows
            ]
            self._do(steps, f"muted {title}")

        choices = [Choice(key, title, about) for key, title, about, _ in MUTES]
        title = f"Send no message about {marking.names(flows)}"
        self.console.push_screen(MenuScreen(title, choices, opens_with="m"), chosen)

    def _unmute(self, rows: Named) -> None:
        now = time.time()
        until = {name: max((alert.until or 0.0 for alert in alerts), default=0.0) for name, alerts in rows}
        self._do(
            [
                Step(
                    flow,
                    commands.UnmuteAlerts(flow),
                    commands.MuteAlerts(flow, end - now if end > now else None),
                )
                for flow, end in until.items()
            ],
            "heard again",
        )

    def _do(self, steps: Sequence[Step], verb: str) -> None:
        if len(steps) > 1:
            self.console.do_all(steps, verb)
            return
        for flow, command, undo in steps:
            if undo is not None:
                self.console.do(command, f"{flow} is {verb}; u undoes", undo=(f"that {flow} is {verb}", undo))


def is_muted(alerts: Sequence[Alert]) -> bool:
    now = time.time()
    return any(alert.is_muted(now) for alert in alerts)
