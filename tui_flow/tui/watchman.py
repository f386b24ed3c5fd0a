"""Says what happened while nobody looked, and calls somebody who looks elsewhere when something new is wrong."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_flow.contract.states import AlertState
from tui_flow.store.records import Alert
from tui_flow.tui import notify, seen
from tui_flow.tui.presentation import alert_list, times
from tui_flow.tui.presentation.cells import short

if TYPE_CHECKING:
    from tui_flow.tui.app import Console

MAX_NAME = 20
"""Cells of a flow's name in a sentence that says more."""


class Watchman:
    """What one console knows of alerts already."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self.is_looked_at = True
        """Whether the terminal has the keyboard, as far as it says so."""
        self._known: dict[int, tuple[AlertState, int]] = {}
        self._called: dict[int, str] = {}
        """The alerts that a sentence told of last, and where each is: it stands until another one takes its place."""

    def take(self, alerts: Sequence[Alert], *, is_first: bool) -> None:
        """The history has been read anew."""
        now = time.time()
        new = alert_list.new_ones(alerts, now)
        fresh = [alert for alert in new if self._has_come(alert)]
        self._known = {alert.id: (alert.state, alert.times) for alert in alerts}
        if is_first:
            return  # what happened until then is told by itself
        if fresh:
            self._call(fresh)
        else:
            self._call_off(alerts)

    def _has_come(self, alert: Alert) -> bool:
        """Whether it happened since it was read last. That somebody takes an acknowledgement back is no happening."""
        state, times = self._known.get(alert.id, (None, 0))
        return state is not AlertState.NEW and alert.times > times

    def what_happened(self, alerts: Sequence[Alert]) -> list[tuple[str, str]]:
        """The sentence, and its role, of what happened since this user last looked, if they ever did and anything has."""
        now, since = time.time(), seen.last_seen(self._console.settings.state_dir)
        self.note_seen()
        if since is None:
            return []
        there = alert_list.new_ones(alerts, now)
        new = [alert for alert in there if alert.changed_at > since]
        again = sum(alert.last_at > since for alert in there if alert not in new)
        over = sum(alert.state is AlertState.RECOVERED and alert.changed_at > since for alert in alerts)
        ellipsis = self._console.paint.marks.ellipsis
        told = [
            *([f"new alert of {short(_where(new[0]), MAX_NAME, ellipsis)}"] if len(new) == 1 else []),
            *([f"{len(new)} new alerts"] if len(new) > 1 else []),
            *([f"{again} known again"] if again else []),
            *([f"{over} recovered"] if over else []),
        ]
        text = f"since you looked, {times.ago(now - since)}: {', '.join(told)}; 5 shows more"
        return [(text, "warn" if new else "")] if told else []

    def _call(self, fresh: Sequence[Alert]) -> None:
        """With a sentence where somebody looks, with bell and notification where nobody does."""
        first, more = fresh[0], len(fresh) - 1
        text = f"{_where(first)}: {first.what}" + (f" (and {more} more)" if more else "")
        if self.is_looked_at:
            self._called = {alert.id: _where(alert) for alert in fresh}
            shows = "; 5 shows it"
            room = self._console.size.width - len(shows) - 1
            ellipsis = self._console.paint.marks.ellipsis
            self._console.tell(short(text[:300], room, ellipsis) + shows, "bad")
            return
        driver = self._console._driver
        if driver is not None:
            driver.write(notify.sequence(f"tui-flow {self._console.settings.project.name}", text))
            driver.flush()

    def _call_off(self, alerts: Sequence[Alert]) -> None:
        """No sentence stays that says what is wrong when it is no more."""
        over = [alert.id for alert in alerts if alert.state is AlertState.RECOVERED]
        mended = {self._called.pop(id): None for id in over if id in self._called}
        if mended:
            self._console.tell(f"{', '.join(mended)[:300]}: recovered")

    def note_seen(self) -> None:
        """Somebody looks now, at what there is to see."""
        console = self._console
        if self.is_looked_at and console.has_overview and not console.bridge.read_only:
            seen.note_seen(console.settings.state_dir)


def _where(alert: Alert) -> str:
    return alert.flow or alert.place
