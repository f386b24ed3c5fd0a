"""Sends messages through the channels of the settings, in a thread, so that nobody waits for a slow one."""

import queue
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

from tui_flow.alerts.channels import Channel, ChannelFailed
from tui_flow.alerts.channels.command import Command
from tui_flow.alerts.channels.notification_service import NotificationService
from tui_flow.alerts.channels.webhook import Webhook
from tui_flow.settings import Settings


class Delivery(NamedTuple):
    """What became of one message in one channel."""

    alerts: tuple[int, ...]
    channel: str
    is_sent: bool
    said: str


def channels_of(settings: Settings) -> list[Channel]:
    """Those that the settings name."""
    found: list[Channel] = (
        [Command(settings.alert_command, settings.project)] if settings.alert_command else []
    )
    for url in settings.alert_urls:
        found.append(Webhook(url) if url.startswith(("http://", "https://")) else NotificationService(url))
    return found


def send(channel: Channel, message: dict[str, Any], alerts: tuple[int, ...]) -> Delivery:
    """Sends it, and tells how that went; whatever goes wrong in a channel stays there."""
    try:
        return Delivery(alerts, channel.name, True, channel.send(message))
    except ChannelFailed as error:
        return Delivery(alerts, channel.name, False, str(error))
    except Exception as error:  # a library of somebody's else must not end the engine's alerts
        return Delivery(alerts, channel.name, False, f"{type(error).__name__}: {error}"[:200])


class Notifier:
    def __init__(self, channels: Sequence[Channel]) -> None:
        self._channels = channels
        self._done: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._waiting = 0

    def use(self, channels: Sequence[Channel]) -> None:
        """From the next message on."""
        self._channels = channels

    @property
    def has_channels(self) -> bool:
        return bool(self._channels)

    @property
    def is_busy(self) -> bool:
        """Whether a message is on its way."""
        return self._waiting > 0

    def begin(self, message: dict[str, Any], alerts: tuple[int, ...]) -> None:
        """Sends a message through every channel at once; `results` has what became of it."""
        for channel in self._channels:
            self._waiting += 1
            threading.Thread(
                target=lambda one=channel: self._done.put(send(one, message, alerts)), daemon=True
            ).start()

    def results(self) -> list[Delivery]:
        """What has come to its end since the last time."""
        found = []
        while self._waiting:
            try:
                found.append(self._done.get_nowait())
            except queue.Empty:
                break
            self._waiting -= 1
        return found
