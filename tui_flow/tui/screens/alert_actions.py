"""What can be done about alerts, wherever they are seen."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_flow.contract import commands
from tui_flow.contract.states import AlertState
from tui_flow.store.records import Alert

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


class AlertActions(_Base):
    """The part of a view that acknowledges and mutes."""

    def acknowledge(self, alerts: Sequence[Alert], name: str) -> None:
        """Somebody knows of those that are new; or, where all are acknowledged already, does not."""
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

    def mute(self, flow: str, *, is_muted: bool) -> None:
        """Asks for how long; of a flow that is muted, ends that."""
        from tui_flow.tui.screens.menu import Choice, MenuScreen

        unmute = commands.UnmuteAlerts(flow)
        if is_muted:
            self.console.do(unmute, f"{flow} is heard again")
            return

        def chosen(key: str | None) -> None:
            if key is None:
                return
            _, title, _, seconds = next(each for each in MUTES if each[0] == key)
            said = f"{flow} is muted {title}; u undoes"
            self.console.do(commands.MuteAlerts(flow, seconds), said, undo=(f"mute of {flow}", unmute))

        choices = [Choice(key, title, about) for key, title, about, _ in MUTES]
        self.console.push_screen(MenuScreen(f"Send no message about {flow}", choices, opens_with="m"), chosen)


def is_muted(alerts: Sequence[Alert]) -> bool:
    now = time.time()
    return any(alert.is_muted(now) for alert in alerts)
